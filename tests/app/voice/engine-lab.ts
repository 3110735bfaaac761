import { type EngineParts, VoiceEngine } from '../../../src/app/voice/engine.ts'
import { OwnKeys } from '../../../src/app/voice/engine-keys.ts'
import {
  parseReport,
  type VoiceMember,
  type VoiceReport,
  type VoiceSettings,
  type VoiceStream,
} from '../../../src/app/voice/messages.ts'
import type { MemberStatistics, VoiceStatistics } from '../../../src/app/voice/reports.ts'
import type { Address } from '../../../src/base/address.ts'
import type { Rng } from '../../../src/base/rng.ts'
import { peakOf } from '../../../src/core/voice/level.ts'
import type { NoiseSuppressor } from '../../../src/ports/codec.ts'
import { FRAME_SAMPLES } from '../../../src/ports/sound.ts'
import { PlainCodec } from '../../ports/plain-codec.ts'
import { levelAt, Tone } from '../../ports/sound-ends.ts'
import { DatagramNetwork, type DatagramWeather } from '../../sim/datagrams.ts'
import { SimulatedSound } from '../../sim/sound.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

export const SETTINGS: VoiceSettings = {
  muted: false,
  deafened: false,
  mode: 'open',
  pressed: false,
  bitrate: 32_000,
  frameMs: 20,
  noiseSuppression: true,
  automaticGain: false,
  gainDb: 0,
  volumePercent: 100,
  chimes: true,
  levels: false,
  input: null,
  output: null,
}

const HEARD_FRAMES_MAX = 100

/** Lets everything through, and takes what is loud for speech. */
class LoudIsSpeech implements NoiseSuppressor {
  readonly ok = true
  readonly delaySamples = 0
  readonly memoryBytes = 0
  suppress(frame: Float32Array): number {
    return peakOf(frame) > 0.05 ? 1 : 0
  }
  reset(): void {}
}

/** Somebody in the room, at a machine of their own. */
export class Person {
  readonly sound: SimulatedSound
  readonly parts: Pick<EngineParts, 'codec' | 'suppressor'>
  readonly reports: VoiceReport[] = []
  readonly host: string
  readonly tag: number
  audio: VoiceStream
  /** Towards each other person. */
  readonly control = new Map<Person, VoiceStream>()
  engine!: VoiceEngine
  endpoint!: Address
  /** The largest step from one sample to the next but one that was ever played: a burst of noise is a large one. */
  roughness = 0
  loudest = 0
  frames = 0
  private readonly heard: Float32Array[] = []
  private readonly tone: Tone
  private before = [0, 0]

  constructor(
    readonly lab: Lab,
    readonly id: string,
    /** Of the tone that they say. */
    readonly hz: number,
    parts: Partial<Person['parts']> = {},
  ) {
    this.parts = { codec: new PlainCodec(), suppressor: new LoudIsSpeech(), ...parts }
    this.host = `10.1.0.${id}`
    this.tag = lab.rng.u32()
    this.audio = lab.stream()
    this.tone = new Tone(hz)
    this.sound = new SimulatedSound(lab.clock)
    this.sound.voice = (frame) => this.tone.fill(frame)
    this.sound.heard = (frame) => this.listen(frame)
  }

  async begin(settings: Partial<VoiceSettings> = {}): Promise<this> {
    const { clock, network, rng } = this.lab
    const engine = await VoiceEngine.begin(
      {
        ...{ ...this.parts, sound: this.sound, clock, rng },
        datagrams: network.at(this.host),
        keys: new OwnKeys(),
        cpuMs: () => 0,
        tell: (report) => this.told(report),
        fault: ({ code, message }) => this.told({ tell: 'fault', code, message }),
      },
      {
        ...{ do: 'begin', room: 'general', host: this.host, port: 0, tag: this.tag, audio: this.audio },
        settings: { ...SETTINGS, ...settings },
      },
    )
    if (!engine.ok) throw new Error(engine.message)
    this.engine = engine
    const begun = this.of('begun')[0]!
    this.endpoint = begun.local[0]!
    return this
  }

  set(settings: Partial<VoiceSettings>): void {
    this.engine.set({ ...SETTINGS, ...settings })
  }

  silent(): void {
    this.sound.voice = () => {}
  }

  speaks(): void {
    this.sound.voice = (frame) => this.tone.fill(frame)
  }

