import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { formatIp, ipScope, parseIp } from '../base/ip.ts'

/** Whether a host, a name or an address, is this machine and no other: whoever dials it here reaches a program that runs here. */
export async function isOwnHost(host: string): Promise<boolean> {
  const ip = parseIp(host)
  if (ip !== null) return isOwnIp(ip)
  try {
    const found = await lookup(host, { all: true })
    const ips = found.map(({ address }) => parseIp(address))
    return ips.length > 0 && ips.every((each) => each !== null && isOwnIp(each))
  } catch {
    // A name that cannot be found is nobody's.
    return false
  }
}

/** Interfaces come and go, and the system takes its time to list them: so long one list holds. */
const LISTED_MS = 1_000
let listed: { readonly atMs: number; readonly hosts: ReadonlySet<string> } | null = null

/** The same of an address alone: nothing is looked up. */
export function isOwnIp(ip: Uint8Array): boolean {
  if (ipScope(ip) === 'loopback') return true
  const nowMs = performance.now()
  if (listed === null || nowMs - listed.atMs >= LISTED_MS) {
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    const ips = own.flatMap(({ address }) => parseIp(address) ?? [])
    listed = { atMs: nowMs, hosts: new Set(ips.map(formatIp)) }
  }
  return listed.hosts.has(formatIp(ip))
}
