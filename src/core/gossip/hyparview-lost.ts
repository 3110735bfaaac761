import type { Contact } from '../../wire/membership.ts'
import type { Members } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  ALARM_MS,
  LOST_ATTEMPTS_MAX,
  LOST_FIRST_MS,
  LOST_LAST_MS,
  LOST_MAX,
  LOST_TOGETHER_MS,
} from './hyparview-parameters.ts'

/** A neighbour that went without a goodbye. */
interface Lost {
  readonly contact: Contact
  readonly atMs: number
  failures: number
  /** Others went at about the same time. */
  together: boolean
}

/**
 * Neighbours that went without a goodbye: each is dialled again, ever more rarely, should it come back. One of several that went together is from
 * the other part of a network that was cut in two, if it answers later, and is worth a place then even where there is none.
 */
export class LostNeighbours {
  private readonly byKey = new Map<string, Lost>()

  constructor(private readonly members: Members) {}

  /** Answers whether another went just before: half the network may be gone. */
  add(contact: Contact): boolean {
    if (contact.address === null) return false
    if (this.byKey.size >= LOST_MAX) this.byKey.delete(this.byKey.keys().next().value!)
    const lost: Lost = { contact, atMs: this.members.nowMs, failures: 0, together: false }
    let isAlarming = false
    for (const other of this.byKey.values()) {
      const apartMs = lost.atMs - other.atMs
      if (apartMs <= LOST_TOGETHER_MS) lost.together = other.together = true
      if (apartMs <= ALARM_MS) isAlarming = true
    }
    this.byKey.set(contact.key, lost)
    this.againLater(lost)
    return isAlarming
  }

  /** Most neighbours have just gone. */
  get isGrave(): boolean {
    let count = 0
    for (const { atMs } of this.byKey.values()) if (this.members.nowMs - atMs <= ALARM_MS) count++
    return count > ACTIVE_MAX / 2
  }

  /** It is time to dial `key`: answers where, or null if it is back or given up. */
  due(key: string): Contact | null {
    if (this.members.links.has(key)) this.byKey.delete(key)
    return this.byKey.get(key)?.contact ?? null
  }

  /** A peer that we dialled is there. Answers whether a cut network may be one again by it. */
  found(key: string): boolean {
    const lost = this.byKey.get(key)
    this.byKey.delete(key)
    return lost !== undefined && lost.failures > 0 && lost.together
  }

  dialFailed(key: string): void {
    const lost = this.byKey.get(key)
    if (lost === undefined) return
    lost.failures++
    if (lost.failures >= LOST_ATTEMPTS_MAX) this.byKey.delete(key)
    else this.againLater(lost)
  }

  private againLater({ contact: { key }, failures }: Lost): void {
    const { members } = this
    const pauseMs = Math.min(LOST_FIRST_MS * 2 ** failures, LOST_LAST_MS) * (0.8 + 0.4 * members.rng.float())
    members.timers.set(members.nowMs + pauseMs, { kind: 'lost', key })
  }
}
