import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { Generations } from '../base/generations.ts'
import type { Timer } from '../base/timers.ts'
import {
  CALL_ID_BYTES,
  CIRCUIT_TRIES_MAX,
  type CircuitFrame,
  HangupCode,
  isCircuitType,
  readCircuit,
} from '../wire/circuit.ts'
import { CircuitBoard } from './circuit-board.ts'
import { CircuitEnd } from './circuit-end.ts'
import { type Far, Joint, type Leg } from './circuit-leg.ts'
import { Search } from './circuit-search.ts'
import type { Instant, NodeContext } from './context.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { ReceiptRoutes } from './receipt-routes.ts'

/** Of our own, either way: each has a window, and one record, waiting here. */
const ENDS_MAX = 16
/** Passed on for others: 8 MiB if nobody takes what comes for him. */
const RELAYED_MAX = 32
/** Neighbours that one node tries for one call: the one that leads there, and two that may. */
const CANDIDATES_MAX = 3
/** How long the search for a way on may take, and how long whoever began it waits for one neighbour. */
const SEARCH_MS_MAX = 10_000
const CANDIDATE_MS_MAX = 4_000
/** Calls are known for one to two of these, longer than one can be on its way. */
const SEEN_AGE_MS = 30_000
const SEEN_MAX = 4_096

/**
 * Circuits: two nodes that cannot dial each other have their bytes passed on from neighbour to neighbour, a little at a time and behind all talk. A call
 * goes the way by which the one it is for was heard of; everybody passes on the same one once, so it cannot go in a circle.
 */
