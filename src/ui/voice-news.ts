import type { VoiceEvent } from '../app/events.ts'

const CHANGES = {
  muted: 'is muted',
  unmuted: 'can be heard again',
  deafened: 'is muted, and hears nobody',
} as const

/** Who comes, goes and mutes in voice, in words; who speaks is shown, not told. */
export class VoiceNews {
  /** Rooms of which it was said that people are in voice there. */
  private readonly told = new Set<string>()

  /** What is worth a remark; null: nothing. `name` and `place`: as people see them. */
  tell({ room, state, change }: VoiceEvent, name: string, place: string): string | null {
    if (change === undefined) return null
    if (change.what === 'joined' || change.what === 'left') return `${name} ${change.what} voice in ${place}`
    const isOurs = state !== 'off'
    if (change.what !== 'there') return isOurs ? `${name} ${CHANGES[change.what]}` : null
    // Who joins is told by the answer; who does not is told once.
    if (isOurs || this.told.has(room)) return null
    this.told.add(room)
    return `${name} is in voice in ${place}; /voice join talks with those who are there`
  }

  /** The room has been left: who is there is news again. */
  left(room: string): void {
    this.told.delete(room)
  }
}
