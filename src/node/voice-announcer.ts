import type { Timer } from '../base/timers.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import type { VoiceSignal } from '../wire/voice-signal.ts'
import type { NodeContext } from './context.ts'
import type { Room } from './room-state.ts'
import type { Partner } from './voice-partner.ts'
import type { SaidState, VoiceSession } from './voice-session.ts'

/** How often we say that we are in voice, whatever happens, a seventh sooner or later. */
const SAY_EVERY_MS = 12_000
const SAY_JITTER = 1 / 7
/** And how often at most, whatever happens: a few events at a time, and in the long run so many, for keys that many need. */
const SAY_GAP_MS = 250
const EVENTS_BURST = 32
const EVENT_REFILL_MS = 250
/** Who hears of somebody new answers within this, and later where many do. */
const ANSWER_MS_MAX = 50
const ANSWER_MS_PER_PARTNER = 8
/**
 * From somebody's going to the change of keys, lest several who go together cause several; and in a full room two seconds longer for some than
 * for others, since what all of them say at once would not fit into what links let wait.
 */
const REKEY_MS_MIN = 50
const REKEY_SPREAD_MS = 100
const REKEY_SPREAD_MS_PER_PAIR = 0.1
/**
 * Between two changes of keys: a second, and in a full room ten, since all change theirs, and each tells it to all: 1.2 MB there, over every
 * link. In that time who has gone could still open what is said, if they could get at the datagrams, which nobody sends them.
 */
const REKEY_GAP_MS = 1_000
const REKEY_GAP_MS_PER_PAIR = 0.4
/**
 * From telling a new key to sealing by it, where others listen under the one before: twice what passing events take across a network of ten
 * thousand. Where nobody does, as when the only other began anew, it would be so long that they hear nothing.
 */
const KEY_AFTER_MS = 500
/** A change of keys that is due within this is waited for before anything is said. */
const REKEY_WAIT_MS = 500

export interface AnnouncerOwner {
  /** What is said of us beside keys. */
  state(): SaidState
  /** Says it; false: nobody hears. */
  tell(room: Room, signal: VoiceSignal): boolean
  /** They have been granted our key. */
  granted(partner: Partner): void
}

/** Says that we are in voice, and by what keys, when it is time: on every change, to who is new or asks, now and then, and never too often. */
export class VoiceAnnouncer {
  private session: VoiceSession | null = null
  private readonly events = new TokenBucket(EVENTS_BURST, EVENT_REFILL_MS)
  private saidMs = Number.NEGATIVE_INFINITY
  private sayAtMs = Number.POSITIVE_INFINITY
  private rekeyAtMs = Number.POSITIVE_INFINITY
  private rekeyedMs = Number.NEGATIVE_INFINITY
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly owner: AnnouncerOwner,
  ) {}

  /** Tells others of another voice session of ours than before, or (null) of none. */
  turnTo(session: VoiceSession | null): void {
    this.session = session
    this.sayAtMs = Number.POSITIVE_INFINITY
    this.rekeyAtMs = Number.POSITIVE_INFINITY
    this.rekeyedMs = Number.NEGATIVE_INFINITY
    this.plan()
  }

  /** Sees to it that what lacks on either side will be said. */
  mend(): void {
    const { session } = this
    if (session === null || !session.isReady) return
    if (session.isKeySpoilt && this.rekeyAtMs === Number.POSITIVE_INFINITY) {
      const pairs = session.partners.size ** 2
      const spreadMs = REKEY_SPREAD_MS + REKEY_SPREAD_MS_PER_PAIR * pairs
      const soonMs = REKEY_MS_MIN + spreadMs * this.context.rng.float()
      const gapMs = REKEY_GAP_MS + REKEY_GAP_MS_PER_PAIR * pairs
      this.rekeyAtMs = Math.max(this.context.nowMs + soonMs, this.rekeyedMs + gapMs)
    }
    if (session.owed().length > 0 && this.sayAtMs > this.context.nowMs + this.answerMsMax(session)) {
      this.sayIn(this.answerMsMax(session) * this.context.rng.float())
    }
    this.plan()
  }

  private answerMsMax({ partners }: VoiceSession): number {
    return ANSWER_MS_MAX + ANSWER_MS_PER_PARTNER * partners.size
  }

  /** Our state is to be said within so long. */
  sayIn(ms: number): void {
    if (this.session?.isReady !== true) return
    const atMs = Math.max(this.context.nowMs + ms, this.saidMs + SAY_GAP_MS)
    this.sayAtMs = Math.min(this.sayAtMs, atMs)
    this.plan()
  }

  /** One timer for all that is to come. */
  private plan(): void {
    const { timers } = this.context
    const atMs = Math.min(this.sayingMs(), this.rekeyAtMs)
    if (this.timer !== null && !this.timer.cancelled && this.timer.atMs === atMs) return
    if (this.timer !== null) timers.cancel(this.timer)
    this.timer = atMs === Number.POSITIVE_INFINITY ? null : timers.set(atMs, () => this.due())
  }

  /** When something is to be said. */
  private sayingMs(): number {
    if (this.session?.isReady !== true) return Number.POSITIVE_INFINITY
    const askAtMs = Math.max(this.session.askAtMs(), this.saidMs + SAY_GAP_MS)
    const atMs = Math.min(this.sayAtMs, askAtMs)
    // What waits for new keys waits until they are there.
    return this.rekeyAtMs - this.context.nowMs <= REKEY_WAIT_MS ? Math.max(atMs, this.rekeyAtMs) : atMs
  }

  private due(): void {
    const { session } = this
    if (session === null) return
    if (this.rekeyAtMs <= this.context.nowMs) this.rekey(session)
    if (this.sayingMs() <= this.context.nowMs) this.sayAll(session)
    this.plan()
  }

  private rekey(session: VoiceSession): void {
    this.rekeyAtMs = Number.POSITIVE_INFINITY
    this.rekeyedMs = this.context.nowMs
    const afterMs = session.isHeardByOthers ? KEY_AFTER_MS : 0
    session.rekey()
    this.context.emit({ kind: 'voice-key', audio: session.audio, afterMs })
    this.sayAtMs = this.context.nowMs
  }

  /** Says our state, with keys for all who lack them, in as many events as it takes. */
  private sayAll(session: VoiceSession): void {
    const { nowMs, rng } = this.context
    this.saidMs = nowMs
    this.sayAtMs = nowMs + SAY_EVERY_MS * (1 + SAY_JITTER * (2 * rng.float() - 1))
    let isFirst = true
    let waiting = session.owed()
    do {
      if (!this.events.take(nowMs)) {
        this.sayAtMs = nowMs + Math.max(SAY_GAP_MS, this.events.waitMs(nowMs))
        return
      }
      const { here, count } = session.compose(this.owner.state(), isFirst ? session.lacks() : [], waiting)
      // Nobody hears it: what lacks is said when there is somebody.
      if (!this.owner.tell(session.room, here)) return
      const granted = waiting.slice(0, count)
      session.granted(granted, nowMs)
      for (const partner of granted) this.owner.granted(partner)
      waiting = waiting.slice(count)
      isFirst = false
    } while (waiting.length > 0)
  }
}
