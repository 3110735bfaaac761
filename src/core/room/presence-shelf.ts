import { compareHlc, type HlcTime } from '../../base/hlc.ts'
import { PRESENCE_LASTS_MS } from './members.ts'

/**
 * The newest presence of everybody in every room, sealed as it came: a node that links up is given these, so that nobody has to say again
 * who he is because somebody else has come. Kept for as long as a presence lasts, however often it is handed on. Pure.
 */
export interface ShelvedPresence {
  /** The first 8 bytes of its id, in hexadecimal: enough to tell those apart that are kept here. */
  readonly prefix: string
  readonly authorKey: string
  readonly roomKey: string
  readonly time: HlcTime
  readonly hops: number
  /** Key of the neighbour that brought it; empty for our own. */
  readonly through: string
  /** When it was said, as far as can be told, on our monotonic clock. */
  readonly bornAtMs: number
  /** The signed part and the signature; nobody writes to it. */
  readonly sealed: Uint8Array
}

/** As many as one room may show, over all rooms: about 2 MB. */
export const SHELF_MAX = 4_096

export class PresenceShelf {
  /** By author and room; who was refreshed last is at the end. */
  private readonly newest = new Map<string, ShelvedPresence>()
  private readonly byPrefix = new Map<string, ShelvedPresence>()

  get size(): number {
    return this.newest.size
  }

  /** Whether something at least as new is here. */
  supersedes(authorKey: string, roomKey: string, time: HlcTime): boolean {
    const known = this.newest.get(authorKey + roomKey)
    return known !== undefined && compareHlc(time, known.time) <= 0
  }

  put(presence: ShelvedPresence): void {
    const key = presence.authorKey + presence.roomKey
    const known = this.newest.get(key)
    if (known !== undefined) this.drop(key, known)
    if (this.newest.size >= SHELF_MAX) {
      const [oldestKey, oldest] = this.newest.entries().next().value!
      this.drop(oldestKey, oldest)
    }
    this.newest.set(key, presence)
    this.byPrefix.set(presence.prefix, presence)
  }

  get(prefix: string): ShelvedPresence | null {
    return this.byPrefix.get(prefix) ?? null
  }

  /** All that have not run out; those that have are let go. */
  list(nowMs: number): ShelvedPresence[] {
    for (const [key, presence] of this.newest) {
      if (nowMs - presence.bornAtMs > PRESENCE_LASTS_MS) this.drop(key, presence)
    }
    return [...this.newest.values()]
  }

  private drop(key: string, presence: ShelvedPresence): void {
    this.newest.delete(key)
    if (this.byPrefix.get(presence.prefix) === presence) this.byPrefix.delete(presence.prefix)
  }
}
