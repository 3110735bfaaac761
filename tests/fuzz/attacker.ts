import { joinBytes } from '../../src/base/bytes.ts'
import type { Rng } from '../../src/base/rng.ts'
import { frame } from '../../src/node/link-state.ts'
import { writeFetch, writeFetched, writeFetchedEnd, writeFilled } from '../../src/wire/fetch.ts'
import { writeFork } from '../../src/wire/fork.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { writeBye, writeHello } from '../../src/wire/hello.ts'
import { FRAME_HEADER_BYTES } from '../../src/wire/limits.ts'
import { type Contact, type MembershipMessage, membershipType, writeMembership } from '../../src/wire/membership.ts'
import { writePrefixes } from '../../src/wire/recall.ts'
import { writeReceipts } from '../../src/wire/receipts.ts'
import { writeReconcile } from '../../src/wire/reconcile.ts'
import type { ReconcileFrame } from '../../src/wire/reconcile-frames.ts'
import { BUNDLE_WITH_PREVIOUS, writeFeed, writeGap, writeHave, writeWant } from '../../src/wire/replication.ts'
import { mutate } from './mutator.ts'
import { type Material, type Stock, TEXTS } from './stock.ts'

const FAR = 2 ** 40

/**
 * One who has proved who it is and says what a peer says, in an order and with numbers that no honest peer would; and some of it
 * spoilt, mostly inside a frame, so that more than the framing is tried.
 */
export class Attacker {
  private handles = new Map<Material, number>()
  private nextHandle = 1

  constructor(
    private readonly rng: Rng,
    private stock: Stock,
  ) {}

  /** On a new link nothing has a name yet. */
  newLink(): void {
    this.handles = new Map()
    this.nextHandle = 1
  }

  turnTo(stock: Stock): void {
    this.stock = stock
    this.handles = new Map()
  }

  /** The plaintext of one record. */
  record(): Uint8Array {
    const { rng } = this
    const frames = Array.from({ length: 1 + rng.below(3) }, () => {
      const made = this.frame()
      return rng.below(16) === 0 ? spoil(made, rng) : made
    })
    const record = joinBytes(frames)
    return rng.below(60) === 0 ? mutate(record, record, rng) : record
  }

  private frame(): Uint8Array {
    const { rng, stock } = this
    const kind = rng.below(100)
    if (kind < 6) return this.feed(stock.pick(stock.feeds))
    if (kind < 55) return this.bundle(stock.pick(stock.feeds))
    if (kind < 60) return frame(FrameType.have, (out) => writeHave(out, this.entries()))
    if (kind < 62) return this.history(stock.pick(stock.feeds))
    if (kind < 65) return this.fork(stock.pick(stock.feeds))
    if (kind < 75) return this.want()
    if (kind < 80) return frame(FrameType.gap, (out) => writeGap(out, { handle: this.handle(), to: this.number() }))
    if (kind < 85) return frame(FrameType.lazy, (out) => out.varint(this.handle()))
    if (kind < 86) {
      return frame(FrameType.passing, (out) => out.u8(rng.below(256)).bytes(stock.pick(stock.passings)))
    }
    if (kind < 87) return rng.below(2) === 0 ? this.reconcile() : this.receipts()
    if (kind < 90) return this.recall()
    if (kind < 93) return this.membership()
    if (kind < 95) return frame(rng.below(2) + FrameType.ping, (out) => out.bytes(rng.bytes(rng.below(12))))
    if (kind < 98) return frame(0x40 + rng.below(64), (out) => out.bytes(rng.bytes(rng.below(60))))
    if (kind === 98 && rng.below(5) === 0) {
      return frame(FrameType.bye, (out) => writeBye(out, { code: rng.below(12), reason: stock.pick(TEXTS) }))
    }
    return frame(FrameType.hello, (out) => writeHello(out, { name: 'again', tcpPort: 1, udpPort: 1, agent: '' }))
  }

