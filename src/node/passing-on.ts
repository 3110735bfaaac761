import type { ByteReader } from '../base/bytes.ts'
import { toHex } from '../base/bytes.ts'
import { Generations } from '../base/generations.ts'
import type { HlcTime } from '../base/hlc.ts'
import { sha256 } from '../crypto/hash.ts'
import { FrameType } from '../wire/frame.ts'
import { HOPS_MAX } from '../wire/limits.ts'
import { type ReceivedPassing, readPassing, sealPassing, verifyPassing } from '../wire/passing.ts'
import type { NodeContext } from './context.ts'
import type { Feeds } from './feeds.ts'
import { frame, type LinkState, PASSING_BACKLOG_BYTES_MAX } from './link-state.ts'
import type { Links } from './links.ts'

/** An id is known for one to two of these: the two minutes of the design. */
const SEEN_AGE_MS = 60_000
/** At 32 ids a millisecond of flood this is two seconds; in talk it is days. 2 × 65,536 ids of 64 characters: 10 MB at worst. */
const SEEN_IDS_MAX = 65_536

/** Floods passing events: each once over each link, known by its id, forgotten after two minutes. */
export class PassingOn {
  private readonly seen = new Generations(SEEN_AGE_MS, SEEN_IDS_MAX)

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly arrived: (passing: ReceivedPassing, authorKey: string) => void,
  ) {}

  /** Signs and sends one of our own; false when there is nobody to send it to. */
  say(room: Uint8Array, kind: number, time: HlcTime, body: Uint8Array): boolean {
    if (this.links.neighbours.size === 0) return false
    const author = this.context.identity.signing.publicKey
    const sealed = sealPassing({ author, room, time, kind, body }, this.context.identity.signing)
    this.seen.add(toHex(sha256(sealed.subarray(0, sealed.length - 64))), this.context.nowMs)
    this.flood(sealed, 0, null)
    return true
  }

  received(link: LinkState, body: ByteReader): void {
    const passing = readPassing(body)
    if (passing === null) return this.links.fault(link, 'sent a broken passing event')
    const id = toHex(passing.id)
    if (this.seen.has(id, this.context.nowMs)) return
    const authorKey = toHex(passing.author)
    const check = this.feeds.verifierOf(passing.author, authorKey)
    if (check === null || !verifyPassing(passing, check)) {
      return this.links.fault(link, 'sent a passing event that its author did not sign')
    }
    // Only now: a copy with a broken signature must not keep the true one out.
    if (!this.seen.add(id, this.context.nowMs)) return
    this.flood(passing.sealed, passing.hops, link)
    if (authorKey !== this.context.ownKey) this.arrived(passing, authorKey)
  }

  private flood(sealed: Uint8Array, hops: number, from: LinkState | null): void {
    const bytes = frame(FrameType.passing, (out) => out.u8(Math.min(hops, HOPS_MAX)).bytes(sealed))
    for (const link of this.links.neighbours.values()) {
      if (link !== from && link.waitingBytes < PASSING_BACKLOG_BYTES_MAX) this.links.sendFrame(link, bytes)
    }
  }
}
