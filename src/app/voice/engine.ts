import type { Address } from '../../base/address.ts'
import type { Rng } from '../../base/rng.ts'
import type { OpenedDatagram } from '../../core/voice/intake.ts'
import { LossControl } from '../../core/voice/loss-control.ts'
import { REPORT_EVERY_MS } from '../../core/voice/reception.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NoiseSuppressor, VoiceCodec } from '../../ports/codec.ts'
import type { DatagramFault, DatagramSocket, Datagrams } from '../../ports/datagrams.ts'
import { FRAME_MS, FRAME_SAMPLES, type Sound, type SoundFault } from '../../ports/sound.ts'
import type { AudioPayload } from '../../wire/voice-audio.ts'
import { BRIDGED_HEADER_BYTES, isBridgedSound } from '../../wire/voice-bridged.ts'
import type { VoiceControl } from '../../wire/voice-control.ts'
import type { VoiceSealer } from '../../wire/voice-datagram.ts'
import { Bridging } from './engine-bridging.ts'
import { Device } from './engine-device.ts'
import type { DirectSpeaker } from './engine-direct.ts'
import { Foreign } from './engine-foreign.ts'
import type { OwnKeys } from './engine-keys.ts'
import { Listening } from './engine-listening.ts'
import type { HeardStream, Member } from './engine-member.ts'
import { VoiceNet } from './engine-net.ts'
import { Speech } from './engine-speech.ts'
import { statisticsOf } from './engine-statistics.ts'
import { Teller } from './engine-teller.ts'
import type { VoiceCommand, VoiceMember, VoiceReport, VoiceSettings, VoiceStream } from './messages.ts'

export interface EngineParts {
  readonly sound: Sound
  readonly datagrams: Datagrams
  readonly codec: VoiceCodec
  readonly suppressor: NoiseSuppressor | null
  readonly clock: Clock
  readonly rng: Rng
  /** One for the whole process. */
  readonly keys: OwnKeys
  /** Processor time of this process so far, in milliseconds. */
  cpuMs(): number
  tell(report: VoiceReport): void
  /** As it is told; and where another process could have sound, this one is to end. */
  fault(fault: SoundFault): void
}

export type Begin = Extract<VoiceCommand, { do: 'begin' }>

/** Who speaks, how loud, and what is due: looked at so often. */
const LOOK_MS = 50

/** One voice room, from `begin` to `end`: speaks, listens, and passes on. */
export class VoiceEngine {
  readonly ok = true
  private readonly net: VoiceNet
  private readonly speech: Speech
  private readonly listening: Listening
  private readonly foreign: Foreign
  private readonly bridging: Bridging
  private readonly input: Device
  private readonly output: Device
  private readonly teller: Teller
  private settings: VoiceSettings
  private sealer: VoiceSealer
  /** Of the key that was told and waits for its time. */
  private nextSealer: VoiceSealer | null = null
  private loss: LossControl
  private encoding
  private sealed = 0
  private sealedBytes = 0
  private secondMs: number
  private cpuBefore: number
  private cancelLook = (): void => {}
  private cancelWake = (): void => {}
  private cancelKey = (): void => {}
  private readonly stopWatching: () => void
  private isOver = false
  private hasReached = false
  private readonly unplayed = new Float32Array(FRAME_SAMPLES)

  /** Binds the socket; the devices follow in their own time. */
  static async begin(parts: EngineParts, command: Begin): Promise<VoiceEngine | DatagramFault> {
    const { datagrams } = parts
    const made: { engine: VoiceEngine | null } = { engine: null }
    const socket = await datagrams.bind(command, {
      received: (datagram, from) => made.engine?.receive(datagram, from),
    })
    if (!socket.ok) return socket
    made.engine = new VoiceEngine(parts, socket, command)
    const { room } = command
    parts.tell({ tell: 'begun', room, port: socket.local.port, local: socket.endpoints() })
    return made.engine
  }

