import { bareName } from '../../base/dialects.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { AppEvent, Person } from '../events.ts'
import type { ChoiceStore } from './choices.ts'
import type { DeviceView, SoundSide, Tuning, VoiceChoices, VoiceDevices, VoiceView } from './contract.ts'
import type { VoiceReport } from './messages.ts'
import { MicrophoneTest, TEST_SECONDS } from './microphone-test.ts'
import type { VoiceRoom } from './room.ts'
import type { VoiceRunner } from './runner.ts'
import type { ProcessState } from './supervisor.ts'

export interface VoiceServiceOptions {
  readonly clock: Clock
  readonly runner: VoiceRunner
  readonly store: ChoiceStore
  readonly room: VoiceRoom
  /** WAV files in place of devices. */
  readonly files: { readonly input: string | null; readonly output: string | null }
  /** Who is meant by what a user types. */
  find(peer: string): Outcome<{ person: Person }>
  emit(event: AppEvent): void
  /** Gives up what it holds beside the voice process. */
  closing?(): void
}

/** A sound server that hangs is given up after two seconds, and there may be two questions before. */
const DEVICES_MS_MAX = 8_000
/**
 * What is told again within this is the same thing, told by both directions of sound, or by the microphone's test and by the room that begins beside
 * it: a sound server that hangs is waited for as long.
 */
const SAME_FAULT_MS = 5_000

type DevicesReport = Extract<VoiceReport, { tell: 'devices' }>

/** Everything of voice that takes a voice process: being in a room, the list of devices, the microphone's test, and what was chosen. */
export class VoiceService {
  readonly room: VoiceRoom
  private test: MicrophoneTest | null = null
  private asking: ((answer: DevicesReport | Fault) => void)[] = []
  private cancelAsking = (): void => {}
  private lastFault = { message: '', atMs: Number.NEGATIVE_INFINITY }

  constructor(private readonly options: VoiceServiceOptions) {
    this.room = options.room
  }

  view(): VoiceView {
    return { ...this.room.view(), test: this.test?.shown ?? null }
  }

  /** For the supervisor. */
  processChanged(state: ProcessState): void {
    if (state.is !== 'running') this.options.runner.isReady = false
    const wasInRoom = this.room.room !== null
    this.room.processChanged(state)
    if (state.is !== 'failed') return
    this.answerDevices({ ok: false, code: 'voice-failed', message: state.message })
    this.failTest('failed', state.message, wasInRoom)
  }

  /** For every report of a voice process. */
  heard(report: VoiceReport): void {
    const { runner, files } = this.options
    if (report.tell === 'ready') {
      runner.isReady = true
      if (files.input !== null || files.output !== null) runner.send({ do: 'files', ...files })
      if (runner.isWanted('devices')) runner.send({ do: 'devices' })
      this.test?.begin()
    }
    if (report.tell === 'devices') this.answerDevices(report)
    if (report.tell === 'fault') return this.fault(report)
    if (this.test?.hear(report) !== true) this.room.hear(report)
  }

  get choices(): VoiceChoices {
    return this.options.store.choices
  }

  choose(choices: Partial<VoiceChoices>): Outcome<{ choices: VoiceChoices }> {
    const { store } = this.options
    store.choose(choices)
    this.room.applySettings()
    this.room.changed()
    return { ok: true, choices: store.choices }
  }

  tune(peer: string, tuning: Partial<Tuning>): Outcome<{ peer: Person } & Tuning> {
    const stranger = this.room
      .strangers()
      .find(({ id, name }) => id === peer || name === peer || bareName(name) === peer)
    const found = this.options.find(peer)
    // A name without a mark is one of ours, if there is one.
    const isNamed = stranger !== undefined && (stranger.name === peer || stranger.id === peer)
    if (!found.ok && stranger === undefined) return found
    const { id, name } = found.ok && !isNamed ? found.person : stranger!
    const tuned = this.options.store.tune(id, tuning)
    this.room.retell(id)
    return { ok: true, peer: { id, name }, ...tuned }
  }

  async devices(): Promise<Outcome<VoiceDevices>> {
    const report = await this.askDevices()
    if (!('tell' in report)) return report
    const { input, output } = this.options.store.choices
    const views = (list: DevicesReport['inputs'], chosen: string | null): DeviceView[] =>
      list.map((device) => ({ ...device, chosen: chosen === null ? device.isDefault : device.id === chosen }))
    return { ok: true, inputs: views(report.inputs, input), outputs: views(report.outputs, output) }
  }

