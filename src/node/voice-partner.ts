import type { Address } from '../base/address.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import type { VoiceGrant, VoiceHere, VoiceLack } from '../wire/voice-signal.ts'
import {
  audioStream,
  openEndpoints,
  type PairDirection,
  type VoicePair,
  type VoiceStream,
} from '../wire/voice-signal-keys.ts'
import type { VoiceMemberTelling } from './voice-outputs.ts'
import type { InVoice } from './voice-roster.ts'

/** How far keys of theirs go that are not to be taken again. */
export interface KeyFloor {
  readonly admission: number
  readonly generation: number
}

export const NO_FLOOR: KeyFloor = { admission: 0, generation: 0 }

/** The first time that keys are asked for once more, and then after twice as long each, so many times; from then on with what is said anyway. */
const ASK_MS = 2_000
const ASKS_MAX = 3
/** Each has our keys changed: once after every time that they gave us up. */
const READMISSIONS_BURST = 3
const READMISSION_REFILL_MS = 30_000

/** What of theirs we have. */
interface Held extends KeyFloor {
  readonly audio: VoiceStream
  readonly theirs: VoiceStream
  /** Of the endpoints; -1: none yet. */
  revision: number
}

/** Somebody in voice beside us: the keys between their session and ours. */
export class Partner {
  readonly tag: number
  /** In hexadecimal. */
  readonly session: string
  /** The newest generation of ours that they were ever granted; 0: none. */
  private granted = 0
  /** None before this one is to be granted. */
  private grantFrom = 1
  /** What they were granted has not come, they say. */
  private isAsking = false
  private readonly readmissions = new TokenBucket(READMISSIONS_BURST, READMISSION_REFILL_MS)
  private outgoing: PairDirection
  private held: Held | null = null
  private endpoints: readonly Address[] = []
  /** Their newest generation, as they say. */
  private newest = 0
  private asks = 0
  /** When to ask for keys that lack; infinite where none do. */
  askAtMs = Number.POSITIVE_INFINITY
  /** What was told last; null before. */
  private told: string | null = null

  /** `floor`: they were here before, with keys of theirs up to these. */
  constructor(
    readonly who: InVoice,
    private readonly pair: VoicePair,
    private ourAdmission: number,
    private readonly floor: KeyFloor,
  ) {
    this.tag = who.tag
    this.session = who.session.toHex()
    this.outgoing = pair.outgoing(ourAdmission)
  }

  get admission(): number {
    return this.ourAdmission
  }

  get isTold(): boolean {
    return this.told !== null
  }

  /** Whether a key of theirs lacks. */
  get isLacking(): boolean {
    return this.held === null || this.held.generation < this.newest
  }

  /** Whether they are to be granted this generation. */
  isOwed(generation: number): boolean {
    return this.grantFrom <= generation && (this.granted < generation || this.isAsking)
  }

  /** They have a generation of ours. */
  has(generation: number): boolean {
    return this.granted >= generation
  }

  /** They have a generation of ours, and were to have it. */
  listensUnder(generation: number): boolean {
    return this.grantFrom <= generation && this.has(generation)
  }

  /** Who hears of us for the first time by this answers with theirs: `graceMs` as for `hear`. */
  wasGranted(generation: number, graceMs: number, nowMs: number): void {
    this.granted = generation
    this.isAsking = false
    this.awaitKey(graceMs, nowMs)
  }

  /**
   * They ask for what they lack. True where they had given us up, and so take nothing of before: to be admitted once more, and from the generation
   * after this one on.
   */
  asked({ floor }: VoiceLack, generation: number, nowMs: number): boolean {
    this.isAsking = true
    if (floor !== this.ourAdmission || !this.readmissions.take(nowMs)) return false
    this.grantFrom = generation + 1
    return true
  }

  readmit(admission: number): void {
    this.ourAdmission = admission
    this.outgoing = this.pair.outgoing(admission)
  }

  grant(generation: number, secret: Uint8Array): VoiceGrant {
    return { tag: this.tag, admission: this.ourAdmission, sealed: this.outgoing.seal(generation, secret) }
  }

  /** Takes in what they say, and grant us. `graceMs`: how long keys may take to come of themselves. */
  hear(here: VoiceHere, ownTag: number, graceMs: number, nowMs: number): void {
    const { generation, revision } = here
    this.newest = Math.max(this.newest, generation)
    const grant = here.grants.find(({ tag }) => tag === ownTag)
    if (grant !== undefined) this.take(generation, grant)
    const { held } = this
    if (held !== null && held.generation === generation && held.revision < revision) {
      held.revision = revision
      this.endpoints = openEndpoints(held.audio.secret, revision, here.endpoints) ?? this.endpoints
    }
    if (!this.isLacking) {
      this.askAtMs = Number.POSITIVE_INFINITY
      this.asks = 0
    } else this.awaitKey(graceMs, nowMs)
  }

  /** What to ask them for, if anything, now that something is said. */
  ask(nowMs: number): VoiceLack | null {
    if (!this.isLacking || (this.asks === 0 && nowMs < this.askAtMs)) return null
    if (nowMs >= this.askAtMs) {
      this.asks++
      this.askAtMs = this.asks > ASKS_MAX ? Number.POSITIVE_INFINITY : nowMs + ASK_MS * 2 ** (this.asks - 1)
    }
    return { tag: this.tag, floor: this.held === null ? this.floor.admission : 0 }
  }

  /** Everything of them, where keys are known both ways and something of it is not what was told last; null otherwise. */
  telling(room: string, isNew: boolean): VoiceMemberTelling | null {
    const { held, endpoints, tag, who } = this
    if (held === null || this.granted < this.grantFrom) return null
    const { audio, theirs } = held
    const ours = this.outgoing.control
    const told = JSON.stringify([audio.tag, theirs.tag, ours.tag, endpoints, who.muted])
    if (told === this.told) return null
    const isFirst = this.told === null
    this.told = told
    const { id: member, muted } = who
    return { kind: 'voice-member', room, member, tag, audio, theirs, ours, endpoints, muted, isNew: isNew && isFirst }
  }

  /** What not to take of them, should they come back. */
  floorAfter(): KeyFloor {
    return this.held ?? this.floor
  }

  private awaitKey(graceMs: number, nowMs: number): void {
    const isNew = this.isLacking && this.asks === 0 && this.askAtMs === Number.POSITIVE_INFINITY
    if (isNew) this.askAtMs = nowMs + graceMs
  }

  private take(generation: number, { admission, sealed }: VoiceGrant): void {
    const { held, floor } = this
    if (generation <= (held ?? floor).generation) return
    if (held === null ? admission <= floor.admission : admission < held.admission) return
    const incoming = this.pair.incoming(admission)
    const secret = incoming.open(generation, sealed)
    if (secret === null) return
    const audio = audioStream(this.who.id, secret)
    this.held = { generation, admission, audio, theirs: incoming.control, revision: -1 }
  }
}
