import type { Address } from '../../base/address.ts'
import { encodeBase32 } from '../../base/base32.ts'
import type { VoiceFault, VoiceSteering, VoiceTelling } from '../../node/voice-outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { AppEvent, Person, VoiceChange } from '../events.ts'
import type { Log } from '../log.ts'
import type { ChoiceStore } from './choices.ts'
import type { Tuning, VoiceAnswer, VoicePeer, VoiceView } from './contract.ts'
import { reachableEndpoints } from './endpoints.ts'
import { type ForeignVoice, foreignersCommand, foreignPeers } from './foreign.ts'
import { Hearing } from './hearing.ts'
import type { VoiceReport, VoiceSettings } from './messages.ts'
import { AS_IT_COMES, type Namer, peerOf } from './present.ts'
import type { VoiceRunner } from './runner.ts'
import { type Begun, VoiceSession } from './session.ts'
import type { ProcessState } from './supervisor.ts'

export interface VoiceRoomOptions {
  readonly steering: VoiceSteering
  readonly people: Namer
  readonly clock: Clock
  readonly runner: VoiceRunner
  readonly store: ChoiceStore
  /** Where to listen: the node's own address, a literal one, and the UDP port. */
  readonly listen: Address
  readonly log: Log
  /** Voice in a network of another protocol; null: there is none. */
  readonly foreign: ForeignVoice | null
  emit(event: AppEvent): void
}

/** A voice process starts in a fraction of a second, and opens its port at once. */
const JOIN_MS_MAX = 10_000
/** What is told before the port is open may be no hindrance (without a noise suppressor it goes on), and is the reason where it does not open. */
const FAULT_MS_MAX = 1_500
/** After these it does not. */
const HOPELESS = ['not-built', 'no-library', 'not-allowed', 'no-such-address', 'network']

/**
 * Being in voice: what the node tells goes to the voice process, what that one tells to the node and to people, and what people want to both.
 * A voice process that is started again is told everything again.
 */
export class VoiceRoom {
  private readonly session: VoiceSession
  private hearing = new Hearing()
  private muted = false
  private deafened = false
  private pressed = false
  /** What the microphone hears is somebody's own test, not for the others. */
  private testing = false
  private hasCrashed = false
  private joining: ((answer: Outcome<VoiceAnswer>) => void)[] = []
  private cancelJoin = (): void => {}
  private lastFault: Fault | null = null

  constructor(private readonly options: VoiceRoomOptions) {
    const { runner, listen, log, store, steering } = options
    this.session = new VoiceSession({
      ...{ runner, listen, log },
      settings: () => this.settings(),
      tuning: (id) => store.tuning(id),
      anew: () => steering.anew(),
    })
    options.foreign?.watch((room, change) => {
      if (room !== this.room) return
      this.tellForeigners()
      if (change !== null) this.changed({ what: change.what, ...change.person })
    })
  }

  get room(): string | null {
    return this.session.room
  }

  /** Those of another network who are in voice here, reached by us or passed on by members. */
  strangers(): Person[] {
    const { room } = this
    const reached = room === null ? [] : (this.options.foreign?.present(room) ?? [])
    return [...reached, ...this.hearing.bridged].map(({ id, name }) => ({ id, name }))
  }

  join(room: string): Promise<Outcome<VoiceAnswer>> {
    const { steering, runner } = this.options
    const before = this.room
    if (before === room && this.session.begun !== null) return Promise.resolve(this.answer())
    const wrong = before === room ? null : steering.join(room)
    if (wrong !== null) return Promise.resolve(cannotJoin(wrong, room))
    if (before !== room) steering.state(this.isMuted, this.deafened)
    if (before !== null && before !== room) this.tellOff(before)
    runner.want('room')
    const answer = new Promise<Outcome<VoiceAnswer>>((resolve) => this.joining.push(resolve))
    this.failIn(JOIN_MS_MAX, 'voice-slow', 'Voice does not start: its process does not answer. Try again.')
    return answer
  }

  leave(): Outcome<VoiceAnswer> {
    const { room } = this
    if (room === null) return NOT_IN_VOICE
    this.options.steering.leave()
    this.end()
    this.settle({
      ok: false,
      code: 'left',
      message: 'Voice was left before it had begun. /voice join begins it again.',
    })
    this.tellOff(room)
    return this.answer()
  }

  mute(on: boolean | null): Outcome<VoiceAnswer> {
    this.muted = on ?? !this.isMuted
    if (!this.muted) this.deafened = false
    return this.stated()
  }

