import { joinBytes } from '../../src/base/bytes.ts'
import type { Timer } from '../../src/base/timers.ts'
import type { End } from './connection.ts'
import { FAULTS, type Network } from './network.ts'

/** What a segment of a kernel's TCP is at most when it is lost as one. */
const SEGMENT_BYTES_MAX = 16 * 1024
/** The first retransmission time-out and the longest (RFC 6298 sections 2 and 5; Linux starts from 200 ms over the round trip). */
const RTO_FIRST_MS = 200
const RTO_MAX_MS = 60_000
/** Losses in a row that are drawn: 5% to the sixth is one in sixty million. */
const LOSSES_MAX = 6

interface Segment {
  readonly kind: 'open' | 'data' | 'end'
  bytes: Uint8Array
  atMs: number
}

const NOTHING = new Uint8Array(0)

/**
 * One direction of a connection: a byte stream through a bounded kernel buffer. Segments that are lost come later and hold up what is
 * behind them; across a cut they wait for the first retransmission after it is healed.
 */
export class Pipe {
  /** What the kernel did not take yet. */
  private readonly unsent: Uint8Array[] = []
  private inFlightBytes = 0
  private segments: Segment[] = []
  private lastAtMs = 0
  private timer: Timer<() => void> | null = null
  private ackTimer: Timer<() => void> | null = null
  private credit = 0
  /** `write` has answered false and `drain` is owed. */
  private blocked = false
  private finished = false
  /** Since when the segment at the head cannot get through, and whether for a process that does not read; null while it can. */
  private stalled: { readonly sinceMs: number; readonly unread: boolean } | null = null
  private readonly bufferBytes: number
  /** Without jitter; that of the pair, asked once. */
  private baseMs: number | null = null
  private sentAtMs = 0

  constructor(
    private readonly network: Network,
    readonly from: End,
    readonly to: End,
  ) {
    this.bufferBytes = Math.ceil(network.between(network.options.bufferBytes))
  }

  /** The last step of connecting, which carries no bytes. */
  open(atMs: number): void {
    this.enqueue({ kind: 'open', bytes: NOTHING, atMs })
  }

  write(bytes: Uint8Array): boolean {
    if (this.blocked) throw new Error('written to before `drain`, after `write` had answered false')
    if (bytes.length > 0) this.unsent.push(bytes)
    this.transmit()
    this.blocked = this.unsent.length > 0
    return !this.blocked
  }

  /** An orderly end behind all that was written. */
  finish(): void {
    this.finished = true
    this.transmit()
  }

  /** The sending end is gone: what has not left is dropped. */
  stop(): void {
    this.unsent.length = 0
    this.blocked = false
    if (this.ackTimer !== null) this.network.time.cancel(this.ackTimer)
    this.ackTimer = null
  }

  /** Tells the other end at once that this one is gone. A reset is sent once: a cut swallows it. */
  reset(): void {
    const { network, from, to } = this
    const atMs = network.time.nowMs + network.latencyMs(from.host, to.host)
    network.time.at(atMs, () => {
      if (!network.reachable(from.host, to.host)) return
      this.clear()
      if (!to.gone) to.die(FAULTS.reset)
    })
  }

  /** The way may be clear again, or the receiver running: what was held up by a cut comes with the next retransmission. */
  resume(): void {
    if (this.stalled === null || !this.passable()) return
    if (this.from.gone) return this.clear()
    const { nowMs } = this.network.time
    let { sinceMs: atMs } = this.stalled
    if (!this.stalled.unread) {
      for (let rtoMs = RTO_FIRST_MS; atMs < nowMs; rtoMs = Math.min(rtoMs * 2, RTO_MAX_MS)) atMs += rtoMs
    }
    this.stalled = null
    const head = this.segments[0]!
    head.atMs = Math.max(head.atMs, atMs)
    this.plan()
  }

  private passable(): boolean {
    return this.network.reachable(this.from.host, this.to.host) && !this.to.process.frozen
  }

  /** Moves bytes from the port to the kernel and onto the wire, as far as the buffer allows. */
  private transmit(): void {
    while (this.unsent.length > 0 && this.inFlightBytes < this.bufferBytes) {
      const first = this.unsent[0]!
      const size = Math.min(first.length, SEGMENT_BYTES_MAX, this.bufferBytes - this.inFlightBytes)
      if (size === first.length) this.unsent.shift()
      else this.unsent[0] = first.subarray(size)
      this.inFlightBytes += size
      if (!this.send('data', size === first.length ? first : first.subarray(0, size))) return
    }
    if (this.finished && this.unsent.length === 0) {
      this.finished = false
      this.send('end', NOTHING)
    }
  }

