import { ipBlock, ipScope, parseIp } from '../base/ip.ts'
import type { LinkState } from './link-state.ts'

/** Connections that came in and have not proved who they are. */
export const HALF_OPEN_MAX = 64
export const HALF_OPEN_PER_HOST_MAX = 8
/** From this machine itself, where many may be started at once, and whoever means ill has better means. */
const HALF_OPEN_OWN_MAX = 32
/** A quarter: no holder of one block fills the table. */
export const HALF_OPEN_PER_BLOCK_MAX = 16
/** After so long one that has not got through gives way where the table is full: four round trips of a slow satellite. */
export const HALF_OPEN_PATIENCE_MS = 3_000

/** Open links: more than any overlay here wants, less than a process has descriptors for. */
export const LINKS_MAX = 256
/** Of those that came in, an eighth from one block of the global network. */
export const LINKS_PER_BLOCK_MAX = 32
/** From one host of a private network, this very machine included, half: a block of those says nothing of who holds it. */
export const LINKS_PER_HOST_MAX = 128
/** Visitors of a tracker from one block: an eighth of its room, as in its list, but so many in any case. */
const VISITORS_PER_BLOCK_MIN = 4
/** The same from one host that has no such block, this very machine included: as many nodes as somebody starts on one. A guess. */
const VISITORS_PER_HOST_MIN = 48

/** The /24 or /48 that counts as one holder's; null where the address is not of the global network, or none. */
function blockOf(host: string): string | null {
  const ip = parseIp(host)
  return ip === null || ipScope(ip) !== 'global' ? null : ipBlock(ip)
}

function isOwn(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && ipScope(ip) === 'loopback'
}

/** What comes from one host or one block. */
interface Crowd {
  halfOpen: number
  open: number
  visits: number
}

type Share = keyof Crowd

/** Who may come in: connections that others opened to us, counted by the host and the block of addresses they came from. */
export class Inbound {
  /** Half open, oldest first. */
  private readonly callers = new Set<LinkState>()
  private readonly crowds = new Map<string, Crowd>()

  get halfOpen(): number {
    return this.callers.size
  }

  /**
   * Whether there is a place for one more caller. Where there is none, `evicted` is who has to leave for it: of those that have said nothing, or
   * have not got through in time, the oldest from where most come. Null: nobody has to, or there is no place all the same.
   */
  placeFor(host: string, nowMs: number): { readonly isFree: boolean; readonly evicted: LinkState | null } {
    const block = blockOf(host)
    const perHost = isOwn(host) ? HALF_OPEN_OWN_MAX : HALF_OPEN_PER_HOST_MAX
    if (this.count(host, 'halfOpen') >= perHost) return this.evict(host, null, nowMs)
    if (block !== null && this.count(block, 'halfOpen') >= HALF_OPEN_PER_BLOCK_MAX)
      return this.evict(null, block, nowMs)
    return this.callers.size < HALF_OPEN_MAX ? FREE : this.evict(null, null, nowMs)
  }

  came(link: LinkState): void {
    link.block = blockOf(link.remote.host)
    this.callers.add(link)
    this.add(link, 'halfOpen', 1)
  }

  /** No longer half open. */
  settled(link: LinkState): void {
    if (this.callers.delete(link)) this.add(link, 'halfOpen', -1)
  }

  /** Whether one that has proved who it is may stay; otherwise the end of a sentence that says why not. */
  refusal({ remote: { host }, block }: LinkState, linkCount: number): string | null {
    if (linkCount >= LINKS_MAX) return 'has no room for another link'
    const isOver =
      block === null ? this.isFull(host, 'open', LINKS_PER_HOST_MAX) : this.isFull(block, 'open', LINKS_PER_BLOCK_MAX)
    return isOver ? 'has links enough with that network' : null
  }

  hasRoomForVisit({ remote: { host }, block }: LinkState, visitorsMax: number): boolean {
    const least = block === null ? VISITORS_PER_HOST_MIN : VISITORS_PER_BLOCK_MIN
    return !this.isFull(block ?? host, 'visits', Math.max(least, visitorsMax >> 3))
  }

  /** It has been let in; `left` follows. */
  entered(link: LinkState): void {
    link.isInside = true
    this.add(link, link.isVisit ? 'visits' : 'open', 1)
  }

  left(link: LinkState): void {
    this.settled(link)
    if (!link.isInside) return
    link.isInside = false
    this.add(link, link.isVisit ? 'visits' : 'open', -1)
  }

  private isFull(place: string, share: Share, most: number): boolean {
    return this.count(place, share) >= most
  }

  private count(place: string, share: Share): number {
    return this.crowds.get(place)?.[share] ?? 0
  }

  private add({ remote: { host }, block }: LinkState, share: Share, by: number): void {
    this.addTo(host, share, by)
    if (block !== null) this.addTo(block, share, by)
  }

  private addTo(place: string, share: Share, by: number): void {
    const crowd = this.crowds.get(place) ?? { halfOpen: 0, open: 0, visits: 0 }
    crowd[share] += by
    if (crowd.halfOpen + crowd.open + crowd.visits === 0) this.crowds.delete(place)
    else this.crowds.set(place, crowd)
  }

  private evict(
    host: string | null,
    block: string | null,
    nowMs: number,
  ): { isFree: boolean; evicted: LinkState | null } {
    let evicted: LinkState | null = null
    let most = 0
    for (const link of this.callers) {
      if ((host !== null && link.remote.host !== host) || (block !== null && link.block !== block)) continue
      if (link.hasSpoken && nowMs - link.openedAtMs < HALF_OPEN_PATIENCE_MS) continue
      const crowd = this.count(link.block ?? link.remote.host, 'halfOpen')
      if (crowd <= most) continue
      most = crowd
      evicted = link
    }
    return { isFree: evicted !== null, evicted }
  }
}

const FREE = { isFree: true, evicted: null } as const
