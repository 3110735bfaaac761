import type { Rng } from '../../base/rng.ts'
import type { NoteKind } from '../../wire/election.ts'

/**
 * Who takes over when a tracker is lost: the Bully algorithm (H. Garcia-Molina, "Elections in a distributed computing system", IEEE
 * Transactions on Computers C-31(1), 1982, section III) over a medium that everybody hears. The highest TCP port wins; of equal ones the highest id.
 *
 * Deviations. A note reaches all, so to call an election is at once the answer to all who are lower. Those who know of others that come
 * before them wait for these to speak first, so that a thousand nodes do not all call. A node that comes late does not unseat a lower coordinator
 * that works; of two coordinators the lower goes. And since anybody can claim any rank: who claims one and does not take over is not waited for
 * again, and a coordinator counts only once it has answered (the owner tries that).
 *
 * Pure: inputs take the time, what is wanted is taken with `takeOutputs`, and `wake` is due at `nextWakeMs`.
 */
export interface Candidate {
  /** Public key in hexadecimal. */
  readonly key: string
  readonly port: number
}

export type BullyOutput =
  | { readonly kind: 'say'; readonly note: NoteKind }
  /** Nobody who comes before us is there: we take over. */
  | { readonly kind: 'won' }
  /** Somebody says that he has taken over: to be followed if he answers. */
  | { readonly kind: 'follow'; readonly key: string }
  /** Somebody says that the tracker is there: to be tried again. Where we were a candidate we no longer are. */
  | { readonly kind: 'calm' }

/** A note's way out and back through a network of some six hops, with slow links. A guess; the program this descends from waits 3 s. */
export const ELECTION_ANSWER_MS = 1_000
/** What each one waits for who comes before us. A guess: as long as a note takes one way through a small network. */
export const ELECTION_TURN_MS = 200
/** Turns waited for at most: with the answers' time this leaves two of five seconds. */
const TURNS_MAX = 10
const JITTER_MS = 50
/** How long one who comes before us may take to take over: its own wait, and a slow way. A guess. */
export const COORDINATOR_MS_MAX = 2_500
/** A coordinator's rhythm, which is that of the registrations. */
export const COORDINATOR_EVERY_MS = 5_000
/** Nothing is answered more often: half the time an answer may take. */
const ANSWER_GAP_MS = ELECTION_ANSWER_MS / 2
/** How long one is not waited for who was, and did not take over. A guess. */
const TARDY_MS = 60_000
/** How long one is not believed to be coordinator who did not answer as one: two rounds, in which he may have become it. A guess. */
const ABSENT_MS = 2 * COORDINATOR_EVERY_MS
/** Such as are remembered, of each kind: beyond this the oldest is forgiven. */
const DOUBTED_MAX = 64
/** Those that no list of the tracker told of may hold up an election so often: identities cost nothing. A guess. */
export const STRANGERS_AWAITED_MAX = 5
/** How often one and the same may tell us that the tracker is there while we find nobody. A guess. */
const CALMS_MAX = 3

export class Bully {
  /** `due`: our turn to call comes. `asking`: we called. `yielding`: one who comes before us is there. `leading`: we took over. */
  state: 'idle' | 'due' | 'asking' | 'yielding' | 'leading' = 'idle'
  private outputs: BullyOutput[] = []
  private timerAtMs = Number.POSITIVE_INFINITY
  private superior: Candidate | null = null
  private saidAtMs = Number.NEGATIVE_INFINITY
  private strangersAwaited = 0
  /** Until when each is doubted. */
  private readonly tardy = new Map<string, number>()
  private readonly absent = new Map<string, number>()
  private readonly calmedBy = new Map<string, number>()

  constructor(
    readonly own: () => Candidate,
    private readonly rng: Rng,
  ) {}

  /** The tracker is lost. `known`: the others, as its lists told of them. */
  begin(known: Iterable<Candidate>, nowMs: number): void {
    if (this.state !== 'idle') return
    const own = this.own()
    let ahead = 0
    for (const other of known) if (outranks(other, own) && !isDoubted(this.tardy, other.key, nowMs)) ahead++
    this.state = 'due'
    this.timerAtMs = nowMs + Math.min(ahead, TURNS_MAX) * ELECTION_TURN_MS + JITTER_MS * this.rng.float()
  }

  /** A tracker is followed: there is nothing to elect. */
  settle(): void {
    this.strangersAwaited = 0
    this.rest()
  }

  /** The tracker we know of answers: whoever said so was right. */
  vindicated(): void {
    this.calmedBy.clear()
  }

  /** Said to have taken over, and does not answer. */
  distrust(key: string, nowMs: number): void {
    doubt(this.absent, key, nowMs + ABSENT_MS)
  }

