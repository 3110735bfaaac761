import type { ByteWriter } from '../base/bytes.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import {
  CIRCUIT_CHUNK_BYTES_MAX,
  CIRCUIT_MAX,
  CIRCUIT_WINDOW_BYTES,
  type CircuitFrame,
  circuitType,
  HangupCode,
  writeCircuit,
} from '../wire/circuit.ts'
import { beginFrame, endFrame } from '../wire/frame.ts'
import { type Far, Leg } from './circuit-leg.ts'
import type { NodeContext } from './context.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** Circuits over one link, either way: each may hold a window here that waits to be passed on. */
const LEGS_MAX = 8
/** Two mebibytes a second over one link, and twice that over all of a node's: files that go this way are borrowed lines. */
const CHUNK_MS = (1_000 * CIRCUIT_CHUNK_BYTES_MAX) / (2 * 1024 * 1024)
/** Chunks at once: what a timer that is late makes up for. */
const CHUNKS_BURST = 4
/** A circuit on which nothing has moved; links for files end after a minute. */
const IDLE_MS_MAX = 90_000
const CHECK_EVERY_MS = 10_000
/** A number, a code and what a frame has in front. */
const SMALL_FRAME_BYTES = 24

/** What has been used up of a link's numbers: for as long as the link is there, also while it is no neighbour's. */
interface Numbers {
  nextOwn: number
  lastTheirs: number
}

interface Place {
  readonly numbers: Numbers
  readonly legs: Map<number, Leg>
  /** With something to send, the next one first. */
  readonly ready: Leg[]
  readonly pace: TokenBucket
  isWaiting: boolean
}

