import type { Rng } from '../../base/rng.ts'
import type { OpenedDatagram } from '../../core/voice/intake.ts'
import { LossControl } from '../../core/voice/loss-control.ts'
import { REPORT_EVERY_MS } from '../../core/voice/reception.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NoiseSuppressor, VoiceCodec } from '../../ports/codec.ts'
import type { DatagramFault, DatagramSocket, Datagrams } from '../../ports/datagrams.ts'
import type { Sound, SoundFault } from '../../ports/sound.ts'
import type { VoiceControl } from '../../wire/voice-control.ts'
import type { VoiceSealer } from '../../wire/voice-datagram.ts'
import { Device } from './engine-device.ts'
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

  /** Binds the socket; the devices follow in their own time. */
  static async begin(parts: EngineParts, command: Begin): Promise<VoiceEngine | DatagramFault> {
    const { datagrams, clock } = parts
    const made: { engine: VoiceEngine | null } = { engine: null }
    const socket = await datagrams.bind(command, {
      received: (datagram, from) => made.engine?.net.receive(datagram, from, clock.nowMs()),
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
    this.listening = new Listening(codec, settings)
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
    for (const cancel of [this.cancelLook, this.cancelWake, this.cancelKey]) cancel()
    this.socket.close()
    await Promise.all([this.input.close(), this.output.close()])
    this.listening.close()
    this.speech.close()
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
    return this.listening.heard(opened, nowMs)
  }

  told(member: Member, control: VoiceControl, nowMs: number): void {
    if (control.kind === 'report') {
      const rttMs = member.route?.rttMs ?? Number.NaN
      this.loss.reported(member.id, control.report, Number.isFinite(rttMs) ? rttMs : Number.NaN, nowMs)
    }
    this.wakeInTime()
  }

  moved(): void {
    this.wakeInTime()
  }

  private leave(member: Member): void {
    this.net.leave(member)
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
    this.teller.speaking(roster.members.values(), this.speech.isOpen, nowMs)
    if (this.settings.levels && this.input.isOpen) {
      this.teller.level(this.speech.meter, this.input.gaps + this.output.gaps, nowMs)
    }
    if (nowMs - this.secondMs >= REPORT_EVERY_MS) this.everySecond(nowMs)
  }

  private everySecond(nowMs: number): void {
    const { net, loss, parts } = this
    net.roster.expire(nowMs)
    this.listening.tidy(nowMs)
    for (const member of net.roster.members.values()) {
      const report = member.voice.report()
      if (report !== null) net.tell(member, { kind: 'report', report }, nowMs)
    }
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
