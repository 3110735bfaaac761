import { ByteReader } from '../../src/base/bytes.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { BUNDLE_WITH_PREVIOUS, type FeedFrame, readFeed, writeFeed, writeHave } from '../../src/wire/replication.ts'
import type { Bench } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

/** A neighbour that knows every feed it hears of by the handle it was told, and makes of that what it likes. */
export class Liar {
  readonly peer: Peer
  readonly handles: number[] = []
  /** Bodies of the bundles it was pushed. */
  readonly bundles: Uint8Array[] = []
  /** Bytes of bundles that were sent to it. */
  takenBytes = 0

  constructor(
    readonly bench: Bench,
    seed: number,
    /** How far it says to have a feed that is so far. */
    private readonly claim: (next: number) => number = (next) => next,
  ) {
    this.peer = openPeer(bench, { seed })
  }

  /** Reads what it was sent, names what is new of it, and answers the bundles of it. */
  listen(): Uint8Array[] {
    const { heard, sent } = this.peer
    const fresh: Uint8Array[] = []
    for (const { type, body } of heard.splice(0)) {
      if (type === FrameType.feed) this.name(readFeed(new ByteReader(body))!)
      if (type !== FrameType.bundle) continue
      fresh.push(body)
      this.takenBytes += body.length
    }
    this.bundles.push(...fresh)
    sent.length = 0
    return fresh
  }

  /** Says of every feed that it has so much. */
  have(next: number): void {
    const entries = this.handles.map((handle) => ({ handle, next }))
    this.peer.send(FrameType.have, (out) => writeHave(out, entries))
  }

  /** Sends back a bundle as if it had crossed so many links. */
  echo(body: Uint8Array, hops: number): void {
    const changed = body.slice()
    changed[0] = (changed[0]! & BUNDLE_WITH_PREVIOUS) | hops
    this.peer.send(FrameType.bundle, (out) => out.bytes(changed))
  }

  private name(named: FeedFrame): void {
    this.handles.push(named.handle)
    this.peer.send(FrameType.feed, (out) => writeFeed(out, { ...named, next: this.claim(named.next) }))
  }
}
