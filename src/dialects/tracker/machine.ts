import { type Address, formatAddress } from '../../base/address.ts'
import { joinBytes, utf8 } from '../../base/bytes.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import type { Turn } from '../bridge.ts'
import { FloodNote } from '../flood-note.ts'
import { type Introduction, readBridgeMember, readIntroduction } from '../json.ts'
import { DialectMachine } from '../machine.ts'
import type { Dialect } from '../outputs.ts'
import { hashedOrigin, heardName, heardText, type Words } from '../words.ts'
import { Acquaintances } from './acquaintances.ts'
import { type Call, type Caller, Calls } from './calls.ts'
import { Election, type ElectionStep } from './election.ts'
import {
  encodeIntroduction,
  encodePeerMap,
  encodeTracker,
  encodeWords,
  PEERS_MAX,
  REQUEST_BYTES_MAX,
  readPeerMap,
  readTrackerRequest,
  type TrackerRequest,
} from './messages.ts'
import { Repeats } from './repeats.ts'

export const TRACKER_PORT = 5_000
const LOOK_EVERY_MS = 5_000
/** How long a caller has for its one object, and whom we call for an answer. */
const TALK_MS_MAX = 5_000
const CALLERS_MAX = 128
/** Words kept for the moment until it is known who is there: what somebody pastes, or a room says in a second. */
const EARLY_MAX = 64
const BURST_MESSAGES = 400
const MESSAGE_EVERY_MS = 20
/** Who could not be reached so often in a row is off the list we serve: its owner registers when it starts again. */
const MISSES_MAX = 3
/** What the originals call the one who says that there is a new tracker. */
const SYSTEM = 'System'

export interface TrackerOptions {
  /** Where the tracker is, or is to be. Peers are on the same host. */
  readonly tracker: Address
  /** Our own port: what we are called there. */
  readonly port: number
  readonly bridge: string
  /** The room that is bridged with this network, which has none: of others it hears nothing. */
  readonly room: string
  readonly wallMs: () => number
}

/** A peer of the originals' tracker network, and the tracker itself when it is elected. */
export class TrackerMachine extends DialectMachine implements Dialect {
  readonly dialect = 'tracker'
  /** The ports known, our own included once we are on the list. */
  readonly peers = new Map<number, { misses: number }>()
  isServing = false
  private isRegistered = false
  /** What was said before the tracker has answered for the first time, or is known not to; null from then on. */
  private early: Words[] | null = []
  private isStanding = false
  private readonly calls: Calls
  private readonly callers = new Map<number, Caller>()
  private readonly election = new Election()
  private readonly bucket = new TokenBucket(BURST_MESSAGES, MESSAGE_EVERY_MS)
  private readonly repeats = new Repeats()
  private readonly acquaintances: Acquaintances
  private readonly slow = new FloodNote()

  constructor(private readonly options: TrackerOptions) {
    super()
    this.acquaintances = new Acquaintances(options.port, options.bridge)
    this.calls = new Calls((attempt, address) => this.emit({ kind: 'dial', attempt, address }))
  }

  start(nowMs: number): void {
    this.begin(nowMs)
    this.look()
  }

  opened(link: number, remote: Address, attempt: number | null, nowMs: number): void {
    this.nowMs = nowMs
    if (attempt === null) return this.came(link, remote)
    const call = this.calls.byAttempt.get(attempt)
    this.calls.byAttempt.delete(attempt)
    if (call === undefined) return this.emit({ kind: 'hang-up', link, abort: true })
    call.link = link
    this.calls.byLink.set(link, call)
    this.emit({ kind: 'send', link, bytes: call.says })
    // There is no answer to a message: who has said it hangs up.
    if (call.purpose === 'message') {
      this.reached(call.port)
      this.emit({ kind: 'hang-up', link, abort: false })
      return this.calls.over(call, this.host)
    }
    call.deadline = this.after(TALK_MS_MAX, () => this.gaveUp(call))
  }