  private constructor(
    private readonly parts: EngineParts,
    private readonly socket: DatagramSocket,
    { tag, audio, settings }: Begin,
  ) {
    const { sound, codec, suppressor, clock, cpuMs } = parts
    const nowMs = clock.nowMs()
    this.settings = settings
    this.sealer = parts.keys.sealer(audio, 'audio')
    this.loss = new LossControl(settings.bitrate)
    this.encoding = this.loss.decide(nowMs)
    this.bridging = new Bridging(codec, tag, {
      broadcast: (payload, atMs) => this.spoken(payload, atMs),
      changed: () => this.tellReached(),
      left: (speaker) => this.listening.left(speaker),
    })
    const foreign = {
      send: (datagram: Uint8Array, to: Address) => socket.send(datagram, to),
      speaks: (speaker: DirectSpeaker, audio: AudioPayload, atMs: number) =>
        this.listening.speaks(speaker, audio, atMs),
      left: (speaker: DirectSpeaker) => this.listening.left(speaker),
    }
    this.foreign = new Foreign(clock, foreign, this.bridging, nowMs)
    this.listening = new Listening(codec, settings, this.foreign)
    this.speech = new Speech(codec, suppressor, settings, this, nowMs)
    this.net = new VoiceNet(socket, tag, parts, this)
    this.teller = new Teller(parts.tell)
    this.secondMs = nowMs
    this.cpuBefore = cpuMs()
    const changed = (): void => this.teller.sound(this.input.isOpen, this.output.isOpen)
    const fault = (each: SoundFault): void => parts.fault(each)
    this.input = new Device(clock, settings.input, {
      ...{ changed, fault },
      open: (device, ended) =>
        sound.openCapture({ device }, { captured: (frame) => this.speech.captured(frame, clock.nowMs()), ended }),
    })
    this.output = new Device(clock, settings.output, {
      ...{ changed, fault },
      open: (device, ended) =>
        sound.openPlayback({ device }, { wanted: (frame) => this.listening.pull(clock.nowMs(), frame), ended }),
    })
    this.stopWatching = sound.watch(() => {
      this.input.look()
      this.output.look()
    })
    this.look()
  }

  set(settings: VoiceSettings): void {
    if (settings.bitrate !== this.settings.bitrate) this.loss = new LossControl(settings.bitrate)
    this.settings = settings
    this.speech.set(settings)
    this.listening.set(settings)
    this.input.want(settings.input)
    this.output.want(settings.output)
  }

  member(told: VoiceMember): void {
    const { roster } = this.net
    const known = roster.members.get(told.id)
    const isNew = known === undefined || known.tag !== told.tag
    if (isNew && known !== undefined) this.leave(known)
    const member = roster.tell(told, this.parts.clock.nowMs())
    if (member === null || member.theirs === null || member.audio.length === 0) {
      const message = 'Somebody in the voice room cannot be heard: it is full, or they say that they are somebody else.'
      this.parts.tell({ tell: 'fault', code: 'member', message })
    }
    // Who comes now was granted the key that waits, and no other.
    if (isNew && member !== null) member.isAhead = this.nextSealer !== null
    if (isNew && member !== null && told.chime) this.listening.ring('join')
    this.wakeInTime()
  }

  gone(id: string, chime: boolean): void {
    const member = this.net.roster.members.get(id)
    if (member === undefined) return
    this.leave(member)
    if (chime) this.listening.ring('leave')
  }

  /** The stream that comes after the one in use; the last that is told counts. */
  key(audio: VoiceStream, afterMs: number): void {
    const { clock, keys } = this.parts
    this.cancelKey()
    const sealer = keys.sealer(audio, 'audio')
    this.nextSealer = sealer
    this.cancelKey = clock.timer(clock.nowMs() + afterMs, () => {
      this.sealer = sealer
      this.nextSealer = null
      for (const member of this.net.roster.members.values()) member.isAhead = false
    })
  }

  async close(): Promise<void> {
    this.isOver = true
    this.stopWatching()
    this.bridging.close()
    for (const cancel of [this.cancelLook, this.cancelWake, this.cancelKey]) cancel()
    this.socket.close()
    await Promise.all([this.input.close(), this.output.close()])
    this.foreign.close()
    this.listening.close()
    this.speech.close()
  }

  /** Who of another network is there. */
  foreigners({ own, room, people }: Extract<VoiceCommand, { do: 'foreigners' }>): void {
    this.foreign.tell(own, room, people)
  }

  /** How somebody of another network is to be heard. */
  hear({ id, volumePercent, muted }: Extract<VoiceCommand, { do: 'hear' }>): void {
    this.bridging.tune(id, volumePercent, muted)
    this.foreign.hear(id.slice(id.indexOf(':') + 1), volumePercent, muted)
  }

  /** Called by what hears the microphone, as `spoken` is, before it is encoded. */
  said(frame: Float32Array, nowMs: number): void {
    if (!this.isOver) this.foreign.said(frame, nowMs)
  }

  /** Called by what hears the microphone. */
  spoken(payload: Uint8Array, nowMs: number): void {
    if (this.isOver || this.sealer.spent) return
    this.sealed++
    this.sealedBytes += payload.length
    this.net.broadcast(this.sealer, payload, nowMs, false)
    if (this.nextSealer !== null) this.net.broadcast(this.nextSealer, payload, nowMs, true)
  }