  deafen(on: boolean | null): Outcome<VoiceAnswer> {
    this.deafened = on ?? !this.deafened
    return this.stated()
  }

  press(on: boolean | null): Outcome<VoiceAnswer> {
    if (this.room === null) return NOT_IN_VOICE
    if (this.options.store.choices.mode !== 'push') {
      return { ok: false, code: 'not-push', message: 'Push-to-talk is off: /voice mode push switches it on.' }
    }
    const pressed = on ?? !this.pressed
    if (pressed === this.pressed) return this.answer()
    this.pressed = pressed
    this.applySettings()
    this.changed()
    return this.answer()
  }

  setTesting(testing: boolean): void {
    this.testing = testing
    this.applySettings()
  }

  /** What is chosen has changed. */
  applySettings(): void {
    if (this.options.store.choices.mode !== 'push') this.pressed = false
    this.session.applySettings()
  }

  /** How somebody is to be heard has changed. */
  retell(id: string): void {
    this.session.retell(id)
    if (this.strangers().some((each) => each.id === id)) this.tellHow(id)
    this.changed()
  }

  view(): Omit<VoiceView, 'test'> {
    const { begun } = this.session
    const { mode, talkKey } = this.options.store.choices
    const { talking, input, output, bitrate } = begun === null ? new Hearing() : this.hearing
    const { ok: _, ...answer } = this.answer()
    const sound = { talking, input, output, bitrate, port: begun?.port ?? null }
    return { ...answer, ...sound, ready: begun !== null, mode, peers: this.peers(), talkKey }
  }

  /** Tells front ends how it stands. */
  changed(change?: VoiceChange): void {
    const { room } = this
    if (room === null) return
    const { state, deafened } = this.answer()
    const { talking } = this.hearing
    const why = change === undefined ? {} : { change }
    this.options.emit({ event: 'voice', state, room, peers: this.peers(), deafened, talking, ...why })
  }

  /** For everything that the node tells of voice, but for who is there. */
  tell(telling: VoiceTelling): void {
    if (telling.kind === 'voice-session') this.hearing = new Hearing()
    this.session.tell(telling)
  }

  /** For the supervisor. */
  processChanged(state: ProcessState): void {
    if (state.is === 'restarting' && this.room !== null) {
      if (this.session.begun !== null || !this.hasCrashed) this.notice('voice-crashed', state.message)
      this.hasCrashed = true
      this.session.lost()
      this.hearing = new Hearing()
      this.changed()
    }
    if (state.is === 'failed') this.fail('voice-failed', `${state.message} /voice join tries again.`)
  }

  /** For every report of a voice process. */
  hear(report: VoiceReport): void {
    if (report.tell === 'ready') return this.session.ready()
    if (this.room === null) return
    if (report.tell === 'begun') return this.hasBegun(report)
    if (report.tell === 'fault') return this.fault(report.code, report.message)
    if (!this.hearing.hear(report)) return
    if (this.hearing.isSoundBack()) this.notice('voice-sound', 'There is sound again.')
    if (report.tell === 'bridged') this.tellHowAll()
    if (report.tell === 'seen') this.tellWhere()
    else this.changed()
  }

  private get isMuted(): boolean {
    return this.muted || this.deafened
  }

  private answer(): { readonly ok: true } & VoiceAnswer {
    const { room, isMuted: muted, deafened, pressed } = this
    const state = room === null ? 'off' : muted ? 'muted' : 'on'
    return { ok: true, state, room, muted, deafened, pressed }
  }

  private stated(): Outcome<VoiceAnswer> {
    if (this.room !== null) this.options.steering.state(this.isMuted, this.deafened)
    this.applySettings()
    this.changed()
    return this.answer()
  }

  private peers(): VoicePeer[] {
    const { steering, store, people } = this.options
    const { room, hearing } = this
    const present = room === null ? [] : steering.present(room)
    const own = present.map((each) => hearing.peer(each, store.tuning(encodeBase32(each.member)), people))
    const { foreign } = this.options
    if (room === null) return own
    const tuning = (id: string): Tuning => store.tuning(id)
    const passedOn = hearing.bridgedPeers(tuning, people)
    return [...own, ...(foreign === null ? [] : foreignPeers(foreign, room, hearing, tuning)), ...passedOn]
  }