  /** False when the connection broke instead. */
  private send(kind: 'data' | 'end', bytes: Uint8Array): boolean {
    const { network, from, to } = this
    const { rng, options, time } = network
    if (options.reset > 0 && rng.float() < options.reset) {
      to.die(FAULTS.reset)
      from.die(FAULTS.reset)
      return false
    }
    const departMs = Math.max(time.nowMs, this.sentAtMs) + bytes.length / network.bandwidth(from.host, to.host)
    this.sentAtMs = departMs
    this.baseMs ??= network.baseLatencyMs(from.host, to.host)
    let atMs = departMs + network.withJitter(this.baseMs)
    let rtoMs = RTO_FIRST_MS + 2 * this.baseMs
    for (let i = 0; i < LOSSES_MAX && options.loss > 0 && rng.float() < options.loss; i++) {
      atMs += rtoMs
      rtoMs *= 2
    }
    this.enqueue({ kind, bytes, atMs })
    return true
  }

  private enqueue(segment: Segment): void {
    segment.atMs = Math.max(segment.atMs, this.lastAtMs)
    this.lastAtMs = segment.atMs
    this.segments.push(segment)
    if (this.segments.length === 1) this.plan()
  }

  private plan(): void {
    const head = this.segments[0]
    if (head === undefined || this.timer !== null || this.stalled !== null) return
    this.timer = this.network.time.at(head.atMs, () => {
      this.timer = null
      this.arrive()
    })
  }

  /** Hands over what has come, and looks to the next. */
  private arrive(): void {
    if (!this.passable()) {
      this.stalled = { sinceMs: this.network.time.nowMs, unread: this.to.process.frozen }
      return
    }
    const { to } = this
    if (to.gone) {
      this.clear()
      return to.answerWithReset()
    }
    const head = this.segments[0]!
    if (head.kind === 'data') this.deliver(this.gather())
    else {
      this.segments.shift()
      if (head.kind === 'open') this.opened()
      else this.ended()
    }
    this.plan()
  }

  private opened(): void {
    const { to } = this
    const accept = to.process.listeners.get(to.local.port)
    if (accept === undefined) to.abort()
    else to.events = accept(to)
  }

  /** The other end has said its last. A process with nothing more to say closes too, and so does the port's. */
  private ended(): void {
    const { to } = this
    if (!to.ending) {
      to.ending = true
      to.outgoing.hangUp()
    }
    to.die(null)
  }

  /** Drops what is unsent and ends the stream. */
  private hangUp(): void {
    this.unsent.length = 0
    this.finish()
  }

  /** The bytes due now: segments that came together may be read together, and one may be read in two. */
  private gather(): Uint8Array {
    const { rng, time, options } = this.network
    const parts: Uint8Array[] = []
    while (this.segments[0]?.kind === 'data' && this.segments[0].atMs <= time.nowMs) {
      const { bytes } = this.segments.shift()!
      parts.push(bytes)
      if (rng.u32() < 2 ** 30) break
    }
    const whole = parts.length === 1 ? parts[0]! : joinBytes(parts)
    if (whole.length < 2 || options.split === 0 || rng.float() >= options.split) return whole
    const at = 1 + rng.below(whole.length - 1)
    this.segments.unshift({ kind: 'data', bytes: whole.subarray(at), atMs: time.nowMs + rng.float() })
    return whole.subarray(0, at)
  }

  private deliver(bytes: Uint8Array): void {
    this.consumed(bytes.length)
    this.to.events!.data(bytes)
  }

  /** Room in the buffer: known to the sender a little later, if it waits for that. */
  private consumed(size: number): void {
    if (this.unsent.length === 0 && !this.blocked) {
      this.inFlightBytes -= size
      return
    }
    this.credit += size
    if (this.ackTimer !== null || this.from.gone) return
    const { network, from, to } = this
    this.ackTimer = network.time.at(network.time.nowMs + network.latencyMs(to.host, from.host), () => {
      this.ackTimer = null
      this.inFlightBytes -= this.credit
      this.credit = 0
      // What the kernel did not take waits in the process, which has to run to hand it over.
      from.process.enter(() => {
        if (from.gone) return
        this.transmit()
        if (!this.blocked || this.unsent.length > 0) return
        this.blocked = false
        if (!from.ending) from.events?.drain()
      })
    })
  }

  /** Forgets what is on the way. */
  clear(): void {
    this.segments = []
    this.stalled = null
    if (this.timer !== null) this.network.time.cancel(this.timer)
    this.timer = null
    if (this.from.gone && this.to.gone) this.network.pipes.delete(this)
  }
}
