import { Resampler } from '../../adapters/resampler.ts'
import { utf8 } from '../../base/bytes.ts'
import { markName } from '../../base/dialects.ts'
import { levelBelowFullScale } from '../../core/voice/level.ts'
import { Fader } from '../../core/voice/mixer.ts'
import { Speaking } from '../../core/voice/speaking.ts'
import { TalkSpurts } from '../../core/voice/talk-spurts.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { VoiceCodec, VoiceEncoder } from '../../ports/codec.ts'
import { writeAudio } from '../../wire/voice-audio.ts'
import { BRIDGED_HEADER_BYTES, BRIDGED_MAX, type Bridged, markBridged } from '../../wire/voice-bridged.ts'
import { VOICE_PAYLOAD_BYTES_MAX } from '../../wire/voice-datagram.ts'
import type { SpurtMark } from './engine-direct.ts'
import { HeardVoice, type Member } from './engine-member.ts'
import type { VoiceForeigner } from './messages.ts'

const [THEIR_HZ, OWN_HZ] = [16_000, 48_000]
/** 20 ms at our rate, and in ticks. */
const ENCODED_SAMPLES = 960
const TICKS = 2
const OPUS_ROOM_BYTES = 700
/** More people than anybody sets by hand. */
const TUNINGS_MAX = 256

/** Somebody of another network whom a member passes on. */
export class BridgedSpeaker {
  readonly fader = new Fader()
  readonly speaking = new Speaking()
  readonly voice = new HeardVoice()
  heardMs = Number.NEGATIVE_INFINITY

  constructor(
    readonly member: Member,
    readonly key: string,
    /** Marked. */
    public name: string,
  ) {}

  get id(): string {
    return `framed:${this.key}`
  }
}

/** One of the originals who reach us, on the way to the members. */
class Outgoing {
  readonly key: string
  private readonly spurts = new TalkSpurts()
  private readonly resampler = new Resampler(THEIR_HZ, OWN_HZ)
  private readonly frame = new Float32Array(ENCODED_SAMPLES)
  private readonly packet = new Uint8Array(OPUS_ROOM_BYTES)
  private filled = 0

  constructor(
    id: string,
    readonly slot: number,
    readonly name: string,
    readonly encoder: VoiceEncoder,
  ) {
    this.key = keyOf(id)
  }

  /** 20 ms of theirs; writes a payload where there is one to send, and answers its length, else 0. */
  push({ time, ends }: SpurtMark, samples: Int16Array, into: Uint8Array): number {
    const ours = this.resampler.push(
      Float32Array.from(samples, (each) => each / 32_768),
      samples.length,
    )
    // The resampler begins late: what is over goes with the next.
    const room = Math.min(ours.length, ENCODED_SAMPLES - this.filled)
    this.frame.set(ours.subarray(0, room), this.filled)
    this.filled += room
    if (this.filled < ENCODED_SAMPLES) return 0
    const length = this.encode(time, ends, into)
    this.frame.set(ours.subarray(room))
    this.filled = ours.length - room
    return length
  }

  private encode(time: number, ends: boolean, into: Uint8Array): number {
    const { frame, packet, encoder } = this
    if (this.spurts.beginsAt(time)) encoder.reset()
    const bytes = encoder.encode(frame, packet)
    const audio = this.spurts.frame({
      ...{ time, ticks: TICKS, opus: packet.subarray(0, bytes), level: levelBelowFullScale(frame) },
      ...{ ends, heldBack: false, recovers: encoder.recovers },
    })
    if (audio === null) return 0
    markBridged(into, this.slot)
    return BRIDGED_HEADER_BYTES + writeAudio(audio, into.subarray(BRIDGED_HEADER_BYTES))
  }
}

export interface BridgingOutput {
  /** To all members; valid during the call. */
  broadcast(payload: Uint8Array, nowMs: number): void
  /** Whom they are told of who is not reached by them. */
  changed(): void
  /** They are not heard any more. */
  left(speaker: BridgedSpeaker): void
}

/**
 * Those of another network, between members who reach them and members who do not: whom one passes on is for the member with the lowest tag of those
 * who reach that one, and listeners go by the same rule, so that nobody is heard twice; when that member goes the next does it.
 */
