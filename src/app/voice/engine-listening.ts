import { type Chime, chime } from '../../core/voice/chimes.ts'
import type { OpenedDatagram } from '../../core/voice/intake.ts'
import { LoudestSpeakers } from '../../core/voice/loudest.ts'
import { Fader, Mixer } from '../../core/voice/mixer.ts'
import type { VoiceCodec, VoiceDecoder } from '../../ports/codec.ts'
import { FRAME_SAMPLES } from '../../ports/sound.ts'
import { type AudioPayload, emptyAudio, readAudio } from '../../wire/voice-audio.ts'
import type { BridgedSpeaker } from './engine-bridging.ts'
import { DirectSpeaker, PcmDecoder } from './engine-direct.ts'
import type { HeardStream, Member } from './engine-member.ts'
import type { VoiceSettings } from './messages.ts'

/** Longer than anything that is held can last: half a second of delay, and what was put in. */
const SOUNDS_MS_MAX = 1_500
/** Who has said nothing for so long gives the decoder back. */
const DECODER_LASTS_MS = 60_000

/** A member, somebody whom a member passes on, or somebody of another network who reaches us. */
export type Speaker = Member | BridgedSpeaker | DirectSpeaker

/** Those of another network. */
export interface ForeignEars {
  /** Whether somebody there is to hear the members from us. */
  readonly isListening: boolean
  /** 10 ms that a speaker says, and that all of them have said theirs; valid during the call. */
  heard(speaker: Speaker, frame: Float32Array, nowMs: number): void
  pulled(nowMs: number): void
}

/** From payloads to what is played: everybody who speaks, each in their own time, in one stream. */
export class Listening {
  private readonly loudest = new LoudestSpeakers<Speaker>()
  private readonly mixer = new Mixer(FRAME_SAMPLES)
  private readonly frame = new Float32Array(FRAME_SAMPLES)
  private readonly audio = emptyAudio()
  /** Who has a decoder, and who of them may sound now. */
  private readonly decoding = new Set<Speaker>()
  private readonly sounding = new Set<Speaker>()
  private readonly chimeFader = new Fader()
  private chimes: Float32Array | null = null
  private chimesAt = 0
  private hasChimes = true

  constructor(
    private readonly codec: VoiceCodec,
    settings: VoiceSettings,
    private readonly foreign: ForeignEars,
  ) {
    this.set(settings)
  }

  set({ deafened, volumePercent, chimes }: VoiceSettings): void {
    this.mixer.everybody.setMuted(deafened)
    this.mixer.everybody.setVolume(volumePercent)
    this.hasChimes = chimes
  }

  /** False where it is no audio. */
  heard({ owner, number, payload }: OpenedDatagram<HeardStream>, nowMs: number): boolean {
    const { audio } = this
    if (!readAudio(payload, audio)) return false
    owner.member.voice.came(owner, number, audio.time, nowMs)
    this.speaks(owner.member, audio, nowMs)
    return true
  }

  /** What a member passes on of somebody: counts as theirs on its way. Null: of whom it is not to be heard. */
  passedOn(
    speaker: BridgedSpeaker | null,
    { owner, number }: OpenedDatagram<HeardStream>,
    payload: Uint8Array,
    nowMs: number,
  ): boolean {
    if (!readAudio(payload, this.audio)) return false
    owner.member.voice.came(owner, number, this.audio.time, nowMs)
    if (speaker !== null) this.speaks(speaker, this.audio, nowMs)
    return true
  }

  /** A frame that somebody says. */
  speaks(member: Speaker, audio: AudioPayload, nowMs: number): void {
    const { loudest } = this
    member.heardMs = nowMs
    member.speaking.heard(audio.level, audio.ends, nowMs)
    // Whom nobody here wants to hear takes no place from others.
    if (member.fader.silent && !this.foreign.isListening) return
    loudest.spoke(member, audio.level, nowMs)?.voice.playing?.playout.halt()
    if (!loudest.isHeard(member) || !this.hasDecoder(member)) return
    member.voice.playing?.playout.receive(audio, nowMs)
    this.sounding.add(member)
  }

  /** The next 10 ms to play, into 480 samples. */
  pull(nowMs: number, out: Float32Array): void {
    const { mixer, frame } = this
    mixer.begin()
    for (const member of this.sounding) {
      const playout = member.voice.playing?.playout
      if (playout?.pull(nowMs, frame) === true) {
        this.foreign.heard(member, frame, nowMs)
        mixer.add(frame, member.fader)
      } else if (playout === undefined || nowMs - member.heardMs > SOUNDS_MS_MAX) this.sounding.delete(member)
    }
    this.foreign.pulled(nowMs)
    this.addChime()
    mixer.finish(out)
  }

  left(member: Speaker): void {
    this.loudest.left(member)
    this.giveBack(member)
  }

  /** One at a time: where many come at once, once is enough. */
  ring(kind: Chime): void {
    if (!this.hasChimes || this.chimes !== null) return
    this.chimes = chime(kind)
    this.chimesAt = 0
  }

  /** To be called now and then. */
  tidy(nowMs: number): void {
    for (const member of this.decoding) if (nowMs - member.heardMs > DECODER_LASTS_MS) this.giveBack(member)
  }

  close(): void {
    for (const member of this.decoding) this.giveBack(member)
  }

  private hasDecoder(member: Speaker): boolean {
    if (member.voice.playing !== null) return true
    const decoder = member instanceof DirectSpeaker ? new PcmDecoder() : (this.codec.decoder() ?? this.takeDecoder())
    if (decoder === null) return false
    member.voice.play(decoder)
    this.decoding.add(member)
    return true
  }

  /** There are fewer than members, but more than places: those who have none need no decoder. */
  private takeDecoder(): VoiceDecoder | null {
    for (const member of this.decoding) if (!this.loudest.isHeard(member)) this.giveBack(member)
    return this.codec.decoder()
  }

  private giveBack(member: Speaker): void {
    member.voice.stop()
    this.decoding.delete(member)
    this.sounding.delete(member)
  }

  private addChime(): void {
    const { chimes, frame } = this
    if (chimes === null) return
    const part = chimes.subarray(this.chimesAt, this.chimesAt + FRAME_SAMPLES)
    frame.fill(0)
    frame.set(part)
    this.mixer.add(frame, this.chimeFader)
    this.chimesAt += FRAME_SAMPLES
    if (this.chimesAt >= chimes.length) this.chimes = null
  }
}
