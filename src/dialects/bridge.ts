import type { DialectName } from '../base/dialects.ts'
import { TimerQueue } from '../base/timers.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import { Beginnings } from './beginnings.ts'
import { Echoes, isSuspect, type Utterance } from './echoes.ts'
import { isClaim, isSigned, wordsFor } from './naming.ts'
import { Patience } from './patience.ts'
import type { Words } from './words.ts'

/** One network that is bridged: the native one, that of a dialect, or one link of a dialect whose links are networks of their own. */
export interface Side {
  /** `native`, `framed`, `line 3`. */
  readonly key: string
  readonly network: DialectName | 'native'
}

/** Say these there; the name is as it is to be shown, but toward the native side, whose readers mark it themselves. */
export interface BridgeOutput {
  readonly side: string
  /** The network we heard them on. */
  readonly heardOn: DialectName | 'native'
  readonly words: Words
}

/** How long a bridge that begins listens before it passes on anything: by then others that bridge the same networks are known. */
export const LISTEN_FIRST_MS = 1_000
/** Within so long after its beginning a bridge is linked, and hears what is said. A guess. */
const LINKED_MS = 300
/** How long each waits to whom another goes before: twice a message's way through the slowest of these networks. A guess. */
export const HOLD_MS = 1_500
/** How long after its beginning words may reach a bridge that were said before: as long as others may wait for several. */
const BEGINNING_MS = 10_000
/** So many are waited for at most: anybody there may claim to be a bridge, or a hundred, and would hold up everybody's words. */
const TURNS_MAX = 4
/** How long words are remembered by their origin, at least: as long as the originals remember an id. At most twice that. */
const SEEN_MS = 120_000
/** Of each of the two generations in which they are: beyond, the oldest go sooner. */
const SEEN_MAX = 16_384
/** What one side may have said at once and for ever: a lively room, not a flood. */
const BURST_WORDS = 400
const WORD_EVERY_MS = 20
/** Sides at a time: beside the native one and three dialects, as many two-person links as anybody has. */
const SIDES_MAX = 72
/** Words waiting for their turn; beyond, they are said at once, for to say twice is better than not at all. */
const HELD_MAX = 4_096
/** People of whom something waits, or waited lately: beyond, those whose time is over are forgotten. As many wait as words may be held. */
const WAITERS_MAX = 256
/** Other bridges remembered on a side. */
const FELLOWS_MAX = 256
/** Where others may be who are not known: what each waits for whom goes before, and the last of many: well under what one waits whom one knows. */
const TURN_MS = 350
const TURN_MS_MAX = 700
/** So much of a turn is left where ages tell two apart: less than there is between the youngest and the next. */
const TURN_PART = 1 / 6

interface SideState extends Side {
  readonly bucket: TokenBucket
  /** Ids of the other bridges known to be there. */
  fellows: Set<string>
  /** Those who say that they are in such a network, which may be another one. */
  perhaps: ReadonlySet<string>
  /** Those who are known not to be there. */
  absent: ReadonlySet<string>
  /** Our place among those who may be bridges and are not known; null where there are none. */
  turn: Turn | null
  /** Until when words of somebody wait: what he says later waits as long, so that order stays. */
  readonly waitsUntilMs: Map<string, number>
}

/** A place among so many, from 0: the same to all of them. */
export interface Turn {
  readonly place: number
  readonly of: number
}

/**
 * Between the networks that one node takes part in: what is said in one is said once in every other, and never where it came from. Pure: words
 * and time in, words out, `wake` due at `nextWakeMs`.
 *
 * Several bridges between the same networks: words are known by their origin, which stays with them on their way. Of bridges that know of each
 * other on both sides the author's own says them, else the one with the lowest id; the next waits, and says them if nobody has. Where there may
 * be some that are not known, they take turns by a place that all of them see alike. What comes round to a network of the kind it came from waits
 * too, in case it is that very one. And where a network keeps no ids, words are known by what they say and how they came.
 */
export class Bridge {
  /** What was too much, since the last look. */
  dropped = 0
  private readonly sides = new Map<string, SideState>()
  private young = new Map<string, Utterance>()
  private old = new Map<string, Utterance>()
  private turnedAtMs = 0
  private held = 0
  private readonly patience = new Patience()
  private readonly beginnings = new Beginnings()
  private readonly echoes = new Echoes()
  private readonly timers = new TimerQueue<(nowMs: number) => void>()
  private outputs: BridgeOutput[] = []

