import { utf8 } from '../../src/base/bytes.ts'
import { compareHlc, type HlcTime } from '../../src/base/hlc.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { SigningKey } from '../../src/crypto/sign.ts'
import { type Bundle, BundleBuilder, NO_EVENT } from '../../src/wire/bundle.ts'
import { EventKind, feedIdOf, openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { BUNDLE_WITH_PREVIOUS, writeFeed } from '../../src/wire/replication.ts'
import { identityOf, WALL_START_MS } from './bench.ts'
import type { Peer } from './peer.ts'

export interface Made {
  readonly bundle: Bundle
  readonly previous: Uint8Array
  readonly ids: readonly Uint8Array[]
}

interface Said {
  readonly kind?: number
  readonly body: Uint8Array | string
  readonly time?: HlcTime
}

/** Writes one feed by hand: honest bundles, from any event on. */
export class Author {
  readonly key: SigningKey
  readonly room: Uint8Array
  readonly epoch: Uint8Array
  readonly feedId: Uint8Array
  next = 1
  tip: Uint8Array = NO_EVENT
  private time: HlcTime = { ms: WALL_START_MS, counter: 0 }

  constructor(who: number | SigningKey, room: string | Uint8Array = 'general', epoch = 1) {
    this.key = typeof who === 'number' ? identityOf(who).signing : who
    this.room = typeof room === 'string' ? openRoomId(room) : room
    this.epoch = seededRng(epoch).bytes(8)
    this.feedId = feedIdOf(this.key.publicKey, this.room, this.epoch)
  }

  /** Seals the next events under one signature. */
  say(...events: (string | Said)[]): Made {
    const builder = new BundleBuilder()
    for (const event of events) {
      const said: Said = typeof event === 'string' ? { body: event } : event
      const time = said.time ?? { ms: this.time.ms + 1, counter: 0 }
      if (compareHlc(time, this.time) > 0) this.time = time
      const content = typeof said.body === 'string' ? utf8(said.body) : said.body
      if (!builder.add(said.kind ?? EventKind.text, time, content)) throw new Error('more than a bundle holds')
    }
    const previous = this.tip
    const { bundle, ids } = builder.seal(this.next, this.feedId, previous, this.key)
    this.next += bundle.count
    this.tip = ids.at(-1)!
    return { bundle, previous, ids }
  }

  /** Another history from here on: what this author says next replaces what the other copy says. */
  fork(): Author {
    const copy = Object.create(Author.prototype) as Author
    return Object.assign(copy, this)
  }
}

/** Names a feed to the node. */
export function nameFeed(peer: Peer, handle: number, author: Author, base: number, next: number): void {
  const { room, epoch } = author
  peer.send(FrameType.feed, (out) => writeFeed(out, { handle, author: author.key.publicKey, room, epoch, base, next }))
}

/** Sends a bundle, with the hash before it unless told otherwise. */
export function push(peer: Peer, handle: number, made: Made, options: { hops?: number; bare?: boolean } = {}): void {
  pushBytes(peer, handle, made.bundle.bytes, options.bare === true ? null : made.previous, options.hops ?? 0)
}

export function pushBytes(peer: Peer, handle: number, bytes: Uint8Array, previous: Uint8Array | null, hops = 0): void {
  peer.send(FrameType.bundle, (out) => {
    out.u8(hops | (previous === null ? 0 : BUNDLE_WITH_PREVIOUS)).varint(handle)
    if (previous !== null) out.bytes(previous)
    out.bytes(bytes)
  })
}
