import { Framer, type ReadyFrame } from '../../core/voice/framer.ts'
import { GainControl } from '../../core/voice/gain-control.ts'
import { Gate } from '../../core/voice/gate.ts'
import { HighPass } from '../../core/voice/high-pass.ts'
import { fromDecibels, LevelMeter, rmsOf, toDecibels } from '../../core/voice/level.ts'
import type { Encoding } from '../../core/voice/loss-control.ts'
import { TalkSpurts } from '../../core/voice/talk-spurts.ts'
import type { NoiseSuppressor, VoiceCodec, VoiceEncoder } from '../../ports/codec.ts'
import { FRAME_MS, FRAME_SAMPLES } from '../../ports/sound.ts'
import { OLDER_FRAME_BYTES_MAX, OPUS_BYTES_MAX, writeAudio } from '../../wire/voice-audio.ts'
import { VOICE_PAYLOAD_BYTES_MAX } from '../../wire/voice-datagram.ts'
import type { VoiceSettings } from './messages.ts'

/** With an older frame beside it, and that one's age, length and count, it still fits. */
const FRAME_BYTES_MAX = OPUS_BYTES_MAX - OLDER_FRAME_BYTES_MAX - 3
/** Without a suppressor nobody tells speech from noise but by how loud it is. */
const SPEECH_DB_MIN = -45
/** The microphone's count of frames has fallen behind the time by so many: it was gone, or frames were lost. */
const BEHIND_FRAMES_MAX = 50
/** In silence less will do. */
const BEHIND_FRAMES_MAX_QUIET = 10

export interface SpeechOutput {
  /** 10 ms that is said, clean; valid during the call. */
  said(frame: Float32Array, nowMs: number): void
  /** A payload to be sealed and sent to all; the bytes are valid during the call. */
  spoken(payload: Uint8Array, nowMs: number): void
}

/** From the microphone to payloads: what is said, made clean, and only while somebody speaks. */
export class Speech {
  readonly meter = new LevelMeter()
  private readonly highPass = new HighPass()
  private readonly gainControl = new GainControl()
  private readonly gate = new Gate(FRAME_SAMPLES)
  private readonly spurts = new TalkSpurts()
  private readonly encoder: VoiceEncoder
  private framer: Framer
  private readonly frame = new Float32Array(FRAME_SAMPLES)
  private readonly listened = new Float32Array(FRAME_SAMPLES)
  private readonly packet = new Uint8Array(FRAME_BYTES_MAX)
  private readonly payload = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)
  private readonly encoded = {
    time: 0,
    ticks: 2,
    opus: this.packet,
    level: 0,
    ends: false,
    heldBack: false,
    recovers: false,
  }
  private settings: VoiceSettings
  private readonly startMs: number
  /** Of the frame that comes next, in ticks of 10 ms since the start. */
  private tick = 0
  private speech = 0
  private isAsleep = false

  constructor(
    codec: VoiceCodec,
    private readonly suppressor: NoiseSuppressor | null,
    settings: VoiceSettings,
    private readonly out: SpeechOutput,
    nowMs: number,
  ) {
    this.encoder = codec.encoder({ bitrate: settings.bitrate })
    this.framer = new Framer(settings.frameMs / FRAME_MS)
    this.settings = settings
    this.startMs = nowMs
    this.set(settings)
  }

  get isOpen(): boolean {
    return this.gate.open
  }

  /** Of a frame. */
  private get ticks(): number {
    return this.settings.frameMs / FRAME_MS
  }

  set(settings: VoiceSettings): void {
    this.settings = settings
    if (!this.gate.open) this.framer = new Framer(this.ticks)
    this.gate.mode = settings.mode
    this.gate.setMuted(settings.muted)
    this.gate.setPressed(settings.pressed)
  }

  encode({ bitrate, lossPercent, againAge }: Encoding): void {
    this.encoder.configure({ bitrate, lossPercent })
    this.spurts.againAge = againAge
  }

  /** The next 10 ms of the microphone, which are copied. */
  captured(sound: Float32Array, nowMs: number): void {
    const { frame, settings, gate, suppressor } = this
    copyFinite(sound, frame)
    this.meter.hear(frame)
    this.keepTime(nowMs)
    if (settings.muted && !gate.open) {
      this.tick++
      this.isAsleep = true
      return
    }
    if (this.isAsleep) suppressor?.reset()
    this.isAsleep = false
    this.highPass.process(frame)
    if (settings.automaticGain) this.gainControl.process(frame, this.speech)
    else amplify(frame, settings.gainDb)
    this.speech = this.listen(frame)
    const wasOpen = gate.open
    const { count, ends } = gate.push(frame, this.speech)
    // Else listeners who came since, or whose way opened since, decode the first words as what they were not encoded as.
    if (count > 0 && !wasOpen) this.encoder.reset()
    for (let i = 0; i < count; i++) {
      const isNewest = i === count - 1
      this.out.said(gate.frame(i), nowMs)
      const ready = this.framer.push(gate.frame(i), this.tick - (count - 1 - i), ends && isNewest, !isNewest)
      if (ready === null) continue
      this.speak(ready, nowMs)
      // Between two frames, or one would be cut in two.
      if (this.framer.ticks !== this.ticks) this.framer = new Framer(this.ticks)
    }
    this.tick++
  }

  close(): void {
    this.encoder.close()
  }

  /** Makes it clean, where that is wished; how likely it is speech. */
  private listen(frame: Float32Array): number {
    const { suppressor, listened } = this
    if (suppressor === null) return toDecibels(rmsOf(frame)) > SPEECH_DB_MIN ? 1 : 0
    if (this.settings.noiseSuppression) return suppressor.suppress(frame)
    listened.set(frame)
    return suppressor.suppress(listened)
  }

  private speak(ready: Readonly<ReadyFrame>, nowMs: number): void {
    const { encoded, packet, encoder } = this
    const bytes = encoder.encode(ready.samples, packet)
    encoded.time = ready.time
    encoded.ticks = ready.samples.length / FRAME_SAMPLES
    encoded.opus = packet.subarray(0, bytes)
    encoded.level = ready.level
    encoded.ends = ready.ends
    encoded.heldBack = ready.heldBack
    encoded.recovers = encoder.recovers
    const audio = this.spurts.frame(encoded)
    if (audio !== null) this.out.spoken(this.payload.subarray(0, writeAudio(audio, this.payload)), nowMs)
  }

  /** Listeners tell from ticks how long sound was on its way: what the microphone has not told counts as silence. */
  private keepTime(nowMs: number): void {
    const behind = Math.floor((nowMs - this.startMs) / FRAME_MS) - this.tick
    if (behind > (this.gate.open ? BEHIND_FRAMES_MAX : BEHIND_FRAMES_MAX_QUIET)) this.tick += behind
  }
}

function copyFinite(from: Float32Array, to: Float32Array): void {
  for (let i = 0; i < to.length; i++) {
    const sample = from[i]!
    to[i] = sample - sample === 0 ? Math.max(-1, Math.min(1, sample)) : 0
  }
}

function amplify(frame: Float32Array, gainDb: number): void {
  if (gainDb === 0) return
  const gain = fromDecibels(gainDb)
  for (let i = 0; i < frame.length; i++) frame[i] = Math.max(-1, Math.min(1, frame[i]! * gain))
}
