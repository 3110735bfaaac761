import type { Address } from '../base/address.ts'
import { ipBlock, ipScope, parseIp } from '../base/ip.ts'
import type { Wanted } from './redial.ts'

/** Links of a dialect at a time: more neighbours than anybody has who sits at a terminal. */
export const LINKS_MAX = 64
/** Of these may be one host's that called us: half, so that nobody alone keeps others out. */
const PER_HOST_MAX = LINKS_MAX / 2
/** On our own machine there may well be many. */
const LOOPBACK_MAX = (3 * LINKS_MAX) / 4
/** How long somebody who said who it is may say nothing more until it gives way, where there is no place left. */
const QUIET_MS = 60_000

/** A link, as far as it matters for who keeps a place. */
export interface Placed {
  readonly remote: Address
  /** What it was dialled for; null: it came in. */
  readonly wanted: Wanted | null
  readonly sinceMs: number
  /** Nothing whole has come from it, it has said who it is, or more than that. */
  readonly standing: 'silent' | 'known' | 'speaking'
}

/**
 * Who is to leave for a newcomer: `nobody` where there is a place, null where the newcomer gets none. Whoever we dialled leaves for nobody, and
 * finds a place before strangers. `links`: in the order in which they came.
 */
export function whoGivesWay<L extends Placed>(
  links: readonly L[],
  remote: Address,
  isDialled: boolean,
  nowMs: number,
): L | 'nobody' | null {
  const hosts = Map.groupBy(
    links.filter(({ wanted }) => wanted === null),
    (link) => hostOf(link.remote),
  )
  const host = hostOf(remote)
  const own = hosts.get(host) ?? []
  if (!isDialled && own.length >= (host === LOOPBACK ? LOOPBACK_MAX : PER_HOST_MAX)) return idle(own, nowMs)
  if (links.length < LINKS_MAX) return 'nobody'
  const crowds = [...hosts.values()].sort((a, b) => b.length - a.length)
  const silent = crowds.flat().find(({ standing }) => standing === 'silent')
  if (silent !== undefined) return silent
  const [crowd = []] = crowds
  if (!isDialled && crowd.length <= own.length + 1) return idle(own, nowMs)
  return idle(crowd, nowMs) ?? crowd.at(-1) ?? null
}

function idle<L extends Placed>(links: readonly L[], nowMs: number): L | null {
  const silent = links.find(({ standing }) => standing === 'silent')
  const isQuiet = ({ standing, sinceMs }: L): boolean => standing === 'known' && nowMs - sinceMs >= QUIET_MS
  return silent ?? links.find(isQuiet) ?? null
}

const LOOPBACK = 'loopback'

/** What is one machine's, as far as an address tells. Of IPv6 one host may have a whole block of addresses, of loopback it has all. */
export function hostOf({ host }: Address): string {
  const ip = parseIp(host)
  if (ip === null) return host
  if (ipScope(ip) === 'loopback') return LOOPBACK
  return ip.length === 4 ? ip.join('.') : ipBlock(ip)
}