  private feed(material: Material): Uint8Array {
    const { rng } = this
    const handle = rng.below(100) === 0 ? this.handle() : this.nextHandle++
    this.handles.set(material, handle)
    const { key, room, epoch } = material.author
    const base = rng.below(5) === 0 ? this.number() : 1
    const next = Math.max(base, rng.below(4) === 0 ? this.number() : material.at + 1)
    return frame(FrameType.feed, (out) => writeFeed(out, { handle, author: key.publicKey, room, epoch, base, next }))
  }

  /** Mostly the next of its feed, now and then one from before or after, or of another history. */
  private bundle(material: Material): Uint8Array {
    const { rng } = this
    const handle = this.handles.get(material)
    if (handle === undefined) return this.feed(material)
    const wanders = rng.below(6) === 0
    const at = wanders ? rng.below(material.bundles.length) : material.at % material.bundles.length
    if (!wanders && rng.below(8) !== 0) material.at++
    const { bundle, previous } = material.bundles[at]!
    const flags = rng.below(16) | (rng.below(3) === 0 ? 0 : BUNDLE_WITH_PREVIOUS)
    return frame(FrameType.bundle, (out) => {
      out.u8(flags).varint(rng.below(40) === 0 ? this.handle() : handle)
      if (flags >= BUNDLE_WITH_PREVIOUS) out.bytes(previous)
      out.bytes(bundle.bytes)
    })
  }

  private want(): Uint8Array {
    const want = { handle: this.handle(), from: this.number(), full: this.rng.below(2) === 0 }
    return frame(FrameType.want, (out) => writeWant(out, want))
  }

  /** A request for what was said before, or an answer to one, asked for or not. */
  private history(material: Material): Uint8Array {
    const { rng } = this
    const from = this.number()
    const range = { handle: this.handle(), from, to: Math.min(2 ** 48, from + 1 + rng.below(90)) }
    const kind = rng.below(10)
    if (kind < 3 && range.to > from) return frame(FrameType.fetch, (out) => writeFetch(out, range))
    if (kind < 4 && range.to > from) return frame(FrameType.filled, (out) => writeFilled(out, [range]))
    if (kind < 6) return frame(FrameType.fetched, (out) => writeFetchedEnd(out, rng.below(3) === 0 ? this.number() : 1))
    const { bundle, previous } = this.stock.pick(material.bundles)
    return frame(FrameType.fetched, (out) => writeFetched(out, { previous, bytes: bundle.bytes }))
  }

  /** Of whatever feed, whether it has two histories or not: what they end with, a plea for one, or a piece. */
  private fork(material: Material): Uint8Array {
    const { rng, stock } = this
    const handle = this.handles.get(material) ?? this.handle()
    const { bundle, previous } = stock.pick(material.bundles)
    const end = () => {
      const made = stock.pick(material.bundles)
      const isKnown = rng.below(3) > 0
      return isKnown ? { end: made.bundle.first, id: made.previous } : { end: this.number(), id: rng.bytes(32) }
    }
    const ends = Array.from({ length: 1 + rng.below(5) }, end).filter((each) => each.end > 1)
    const kind = rng.below(3)
    return frame(FrameType.fork, (out) => {
      if (kind === 0 && ends.length > 0) return writeFork(out, { kind: 'ends', handle, ends })
      if (kind === 1 && ends.length > 0)
        return writeFork(out, { kind: 'ask', handle, ...ends[0]!, down: 1 + rng.below(9) })
      writeFork(out, { kind: 'bundle', handle, isMoreToCome: rng.below(2) === 0, previous, bytes: bundle.bytes })
    })
  }

  private recall(): Uint8Array {
    const { rng, stock } = this
    if (rng.below(2) === 0) {
      const ageS = rng.below(256)
      return frame(FrameType.recalled, (out) => out.u8(ageS).u8(rng.below(256)).bytes(stock.pick(stock.passings)))
    }
    const prefixes = Array.from({ length: rng.below(20) }, () => rng.bytes(8).toHex())
    const type = rng.below(2) === 0 ? FrameType.recallList : FrameType.recallWant
    return frame(type, (out) => writePrefixes(out, prefixes))
  }

