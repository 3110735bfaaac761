import { ByteReader, ByteWriter, joinBytes, toHex } from '../../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../../src/base/rng.ts'
import { TimerQueue } from '../../../src/base/timers.ts'
import { Exchange } from '../../../src/core/transfer/exchange.ts'
import { Shape } from '../../../src/core/transfer/shape.ts'
import { leafHash, TreeBuilder } from '../../../src/core/transfer/tree.ts'
import { HASH_BYTES, LEAF_BYTES } from '../../../src/wire/content.ts'
import { RefusalCode, type TransferFrame, transferType, writeTransfer } from '../../../src/wire/transfer.ts'

/** Content as its sender has it: bytes from a seed, its pages and its root. */
export class Content {
  readonly bytes: Uint8Array
  readonly shape: Shape
  readonly root: Uint8Array
  readonly pages = new Map<number, Uint8Array>()

  constructor(size: number, seed = 1) {
    this.bytes = new Uint8Array(size)
    const block = seededRng(seed).bytes(Math.min(size, 65_537))
    for (let at = 0; at < size; at += block.length) this.bytes.set(block.subarray(0, size - at), at)
    this.shape = new Shape(size)
    const builder = new TreeBuilder(this.shape, (level, index, page) =>
      this.pages.set(this.shape.pageNumber(level, index), page),
    )
    for (let leaf = 0; leaf < this.shape.leaves; leaf++) builder.add(leafHash(this.run(leaf, 1)))
    this.root = builder.finish()
  }

  run(first: number, count: number): Uint8Array {
    return this.bytes.subarray(first * LEAF_BYTES, Math.min(this.bytes.length, (first + count) * LEAF_BYTES))
  }
}

export interface PeerOptions {
  /** Of its uplink, shared by all its links. */
  readonly bytesPerMs?: number
  /** `spoil`: what it sends is not what it read. `mute`: it never answers for a leaf. */
  readonly manner?: 'honest' | 'spoil' | 'spoil-pages' | 'mute'
}

/** One node of the swarm: its exchange, and a disk that outlives it. */
export class Peer {
  exchange: Exchange
  /** What its disk has of the content. */
  readonly disk = new Map<number, Uint8Array>()
  readonly pages = new Map<number, Uint8Array>()
  isWhole = false
  isUp = true
  doneAtMs: number | null = null
  /** Bytes of leaves that came, and how often a leaf was written. */
  received = 0
  written = 0
  dropped: string[] = []
  refused: number[] = []
  sending = false

  constructor(
    readonly world: Swarm,
    readonly key: string,
    readonly options: PeerOptions,
    rng: Rng,
  ) {
    this.exchange = new Exchange(rng)
  }

  get content(): Content {
    return this.world.content
  }

  get name(): string {
    return toHex(this.content.root)
  }

  seed(): void {
    this.isWhole = true
    for (let leaf = 0; leaf < this.content.shape.leaves; leaf++) this.disk.set(leaf, this.content.run(leaf, 1))
    for (const [number, page] of this.content.pages) this.pages.set(number, page)
    this.exchange.serve(this.content.root, { shape: this.content.shape, here: null, pieces: null, allows: () => true })
  }

  /** Begins, or goes on with what the disk has. */
  fetch(): void {
    const { root, shape } = this.content
    const download = this.exchange.fetch(root, shape.size, () => true)
    for (const [number, page] of [...this.pages].sort(([a], [b]) => a - b)) {
      for (let level = 0; level < shape.levels; level++) {
        const index = number - shape.pageNumber(level, 0)
        if (shape.hasPage(level, index)) download.pages.accept(level, index, page)
      }
    }
    for (const leaf of this.disk.keys()) download.restore(leaf, 1)
    this.exchange.settle(this.name, this.world.nowMs)
    for (const link of this.world.linksOf(this)) this.exchange.tryAt(root, link)
    this.world.settle(this)
  }
}

interface Wire {
  readonly a: Peer
  readonly b: Peer
  isUp: boolean
}

