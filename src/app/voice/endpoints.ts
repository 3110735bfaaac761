import type { Address } from '../../base/address.ts'
import { formatAddress } from '../../base/address.ts'
import { ipScope, parseIp } from '../../base/ip.ts'

/** What members are told of at most. */
const ENDPOINTS_TOLD_MAX = 8

/** Where members see us, and how many say so. */
export interface Seen extends Address {
  readonly by: number
}

/**
 * Where members may reach our voice socket. `local`: this machine's own; `seen`: as members say, the latest first, believed where two say the
 * same, or where there is but one who could; `members`: how many there are. Bound to this machine alone, nothing else leads to it.
 */
export function reachableEndpoints(local: readonly Address[], seen: readonly Seen[], members: number): Address[] {
  const isHereAlone = local.length > 0 && local.every(({ host }) => isLoopback(host))
  const believed = seen.filter(({ by }) => by >= 2 || members <= 1)
  const byName = new Map<string, Address>()
  for (const { host, port } of [...believed, ...local]) {
    if (isHereAlone && !isLoopback(host)) continue
    byName.set(formatAddress({ host, port }), { host, port })
  }
  return [...byName.values()].slice(0, ENDPOINTS_TOLD_MAX)
}

function isLoopback(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && ipScope(ip) === 'loopback'
}