  received(link: number, bytes: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    const call = this.calls.byLink.get(link)
    if (call !== undefined) return this.answered(call, bytes)
    const caller = this.callers.get(link)
    if (caller === undefined) return
    caller.parts.push(bytes)
    caller.bytes += bytes.length
    if (caller.bytes > REQUEST_BYTES_MAX) return this.turnAway(link, 'said too much')
    const all = joinBytes(caller.parts)
    caller.parts = [all]
    const request = readTrackerRequest(all)
    if (request === 'incomplete') return
    if (request === null) return this.turnAway(link, 'sent something that is no request')
    this.forgetCaller(link)
    this.request(link, request)
    this.emit({ kind: 'hang-up', link, abort: false })
  }

  closed(link: number, reason: string, nowMs: number): void {
    this.nowMs = nowMs
    this.forgetCaller(link)
    const call = this.calls.byLink.get(link)
    if (call === undefined) return
    this.cancel(call.deadline)
    this.calls.over(call, this.host)
    if (call.purpose === 'register' || call.purpose === 'get_peers') this.unanswered(`${reason} without an answer`)
  }

  dialFailed(attempt: number, reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const call = this.calls.byAttempt.get(attempt)
    this.calls.byAttempt.delete(attempt)
    if (call === undefined) return
    this.calls.over(call, this.host)
    if (call.purpose === 'message') return this.missed(call.port)
    if (call.purpose === 'election') return
    this.trouble('tracker-lost', `The tracker ${formatAddress(this.options.tracker)} ${reason}.`)
    this.isRegistered = false
    this.passEarly()
    this.hold(this.election.begin(this.options.port, this.peers.keys(), nowMs))
  }

  listened(address: Address, code: string | null, nowMs: number): void {
    this.nowMs = nowMs
    if (!this.isStanding || address.port !== this.options.tracker.port) return
    this.isStanding = false
    // Somebody else has been quicker: the next look finds him.
    if (code !== null) return
    this.isServing = true
    this.isRegistered = true
    this.know(this.options.port)
    const message = `👑 Node ${this.options.port} elected leader. New tracker started.`
    this.trouble('tracker-serving', `The tracker of that network is here now, at ${formatAddress(address)}.`, true)
    this.toAll([encodeTracker({ username: SYSTEM, message })])
  }

  say(words: Words, _link: number | null, nowMs: number): void {
    this.nowMs = nowMs
    if (words.room !== this.options.room) return
    if (this.early === null) return this.pass(words)
    if (this.early.length < EARLY_MAX) this.early.push(words)
  }

  private pass(words: Words): void {
    for (const port of this.peers.keys()) this.acquaintances.told(port, this.nowMs)
    this.toAll(encodeWords(words, this.introduction(this.options.bridge), this.options.port))
  }

  renamed(): void {}

  /** The bridges that are known to be there. */
  get fellows(): ReadonlySet<string> {
    return this.acquaintances.ids
  }

  /** Our place among those of whom it is not known whether they are bridges; null where it is known of all. */
  turn(nowMs: number): Turn | null {
    return this.acquaintances.turn(this.peers.keys(), nowMs)
  }

  /** The bridge is known from elsewhere to be the peer with that port. It may not have us on its list yet, and so hears from us. */
  introduce(bridge: string, port: number, nowMs: number): void {
    this.nowMs = nowMs
    if (this.peers.has(port) && this.acquaintances.meet(port, bridge)) this.sayWhoWeAre(port)
  }

  /** A bridge met elsewhere says that it listens at that port. Somebody else may, who is asked at most once. */
  claimed(port: number, nowMs: number): void {
    this.nowMs = nowMs
    this.acquaintances.claim(port)
    if (this.peers.has(port)) this.ask(port)
  }

  private ask(port: number): void {
    if (this.acquaintances.isToBeAsked(port)) this.sayWhoWeAre(port)
  }

  leave(nowMs: number): void {
    this.nowMs = nowMs
    if (this.isServing) this.emit({ kind: 'unlisten', address: this.options.tracker })
    this.isServing = false
  }

  private get host(): string {
    return this.options.tracker.host
  }