export class Circuits {
  private readonly board: CircuitBoard
  private readonly ends = new Map<number, CircuitEnd | Search>()
  private readonly seen = new Generations(SEEN_AGE_MS, SEEN_MAX)
  private relayed = 0
  private nextId = 1

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly routes: () => ReceiptRoutes,
  ) {
    this.board = new CircuitBoard(context, links)
  }

  // What the one who uses them wants; each with the time.

  /** Calls somebody by key; the circuit's number, of which all else is told. Null where there are too many, or nobody to call through. */
  call(key: string, instant: Instant): number | null {
    this.at(instant)
    const candidates = this.candidates(key, null)
    if (this.ends.size >= ENDS_MAX || candidates.length === 0) return null
    const id = this.nextId++
    this.callBy(id, Uint8Array.fromHex(key), candidates)
    return id
  }

  /** As of `Connection.write`. */
  write(circuit: number, bytes: Uint8Array, instant: Instant): boolean {
    this.at(instant)
    const end = this.ends.get(circuit)
    return end instanceof CircuitEnd ? end.write(bytes) : true
  }

  /** When what was written has left, or at once. Nothing is told of it any more. */
  end(circuit: number, abort: boolean, instant: Instant): void {
    this.at(instant)
    const end = this.ends.get(circuit)
    this.ends.delete(circuit)
    if (end instanceof Search) end.stop()
    else if (abort) end?.abort()
    else end?.end()
  }

  /** Somebody is in the network, as far as is known. */
  isThere(key: string): boolean {
    return this.routes().isThere(key)
  }

  // What links bring.

  /** Takes a frame of circuits; false: it is another one. */
  frame(link: LinkState, type: number, body: ByteReader): boolean {
    if (!isCircuitType(type)) return false
    const frame = readCircuit(type, body)
    if (frame === null) this.links.fault(link, 'sent a broken frame of a circuit')
    else if (frame.type === 'call') this.called(link, frame)
    else this.heard(link, frame)
    return true
  }

  fill(link: LinkState, record: ByteWriter, roomMax: number): void {
    this.board.fill(link, record, roomMax)
  }

  linkDown(link: LinkState): void {
    this.board.linkDown(link)
  }

  private heard(link: LinkState, frame: Exclude<CircuitFrame, { type: 'call' }>): void {
    const leg = this.board.find(link, frame.circuit)
    if (leg === null) {
      // It may be over here and not there yet; or never have come here, as only who hangs up cannot know.
      const isStray = frame.type === 'hangup' || this.board.knows(link, frame.circuit)
      if (isStray) this.links.admits(link, link.budget.strays)
      else this.links.fault(link, 'spoke on a circuit that there never was')
      return
    }
    switch (frame.type) {
      case 'answer':
        if (leg.isOpen || !leg.isOurs) return this.links.fault(link, 'answered a call that it was not asked')
        this.board.opened(leg)
        return leg.far.answered(leg)
      case 'data':
        if (!leg.isOpen || frame.bytes.length > leg.allowedBytes) {
          return this.links.fault(link, 'sent more over a circuit than it was let')
        }
        leg.allowedBytes -= frame.bytes.length
        return leg.far.data(leg, frame.bytes)
      case 'credit':
        if (frame.bytes > leg.untakenBytes) return this.links.fault(link, 'took more from a circuit than was sent')
        leg.untakenBytes -= frame.bytes
        return leg.far.credited(leg, frame.bytes)
      case 'hangup':
        this.board.remove(leg)
        return leg.far.ended(leg, frame.code, frame.tries)
    }
  }

  private called(link: LinkState, frame: CircuitFrame & { type: 'call' }): void {
    const refuse = (code: number): void => this.board.refuse(link, frame.circuit, code, frame.tries)
    const leg = this.board.called(link, frame.circuit, IDLE)
    if (leg === 'wrong') return this.links.fault(link, 'called by a number that was not to be given')
    if (!this.links.admits(link, link.budget.calls)) {
      if (leg !== 'full') this.board.remove(leg)
      return link.phase === 'open' ? refuse(HangupCode.busy) : undefined
    }
    if (leg === 'full') return refuse(HangupCode.busy)
    if (!this.seen.add(toHex(frame.call), this.context.nowMs)) {
      return this.board.hangUp(leg, HangupCode.noWay, frame.tries)
    }
    if (equalBytes(frame.target, this.context.identity.signing.publicKey)) this.reached(leg, frame.tries)
    else this.passOn(leg, frame)
  }

  /** It is for us. */
  private reached(leg: Leg, tries: number): void {
    if (this.ends.size >= ENDS_MAX) return this.board.hangUp(leg, HangupCode.busy, tries)
    const id = this.nextId++
    this.board.answer(leg)
    this.open(id, leg, 'called')
  }

  private passOn(from: Leg, { call, target, hops, tries }: CircuitFrame & { type: 'call' }): void {
    const candidates = this.candidates(toHex(target), from.link)
    if (this.relayed >= RELAYED_MAX) return this.board.hangUp(from, HangupCode.busy, tries)
    this.relayed++
    const over = (): void => {
      this.relayed--
    }
    let timer: Timer<() => void>
    const sought = { call: call.slice(), target: target.slice(), hops }
    const search = new Search(this.board, sought, tries, candidates, {
      found: (leg) => {
        this.context.timers.cancel(timer)
        const joint = new Joint(from, leg, this.board, over)
        from.far = joint
        leg.far = joint
        this.board.answer(from)
      },
      failed: (code, left) => {
        this.context.timers.cancel(timer)
        over()
        this.board.hangUp(from, code, left)
      },
    })
    const giveUp = (): void => {
      this.context.timers.cancel(timer)
      over()
      search.stop()
    }
    timer = this.context.after(SEARCH_MS_MAX, () => {
      giveUp()
      this.board.hangUp(from, HangupCode.noWay, 0)
    })
    from.far = { ...IDLE, ended: giveUp }
    search.next()
  }

  /** Calls through one neighbour after the other, each time as a new call: one that swallows it, or knows nobody, costs a few seconds. */
  private callBy(id: number, target: Uint8Array, candidates: readonly LinkState[]): void {
    const [link, ...others] = candidates
    if (link === undefined) return this.closed(id, 'cannot be reached through others')
    const call = this.context.randomBytes(CALL_ID_BYTES)
    this.seen.add(toHex(call), this.context.nowMs)
    let timer: Timer<() => void>
    const search = new Search(this.board, { call, target, hops: 0 }, CIRCUIT_TRIES_MAX, [link], {
      found: (leg) => {
        this.context.timers.cancel(timer)
        this.open(id, leg, 'answered')
      },
      failed: () => {
        this.context.timers.cancel(timer)
        if (this.ends.get(id) === search) this.callBy(id, target, others)
      },
    })
    this.ends.set(id, search)
    timer = this.context.after(CANDIDATE_MS_MAX, () => {
      if (this.ends.get(id) !== search) return
      search.stop()
      this.callBy(id, target, others)
    })
    search.next()
  }

  private open(id: number, leg: Leg, state: 'called' | 'answered'): void {
    const end = new CircuitEnd(id, this.context, this.board, () => {
      if (this.ends.get(id) === end) this.closed(id, 'is not reached through others any more')
    })
    this.ends.set(id, end)
    end.open(leg)
    this.context.emit({ kind: 'circuit', state, circuit: id, through: leg.link.peerKey })
  }

  private closed(circuit: number, reason: string): void {
    this.ends.delete(circuit)
    this.context.emit({ kind: 'circuit', state: 'closed', circuit, reason })
  }

  /** The neighbour itself; or the one that leads there, then others, who may know more. */
  private candidates(key: string, from: LinkState | null): LinkState[] {
    const { neighbours } = this.links
    const direct = neighbours.get(key)
    if (direct !== undefined) return direct === from ? [] : [direct]
    const way = this.routes().way(key)
    const others = [...neighbours.values()]
      .filter((link) => link !== way && link !== from)
      .map((link) => ({ link, lot: this.context.rng.float() }))
      .sort((a, b) => a.lot - b.lot)
      .map(({ link }) => link)
    const first = way === null || way === from ? [] : [way]
    return [...first, ...others].slice(0, CANDIDATES_MAX)
  }

  private at({ nowMs, wallMs }: Instant): void {
    this.context.nowMs = nowMs
    this.context.wallMs = wallMs
  }
}

/** The far side of a leg that waits for what becomes of its call. */
const IDLE: Far = { answered() {}, data() {}, credited() {}, ended() {} }