/** Peers joined by links with a latency, each with one uplink that its links share. Time is simulated, chance comes from the seed. */
export class Swarm {
  nowMs = 0
  readonly peers: Peer[] = []
  readonly rng: Rng
  private readonly wires = new Map<number, Wire>()
  private readonly timers = new TimerQueue<() => void>()
  private nextLink = 1
  private nextPeer = 1

  constructor(
    readonly content: Content,
    seed: number,
    readonly latencyMs = 1,
  ) {
    this.rng = seededRng(seed)
  }

  peer(options: PeerOptions = {}): Peer {
    const peer = new Peer(this, `peer-${this.nextPeer++}`, options, seededRng(this.rng.u32()))
    this.peers.push(peer)
    return peer
  }

  link(a: Peer, b: Peer): number {
    const id = this.nextLink++
    this.wires.set(id, { a, b, isUp: true })
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.exchange.linkUp(id, other.key)
      one.exchange.tryAt(this.content.root, id)
      this.settle(one)
    }
    return id
  }

  /** Everybody with everybody. */
  mesh(peers = this.peers): void {
    for (const [i, a] of peers.entries()) for (const b of peers.slice(i + 1)) this.link(a, b)
  }

  cut(id: number): void {
    const wire = this.wires.get(id)
    if (wire === undefined) return
    wire.isUp = false
    this.wires.delete(id)
    for (const peer of [wire.a, wire.b]) {
      peer.exchange.linkDown(id, this.nowMs)
      this.settle(peer)
    }
  }

  /** Its process ends at once; its disk stays. */
  kill(peer: Peer): void {
    peer.isUp = false
    for (const id of this.linksOf(peer)) this.cut(id)
    peer.exchange = new Exchange(seededRng(this.rng.u32()))
    peer.sending = false
  }

  linksOf(peer: Peer): number[] {
    return [...this.wires].filter(([, wire]) => wire.a === peer || wire.b === peer).map(([id]) => id)
  }

  after(ms: number, act: () => void): void {
    this.timers.set(this.nowMs + ms, act)
  }

  /** Runs until `met`, or a time: answers whether it was met. */
  run(met: () => boolean, untilMs: number): boolean {
    while (!met()) {
      const nextMs = Math.min(
        this.timers.nextAtMs() ?? untilMs,
        ...this.peers.map((peer) => this.wakeOf(peer, untilMs)),
      )
      if (nextMs >= untilMs) return false
      this.nowMs = Math.max(this.nowMs, nextMs)
      for (let due = this.timers.takeDue(this.nowMs); due !== null; due = this.timers.takeDue(this.nowMs)) due()
      for (const peer of this.peers) {
        if (!peer.isUp || this.wakeOf(peer, untilMs) > this.nowMs) continue
        peer.exchange.wake(this.nowMs)
        this.settle(peer)
      }
    }
    return true
  }

  settle(peer: Peer): void {
    for (let outputs = peer.exchange.takeOutputs(); outputs.length > 0; outputs = peer.exchange.takeOutputs()) {
      for (const output of outputs) {
        if (output.kind === 'store') this.store(peer, output.root, output)
        else if (output.kind === 'read') this.read(peer, output.wanted)
        else if (output.kind === 'keep-page') {
          peer.pages.set(this.content.shape.pageNumber(output.level, output.index), output.bytes)
        } else if (output.kind === 'dropped') peer.dropped.push(`${output.key} ${output.why}`)
        else if (output.kind === 'refused') peer.refused.push(output.code)
        else if (output.kind === 'reached') this.reached(peer)
      }
    }
    this.send(peer)
  }

  private wakeOf(peer: Peer, otherwise: number): number {
    return peer.isUp ? (peer.exchange.nextWakeMs() ?? otherwise) : otherwise
  }

  private reached(peer: Peer): void {
    peer.isWhole = peer.exchange.download(peer.name)?.isWhole === true
    if (!peer.isWhole) return
    peer.doneAtMs = this.nowMs
    peer.exchange.end(this.content.root)
  }

  private store(
    peer: Peer,
    root: string,
    { holder, first, bytes, hashes }: { holder: number; first: number; bytes: Uint8Array; hashes: Uint8Array },
  ): void {
    const { exchange } = peer
    const count = hashes.length / HASH_BYTES
    // As a disk is: later, and in no order.
    this.after(this.rng.float() * 2, () => {
      if (peer.exchange !== exchange) return
      let isRight = true
      for (let i = 0; i < count; i++) {
        const leaf = bytes.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES)
        if (toHex(leafHash(leaf)) !== toHex(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))) isRight = false
      }
      if (isRight) {
        for (let i = 0; i < count; i++) {
          peer.written++
          peer.disk.set(first + i, bytes.slice(i * LEAF_BYTES, (i + 1) * LEAF_BYTES))
        }
        exchange.stored(root, holder, first, count, this.nowMs)
      } else exchange.unstored(root, holder, first, count, 'lying', this.nowMs)
      this.settle(peer)
    })
  }

  private read(
    peer: Peer,
    wanted: { ticket: number } & ({ first: number; count: number } | { level: number; index: number }),
  ) {
    const { exchange } = peer
    this.after(this.rng.float(), () => {
      if (peer.exchange !== exchange) return
      const bytes =
        'first' in wanted
          ? joined(peer.disk, wanted.first, wanted.count)
          : peer.pages.get(this.content.shape.pageNumber(wanted.level, wanted.index))?.slice()
      if (bytes === undefined) exchange.unread(wanted.ticket, RefusalCode.vanished)
      else exchange.read(wanted.ticket, bytes, this.nowMs)
      this.settle(peer)
    })
  }

  /** One frame at a time leaves on the uplink. */
  private send(peer: Peer): void {
    if (peer.sending || !peer.isUp) return
    for (const id of [...peer.exchange.dirty]) {
      const pulled = peer.exchange.pull(id, this.nowMs)
      if (pulled === null) continue
      const frame = this.spoilt(peer, pulled)
      const bytes = encoded(frame)
      const { exchange } = peer
      peer.sending = true
      this.after(bytes.length / (peer.options.bytesPerMs ?? 100_000), () => {
        if (peer.exchange !== exchange) return
        peer.sending = false
        this.after(this.latencyMs, () => this.deliver(id, peer, frame.type, transferType(frame), bytes))
        // What has left made room to read on.
        this.settle(peer)
      })
      return
    }
  }

  private deliver(id: number, from: Peer, name: TransferFrame['type'], type: number, bytes: Uint8Array): void {
    const wire = this.wires.get(id)
    if (wire === undefined) return
    const peer = wire.a === from ? wire.b : wire.a
    if (name === 'leaves') peer.received += bytes.length
    peer.exchange.heard(id, this.nowMs)
    const fault = peer.exchange.frame(id, type, new ByteReader(bytes), this.nowMs)
    if (fault !== null) throw new Error(`${from.key} ${fault}`)
    this.settle(peer)
  }

  private spoilt(peer: Peer, frame: TransferFrame): TransferFrame {
    const { manner } = peer.options
    if (manner === 'spoil' && frame.type === 'leaves') return { ...frame, bytes: flipped(frame.bytes, this.rng) }
    if (manner === 'spoil-pages' && frame.type === 'page') return { ...frame, bytes: flipped(frame.bytes, this.rng) }
    if (manner === 'mute' && frame.type === 'leaves') return { type: 'gained', handle: frame.handle, pieces: [0] }
    return frame
  }
}

function encoded(frame: TransferFrame): Uint8Array {
  const out = new ByteWriter(64)
  writeTransfer(out, frame)
  return out.copy()
}

function flipped(bytes: Uint8Array, rng: Rng): Uint8Array {
  const spoilt = bytes.slice()
  spoilt[rng.below(spoilt.length)]! ^= 1 << rng.below(8)
  return spoilt
}

function joined(disk: Map<number, Uint8Array>, first: number, count: number): Uint8Array | undefined {
  const parts = Array.from({ length: count }, (_, i) => disk.get(first + i))
  return parts.every((part) => part !== undefined) ? joinBytes(parts) : undefined
}