  private look(): void {
    const { tracker, port } = this.options
    if (!this.isServing && !this.isStanding && !this.calls.isAsking('register') && !this.calls.isAsking('get_peers')) {
      if (this.isRegistered) this.calls.call('get_peers', tracker, encodeTracker({ action: 'get_peers' }))
      else this.calls.call('register', tracker, encodeTracker({ action: 'register', port }))
    }
    this.after(LOOK_EVERY_MS, () => this.look())
  }

  private hold(step: ElectionStep | null): void {
    if (step === null || this.isServing || this.isStanding) return
    if (step.kind === 'take-over') {
      this.isStanding = true
      return this.emit({ kind: 'listen', address: this.options.tracker })
    }
    const says = encodeTracker({ type: 'election' })
    for (const port of step.ports) this.calls.call('election', { host: this.host, port }, says.slice())
    this.after(this.election.dueMs! - this.nowMs, () => this.hold(this.election.wake(this.nowMs)))
  }

  private answered(call: Call, bytes: Uint8Array): void {
    call.answer.push(bytes)
    call.answerBytes += bytes.length
    const all = joinBytes(call.answer)
    call.answer = [all]
    if (call.purpose === 'election') {
      if (all.length < 2) return
      if (all[0] === 0x6f && all[1] === 0x6b) this.election.answered()
      return this.done(call)
    }
    const ports = readPeerMap(all)
    if (ports === 'incomplete' && call.answerBytes <= REQUEST_BYTES_MAX) return
    this.done(call)
    if (ports === 'incomplete' || ports === null) return this.unanswered('does not answer as a tracker does')
    this.election.answered()
    this.isRegistered = ports.includes(this.options.port)
    this.replacePeers(ports)
    this.passEarly()
    if (!this.isRegistered && call.purpose === 'get_peers') this.register()
  }

  private passEarly(): void {
    const early = this.early ?? []
    this.early = null
    for (const words of early) this.pass(words)
  }

  /** A tracker that was started anew knows nobody. */
  private register(): void {
    this.calls.call('register', this.options.tracker, encodeTracker({ action: 'register', port: this.options.port }))
  }

  private done(call: Call): void {
    this.cancel(call.deadline)
    this.emit({ kind: 'hang-up', link: call.link!, abort: false })
    this.calls.over(call, this.host)
  }

  private gaveUp(call: Call): void {
    this.emit({ kind: 'hang-up', link: call.link!, abort: true })
    this.calls.over(call, this.host)
    if (call.purpose !== 'election') this.unanswered('did not answer in time')
  }

  private unanswered(reason: string): void {
    this.passEarly()
    this.trouble('tracker-silent', `The tracker ${formatAddress(this.options.tracker)} ${reason}.`)
  }

  private came(link: number, remote: Address): void {
    if (this.callers.size >= CALLERS_MAX) return this.emit({ kind: 'hang-up', link, abort: true })
    const deadline = this.after(TALK_MS_MAX, () => this.turnAway(link, 'did not say in time what it wants'))
    this.callers.set(link, { remote, parts: [], bytes: 0, deadline })
  }

  private turnAway(link: number, reason: string): void {
    const remote = this.callers.get(link)?.remote
    this.forgetCaller(link)
    this.emit({ kind: 'hang-up', link, abort: true })
    if (remote !== undefined)
      this.trouble('tracker-fault', `The tracker peer at ${formatAddress(remote)} was hung up on: it ${reason}.`)
  }

  private forgetCaller(link: number): void {
    this.cancel(this.callers.get(link)?.deadline ?? null)
    this.callers.delete(link)
  }

  private request(link: number, request: TrackerRequest): void {
    if (request.kind === 'message') return this.words(request)
    if (request.kind === 'bridge') return this.met(request)
    if (request.kind === 'election') {
      this.emit({ kind: 'send', link, bytes: utf8('ok') })
      if (!this.isServing) this.hold(this.election.begin(this.options.port, this.peers.keys(), this.nowMs))
      return
    }
    // Only whoever keeps the list has one to give or to add to.
    if (!this.isServing) return
    if (request.kind === 'register') this.know(request.port)
    if (request.kind === 'populate') for (const port of request.ports) this.know(port)
    else this.emit({ kind: 'send', link, bytes: this.list(request.kind === 'register' ? request.port : null) })
  }

