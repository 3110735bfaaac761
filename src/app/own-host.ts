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

function isOwnIp(ip: Uint8Array): boolean {
  if (ipScope(ip) === 'loopback') return true
  const text = formatIp(ip)
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => {
      const own = parseIp(address)
      return own !== null && formatIp(own) === text
    }),
  )
}