export class Bridging {
  private own = new Map<string, Outgoing>()
  private readonly theirs = new Map<Member, Map<number, BridgedSpeaker>>()
  private readonly tunings = new Map<string, { volumePercent: number; muted: boolean }>()
  private readonly payload = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)

  /** `ownTag`: what we are called among the members. */
  constructor(
    private readonly codec: VoiceCodec,
    private readonly ownTag: number,
    private readonly out: BridgingOutput,
  ) {}

  /** Whom we reach: to be told to members. */
  get reached(): Bridged[] {
    return [...this.own.values()]
  }

  /** Whom we hear of by others alone. */
  get speakers(): BridgedSpeaker[] {
    return [...this.theirs.values()].flatMap((each) => [...each.values()]).filter((each) => this.isHeard(each))
  }

  /** Those whom we reach, all of them, each time. */
  reach(people: readonly VoiceForeigner[]): void {
    const before = this.own
    this.own = new Map()
    for (const { id, name } of people.slice(0, BRIDGED_MAX)) {
      const known = before.get(id)
      before.delete(id)
      if (known !== undefined) this.own.set(id, known)
      else this.own.set(id, new Outgoing(id, this.freeSlot(before), name, this.codec.encoder({ dtx: false })))
    }
    for (const { encoder } of before.values()) encoder.close()
    this.out.changed()
  }

  /** What a member reaches. */
  told(member: Member, people: readonly Bridged[]): void {
    const before = this.theirs.get(member) ?? new Map<number, BridgedSpeaker>()
    const now = new Map<number, BridgedSpeaker>()
    for (const { slot, key, name } of people) {
      const marked = markName(name, 'framed')
      const known = before.get(slot)
      const speaker = known?.key === key ? known : new BridgedSpeaker(member, key, marked)
      speaker.name = marked
      if (speaker !== known) this.applyTuning(speaker)
      now.set(slot, speaker)
    }
    for (const [slot, speaker] of before) if (now.get(slot) !== speaker) this.out.left(speaker)
    if (now.size === 0) this.theirs.delete(member)
    else this.theirs.set(member, now)
    this.out.changed()
  }

  left(member: Member): void {
    if (this.theirs.has(member)) this.told(member, [])
  }

  /** One of those we reach has said 20 ms. */
  said(id: string, mark: SpurtMark, samples: Int16Array, nowMs: number): void {
    const speaker = this.own.get(id)
    if (speaker === undefined || !this.isOurs(id)) return
    const length = speaker.push(mark, samples, this.payload)
    if (length > 0) this.out.broadcast(this.payload.subarray(0, length), nowMs)
  }

  /** Who it is that a member passes on, if that is who is to be heard. */
  speakerOf(member: Member, slot: number): BridgedSpeaker | null {
    const speaker = this.theirs.get(member)?.get(slot)
    return speaker !== undefined && this.isHeard(speaker) ? speaker : null
  }

  /** Whether it is for us to pass things on to and from somebody whom we reach. */
  isOurs(id: string): boolean {
    const key = this.own.get(id)?.key
    return (
      key !== undefined &&
      ![...this.theirs.keys()].some((member) => member.tag < this.ownTag && reaches(this.theirs.get(member), key))
    )
  }

  /** Whether a member reaches somebody whom we reach. */
  isReachedBy(member: Member, id: string): boolean {
    const key = this.own.get(id)?.key
    return key !== undefined && reaches(this.theirs.get(member), key)
  }

  tune(id: string, volumePercent: number, muted: boolean): void {
    this.tunings.set(id, { volumePercent, muted })
    if (this.tunings.size > TUNINGS_MAX) this.tunings.delete(this.tunings.keys().next().value!)
    for (const each of this.theirs.values()) for (const speaker of each.values()) this.applyTuning(speaker)
  }

  close(): void {
    for (const { encoder } of this.own.values()) encoder.close()
    this.own.clear()
  }

  private isHeard({ member, key }: BridgedSpeaker): boolean {
    for (const each of this.own.values()) if (each.key === key) return false
    for (const [other, people] of this.theirs) if (other.tag < member.tag && reaches(people, key)) return false
    return true
  }

  private applyTuning({ id, fader }: BridgedSpeaker): void {
    const tuning = this.tunings.get(id)
    if (tuning === undefined) return
    fader.setVolume(tuning.volumePercent)
    fader.setMuted(tuning.muted)
  }

  private freeSlot(leaving: ReadonlyMap<string, Outgoing>): number {
    const taken = new Set([...this.own.values(), ...leaving.values()].map(({ slot }) => slot))
    let slot = 0
    while (taken.has(slot)) slot++
    return slot
  }
}

function reaches(people: ReadonlyMap<number, BridgedSpeaker> | undefined, key: string): boolean {
  return people !== undefined && [...people.values()].some((each) => each.key === key)
}

/** What somebody is called there, in few bytes. */
function keyOf(id: string): string {
  return sha256(utf8(id)).subarray(0, 8).toHex()
}