  /** `own`: what we are called as a bridge. `readyMs`: by when whoever else is there may be expected to be known. */
  constructor(
    private readonly own: string,
    private readonly readyMs = 0,
  ) {}

  /** False where there are too many. */
  open({ key, network }: Side): boolean {
    if (this.sides.size >= SIDES_MAX) return false
    const bucket = new TokenBucket(BURST_WORDS, WORD_EVERY_MS)
    const nobody = { fellows: new Set<string>(), perhaps: new Set<string>(), absent: new Set<string>(), turn: null }
    this.sides.set(key, { key, network, bucket, ...nobody, waitsUntilMs: new Map() })
    return true
  }

  close(key: string): void {
    this.sides.delete(key)
    this.patience.forget(key)
  }

  /** The other bridges that are there now, some that are not, and some that may be. Who puts words there is added by itself. */
  fellows(
    key: string,
    ids: Iterable<string>,
    absent: Iterable<string> = [],
    perhaps: Iterable<string> = [],
    nowMs = Number.NEGATIVE_INFINITY,
  ): void {
    const side = this.sides.get(key)
    if (side === undefined) return
    const before = this.candidates()
    side.fellows = new Set([...ids].filter((id) => id !== this.own).slice(0, FELLOWS_MAX))
    side.absent = new Set([...absent].slice(0, FELLOWS_MAX))
    side.perhaps = new Set([...perhaps].slice(0, FELLOWS_MAX))
    // Who comes anew may bridge now what it did not before.
    for (const id of [...side.fellows, ...side.perhaps]) if (!before.has(id)) this.patience.expect(id, nowMs)
  }

  /** Another bridge has told how long it is one: since then, or earlier by the time on the way. Who never tells is older than we are. */
  introduced(id: string, sinceMs: number, nowMs: number): void {
    if (id !== this.own && this.beginnings.told(id, sinceMs, nowMs)) this.patience.expect(id, sinceMs)
  }

  /** Others may be there whom nobody knows before they speak. */
  unsure(key: string, turn: Turn | null): void {
    const side = this.sides.get(key)
    if (side !== undefined) side.turn = turn
  }

  heard(key: string, words: Words, nowMs: number): void {
    const side = this.sides.get(key)
    if (side === undefined) return
    if (words.bridge !== null && words.bridge !== this.own && side.fellows.size < FELLOWS_MAX)
      this.speaks(side, words.bridge, words.from)
    const way = `${key} ${words.bridge ?? ''}`
    const known = this.known(words, way, nowMs)
    if (known !== null) return this.again(known, side, way, words, nowMs)
    if (!side.bucket.take(nowMs)) {
      this.dropped++
      return
    }
    if (words.isExact || !isSuspect(words)) return this.first(side, way, words, nowMs)
    // What it is an echo of may come by another way, and later.
    this.held++
    this.timers.set(nowMs + HOLD_MS, (atMs) => {
      this.held--
      const original = this.known(words, way, atMs)
      if (!this.sides.has(key)) return
      if (original !== null) this.again(original, side, way, words, atMs)
      else this.first(side, way, words, atMs, nowMs)
    })
  }

  wake(nowMs: number): void {
    for (let due = this.timers.takeDue(nowMs); due !== null; due = this.timers.takeDue(nowMs)) due(nowMs)
  }

  nextWakeMs(): number | null {
    return this.timers.nextAtMs()
  }

  takeOutputs(): BridgeOutput[] {
    const { outputs } = this
    this.outputs = []
    return outputs
  }

  private known(words: Words, way: string, nowMs: number): Utterance | null {
    const sinceMs = this.patience.knownSinceMs(words.bridge ?? '')
    return this.seen(words.origin, nowMs) ?? this.echoes.find(words, way, nowMs, sinceMs)
  }

  private again(known: Utterance, side: SideState, way: string, words: Words, nowMs: number): void {
    known.sides.add(side.key)
    known.ways.add(way)
    this.young.set(words.origin, known)
    if (known.signed === null && isSigned(side.network, words)) return this.signs(known, side, words, nowMs)
    // Whoever has it from its author need not wait for who passes it on.
    if (words.bridge !== null) return
    for (const key of [...known.waiting.keys()]) {
      const target = this.sides.get(key)
      if (target !== undefined && target !== side) this.pass(side, target, words, known, nowMs)
    }
  }

  /** What was only said to be from the native network is: wherever it has not been said yet, it is what was signed that will be. */
  private signs(known: Utterance, side: SideState, words: Words, nowMs: number): void {
    known.signed = words
    for (const [key, { atMs }] of [...known.waiting]) {
      const target = this.sides.get(key)
      if (target !== undefined && target !== side) this.pass(side, target, words, known, nowMs, atMs)
    }
  }

