import type { Person } from '../../app/events.ts'
import type { VoiceView } from '../../app/voice/contract.ts'
import { meter } from '../meter.ts'

/** Speakers that are named; of more, how many. */
const NAMED_MAX = 2
/** Who pauses between two words is still named, so that what is typed does not jump about. */
const LASTS_MS = 1_500

/** What the prompt says of voice: `[voice:on]` or `[voice:muted]`, who speaks, and how loud the microphone is while it is tested. */
export class VoiceMark {
  /** When each was heard last. */
  private readonly heardMs = new Map<string, number>()

  constructor(private readonly nameOf: (person: Person) => string) {}

  /** Empty, or ends with a blank. `current`: the room that is typed into; voice may be in another one. */
  text(view: VoiceView, nowMs: number, current: string | null): string {
    const marks = view.test === null ? [] : [`[mic ${meter(view.test.peakDb)}]`]
    if (view.room !== null) marks.push(...this.ofRoom(view, nowMs, current))
    return marks.map((mark) => `${mark} `).join('')
  }

  private ofRoom(view: VoiceView, nowMs: number, current: string | null): string[] {
    const marks = [view.muted ? '[voice:muted]' : '[voice:on]']
    if (view.room !== current) marks.push(`[in ${view.room}]`)
    if (view.deafened) marks.push('[deafened]')
    if (view.pressed) marks.push('[talking]')
    for (const peer of view.peers) {
      if (peer.speaking && !peer.silenced) this.heardMs.set(peer.id, nowMs)
      else if (nowMs - (this.heardMs.get(peer.id) ?? nowMs) > LASTS_MS) this.heardMs.delete(peer.id)
    }
    const speakers = view.peers.filter(({ id }) => this.heardMs.has(id))
    if (speakers.length === 0) return marks
    const named = speakers.slice(0, NAMED_MAX).map((peer) => this.nameOf(peer))
    const more = speakers.length > NAMED_MAX ? [`+${speakers.length - NAMED_MAX}`] : []
    return [...marks, `[${[...named, ...more].join(', ')}]`]
  }
}
