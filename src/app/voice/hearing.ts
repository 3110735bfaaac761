import { decodeBase32 } from '../../base/base32.ts'
import type { VoicePresent } from '../../node/voice-outputs.ts'
import type { Person } from '../events.ts'
import type { Tuning, VoicePeer } from './contract.ts'
import type { Seen } from './endpoints.ts'
import type { VoiceReport } from './messages.ts'
import { type Namer, peerOf } from './present.ts'
import type { MemberStatistics } from './reports.ts'

/** After these there is no sound in one direction or both, until it is told that there is (ports/sound.ts). */
const SOUND_FAULTS = ['no-device', 'gone', 'silent', 'stuck', 'file', 'failed']

/** What a voice process has told of the room it is in. */
export class Hearing {
  talking = false
  input = false
  output = false
  bitrate: number | null = null
  seen: readonly Seen[] = []
  /** Who of another network is passed on by members. */
  bridged: readonly { readonly id: string; readonly name: string; readonly through: string }[] = []
  private lacksSound = false
  private speaking: ReadonlySet<string> = new Set()
  private members: ReadonlyMap<string, MemberStatistics> = new Map()

  /** Takes in a report; false where it is none about this. */
  hear(report: VoiceReport): boolean {
    if (report.tell === 'speaking') {
      this.speaking = new Set(report.ids)
      this.talking = report.self
    } else if (report.tell === 'statistics') {
      this.members = new Map(report.statistics.members.map((member) => [member.id, member]))
      this.bitrate = report.statistics.bitrate
    } else if (report.tell === 'sound') {
      this.input = report.input
      this.output = report.output
    } else if (report.tell === 'seen') this.seen = report.as
    else if (report.tell === 'bridged') this.bridged = report.people
    else return false
    return true
  }

  isSpeaking(id: string): boolean {
    return this.speaking.has(id)
  }

  /** Takes note of a fault that people were told of. */
  toldOf(code: string): void {
    if (SOUND_FAULTS.includes(code)) this.lacksSound = true
  }

  /** True once: there is sound in both directions again, after people were told that there is none. */
  isSoundBack(): boolean {
    if (!this.lacksSound || !this.input || !this.output) return false
    this.lacksSound = false
    return true
  }

  /** Those who are passed on, as people see them. */
  bridgedPeers(tuning: (id: string) => Tuning, people: Namer): VoicePeer[] {
    return this.bridged.map(({ id, name, through }) => ({
      ...{ id, name, speaking: this.isSpeaking(id), muted: false, deafened: false, path: 'relayed' },
      ...{ through: personOf(through, people), lossPercent: null, jitterMs: null, delayMs: null, rttMs: null },
      ...{ heardLossPercent: null, ...tuning(id) },
    }))
  }

  peer(present: VoicePresent, tuning: Tuning, people: Namer): VoicePeer {
    const peer = peerOf(present, people, tuning)
    const speaking = this.speaking.has(peer.id)
    const known = this.members.get(peer.id)
    if (known === undefined) return { ...peer, speaking, path: 'none' }
    const { path, via, rttMs, hearing, heard } = known
    return {
      ...peer,
      speaking,
      path,
      through: via === null ? null : personOf(via, people),
      lossPercent: rounded(hearing?.lossPercent),
      jitterMs: rounded(hearing?.jitterMs),
      delayMs: rounded(hearing?.delayMs),
      rttMs: rounded(rttMs),
      heardLossPercent: rounded(heard?.lossPercent),
    }
  }
}

function personOf(id: string, people: Namer): Person {
  const key = decodeBase32(id)
  if (key === null) return { id, name: id.slice(0, 8) }
  return { id, name: people.meet(key, '').name }
}

/** A tenth is more than anybody can hear. */
function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value * 10) / 10
}
