import type { Address } from '../../base/address.ts'
import { type IpScope, ipBlock, ipScope, parseIp } from '../../base/ip.ts'

/** What an address says about who may be behind it. */
export interface Place {
  readonly scope: IpScope
  /** The block whose members are counted together; null in a private network, where one block is everybody. */
  readonly block: string | null
}

const NOWHERE: Place = { scope: 'none', block: null }
const REACH: Readonly<Record<IpScope, number>> = { loopback: 0, link: 1, private: 2, global: 3, none: 4 }

export function placeOf(address: Address | null): Place {
  const ip = address === null ? null : parseIp(address.host)
  if (ip === null) return NOWHERE
  const scope = ipScope(ip)
  return { scope, block: scope === 'global' ? ipBlock(ip) : null }
}

/** Whether others can be told of it: it has an IP address that somebody could dial. */
export function isShareable(place: Place): boolean {
  return place.scope !== 'none'
}

/**
 * Whether to believe somebody at `teller` who says that a peer is at `told`. An address that reaches less far than the teller's means
 * another machine here than there: dialling it would at best fail, and at worst knock at doors of our own network for a stranger.
 */
export function isCredible(told: Place, teller: Place): boolean {
  return told.scope !== 'none' && REACH[told.scope] >= Math.min(REACH[teller.scope], REACH.global)
}
