import type { Outcome } from '../chat.ts'
import type { Person } from '../events.ts'

/**
 * Voice, as commands and front ends see it: the part of `Chat` that is about it. Fields of what it answers go out as JSON: add, never rename.
 */
export interface Voice {
  /** How it stands. Costs nothing while voice is not used. */
  view(): VoiceView
  /** Who is in voice in a joined room, without ourselves; whether we are there or not. */
  present(room: string): readonly VoicePeer[]
  /** Speaks and listens in a room, and in no other. `room` null: the current one. Answers once it does, or cannot. */
  join(room: string | null): Promise<Outcome<VoiceAnswer>>
  leave(): Promise<Outcome<VoiceAnswer>>
  /** Null: the other way than it is. Who unmutes hears again too. */
  mute(on: boolean | null): Promise<Outcome<VoiceAnswer>>
  /** Hears nobody, and is muted for as long. */
  deafen(on: boolean | null): Promise<Outcome<VoiceAnswer>>
  /** The key of push-to-talk is held, or no longer. */
  press(on: boolean | null): Promise<Outcome<VoiceAnswer>>
  /** How somebody is heard here; nobody else is told. `peer` as in `Chat.disconnect`. */
  tune(peer: string, tuning: Partial<Tuning>): Promise<Outcome<{ peer: Person } & Tuning>>
  choices(): Promise<VoiceChoices>
  /** Chooses anew, for this time and the next; what is not mentioned stays. */
  choose(choices: Partial<VoiceChoices>): Promise<Outcome<{ choices: VoiceChoices }>>
  devices(): Promise<Outcome<VoiceDevices>>
  /** A device by its name, its number in the list from 1, or a part of its name; null: whichever is the default. */
  useDevice(side: SoundSide, device: string | null): Promise<Outcome<{ side: SoundSide; device: DeviceView | null }>>
  /** Plays back what the microphone hears, and tells how loud it is as `level` events; ends by itself. Null: begins, or ends. */
  test(on: boolean | null): Promise<Outcome<{ testing: boolean; seconds: number }>>
}

export type SoundSide = 'in' | 'out'

/** What opens the microphone: a voice, a key that is held, or nothing has to. */
export type VoiceMode = 'voice' | 'push' | 'open'

/** As the seed had it: muted is on, too. */
export type VoiceState = 'on' | 'off' | 'muted'

export interface VoiceAnswer {
  readonly state: VoiceState
  /** Null: in none. */
  readonly room: string | null
  readonly muted: boolean
  readonly deafened: boolean
  readonly pressed: boolean
}

export interface VoiceView extends VoiceAnswer {
  /** The voice process hears and is heard; false while it starts. */
  readonly ready: boolean
  readonly mode: VoiceMode
  /** We are being sent. */
  readonly talking: boolean
  /** Whether there is something to record from, and to play on. */
  readonly input: boolean
  readonly output: boolean
  /** The UDP port; null where none is open. */
  readonly port: number | null
  /** Bits a second that our speech takes now; null where nothing is sent. */
  readonly bitrate: number | null
  readonly peers: readonly VoicePeer[]
  /** Null where no test runs. */
  readonly test: { readonly peakDb: number; readonly levelDb: number } | null
  /** What is held to talk; null: none. */
  readonly talkKey: string | null
}

/** Somebody who is in voice. What is not known is null; all of it is where we are not there ourselves. */
export interface VoicePeer extends Person {
  readonly speaking: boolean
  /** They have muted themselves. */
  readonly muted: boolean
  readonly deafened: boolean
  /** `relayed`: through another member. `none`: no way has opened yet. */
  readonly path: 'direct' | 'relayed' | 'none' | null
  readonly through: Person | null
  /** Of what they send, of late. */
  readonly lossPercent: number | null
  readonly jitterMs: number | null
  /** How long their sound waits here. */
  readonly delayMs: number | null
  /** There and back. */
  readonly rttMs: number | null
  /** Of what we send, as they say. */
  readonly heardLossPercent: number | null
  /** For us. */
  readonly volumePercent: number
  readonly silenced: boolean
}

export interface Tuning {
  /** 0 to 200. */
  readonly volumePercent: number
  /** Not heard at all. */
  readonly silenced: boolean
}

/** What people choose, and find again at the next start. */
export interface VoiceChoices {
  readonly mode: VoiceMode
  /** Bits a second while the network is well: 12,000 to 64,000. */
  readonly bitrate: number
  readonly frameMs: 10 | 20
  readonly noiseSuppression: boolean
  /** `auto`, or decibels from -20 to 20. */
  readonly gain: 'auto' | number
  /** Of everybody together: 0 to 200. */
  readonly volumePercent: number
  /** Whether joins and leaves are heard. */
  readonly chimes: boolean
  /** A device's id; null for the default. */
  readonly input: string | null
  readonly output: string | null
  /** For push-to-talk at the prompt: `f1` to `f12`, or `ctrl-space`; null: none. */
  readonly talkKey: string | null
}

export interface DeviceView {
  readonly id: string
  readonly name: string
  /** Taken where none is chosen. */
  readonly isDefault: boolean
  readonly chosen: boolean
}

export interface VoiceDevices {
  readonly inputs: readonly DeviceView[]
  readonly outputs: readonly DeviceView[]
}

export const VOICE_OFF: VoiceView = {
  state: 'off',
  room: null,
  muted: false,
  deafened: false,
  pressed: false,
  ready: false,
  mode: 'voice',
  talking: false,
  input: false,
  output: false,
  port: null,
  bitrate: null,
  peers: [],
  test: null,
  talkKey: null,
}
