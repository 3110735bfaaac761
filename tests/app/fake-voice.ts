import type { Fault, Outcome } from '../../src/app/chat.ts'
import type { Person } from '../../src/app/events.ts'
import {
  type DeviceView,
  type SoundSide,
  type Tuning,
  VOICE_OFF,
  type Voice,
  type VoiceAnswer,
  type VoiceChoices,
  type VoiceDevices,
  type VoicePeer,
  type VoiceView,
} from '../../src/app/voice/contract.ts'

const FIRST_CHOICES: VoiceChoices = {
  mode: 'voice',
  bitrate: 32_000,
  frameMs: 20,
  noiseSuppression: true,
  gain: 'auto',
  volumePercent: 100,
  chimes: true,
  input: null,
  output: null,
  talkKey: 'f8',
}

const DEVICE: DeviceView = { id: 'mic', name: 'Microphone', isDefault: true, chosen: true }

/** Somebody in voice of whom nothing is known but their name. */
export function inVoice(person: Person, more: Partial<VoicePeer> = {}): VoicePeer {
  return {
    ...person,
    ...{ speaking: false, muted: false, deafened: false, path: null, through: null, lossPercent: null },
    ...{ jitterMs: null, delayMs: null, rttMs: null, heardLossPercent: null, volumePercent: 100, silenced: false },
    ...more,
  }
}

/** What a fake chat does with voice: it writes down what it was asked, and does as if. */
export class FakeVoice implements Voice {
  shown: VoiceView = VOICE_OFF
  chosen = FIRST_CHOICES
  /** Who is in voice in rooms that we are not in voice in. */
  readonly others = new Map<string, readonly VoicePeer[]>()
  fault: Fault | null = null

  constructor(private readonly asked: string[]) {}

  view(): VoiceView {
    return this.shown
  }

  present(room: string): readonly VoicePeer[] {
    return this.shown.room === room ? this.shown.peers : (this.others.get(room) ?? [])
  }

  join(room: string | null): Promise<Outcome<VoiceAnswer>> {
    return this.now(`voice join ${room ?? '(here)'}`, { state: 'on', room: room ?? 'general', ready: true })
  }

  leave(): Promise<Outcome<VoiceAnswer>> {
    return this.now('voice leave', VOICE_OFF)
  }

  mute(on: boolean | null): Promise<Outcome<VoiceAnswer>> {
    const muted = on ?? !this.shown.muted
    return this.now(`voice mute ${on}`, { muted, state: this.shown.room === null ? 'off' : muted ? 'muted' : 'on' })
  }

  deafen(on: boolean | null): Promise<Outcome<VoiceAnswer>> {
    return this.now(`voice deafen ${on}`, { deafened: on ?? !this.shown.deafened })
  }

  press(on: boolean | null): Promise<Outcome<VoiceAnswer>> {
    return this.now(`voice press ${on}`, { pressed: on ?? !this.shown.pressed })
  }

  async tune(peer: string, tuning: Partial<Tuning>): Promise<Outcome<{ peer: Person } & Tuning>> {
    this.asked.push(`voice tune ${peer} ${JSON.stringify(tuning)}`)
    const done = { ok: true, peer: { id: 'b'.repeat(52), name: peer }, volumePercent: 100, silenced: false } as const
    return this.fault ?? { ...done, ...tuning }
  }

  async choices(): Promise<VoiceChoices> {
    return this.chosen
  }

  async choose(choices: Partial<VoiceChoices>): Promise<Outcome<{ choices: VoiceChoices }>> {
    this.asked.push(`voice choose ${JSON.stringify(choices)}`)
    this.chosen = { ...this.chosen, ...choices }
    return { ok: true, choices: this.chosen }
  }

  async devices(): Promise<Outcome<VoiceDevices>> {
    this.asked.push('voice devices')
    return this.fault ?? { ok: true, inputs: [DEVICE], outputs: [] }
  }

  async useDevice(side: SoundSide, device: string | null): ReturnType<Voice['useDevice']> {
    this.asked.push(`voice device ${side} ${device}`)
    return this.fault ?? { ok: true, side, device: device === null ? null : DEVICE }
  }

  async test(on: boolean | null): ReturnType<Voice['test']> {
    this.asked.push(`voice test ${on}`)
    return { ok: true, testing: on !== false, seconds: on === false ? 0 : 15 }
  }

  private now(asked: string, change: Partial<VoiceView>): Promise<Outcome<VoiceAnswer>> {
    this.asked.push(asked)
    if (this.fault !== null) return Promise.resolve(this.fault)
    this.shown = { ...this.shown, ...change }
    const { state, room, muted, deafened, pressed } = this.shown
    return Promise.resolve({ ok: true, state, room, muted, deafened, pressed })
  }
}