  /** Called by the network, as `told` is. */
  heard(opened: OpenedDatagram<HeardStream>, nowMs: number): boolean {
    const { payload, owner } = opened
    if (!isBridgedSound(payload)) return this.listening.heard(opened, nowMs)
    const speaker = this.bridging.speakerOf(owner.member, payload[1]!)
    return this.listening.passedOn(speaker, opened, payload.subarray(BRIDGED_HEADER_BYTES), nowMs)
  }

  told(member: Member, control: VoiceControl, nowMs: number): void {
    if (control.kind === 'report') {
      const rttMs = member.route?.rttMs ?? Number.NaN
      this.loss.reported(member.id, control.report, Number.isFinite(rttMs) ? rttMs : Number.NaN, nowMs)
    }
    if (control.kind === 'bridged') this.bridging.told(member, control.people)
    this.wakeInTime()
  }

  moved(): void {
    this.wakeInTime()
  }

  private receive(datagram: Uint8Array, from: Address): void {
    const nowMs = this.parts.clock.nowMs()
    if (!this.foreign.received(datagram, from, nowMs)) this.net.receive(datagram, from, nowMs)
  }

  /** Members who have heard it already need not be told that there is nobody. */
  private tellReached(): void {
    const { reached } = this.bridging
    if (this.isOver || (reached.length === 0 && !this.hasReached)) return
    this.hasReached = reached.length > 0
    const nowMs = this.parts.clock.nowMs()
    for (const member of this.net.roster.members.values())
      this.net.tell(member, { kind: 'bridged', people: reached }, nowMs)
  }

  private leave(member: Member): void {
    this.net.leave(member)
    this.bridging.left(member)
    this.listening.left(member)
    this.loss.left(member.id)
  }

  /** Paths want to be woken when they say, and that may be sooner after anything that was heard or told. */
  private wakeInTime(): void {
    const { clock } = this.parts
    this.cancelWake()
    this.cancelWake = (): void => {}
    const atMs = this.net.paths.nextWakeMs()
    if (this.isOver || atMs === Number.POSITIVE_INFINITY) return
    this.cancelWake = clock.timer(atMs, () => {
      this.net.paths.wake(clock.nowMs())
      this.wakeInTime()
    })
  }

  private look(): void {
    const { clock } = this.parts
    const nowMs = clock.nowMs()
    this.cancelLook = clock.timer(nowMs + LOOK_MS, () => this.look())
    const { roster } = this.net
    if (!this.output.isOpen && this.foreign.isListening) this.listenUnplayed(nowMs)
    const bridged = this.bridging.speakers
    this.teller.bridged(bridged)
    const speaking = bridged.filter((each) => each.speaking.isSpeaking(nowMs)).map(({ id }) => id)
    this.teller.speaking(
      roster.members.values(),
      [...this.foreign.speaking(nowMs), ...speaking],
      this.speech.isOpen,
      nowMs,
    )
    if (this.settings.levels && this.input.isOpen) {
      this.teller.level(this.speech.meter, this.input.gaps + this.output.gaps, nowMs)
    }
    if (nowMs - this.secondMs >= REPORT_EVERY_MS) this.everySecond(nowMs)
  }

  /** Nobody here has anything to hear with, but somebody hears the members from us. */
  private listenUnplayed(nowMs: number): void {
    for (let before = LOOK_MS - FRAME_MS; before >= 0; before -= FRAME_MS)
      this.listening.pull(nowMs - before, this.unplayed)
  }

  private everySecond(nowMs: number): void {
    const { net, loss, parts } = this
    net.roster.expire(nowMs)
    this.listening.tidy(nowMs)
    for (const member of net.roster.members.values()) {
      const report = member.voice.report()
      if (report !== null) net.tell(member, { kind: 'report', report }, nowMs)
    }
    this.tellReached()
    this.encoding = loss.decide(nowMs)
    this.speech.encode(this.encoding)
    const cpuMs = parts.cpuMs()
    const cpuPercent = (100 * Math.max(0, cpuMs - this.cpuBefore)) / (nowMs - this.secondMs)
    this.cpuBefore = cpuMs
    this.secondMs = nowMs
    const { sealed, sealedBytes, encoding } = this
    const gaps = { captureGaps: this.input.gaps, playbackGaps: this.output.gaps }
    this.teller.seen(net.paths.seenAs())
    parts.tell({
      tell: 'statistics',
      statistics: statisticsOf(net, { sealed, sealedBytes, encoding, cpuPercent, ...gaps }, nowMs),
    })
    this.wakeInTime()
  }
}
