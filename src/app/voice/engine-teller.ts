import { type Address, formatAddress } from '../../base/address.ts'
import type { LevelMeter } from '../../core/voice/level.ts'
import { PATH_PEERS_MAX } from '../../core/voice/paths.ts'
import type { BridgedSpeaker } from './engine-bridging.ts'
import type { Member } from './engine-member.ts'
import type { VoiceReport } from './messages.ts'
import { BRIDGED_PEOPLE_MAX } from './reports.ts'

const LEVEL_EVERY_MS = 100

/** Tells what changes as it does, and not more often than anybody looks. */
export class Teller {
  private levelMs = Number.NEGATIVE_INFINITY
  private speakingBefore = ''
  private seenBefore = ''
  private soundBefore = ''
  private bridgedBefore = '[]'

  constructor(private readonly tell: (report: VoiceReport) => void) {}

  level({ peakDb, levelDb }: LevelMeter, gaps: number, nowMs: number): void {
    if (nowMs - this.levelMs < LEVEL_EVERY_MS) return
    this.levelMs = nowMs
    this.tell({ tell: 'level', peakDb, levelDb, gaps })
  }

  speaking(members: Iterable<Member>, foreigners: readonly string[], self: boolean, nowMs: number): void {
    const ids = [...foreigners]
    for (const { id, speaking } of members) if (speaking.isSpeaking(nowMs)) ids.push(id)
    const now = `${self} ${ids.join(' ')}`
    if (now === this.speakingBefore || (this.speakingBefore === '' && !self && ids.length === 0)) return
    this.speakingBefore = now
    this.tell({ tell: 'speaking', ids: ids.slice(0, PATH_PEERS_MAX), self })
  }

  bridged(speakers: readonly BridgedSpeaker[]): void {
    const people = speakers
      .slice(0, BRIDGED_PEOPLE_MAX)
      .map(({ id, name, member }) => ({ id, name, through: member.id }))
    const now = JSON.stringify(people)
    if (now === this.bridgedBefore) return
    this.bridgedBefore = now
    this.tell({ tell: 'bridged', people })
  }

  seen(addresses: readonly Address[]): void {
    const counts = new Map<string, { host: string; port: number; by: number }>()
    for (const address of addresses) {
      const key = formatAddress(address)
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { host: address.host, port: address.port, by: 1 })
      else known.by++
    }
    const as = [...counts.values()].toSorted((a, b) => b.by - a.by)
    const now = JSON.stringify(as)
    if (now === (this.seenBefore || '[]')) return
    this.seenBefore = now
    this.tell({ tell: 'seen', as })
  }

  sound(input: boolean, output: boolean): void {
    const now = `${input} ${output}`
    if (now === this.soundBefore) return
    this.soundBefore = now
    this.tell({ tell: 'sound', input, output })
  }
}
