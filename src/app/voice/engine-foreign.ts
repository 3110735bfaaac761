import { Resampler } from '../../adapters/resampler.ts'
import type { Address } from '../../base/address.ts'
import { DATAGRAM_BYTES, SAMPLES } from '../../dialects/framed/sound.ts'
import { FramedVoice, mixSamples } from '../../dialects/framed/voice.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AudioPayload } from '../../wire/voice-audio.ts'
import { DIRECT, RELAYED } from '../../wire/voice-datagram.ts'
import { BridgedSpeaker, type Bridging } from './engine-bridging.ts'
import { DirectSpeaker } from './engine-direct.ts'
import type { ForeignEars, Speaker } from './engine-listening.ts'
import type { Member } from './engine-member.ts'
import type { VoiceForeigner } from './messages.ts'

const OWN_HZ = 48_000
const THEIR_HZ = 16_000
const FULL_SCALE = 32_767
/** What was left of a word that ended so long ago belongs to no other. */
const SPEECH_LASTS_MS = 100

/** What is gathered before it goes on its way: frames come and go by two clocks, and none is to be missing in between. */
const GATHERED_SAMPLES = 3 * SAMPLES
/** 140 ms: the microphone's clock and the sound card's are two. */
const PASSING_SAMPLES_MAX = 7 * SAMPLES
const SILENCE = new Int16Array(SAMPLES)

type PassedSpeaker = Exclude<Speaker, DirectSpeaker>

export interface ForeignOutput {
  send(datagram: Uint8Array, to: Address): unknown
  /** One of them says a frame; valid during the call. */
  speaks(speaker: DirectSpeaker, audio: AudioPayload, nowMs: number): void
  /** Is not heard any more. */
  left(speaker: DirectSpeaker): void
}

interface Passing {
  readonly resampler: Resampler
  readonly samples: number[]
  heardMs: number
  /** Enough was gathered. */
  isReady: boolean
}

/**
 * Those of the framed network in the voice room: what the microphone hears goes to each of them, and what they say is one more voice here.
 * Each side's sound is brought to the other's rate.
 */
export class Foreign implements ForeignEars {
  private voice: FramedVoice | null = null
  private own = ''
  private readonly people = new Map<string, VoiceForeigner>()
  private readonly speakers = new Map<string, DirectSpeaker>()
  private toTheirs = new Resampler(OWN_HZ, THEIR_HZ)
  private readonly spoken = new Int16Array(SAMPLES)
  private spokenCount = 0
  private spokenMs = Number.NEGATIVE_INFINITY
  private cancelWake = (): void => {}

  /** Of members whom somebody there is to hear from us: 20 ms after 20 ms, at their rate. */
  private readonly passing = new Map<PassedSpeaker, Passing>()

  constructor(
    private readonly clock: Clock,
    private readonly out: ForeignOutput,
    private readonly bridging: Bridging,
    private readonly startMs: number,
  ) {}

  get isListening(): boolean {
    return this.ours.length > 0
  }

  /** Who is there: all of them, each time. `own`: what we are called there. */
  tell(own: string, room: string, people: readonly VoiceForeigner[]): void {
    const nowMs = this.clock.nowMs()
    if (this.voice === null || own !== this.own) {
      this.own = own
      this.voice = new FramedVoice(own)
      for (const id of [...this.people.keys()]) this.left(this.voice, id)
    }
    const { voice } = this
    for (const [id] of this.people) if (!people.some((each) => each.id === id)) this.left(voice, id)
    for (const each of people) {
      const known = this.people.get(each.id)
      if (known?.host === each.host && known.port === each.port) continue
      this.people.set(each.id, each)
      if (known === undefined) this.speakers.set(each.id, new DirectSpeaker(each.id, this.startMs))
      voice.joined(each.id, '', room, { host: each.host, port: each.port })
    }
    voice.enter(room, nowMs)
    this.bridging.reach(people)
    this.settle(nowMs)
  }

  /** How one of them is to be heard. */
  hear(id: string, volumePercent: number, muted: boolean): void {
    const fader = this.speakers.get(id)?.fader
    fader?.setVolume(volumePercent)
    fader?.setMuted(muted)
  }

  /** True where it was theirs. Ours begin with bytes that no name of a room begins with. */
  received(datagram: Uint8Array, from: Address, nowMs: number): boolean {
    const isTheirs = datagram.length === DATAGRAM_BYTES && datagram[0] !== DIRECT && datagram[0] !== RELAYED
    if (!isTheirs || this.voice === null || this.people.size === 0) return false
    this.voice.received(datagram, from, nowMs)
    this.settle(nowMs)
    return true
  }