  /** How loud they hear somebody, of late; what is said at full loudness is some 0.5. */
  hears(other: Person): number {
    const samples = new Float32Array(this.heard.length * FRAME_SAMPLES)
    for (const [i, frame] of this.heard.entries()) samples.set(frame, i * FRAME_SAMPLES)
    return levelAt(other.hz, samples)
  }

  forget(): void {
    this.heard.length = 0
    this.roughness = 0
    this.loudest = 0
  }

  /** How they know somebody. */
  knows(other: Person, changes: Partial<VoiceMember> = {}): VoiceMember {
    const { id, tag, audio, endpoint } = other
    const [theirs, ours] = [other.to(this), this.to(other)]
    return {
      ...{ id, tag, audio, theirs, ours, endpoints: [endpoint] },
      ...{ volumePercent: 100, muted: false, chime: false },
      ...changes,
    }
  }

  to(other: Person): VoiceStream {
    const known = this.control.get(other) ?? this.lab.stream()
    this.control.set(other, known)
    return known
  }

  of<Name extends VoiceReport['tell']>(name: Name): Extract<VoiceReport, { tell: Name }>[] {
    return this.reports.filter((report): report is Extract<VoiceReport, { tell: Name }> => report.tell === name)
  }

  get statistics(): VoiceStatistics {
    return this.of('statistics').at(-1)!.statistics
  }

  about(other: Person): MemberStatistics {
    return this.statistics.members.find(({ id }) => id === other.id)!
  }

  get speaking(): readonly string[] {
    return this.of('speaking').at(-1)?.ids ?? []
  }

  private told(report: VoiceReport): void {
    // Whatever is told has to be understood at the other end.
    const told = parseReport(JSON.parse(JSON.stringify(report)))
    if (told === null) throw new Error(`the report is not understood: ${JSON.stringify(report)}`)
    this.reports.push(told)
  }

  private listen(frame: Float32Array): void {
    this.frames++
    for (const sample of frame) {
      const [first, second] = this.before
      this.roughness = Math.max(this.roughness, Math.abs(sample - 2 * second! + first!))
      this.before = [second!, sample]
    }
    this.loudest = Math.max(this.loudest, peakOf(frame))
    this.heard.push(frame.slice())
    if (this.heard.length > HEARD_FRAMES_MAX) this.heard.shift()
  }
}

/** A voice room of simulated machines: what the main processes would tell their voice processes is told at once. */
export class Lab {
  readonly world: World
  readonly clock: VirtualClock
  readonly rng: Rng
  readonly network: DatagramNetwork
  readonly people: Person[] = []

  constructor(seed = 1, weather: Partial<DatagramWeather> = {}) {
    this.world = new World(seed)
    this.clock = new VirtualClock(this.world.time)
    this.rng = this.world.rngFor('voice')
    this.network = new DatagramNetwork(this.world.time, this.world.rngFor('datagrams'), weather)
  }

  stream(): VoiceStream {
    return { tag: this.rng.u32(), secret: this.rng.bytes(32).toHex() }
  }

  /** So many, in one room, each with a tone of their own. */
  async room(count: number, settings: Partial<VoiceSettings> = {}): Promise<Person[]> {
    for (let i = 0; i < count; i++) await this.join(settings)
    for (const person of this.people) person.forget()
    return this.people
  }

  async join(settings: Partial<VoiceSettings> = {}, parts: Partial<Person['parts']> = {}): Promise<Person> {
    const index = this.people.length
    const person = new Person(this, String(index + 1), 300 + 50 * index, parts)
    await person.begin(settings)
    for (const other of this.people) {
      other.engine.member(other.knows(person))
      person.engine.member(person.knows(other))
    }
    this.people.push(person)
    // The devices open in promises.
    await this.settle(20)
    return person
  }

  pass(ms: number): void {
    this.world.pass(ms)
  }

  /** As `pass`, with their turns for promises. */
  async settle(ms: number): Promise<void> {
    const over = new Promise<void>((resolve) => this.clock.timer(this.clock.nowMs() + ms, resolve))
    await this.world.settle(over, ms + 1)
  }

  async close(): Promise<void> {
    for (const { engine } of this.people) await this.world.settle(engine.close(), 1_000)
  }
}

/**
 * The sharpest turn from one sample to the next. Tones of half the greatest height make 0.03, and the codec of simulations makes 0.25 of one that
 * breaks off; noise makes more than 1.
 */
export const SMOOTH = 0.3
