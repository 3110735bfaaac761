import type { ByteReader } from '../base/bytes.ts'
import { toHex } from '../base/bytes.ts'
import { Generations } from '../base/generations.ts'
import type { HlcTime } from '../base/hlc.ts'
import { PRESENCE_LASTS_MS } from '../core/room/members.ts'
import { PresenceShelf, type ShelvedPresence } from '../core/room/presence-shelf.ts'
import { sha256 } from '../crypto/hash.ts'
import { FrameType } from '../wire/frame.ts'
import { HOPS_MAX } from '../wire/limits.ts'
import { PassingKind, type ReceivedPassing, readPassing, sealPassing, verifyPassing } from '../wire/passing.ts'
import { PREFIX_BYTES } from '../wire/recall.ts'
import type { NodeContext } from './context.ts'
import type { Feeds } from './feeds.ts'
import { frame, type LinkState, PASSING_BACKLOG_BYTES_MAX } from './link-state.ts'
import type { Links } from './links.ts'
import { Recall, recalledFrame } from './recall.ts'

/** An id is known for one to two of these: the two minutes of the design. */
const SEEN_AGE_MS = 60_000
/** At 32 ids a millisecond of flood this is two seconds; in talk it is days. 2 × 65,536 ids of 64 characters: 10 MB at worst. */
const SEEN_IDS_MAX = 65_536

/** A copy that says to be so much younger than the one before is news: ages are told in seconds, and rounded up on every link. */
const YOUNGER_MS = 5_000

/** How a passing event came: said so long ago, and brought by this neighbour (its key). */
export interface Arrival {
  readonly ageMs: number
  readonly through: string
}

/** Signs and sends one of our own. */
export type SayPassing = PassingOn['say']

/**
 * Floods passing events: each once over each link, known by its id, forgotten after two minutes. Of presence the newest of everybody is kept
 * while it lasts, for those who come later.
 */
export class PassingOn {
  private readonly seen = new Generations(SEEN_AGE_MS, SEEN_IDS_MAX)
  private readonly shelf = new PresenceShelf()
  private readonly recall: Recall

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly arrived: (passing: ReceivedPassing, authorKey: string, how: Arrival) => void,
  ) {
    this.recall = new Recall(context, links, this.shelf)
  }

  /** Signs and sends one of our own; false when there is nobody to send it to. */
  say(room: Uint8Array, kind: number, time: HlcTime, body: Uint8Array): boolean {
    if (this.links.neighbours.size === 0) return false
    const author = this.context.identity.signing.publicKey
    const sealed = sealPassing({ author, room, time, kind, body }, this.context.identity.signing)
    const id = toHex(sha256(sealed.subarray(0, sealed.length - 64)))
    this.seen.add(id, this.context.nowMs)
    this.flood(sealed, 0, null, 0)
    const shelved = {
      prefix: prefixOf(id),
      authorKey: this.context.ownKey,
      roomKey: toHex(room),
      time,
      hops: 0,
      sealed,
      through: '',
    }
    if (kind === PassingKind.presence) this.shelf.put({ ...shelved, bornAtMs: this.context.nowMs })
    return true
  }

  /** A new neighbour is told who is where, and tells us. */
  linkUp(link: LinkState): void {
    this.recall.linkUp(link)
  }

  linkDown(link: LinkState): void {
    this.recall.linkDown(link)
  }

  /** The presences in a room that are known, though nobody here was in it. */
  presences(roomKey: string): ShelvedPresence[] {
    return this.shelf.list(this.context.nowMs).filter((presence) => presence.roomKey === roomKey)
  }

  /** Takes a frame of passing events; false: it is another one. */
  frame(link: LinkState, type: number, body: ByteReader): boolean {
    switch (type) {
      case FrameType.passing:
      case FrameType.recalled: {
        const ageMs = type === FrameType.passing ? 0 : body.u8() * 1_000
        if (this.links.admits(link, link.budget.passing)) this.received(link, body, ageMs)
        return true
      }
      case FrameType.recallList:
        this.recall.onList(link, body)
        return true
      case FrameType.recallWant:
        this.recall.onWant(link, body)
        return true
      default:
        return false
    }
  }

  private received(link: LinkState, body: ByteReader, ageMs: number): void {
    const passing = readPassing(body)
    if (passing === null) return this.links.fault(link, 'sent a broken passing event')
    if (ageMs >= PRESENCE_LASTS_MS) return
    const id = toHex(passing.id)
    const isPresence = passing.kind === PassingKind.presence
    const arrival = { ageMs, through: link.peerKey }
    if (this.seen.has(id, this.context.nowMs)) {
      if (isPresence) this.rejuvenate(link, passing, id, arrival)
      return
    }
    const authorKey = toHex(passing.author)
    const roomKey = toHex(passing.room)
    // What has been overtaken by something newer of the same author is nobody's news any more.
    if (isPresence && this.shelf.supersedes(authorKey, roomKey, passing.time)) return
    const check = this.feeds.verifierOf(passing.author, authorKey)
    if (check === null || !verifyPassing(passing, check)) {
      return this.links.fault(link, 'sent a passing event that its author did not sign')
    }
    // Only now: a copy with a broken signature must not keep the true one out.
    if (!this.seen.add(id, this.context.nowMs)) return
    if (isPresence) this.keep(passing, prefixOf(id), authorKey, roomKey, arrival)
    this.flood(passing.sealed, passing.hops, link, ageMs)
    if (authorKey !== this.context.ownKey) this.arrived(passing, authorKey, arrival)
  }

  /** Nobody signs an age: of two copies the younger tells the truth, or an old one that comes first would have people seem to leave. */
  private rejuvenate(link: LinkState, passing: ReceivedPassing, id: string, arrival: Arrival): void {
    const known = this.shelf.get(prefixOf(id))
    const bornAtMs = this.context.nowMs - arrival.ageMs
    if (known === null || bornAtMs < known.bornAtMs + YOUNGER_MS) return
    this.shelf.put({ ...known, bornAtMs })
    this.flood(passing.sealed, passing.hops, link, arrival.ageMs)
    const authorKey = toHex(passing.author)
    if (authorKey !== this.context.ownKey) this.arrived(passing, authorKey, arrival)
  }

  private keep(
    passing: ReceivedPassing,
    prefix: string,
    authorKey: string,
    roomKey: string,
    { ageMs, through }: Arrival,
  ): void {
    const { time, hops } = passing
    // The frame's bytes are part of a record that holds more.
    const sealed = passing.sealed.slice()
    this.shelf.put({ prefix, authorKey, roomKey, time, hops, sealed, through, bornAtMs: this.context.nowMs - ageMs })
  }

  private flood(sealed: Uint8Array, hops: number, from: LinkState | null, ageMs: number): void {
    const count = Math.min(hops, HOPS_MAX)
    const bytes =
      ageMs > 0 ? recalledFrame(sealed, count, ageMs) : frame(FrameType.passing, (out) => out.u8(count).bytes(sealed))
    const { nowMs } = this.context
    if (from !== null && !from.budget.relayed.take(nowMs)) return
    for (const link of this.links.neighbours.values()) {
      if (link === from || link.waitingBytes >= PASSING_BACKLOG_BYTES_MAX) continue
      if (from === null || link.budget.passingOut.take(nowMs)) this.links.sendFrame(link, bytes)
    }
  }
}

/** Of an id in hexadecimal. */
function prefixOf(id: string): string {
  return id.slice(0, 2 * PREFIX_BYTES)
}