  private first(side: SideState, way: string, words: Words, nowMs: number, heardMs = nowMs): void {
    const signed = isSigned(side.network, words) ? words : null
    const came = { from: words.from, atMs: nowMs, sides: new Set([side.key]), ways: new Set([way]) }
    const said: Utterance = { ...came, waiting: new Map(), signed }
    this.echoes.add(words, said, nowMs)
    this.young.set(words.origin, said)
    if (words.author === this.own) return this.passToAll(side, words, said, nowMs)
    if (heardMs >= this.readyMs)
      return this.passToAll(side, words, said, nowMs, (target) => !this.isOlder(target, words, heardMs))
    // Who was there before us has it too, and has passed it on, or does so sooner than we, on ways that may not lead to us yet. Who is as new as
    // we are may have neither, unless it has been heard to say it.
    const hasIt = (id: string): boolean => {
      if ([...said.ways].some((each) => each.endsWith(` ${id}`))) return true
      // It may have come by other networks too by then, and be known to be in those only.
      return this.wasBefore(id, heardMs) && [...said.sides].some((each) => this.sides.get(each)?.fellows.has(id))
    }
    const isNews = (target: SideState): boolean => ![...target.fellows].some(hasIt)
    this.timers.set(Math.max(nowMs, this.readyMs), (atMs) => this.passToAll(side, words, said, atMs, isNews))
  }

  /** Another was a bridge before us, and linked before something was heard. */
  private wasBefore(id: string, heardMs: number): boolean {
    const sinceMs = this.beginnings.of(id)
    return sinceMs <= this.readyMs - LISTEN_FIRST_MS && sinceMs <= heardMs - LINKED_MS
  }

  /**
   * Words may be older than we are there: whoever has put them where we hear them has waited for others, and said them elsewhere before we could
   * hear that. Where that one is too, they are his to say.
   */
  private isOlder({ fellows }: SideState, { bridge }: Words, heardMs: number): boolean {
    const isNew = heardMs - this.readyMs < BEGINNING_MS
    return isNew && bridge !== null && fellows.has(bridge) && this.wasBefore(bridge, heardMs)
  }

  private passToAll(
    side: SideState,
    words: Words,
    said: Utterance,
    nowMs: number,
    isNews: (target: SideState) => boolean = () => true,
  ): void {
    for (const target of this.sides.values()) {
      if (!said.sides.has(target.key) && isNews(target)) this.pass(side, target, words, said, nowMs)
    }
  }

  /**
   * Says it on one side, now or when it is our turn; if it waits there already, then no later than it was to. `latestMs`: when what waits there was
   * to be said, where these words take its place.
   */
  private pass(
    heardOn: SideState,
    target: SideState,
    heard: Words,
    seen: Utterance,
    nowMs: number,
    latestMs: number | null = null,
  ): void {
    const words = seen.signed ?? heard
    const side = seen.signed === null ? heardOn : (this.sides.get('native') ?? heardOn)
    // Whoever is there as well has heard it there.
    if (words.from === target.network && words.bridge !== null && target.fellows.has(words.bridge)) return
    const before = this.before(side, target, words)
    const slots = this.slots(target, words, before)
    const output = {
      side: target.key,
      heardOn: side.network,
      words: wordsFor(target.network, side.network, words, this.own),
    }
    const who = `${side.key} ${words.from} ${words.name}`
    const claimMs = isClaim(side.network, words, this.sides.get('native')?.fellows) ? HOLD_MS : 0
    const apartMs = slots === 0 ? 0 : this.apartMs(target, before, nowMs)
    const turnMs = this.turnMs(target, words) * (apartMs === 0 ? 1 : TURN_PART)
    const waitMs = Math.max(slots * HOLD_MS + apartMs + turnMs, claimMs)
    const turnAtMs = Math.max(nowMs + waitMs, target.waitsUntilMs.get(who) ?? 0)
    const dueMs = Math.min(turnAtMs, latestMs ?? turnAtMs)
    const waiting = seen.waiting.get(target.key)
    if (waiting !== undefined && latestMs === null && waiting.atMs <= dueMs) return
    if (waiting === undefined) this.held++
    else this.timers.cancel(waiting)
    const say = (): void => {
      this.held--
      seen.waiting.delete(target.key)
      if (target.waitsUntilMs.get(who) === dueMs) target.waitsUntilMs.delete(who)
      if (seen.sides.has(target.key) || !this.sides.has(target.key)) return
      seen.sides.add(target.key)
      if (dueMs > nowMs) for (const id of before) this.patience.missed(target.key, id, words.from, dueMs)
      this.outputs.push(output)
    }
    if (dueMs <= nowMs || this.held > HELD_MAX) return say()
    if (target.waitsUntilMs.size >= WAITERS_MAX) forgetPast(target.waitsUntilMs, nowMs)
    target.waitsUntilMs.set(who, dueMs)
    seen.waiting.set(target.key, this.timers.set(dueMs, say))
  }

