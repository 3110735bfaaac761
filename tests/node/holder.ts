import { ByteReader } from '../../src/base/bytes.ts'
import { FrameType } from '../../src/wire/frame.ts'
import {
  type GapFrame,
  readGap,
  readWant,
  type WantFrame,
  writeGap,
  writeHave,
  writeWant,
} from '../../src/wire/replication.ts'
import { type Author, type Made, push } from './author.ts'
import type { Peer } from './peer.ts'

/** A number of events that nobody has said. */
export const FAR = 2 ** 40

export function have(peer: Peer, handle: number, next: number): void {
  peer.send(FrameType.have, (out) => writeHave(out, [{ handle, next }]))
}

export function want(peer: Peer, handle: number, from: number): void {
  peer.send(FrameType.want, (out) => writeWant(out, { handle, from, full: false }))
}

export function wantsHeard(peer: Peer): WantFrame[] {
  return peer.heardOf(FrameType.want).map((body) => readWant(new ByteReader(body))!)
}

export function gapsHeard(peer: Peer): GapFrame[] {
  return peer.heardOf(FrameType.gap).map((body) => readGap(new ByteReader(body))!)
}

/** First numbers of the bundles a peer was sent. */
export function firstsHeard(peer: Peer): number[] {
  return peer.heardOf(FrameType.bundle).map((body) => {
    const reader = new ByteReader(body)
    const flags = reader.u8()
    reader.varint()
    if ((flags & 0x80) !== 0) reader.take(32)
    return reader.varint()
  })
}

/** A peer that holds `held` of a feed and answers what it is asked, as an honest one does. */
export class Holder {
  constructor(
    readonly peer: Peer,
    readonly handle: number,
    private readonly held: readonly Made[],
  ) {}

  private answered = 0

  /** Lets time pass, a tenth of a second at a time, answering. */
  serve(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      this.answer()
      this.peer.bench.pass(100)
    }
    this.answer()
  }

  private answer(): void {
    const wants = wantsHeard(this.peer)
    for (const { from } of wants.slice(this.answered)) {
      const base = this.held[0]!.bundle.first
      if (from < base) this.peer.send(FrameType.gap, (out) => writeGap(out, { handle: this.handle, to: base }))
      for (const made of this.held) if (made.bundle.first >= from) push(this.peer, this.handle, made)
    }
    this.answered = wants.length
  }
}

/** Ten events of one author, each in a bundle of its own. */
export function history(author: Author, count = 10): Made[] {
  return Array.from({ length: count }, (_, at) => author.say(`event ${at + 1}`))
}

/** Its texts, by the numbers of its events. */
export const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `event ${from + at}`)