/** Numbers, credit and turns of the circuits on every link. What goes where is for those who own the legs. */
export class CircuitBoard {
  private readonly places = new Map<LinkState, Place>()
  private readonly numbers = new WeakMap<LinkState, Numbers>()
  private readonly pace = new TokenBucket(2 * CHUNKS_BURST, CHUNK_MS / 2)
  private isChecking = false

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
  ) {}

  /** Calls there, or passes a call on; null where there are too many. */
  call(link: LinkState, call: Omit<CircuitFrame & { type: 'call' }, 'type' | 'circuit'>, far: Far): Leg | null {
    const place = this.place(link)
    const { numbers } = place
    if (place.legs.size >= LEGS_MAX || numbers.nextOwn > CIRCUIT_MAX) return null
    if (!link.budget.callsOut.take(this.context.nowMs)) return null
    const leg = this.add(place, new Leg(link, numbers.nextOwn, true, far, this.context.nowMs))
    numbers.nextOwn += 2
    this.send(leg, { type: 'call', circuit: leg.id, ...call })
    return leg
  }

  /** Somebody calls by a number; `wrong` where it is not one for them to give, `full` where there are too many. */
  called(link: LinkState, id: number, far: Far): Leg | 'wrong' | 'full' {
    const place = this.place(link)
    const { numbers } = place
    if (id % 2 === numbers.nextOwn % 2 || id <= numbers.lastTheirs) return 'wrong'
    numbers.lastTheirs = id
    if (place.legs.size >= LEGS_MAX) return 'full'
    return this.add(place, new Leg(link, id, false, far, this.context.nowMs))
  }

  /** Null where there is none, any more or at all. */
  find(link: LinkState, id: number): Leg | null {
    const leg = this.places.get(link)?.legs.get(id) ?? null
    if (leg !== null) leg.usedAtMs = this.context.nowMs
    return leg
  }

  /** There has been one by this number. */
  knows(link: LinkState, id: number): boolean {
    const { nextOwn, lastTheirs } = this.numbersOf(link)
    return id % 2 === nextOwn % 2 ? id < nextOwn : id <= lastTheirs
  }

  answer(leg: Leg): void {
    this.opened(leg)
    this.send(leg, { type: 'answer', circuit: leg.id })
  }

  /** Bytes may go both ways from now on. */
  opened(leg: Leg): void {
    leg.isOpen = true
    leg.allowedBytes = CIRCUIT_WINDOW_BYTES
  }

  /** Copies. The caller keeps within what the other side has credited. */
  queue(leg: Leg, bytes: Uint8Array): void {
    if (leg.ending !== null) return
    leg.out.append(bytes)
    this.wake(leg)
  }

  /** So much of what came by this leg has been taken. */
  owe(leg: Leg, bytes: number): void {
    leg.owedBytes += bytes
    this.wake(leg)
  }

  /** Hangs up when what waits has gone. */
  hangUpAfter(leg: Leg, code: number): void {
    if (leg.ending !== null) return
    leg.far = GONE
    if (leg.out.length === 0) this.hangUp(leg, code, 0)
    else leg.ending = code
  }

  /** At once; what waits is dropped. */
  hangUp(leg: Leg, code: number, tries: number): void {
    if (!this.remove(leg)) return
    this.send(leg, { type: 'hangup', circuit: leg.id, code, tries })
  }

  refuse(link: LinkState, circuit: number, code: number, tries: number): void {
    const frame: CircuitFrame = { type: 'hangup', circuit, code, tries }
    this.links.send(link, circuitType(frame), (out) => writeCircuit(out, frame))
  }

  /** The other side has hung up. */
  remove(leg: Leg): boolean {
    const place = this.places.get(leg.link)
    if (place?.legs.get(leg.id) !== leg) return false
    place.legs.delete(leg.id)
    const at = place.ready.indexOf(leg)
    if (at >= 0) place.ready.splice(at, 1)
    return true
  }

  linkDown(link: LinkState): void {
    const place = this.places.get(link)
    this.places.delete(link)
    for (const leg of place?.legs.values() ?? []) leg.far.ended(leg, HangupCode.lost, 0)
  }

  /** What is due to go over a link: word of what was taken, and where nothing else goes by this record, one chunk. */
  fill(link: LinkState, record: ByteWriter, roomMax: number): void {
    const place = this.places.get(link)
    if (place === undefined) return
    const isFree = record.length === 0
    for (const leg of place.ready) {
      if (leg.owedBytes === 0 || record.length + SMALL_FRAME_BYTES > roomMax) continue
      leg.allowedBytes += leg.owedBytes
      writeFrame(record, { type: 'credit', circuit: leg.id, bytes: leg.owedBytes })
      leg.owedBytes = 0
    }
    while (place.ready[0]?.out.length === 0) place.ready.shift()
    if (isFree) this.fillChunk(link, place, record)
  }

  private fillChunk(link: LinkState, place: Place, record: ByteWriter): void {
    const leg = place.ready[0]
    if (leg === undefined || !this.mayGo(link, place)) return
    const bytes = leg.out.take()!
    place.ready.shift()
    leg.untakenBytes += bytes.length
    writeFrame(record, { type: 'data', circuit: leg.id, bytes })
    if (leg.out.length > 0) place.ready.push(leg)
    else if (leg.ending !== null) this.hangUp(leg, leg.ending, 0)
  }

  /** Whether a chunk may go now; else the link is woken when one may. */
  private mayGo(link: LinkState, place: Place): boolean {
    const { nowMs } = this.context
    const waitMs = Math.max(place.pace.waitMs(nowMs), this.pace.waitMs(nowMs))
    if (waitMs === 0) return place.pace.take(nowMs) && this.pace.take(nowMs)
    if (place.isWaiting) return false
    place.isWaiting = true
    this.context.after(waitMs, () => {
      place.isWaiting = false
      if (this.places.get(link) === place) this.context.dirty.add(link)
    })
    return false
  }

  private wake(leg: Leg): void {
    const place = this.places.get(leg.link)
    if (place?.legs.get(leg.id) !== leg) return
    if (!place.ready.includes(leg)) place.ready.push(leg)
    this.context.dirty.add(leg.link)
  }

  private send(leg: Leg, frame: CircuitFrame): void {
    this.links.send(leg.link, circuitType(frame), (out) => writeCircuit(out, frame))
  }

  private add(place: Place, leg: Leg): Leg {
    place.legs.set(leg.id, leg)
    if (!this.isChecking) this.check()
    return leg
  }

  private place(link: LinkState): Place {
    const known = this.places.get(link)
    if (known !== undefined) return known
    const pace = new TokenBucket(CHUNKS_BURST, CHUNK_MS)
    const place = { numbers: this.numbersOf(link), legs: new Map(), ready: [], pace, isWaiting: false }
    this.places.set(link, place)
    return place
  }

  private numbersOf(link: LinkState): Numbers {
    const numbers = this.numbers.get(link) ?? { nextOwn: link.via === 'dialled' ? 1 : 2, lastTheirs: 0 }
    this.numbers.set(link, numbers)
    return numbers
  }

  private check(): void {
    this.isChecking = false
    let count = 0
    for (const { legs } of this.places.values()) {
      for (const leg of [...legs.values()]) {
        count++
        if (this.context.nowMs - leg.usedAtMs < IDLE_MS_MAX) continue
        leg.far.ended(leg, HangupCode.lost, 0)
        this.hangUp(leg, HangupCode.lost, 0)
      }
    }
    if (count === 0) return
    this.isChecking = true
    this.context.after(CHECK_EVERY_MS, () => this.check())
  }
}

/** The far side of a leg that is only to send what waits. */
const GONE: Far = { answered() {}, data() {}, credited() {}, ended() {} }

function writeFrame(record: ByteWriter, frame: CircuitFrame): void {
  const at = beginFrame(record, circuitType(frame))
  writeCircuit(record, frame)
  endFrame(record, at)
}
