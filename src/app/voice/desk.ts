import { type WavFiles, WavSound } from '../../adapters/wav-sound.ts'
import type { Clock } from '../../ports/clock.ts'
import type { CodecFault } from '../../ports/codec.ts'
import type { DatagramFault } from '../../ports/datagrams.ts'
import type { Sound, SoundFault } from '../../ports/sound.ts'
import { type Begin, type EngineParts, VoiceEngine } from './engine.ts'
import { Loopback } from './loopback.ts'
import type { VoiceCommand, VoiceReport, VoiceSettings } from './messages.ts'

/** What a voice room takes beside sound; or why it cannot be had. */
type RoomParts = Pick<EngineParts, 'datagrams' | 'codec' | 'suppressor' | 'rng' | 'keys' | 'cpuMs'>

export interface DeskOptions {
  readonly clock: Clock
  /** Of the devices, or why there is none. */
  readonly sound: Sound | SoundFault
  /** Called for the first voice room; a suppressor that cannot be had is none, and is told. */
  roomParts(): Promise<RoomParts | CodecFault>
  tell(report: VoiceReport): void
  /** This process can have no sound any more, and another could. */
  giveUp(): void
  /** Sound that this process is in time for. */
  inTime(sound: Sound): Sound
}

type Asked<Name extends VoiceCommand['do']> = Extract<VoiceCommand, { do: Name }>

const NO_FILES: WavFiles = { input: null, output: null }

/** Does in the voice process what the main process wants done. */
export class VoiceDesk {
  private readonly options: DeskOptions
  private sound: Sound | SoundFault
  private files = NO_FILES
  private loopback: Loopback | null = null
  private engine: VoiceEngine | null = null
  private parts: RoomParts | null = null
  private before: Promise<void> = Promise.resolve()
  private stopWatching = (): void => {}

  constructor(options: DeskOptions) {
    this.options = options
    this.sound = 'ok' in options.sound ? options.sound : options.inTime(options.sound)
    if (!('ok' in this.sound)) this.stopWatching = this.sound.watch(() => this.handle({ do: 'devices' }))
  }

  /** In the order in which they are given, one after the other. */
  handle(command: VoiceCommand): void {
    this.before = this.before.then(() => this.run(command))
  }

  async close(): Promise<void> {
    this.stopWatching()
    await this.before
    await this.quiet()
    await this.end()
    if (!('ok' in this.sound)) await this.sound.close()
  }

  private async run(command: VoiceCommand): Promise<void> {
    switch (command.do) {
      case 'files':
        return this.stand(command)
      case 'quiet':
        return this.quiet()
      case 'end':
        return this.end()
      case 'devices':
      case 'loopback':
      case 'begin':
        return 'ok' in this.sound ? this.fault(this.sound) : this.useSound(this.sound, command)
      default:
        this.tellEngine(command)
    }
  }

  private async useSound(sound: Sound, command: Asked<'devices' | 'loopback' | 'begin'>): Promise<void> {
    if (command.do === 'devices') return this.tellDevices(sound)
    if (command.do === 'begin') return this.begin(sound, command)
    await this.quiet()
    const { input, output, delayMs } = command
    const opened = await Loopback.open(
      sound,
      { ...this.chosen({ input, output }), delayMs },
      {
        level: (peakDb, levelDb, gaps) => this.options.tell({ tell: 'level', peakDb, levelDb, gaps }),
        ended: (fault) => this.fault(fault),
      },
    )
    if ('ok' in opened) this.fault(opened)
    else this.loopback = opened
  }

  private async begin(sound: Sound, command: Begin): Promise<void> {
    await this.end()
    const parts = this.parts ?? (await this.options.roomParts())
    if ('ok' in parts) return this.fault(parts)
    this.parts = parts
    const { clock, tell } = this.options
    const settings = this.settings(command.settings)
    const fault = (each: SoundFault): void => this.fault(each)
    const engine = await VoiceEngine.begin({ ...parts, sound, clock, tell, fault }, { ...command, settings })
    if (engine.ok) this.engine = engine
    else this.fault(engine)
  }

  /** Where nobody has begun, nothing is to be done: there may have been no way to. */
  private tellEngine(command: Asked<'settings' | 'member' | 'gone' | 'key' | 'foreigners' | 'hear'>): void {
    const { engine } = this
    if (engine === null) return
    if (command.do === 'settings') engine.set(this.settings(command.settings))
    else if (command.do === 'member') engine.member(command.member)
    else if (command.do === 'gone') engine.gone(command.id, command.chime)
    else if (command.do === 'foreigners') engine.foreigners(command)
    else if (command.do === 'hear') engine.hear(command)
    else engine.key(command.audio, command.afterMs)
  }

  private stand({ input, output }: WavFiles): void {
    const { sound, clock, inTime } = this.options
    this.files = { input, output }
    const devices = 'ok' in sound ? sound : inTime(sound)
    this.sound = input === null && output === null ? devices : inTime(new WavSound(this.files, clock, sound))
  }

  private settings(settings: VoiceSettings): VoiceSettings {
    return { ...settings, ...this.chosen(settings) }
  }

  /** A file has no other beside it that could be chosen. */
  private chosen({ input, output }: Pick<VoiceSettings, 'input' | 'output'>) {
    const { files } = this
    return { input: files.input === null ? input : null, output: files.output === null ? output : null }
  }

  private async tellDevices(sound: Sound): Promise<void> {
    const devices = await sound.devices()
    if (devices.ok) this.options.tell({ tell: 'devices', inputs: [...devices.inputs], outputs: [...devices.outputs] })
    else this.fault(devices)
  }

  private async quiet(): Promise<void> {
    const { loopback } = this
    this.loopback = null
    await loopback?.close()
  }

  private async end(): Promise<void> {
    const { engine } = this
    this.engine = null
    await engine?.close()
  }

  private fault({ code, message }: SoundFault | DatagramFault | CodecFault): void {
    this.options.tell({ tell: 'fault', code, message })
    if (code === 'stuck') this.options.giveUp()
  }
}