  /** A note whose signature has been checked. `isKnown`: the tracker's lists told of its author. */
  heard(note: NoteKind, from: Candidate, isKnown: boolean, nowMs: number): void {
    const own = this.own()
    if (from.key === own.key) return
    const isAhead = outranks(from, own)
    if (note === 'present') this.calm(from, isKnown)
    else if (note === 'coordinator') this.coordinator(from, isAhead, isKnown, nowMs)
    else if (isAhead && !isDoubted(this.tardy, from.key, nowMs)) this.yieldTo(from, isKnown, nowMs)
    else if (!isAhead && note === 'election') this.answer(nowMs)
  }

  nextWakeMs(): number | null {
    return this.timerAtMs === Number.POSITIVE_INFINITY ? null : this.timerAtMs
  }

  wake(nowMs: number): void {
    if (this.timerAtMs > nowMs) return
    switch (this.state) {
      case 'due':
        this.state = 'asking'
        this.timerAtMs = nowMs + ELECTION_ANSWER_MS
        return this.say('election', nowMs)
      case 'asking':
        this.state = 'leading'
        this.outputs.push({ kind: 'won' })
        return this.proclaim(nowMs)
      case 'leading':
        return this.proclaim(nowMs)
      case 'yielding':
        doubt(this.tardy, this.superior!.key, nowMs + TARDY_MS)
        this.superior = null
        this.state = 'due'
        this.timerAtMs = nowMs + ELECTION_TURN_MS * this.rng.float()
        return
      default:
        this.timerAtMs = Number.POSITIVE_INFINITY
    }
  }

  takeOutputs(): BullyOutput[] {
    const { outputs } = this
    this.outputs = []
    return outputs
  }

  private get isCandidate(): boolean {
    return this.state === 'due' || this.state === 'asking' || this.state === 'yielding'
  }

  private rest(): void {
    this.state = 'idle'
    this.superior = null
    this.timerAtMs = Number.POSITIVE_INFINITY
  }

  /** Whether an election is held up for somebody. */
  private awaits(isKnown: boolean): boolean {
    return isKnown || ++this.strangersAwaited <= STRANGERS_AWAITED_MAX
  }

  private coordinator(from: Candidate, isAhead: boolean, isKnown: boolean, nowMs: number): void {
    if (this.state === 'leading' && !isAhead) return this.answer(nowMs)
    if (isDoubted(this.absent, from.key, nowMs)) return
    // One who is lower has not heard us: he will.
    const isAwaited = isKnown || from.key === this.superior?.key
    if (this.isCandidate && (!isAhead || !this.awaits(isAwaited))) return
    if (this.isCandidate) this.rest()
    this.outputs.push({ kind: 'follow', key: from.key })
  }

  private yieldTo(from: Candidate, isKnown: boolean, nowMs: number): void {
    if (this.state === 'leading') return this.answer(nowMs)
    if (!this.isCandidate || (this.superior !== null && !outranks(from, this.superior))) return
    if (!this.awaits(isKnown)) return
    this.state = 'yielding'
    this.superior = from
    this.timerAtMs = nowMs + COORDINATOR_MS_MAX
  }

  /** Lets those hear who do not know yet that we are there. */
  private answer(nowMs: number): void {
    if (nowMs - this.saidAtMs < ANSWER_GAP_MS) return
    if (this.state === 'leading') this.say('coordinator', nowMs)
    else if (this.state === 'asking') this.say('alive', nowMs)
  }

  private calm(from: Candidate, isKnown: boolean): void {
    if (this.isCandidate && !this.awaits(isKnown)) return
    const times = (this.calmedBy.get(from.key) ?? 0) + 1
    if (times > CALMS_MAX) return
    if (times === 1 && this.calmedBy.size >= DOUBTED_MAX) {
      this.calmedBy.delete(this.calmedBy.keys().next().value!)
    }
    this.calmedBy.set(from.key, times)
    if (this.isCandidate) this.rest()
    this.outputs.push({ kind: 'calm' })
  }

  private proclaim(nowMs: number): void {
    this.timerAtMs = nowMs + COORDINATOR_EVERY_MS * (0.95 + 0.1 * this.rng.float())
    this.say('coordinator', nowMs)
  }

  private say(note: NoteKind, nowMs: number): void {
    this.saidAtMs = nowMs
    this.outputs.push({ kind: 'say', note })
  }
}

/** Whether `a` comes before `b`: by port, then by id. */
export function outranks(a: Candidate, b: Candidate): boolean {
  return a.port !== b.port ? a.port > b.port : a.key > b.key
}

function doubt(doubted: Map<string, number>, key: string, untilMs: number): void {
  doubted.delete(key)
  doubted.set(key, untilMs)
  if (doubted.size > DOUBTED_MAX) doubted.delete(doubted.keys().next().value!)
}

function isDoubted(doubted: Map<string, number>, key: string, nowMs: number): boolean {
  const untilMs = doubted.get(key)
  if (untilMs !== undefined && untilMs <= nowMs) doubted.delete(key)
  return untilMs !== undefined && untilMs > nowMs
}