  /** How many others are given the time to say it first. */
  private slots({ network, fellows }: SideState, { bridge, from }: Words, before: readonly string[]): number {
    if (bridge === null) return Math.min(TURNS_MAX, before.length)
    const others = [...fellows].filter((id) => id !== bridge)
    // Whoever put it where we heard it may itself be waiting, for us among others; and some may have it from its author.
    const ofBridge = before.includes(bridge) ? 1 + [...others, this.own].filter((id) => id < bridge).length : 0
    const ofFirsts = others.length === 0 ? 0 : others.length + 1
    const first = Math.min(TURNS_MAX, Math.max(ofBridge, ofFirsts))
    // In case it is the very network that it came from.
    const comesRound = from === network ? 1 : 0
    return first + Math.min(TURNS_MAX, before.filter((id) => id !== bridge).length) + comesRound
  }

  private turnMs({ turn }: SideState, { author }: Words): number {
    if (turn === null || author === this.own) return 0
    return turn.place * Math.min(TURN_MS, TURN_MS_MAX / Math.max(1, turn.of - 1))
  }

  /**
   * Two may wait for as many and not for the same: one has given somebody up, or knows of somebody who is gone, and the other has come since. Whoever
   * is younger speaks later then, as far as others have told their age: the youngest by half of what each waits, the next by a quarter.
   */
  private apartMs(target: SideState, before: readonly string[], nowMs: number): number {
    if (!before.some((id) => this.beginnings.hasTold(id))) return 0
    const own = { id: this.own, sinceMs: this.readyMs - LISTEN_FIRST_MS }
    const isThere = (id: string): boolean => this.mayBeOn(target, id) && this.beginnings.isYounger(id, own, nowMs)
    const younger = [...this.candidates()].filter(isThere).length
    return HOLD_MS / (2 + 2 * younger)
  }

  /** Those of the others who are on both sides that go before us: whose words they are, who put them here, and the lower ids. */
  private before(side: SideState, target: SideState, { author, bridge, from }: Words): string[] {
    if (author === this.own) return []
    return [...this.candidates()].filter((id) => {
      const isBoth = this.mayBeOn(side, id) && this.mayBeOn(target, id)
      if (!isBoth || this.patience.hasGivenUp(target.key, id, from)) return false
      return id === author || id === bridge || id < this.own
    })
  }

  /**
   * A tracker's peers are ports and no more: anybody of our kind may be there, until he is waited for in vain. And in the framed network a bridge
   * may be too far off to have been heard of.
   */
  private mayBeOn({ fellows, perhaps, absent, network }: SideState, id: string): boolean {
    if (fellows.has(id) || perhaps.has(id)) return true
    if (absent.has(id)) return false
    return network === 'tracker' || (network === 'framed' && this.isBridge(id))
  }

  /** Whoever is in a network of another kind than ours is one. */
  private isBridge(id: string): boolean {
    return [...this.sides.values()].some(
      ({ network, fellows, perhaps }) => network !== 'native' && (fellows.has(id) || perhaps.has(id)),
    )
  }

  /** All who may be bridges, as far as they are known on any side. */
  private candidates(): Set<string> {
    return new Set([...this.sides.values()].flatMap(({ fellows, perhaps }) => [...fellows, ...perhaps]))
  }

  private speaks(side: SideState, id: string, from: string): void {
    side.fellows.add(id)
    this.patience.speaks(side.key, id, from)
  }

  private seen(origin: string, nowMs: number): Utterance | null {
    if (nowMs - this.turnedAtMs >= SEEN_MS || this.young.size >= SEEN_MAX) {
      this.old = this.young
      this.young = new Map()
      this.turnedAtMs = nowMs
    }
    return this.young.get(origin) ?? this.old.get(origin) ?? null
  }
}

function forgetPast(untilMs: Map<string, number>, nowMs: number): void {
  for (const [who, atMs] of untilMs) if (atMs <= nowMs) untilMs.delete(who)
}
