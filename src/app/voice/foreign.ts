import { bareName } from '../../base/dialects.ts'
import type { Person } from '../events.ts'
import type { Tuning, VoicePeer } from './contract.ts'
import type { Hearing } from './hearing.ts'
import type { VoiceCommand } from './messages.ts'

/** Somebody who is in voice in a network of another protocol. */
export interface ForeignSpeaker extends Person {
  /** What they are called there. */
  readonly there: string
  /** Where they hear. */
  readonly host: string
  readonly port: number
}

/** Voice in a network of another protocol, as far as it is told of there; the sound itself is the voice process's. */
export interface ForeignVoice {
  /** What we are called there, now. */
  readonly own: string
  /** We are in voice in a room, and hear at that UDP port; null: no longer. */
  entered(room: string | null, port: number): void
  present(room: string): readonly ForeignSpeaker[]
  /** Who is there has changed; null: what we are called there. */
  watch(changed: (room: string, change: { what: 'joined' | 'left'; person: Person } | null) => void): void
}

/** What the voice process is to know of them, all of it each time. */
export function foreignersCommand(foreign: ForeignVoice, room: string): VoiceCommand {
  const people = foreign
    .present(room)
    .map(({ there, name, host, port }) => ({ id: there, name: bareName(name), host, port }))
  return { do: 'foreigners', own: foreign.own, room, people }
}

/** As people see them: nothing is known of how they are heard. */
export function foreignPeers(
  foreign: ForeignVoice,
  room: string,
  hearing: Hearing,
  tuning: (id: string) => Tuning,
): VoicePeer[] {
  return foreign.present(room).map(({ id, name, there }) => ({
    ...{ id, name, speaking: hearing.isSpeaking(there), muted: false, deafened: false, path: 'direct', through: null },
    ...{ lossPercent: null, jitterMs: null, delayMs: null, rttMs: null, heardLossPercent: null },
    ...tuning(id),
  }))
}