  /** 10 ms that we say. */
  said(frame: Float32Array, nowMs: number): void {
    const { voice, people } = this
    if (voice === null || people.size === 0) return
    if (nowMs - this.spokenMs > SPEECH_LASTS_MS) {
      this.spokenCount = 0
      this.toTheirs = new Resampler(OWN_HZ, THEIR_HZ)
    }
    this.spokenMs = nowMs
    for (const sample of this.toTheirs.push(frame, frame.length)) {
      this.spoken[this.spokenCount++] = Math.round(Math.max(-1, Math.min(1, sample)) * FULL_SCALE)
      if (this.spokenCount < SAMPLES) continue
      this.spokenCount = 0
      this.speak(voice, this.spoken, nowMs)
    }
    this.settle(nowMs)
  }

  /** 10 ms that a member says, or one whom a member passes on. */
  heard(speaker: Speaker, frame: Float32Array, nowMs: number): void {
    if (!this.isListening || speaker instanceof DirectSpeaker) return
    let passing = this.passing.get(speaker)
    if (passing === undefined || nowMs - passing.heardMs > SPEECH_LASTS_MS) {
      passing = { resampler: new Resampler(OWN_HZ, THEIR_HZ), samples: [], heardMs: nowMs, isReady: false }
      this.passing.set(speaker, passing)
    }
    passing.heardMs = nowMs
    for (const sample of passing.resampler.push(frame, frame.length)) {
      passing.samples.push(Math.round(Math.max(-1, Math.min(1, sample)) * FULL_SCALE))
    }
    if (passing.samples.length >= GATHERED_SAMPLES) passing.isReady = true
    if (passing.samples.length > PASSING_SAMPLES_MAX) passing.samples.splice(0, SAMPLES)
  }

  /** All of them have said their 10 ms. While we speak ourselves, what they say goes with it. */
  pulled(nowMs: number): void {
    const { voice } = this
    if (voice === null || this.passing.size === 0) return
    for (const [speaker, { heardMs }] of this.passing) {
      if (nowMs - heardMs > SPEECH_LASTS_MS) this.passing.delete(speaker)
    }
    const isDue = [...this.passing.values()].some(
      ({ isReady, samples }) => isReady && samples.length >= GATHERED_SAMPLES,
    )
    if (!isDue || nowMs - this.spokenMs <= SPEECH_LASTS_MS) return
    this.speak(voice, SILENCE, nowMs)
    this.settle(nowMs)
  }

  /** Who of them speaks. */
  speaking(nowMs: number): string[] {
    return [...this.speakers.values()].filter(({ speaking }) => speaking.isSpeaking(nowMs)).map(({ id }) => id)
  }

  close(): void {
    this.cancelWake()
  }

  /** Those who hear the members from us. */
  private get ours(): string[] {
    return [...this.people.keys()].filter((id) => this.bridging.isOurs(id))
  }

  /** What we say, and to whom it is for us to pass it on, what the members say: but for those whom they hear from a member who reaches them. */
  private speak(voice: FramedVoice, own: Int16Array, nowMs: number): void {
    const frames: { member: Member; samples: Int16Array }[] = []
    for (const [speaker, passing] of this.passing) {
      const { samples } = passing
      if (samples.length < SAMPLES) passing.isReady = false
      if (!passing.isReady) continue
      frames.push({ member: memberOf(speaker), samples: Int16Array.from(samples.splice(0, SAMPLES)) })
    }
    if (frames.length === 0) return voice.speak(own, nowMs)
    voice.speak(own, nowMs, (id) => {
      if (!this.bridging.isOurs(id)) return own
      const fitting = frames.filter(({ member }) => !this.bridging.isReachedBy(member, id))
      return mixSamples([own, ...fitting.map(({ samples }) => samples)])
    })
  }

  private left(voice: FramedVoice, id: string): void {
    voice.left(id, null)
    this.people.delete(id)
    const speaker = this.speakers.get(id)
    if (speaker !== undefined) this.out.left(speaker)
    this.speakers.delete(id)
  }

  private sounds(id: string, sequence: number, samples: Int16Array, nowMs: number): void {
    const speaker = this.speakers.get(id)
    const mark = speaker?.mark(sequence, samples, nowMs) ?? null
    if (speaker === undefined || mark === null) return
    this.out.speaks(speaker, speaker.audioOf(mark, samples), nowMs)
    this.bridging.said(id, mark, samples, nowMs)
  }

  private settle(nowMs: number): void {
    const { voice, clock } = this
    if (voice === null) return
    for (const output of voice.takeOutputs()) {
      if (output.kind === 'datagram') this.out.send(output.datagram, output.to)
      else if (output.kind === 'sound') this.sounds(output.speaker, output.sequence, output.samples, nowMs)
    }
    this.cancelWake()
    const atMs = voice.nextWakeMs()
    this.cancelWake = (): void => {}
    if (atMs === null) return
    this.cancelWake = clock.timer(atMs, () => {
      voice.wake(clock.nowMs())
      this.settle(clock.nowMs())
    })
  }
}

function memberOf(speaker: PassedSpeaker): Member {
  return speaker instanceof BridgedSpeaker ? speaker.member : speaker
}