  /** Who asks finds himself on it, or he would register again and again. */
  private list(asker: number | null): Uint8Array {
    const first = [this.options.port, ...(asker === null || !this.peers.has(asker) ? [] : [asker])]
    return encodePeerMap([...first, ...this.peers.keys()])
  }

  private words({ username, message, raw }: TrackerRequest & { readonly kind: 'message' }): void {
    const text = heardText(message)
    const given = readBridgeMember(raw)
    if (text === '') return
    if (!this.bucket.take(this.nowMs)) return this.flooded('The tracker network', null)
    if (given !== null && given.port !== null) this.meet(given.port, given.bridge, readIntroduction(raw))
    const name = heardName(username)
    const again = this.repeats.count(`${name}\n${text}`, this.options.wallMs())
    const origin = given?.id ?? hashedOrigin('tracker', name, text, ...again)
    const { bridge, from } = given ?? { bridge: null, from: 'tracker' as const }
    const kind = username === SYSTEM && given === null ? 'notice' : 'text'
    const { room } = this.options
    const words: Words = { origin, from, isExact: given !== null, bridge, author: null, name, text, kind, room }
    this.emit({ kind: 'words', link: null, words })
  }

  private met({ port, bridge, since }: TrackerRequest & { readonly kind: 'bridge' }): void {
    if (!this.bucket.take(this.nowMs)) return
    this.meet(port, bridge, since)
  }

  /** Who tells us is there, whether or not we have looked at the list since it came. */
  private meet(port: number, bridge: string, introduction: Introduction | null): void {
    // Whoever has begun again does not know us any more.
    if (this.introduced(introduction)) this.acquaintances.forget(port)
    if (port === this.options.port || bridge === this.options.bridge) return
    this.know(port)
    if (this.peers.has(port) && this.acquaintances.meet(port, bridge)) this.sayWhoWeAre(port)
  }

  private sayWhoWeAre(port: number): void {
    this.calls.message(this.host, port, encodeIntroduction(this.options.port, this.introduction(this.options.bridge)))
  }

  private toAll(messages: readonly Uint8Array[]): void {
    for (const port of this.peers.keys()) {
      if (port === this.options.port) continue
      for (const message of messages) {
        if (this.calls.message(this.host, port, message.slice())) continue
        if (this.slow.isDue(this.nowMs))
          this.trouble('tracker-slow', `The tracker peer ${port} does not keep up: something it was told is dropped.`)
      }
    }
  }

  private know(port: number): void {
    if (this.peers.has(port) || this.peers.size >= PEERS_MAX) return
    this.peers.set(port, { misses: 0 })
    this.ask(port)
    this.tell(port, 'up', '')
  }

  private replacePeers(ports: readonly number[]): void {
    const there = new Set(ports)
    for (const port of this.peers.keys()) if (!there.has(port)) this.lose(port, 'is not on the list any more')
    for (const port of ports) this.know(port)
  }

  private lose(port: number, reason: string): void {
    this.peers.delete(port)
    this.acquaintances.forget(port)
    this.calls.forget(port)
    this.tell(port, 'down', reason)
  }

  private reached(port: number): void {
    const peer = this.peers.get(port)
    if (peer !== undefined) peer.misses = 0
  }

  private missed(port: number): void {
    const peer = this.peers.get(port)
    if (peer === undefined || ++peer.misses < MISSES_MAX || !this.isServing) return
    this.lose(port, 'could not be reached')
  }

  private tell(port: number, state: 'up' | 'down', reason: string): void {
    if (port === this.options.port) return
    const address = { host: this.host, port }
    this.emit({ kind: 'peer', state, id: String(port), name: '', address, dialled: false, link: null, reason })
  }
}
