import type { VoicePresent } from '../../node/voice-outputs.ts'
import type { Person } from '../events.ts'
import type { Tuning, VoicePeer } from './contract.ts'

/** Names for keys. */
export interface Namer {
  meet(id: Uint8Array, name: string): Person
}

export const AS_IT_COMES: Tuning = { volumePercent: 100, silenced: false }

/** Somebody in voice, where nothing is known of how they are heard. */
export function peerOf(present: VoicePresent, people: Namer, tuning: Tuning): VoicePeer {
  const { id, name } = people.meet(present.member, present.name)
  return {
    ...{ id, name, speaking: false, muted: present.muted, deafened: present.deafened, path: null, through: null },
    ...{ lossPercent: null, jitterMs: null, delayMs: null, rttMs: null, heardLossPercent: null },
    ...{ volumePercent: tuning.volumePercent, silenced: tuning.silenced },
  }
}