  private tellForeigners(): void {
    const { foreign, runner } = this.options
    const { room } = this
    if (foreign === null || room === null || this.session.begun === null) return
    runner.send(foreignersCommand(foreign, room))
    this.tellHowAll()
  }

  /** Of those of another network whom people have set, how. */
  private tellHowAll(): void {
    const { store } = this.options
    for (const { id } of this.strangers()) if (store.tuning(id) !== AS_IT_COMES) this.tellHow(id)
  }

  private tellHow(id: string): void {
    const { volumePercent, silenced: muted } = this.options.store.tuning(id)
    this.options.runner.send({ do: 'hear', id, volumePercent, muted })
  }

  private tellOff(room: string): void {
    const { steering, store, people, emit } = this.options
    const present = steering.present(room)
    const peers = present.map((each) => peerOf(each, people, store.tuning(encodeBase32(each.member))))
    emit({ event: 'voice', state: 'off', room, peers, deafened: this.deafened, talking: false })
  }

  private hasBegun({ room, port, local }: Begun & { readonly room: string }): void {
    if (this.room !== room) return
    this.session.begun = { port, local }
    this.options.foreign?.entered(room, port)
    this.tellForeigners()
    this.tellWhere()
    // Something may have been set while it began.
    this.applySettings()
    if (this.hasCrashed) this.notice('voice-back', 'Voice is back.')
    this.hasCrashed = false
    this.settle(this.answer())
    if (this.lastFault !== null) this.notice(this.lastFault.code, this.lastFault.message)
    this.lastFault = null
    this.changed()
  }

  private tellWhere(): void {
    const { begun, members } = this.session
    if (begun !== null) this.options.steering.reachable(reachableEndpoints(begun.local, this.hearing.seen, members))
  }

  private fault(code: string, message: string): void {
    const { session } = this
    if (session.begun !== null) {
      this.hearing.toldOf(code)
      return this.notice(`voice-${code}`, message)
    }
    if (code === 'port-taken' && !session.isAnyPort) {
      this.notice('voice-port', `UDP port ${this.options.listen.port} is taken: voice uses another.`)
      return session.beginElsewhere()
    }
    if (HOPELESS.includes(code)) return this.fail(`voice-${code}`, message)
    this.lastFault = { ok: false, code: `voice-${code}`, message }
    this.failIn(FAULT_MS_MAX, `voice-${code}`, message)
  }

  private notice(code: string, message: string): void {
    this.options.emit({ event: 'notice', code, message })
  }

  private failIn(ms: number, code: string, message: string): void {
    const { clock } = this.options
    this.cancelJoin()
    this.cancelJoin = clock.timer(clock.nowMs() + ms, () => {
      if (this.session.begun === null) this.fail(code, message)
    })
  }

  private fail(code: string, message: string): void {
    const { room } = this
    if (room !== null) {
      this.options.steering.leave()
      this.end()
      // Who asked is answered; who did not is told.
      if (this.joining.length === 0) this.options.emit({ event: 'error', code, message })
      this.tellOff(room)
    }
    this.settle({ ok: false, code, message })
  }

  private end(): void {
    this.options.foreign?.entered(null, 0)
    this.session.end()
    this.pressed = false
    this.hasCrashed = false
    this.lastFault = null
    this.hearing = new Hearing()
    this.options.runner.release('room')
  }

  private settle(answer: Outcome<VoiceAnswer>): void {
    this.cancelJoin()
    for (const resolve of this.joining.splice(0)) resolve(answer)
  }

  private settings(): VoiceSettings {
    const { mode, bitrate, frameMs, noiseSuppression, gain, volumePercent, chimes, input, output } =
      this.options.store.choices
    return {
      ...{ mode, bitrate, frameMs, noiseSuppression, volumePercent, chimes, input, output },
      ...{ muted: this.isMuted || this.testing, deafened: this.deafened, pressed: this.pressed, levels: false },
      ...{ automaticGain: gain === 'auto', gainDb: gain === 'auto' ? 0 : gain },
    }
  }
}

const NOT_IN_VOICE: Fault = {
  ok: false,
  code: 'not-in-voice',
  message: 'You are not in voice. /voice join begins.',
}

function cannotJoin(why: VoiceFault, room: string): Fault {
  if (why === 'not-joined') {
    return { ok: false, code: 'not-joined', message: `You are not in ${room}. /join ${room} enters it.` }
  }
  return { ok: false, code: 'voice-full', message: `In ${room} as many are in voice as can be. Try again later.` }
}