  private reconcile(): Uint8Array {
    const { rng } = this
    const cells = (count: number) => Uint32Array.from({ length: count * 3 }, () => rng.below(2 ** 32))
    const holding = { base: 1, next: this.number(), gaps: [] }
    const reference = rng.below(2 ** 32)
    const named = { room: rng.below(3), author: rng.bytes(32), epoch: rng.bytes(8), holding: { ...holding, next: 9 } }
    const report = { last: rng.below(2) === 0, held: [{ reference, holding }], named: [named] }
    const all: ReconcileFrame[] = [
      { kind: 'open', cellsEach: 1, rooms: [{ tag: rng.below(2 ** 32), feeds: rng.below(9), cells: cells(1) }] },
      { kind: 'more', list: rng.below(2) === 0, first: null },
      { kind: 'cells', cells: cells(1 + rng.below(9)) },
      { kind: 'list', last: rng.below(2) === 0, references: [reference], words: [rng.below(2 ** 32)] },
      { kind: 'differ', statuses: null, ...report },
      { kind: 'answer', statuses: null, ...report },
    ]
    return frame(FrameType.reconcile, (out) => writeReconcile(out, this.stock.pick(all)))
  }

  private receipts(): Uint8Array {
    const { rng } = this
    const tags = Array.from({ length: 1 + rng.below(4) }, () => rng.bytes(8).toHex())
    const entries = Array.from({ length: rng.below(6) }, () => {
      const next = 1 + this.number()
      const from = rng.below(tags.length)
      const span = Math.min(next - 1, 1 + rng.below(90))
      return {
        handle: this.handle(),
        next,
        span,
        runs: [{ from, to: from + 1 + rng.below(rng.below(9) === 0 ? 9 : 1) }],
      }
    })
    return frame(FrameType.receipts, (out) => writeReceipts(out, { anew: rng.below(8) === 0, tags, entries }))
  }

  private membership(): Uint8Array {
    const { rng } = this
    const contact = (): Contact => ({
      key: rng.bytes(32).toHex(),
      address: { host: '192.0.2.9', port: 1 + rng.below(9) },
    })
    const contacts = Array.from({ length: 1 + rng.below(8) }, contact)
    const all: MembershipMessage[] = [
      { kind: 'join' },
      { kind: 'forward-join', ttl: rng.below(256), contact: contact() },
      { kind: 'neighbor', priority: this.stock.pick(['low', 'high', 'splice'] as const) },
      { kind: 'neighbor-reply', accepted: rng.below(8) !== 0, contacts },
      { kind: 'disconnect', hasHeir: rng.below(2) === 0, contacts },
      { kind: 'shuffle', ttl: rng.below(256), nonce: rng.below(4), contacts },
      { kind: 'shuffle-reply', nonce: rng.below(4), contacts },
    ]
    const ends = rng.below(20) === 0
    const message = this.stock.pick(ends ? all : all.filter((each) => each.kind !== 'disconnect'))
    return frame(membershipType(message), (out) => writeMembership(out, message))
  }

  private entries(): { handle: number; next: number }[] {
    return Array.from({ length: this.rng.below(6) }, () => ({ handle: this.handle(), next: this.number() }))
  }

  private handle(): number {
    const { rng } = this
    return rng.below(10) === 0 ? 1 + rng.below(65_536) : 1 + rng.below(this.nextHandle)
  }

  private number(): number {
    const { rng, stock } = this
    return rng.below(4) === 0 ? stock.pick([1, 2, 127, 128, FAR, 2 ** 48]) : 1 + rng.below(80)
  }
}

/** The same frame with its body changed, and the length that goes with that. */
function spoil(made: Uint8Array, rng: Rng): Uint8Array {
  const type = made[FRAME_HEADER_BYTES - 1]!
  const body = mutate(made.subarray(FRAME_HEADER_BYTES), made, rng)
  return frame(type, (out) => out.bytes(body.subarray(0, 20_000)))
}
