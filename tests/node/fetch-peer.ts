import { ByteReader } from '../../src/base/bytes.ts'
import { peekBundle } from '../../src/wire/bundle.ts'
import {
  type FetchedBundle,
  type FetchedEnd,
  type FetchFrame,
  readFetch,
  readFetched,
  readFilled,
  writeFetch,
  writeFetched,
  writeFetchedEnd,
  writeFilled,
} from '../../src/wire/fetch.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { type Author, type Made, nameFeed, push } from './author.ts'
import type { Bench } from './bench.ts'
import { wantsHeard } from './holder.ts'
import { openPeer, type Peer, type PeerOptions } from './peer.ts'
import { compareRoom } from './room-mate.ts'

export function fetchesHeard(peer: Peer): FetchFrame[] {
  return peer.heardOf(FrameType.fetch).map((body) => readFetch(new ByteReader(body))!)
}

export function fetchedHeard(peer: Peer): (FetchedBundle | FetchedEnd)[] {
  return peer.heardOf(FrameType.fetched).map((body) => readFetched(new ByteReader(body))!)
}

/** First numbers of the bundles a peer was sent, or the number its answer ended with. */
export function partsHeard(peer: Peer): string[] {
  return fetchedHeard(peer).map((part) =>
    part.kind === 'end' ? `down to ${part.down}` : `${peekBundle(part.bytes)!.first}`,
  )
}

export function filledHeard(peer: Peer): FetchFrame[] {
  return peer.heardOf(FrameType.filled).flatMap((body) => readFilled(new ByteReader(body))!)
}

export function fetch(peer: Peer, handle: number, from: number, to: number): void {
  peer.send(FrameType.fetch, (out) => writeFetch(out, { handle, from, to }))
}

export function bring(peer: Peer, { previous, bundle }: Pick<Made, 'previous' | 'bundle'>): void {
  peer.send(FrameType.fetched, (out) => writeFetched(out, { previous, bytes: bundle.bytes }))
}

export function end(peer: Peer, down: number): void {
  peer.send(FrameType.fetched, (out) => writeFetchedEnd(out, down))
}

export function filled(peer: Peer, handle: number, from: number, to: number): void {
  peer.send(FrameType.filled, (out) => writeFilled(out, [{ handle, from, to }]))
}

/** A peer that holds some of one feed, and answers what it is asked of it as an honest one does, so many bundles at a time. It is in the feed's room. */
export class FetchPeer {
  readonly peer: Peer
  private wanted = 0
  private fetched = 0

  constructor(
    bench: Bench,
    readonly author: Author,
    readonly held: Made[],
    options: PeerOptions & { readonly claims?: number; readonly chunk?: number; readonly isStranger?: boolean } = {},
  ) {
    this.peer = openPeer(bench, options)
    if (options.isStranger !== true) compareRoom(this.peer, author.room)
    this.chunk = options.chunk ?? 100
    const last = held.at(-1)
    const next = last === undefined ? 1 : last.bundle.first + last.bundle.count
    nameFeed(this.peer, 1, author, held[0]?.bundle.first ?? 1, options.claims ?? next)
  }

  private readonly chunk: number

  /** Answers what it has heard, of what it is asked for so many at most. */
  answer(fetchesMax = Number.POSITIVE_INFINITY): void {
    const before = this.fetched
    for (let isNew = true; isNew && this.fetched < before + fetchesMax; ) {
      isNew = this.answerWants() || this.answerFetches(before + fetchesMax)
    }
  }

  /** Lets time pass, a tenth of a second at a time, answering. */
  serve(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      this.answer()
      this.peer.bench.pass(100)
    }
    this.answer()
  }

  private answerWants(): boolean {
    const wants = wantsHeard(this.peer).slice(this.wanted)
    this.wanted += wants.length
    for (const { from } of wants) for (const made of this.held) if (endOf(made) > from) push(this.peer, 1, made)
    return wants.length > 0
  }

  private answerFetches(most: number): boolean {
    const fetches = fetchesHeard(this.peer).slice(this.fetched, most)
    this.fetched += fetches.length
    for (const { from, to } of fetches) {
      const asked = this.held.filter((made) => endOf(made) > from && made.bundle.first < to).toReversed()
      const sent = asked.slice(0, this.chunk)
      for (const made of sent) bring(this.peer, made)
      end(this.peer, asked.length > sent.length ? sent.at(-1)!.bundle.first : from)
    }
    return fetches.length > 0
  }
}

function endOf({ bundle }: Made): number {
  return bundle.first + bundle.count
}