  async useDevice(
    side: SoundSide,
    wanted: string | null,
  ): Promise<Outcome<{ side: SoundSide; device: DeviceView | null }>> {
    const key = side === 'in' ? 'input' : 'output'
    if (wanted === null) {
      this.choose({ [key]: null })
      return { ok: true, side, device: null }
    }
    const devices = await this.devices()
    if (!devices.ok) return devices
    const found = deviceNamed(wanted, side === 'in' ? devices.inputs : devices.outputs)
    if (!('id' in found)) return found
    this.choose({ [key]: found.id })
    return { ok: true, side, device: { ...found, chosen: true } }
  }

  testMicrophone(on: boolean | null): Outcome<{ testing: boolean; seconds: number }> {
    const { clock, runner, store, emit } = this.options
    if (on === this.isTesting) return { ok: true, testing: on, seconds: on ? TEST_SECONDS : 0 }
    if (this.test !== null) {
      this.test.end()
      return { ok: true, testing: false, seconds: 0 }
    }
    const { input, output } = store.choices
    runner.want('test')
    this.room.setTesting(true)
    this.test = new MicrophoneTest({
      ...{ clock, input, output },
      send: (command) => runner.send(command),
      emit,
      ended: () => {
        this.test = null
        this.room.setTesting(false)
        runner.release('test')
      },
    })
    return { ok: true, testing: true, seconds: TEST_SECONDS }
  }

  async close(): Promise<void> {
    this.test?.end()
    if (this.room.room !== null) this.room.leave()
    this.options.closing?.()
    this.answerDevices({ ok: false, code: 'closing', message: 'hearsay is ending. Start it again to see them.' })
    await this.options.runner.close()
  }

  private get isTesting(): boolean {
    return this.test !== null
  }

  private fault(report: Extract<VoiceReport, { tell: 'fault' }>): void {
    const { code, message } = report
    const isAgain = this.isAgain(message)
    // It may be about a room that is only beginning.
    const isElsewhere = this.room.room === null || this.room.view().ready
    if (this.asking.length > 0 && isElsewhere) {
      return this.answerDevices({ ok: false, code: `voice-${code}`, message })
    }
    if (this.room.room === null) return this.failTest(code, message, isAgain)
    // A room that has not begun needs its reason also where somebody else was told.
    if (!isAgain || !this.room.view().ready) this.room.hear(report)
  }

  /** Whether this was told just now. */
  private isAgain(message: string): boolean {
    const nowMs = this.options.clock.nowMs()
    const { lastFault } = this
    this.lastFault = { message, atMs: nowMs }
    return lastFault.message === message && nowMs - lastFault.atMs < SAME_FAULT_MS
  }

  private failTest(code: string, message: string, isKnown: boolean): void {
    if (this.test === null) return
    this.test.hasFailed = true
    if (!isKnown) this.options.emit({ event: 'error', code: `voice-${code}`, message })
    this.test?.end()
  }

  private askDevices(): Promise<DevicesReport | Fault> {
    const { clock, runner } = this.options
    const answer = new Promise<DevicesReport | Fault>((resolve) => this.asking.push(resolve))
    if (this.asking.length > 1) return answer
    runner.want('devices')
    runner.send({ do: 'devices' })
    const message = 'The sound devices cannot be listed: the sound server does not answer.'
    this.cancelAsking = clock.timer(clock.nowMs() + DEVICES_MS_MAX, () =>
      this.answerDevices({ ok: false, code: 'voice-slow', message }),
    )
    return answer
  }

  private answerDevices(answer: DevicesReport | Fault): void {
    this.cancelAsking()
    for (const resolve of this.asking.splice(0)) resolve(answer)
    this.options.runner.release('devices')
  }
}

/** By its number in the list from 1, its id or its name, or the only one whose name has that in it. */
function deviceNamed(wanted: string, devices: readonly DeviceView[]): DeviceView | Fault {
  const lower = wanted.trim().toLowerCase()
  const exact = devices.find(({ id, name }) => id === wanted || name.toLowerCase() === lower)
  const numbered = /^\d{1,3}$/.test(lower) ? devices[Number(lower) - 1] : undefined
  if (exact !== undefined || numbered !== undefined) return (exact ?? numbered)!
  const alike = devices.filter(({ name }) => name.toLowerCase().includes(lower))
  if (alike.length === 1) return alike[0]!
  if (alike.length === 0) {
    return { ok: false, code: 'no-such-device', message: `No device is called ${wanted}. /voice devices lists them.` }
  }
  const names = alike.slice(0, 3).map(({ name }) => name)
  return { ok: false, code: 'ambiguous-device', message: `${wanted} could be ${names.join(' or ')}: say which.` }
}
