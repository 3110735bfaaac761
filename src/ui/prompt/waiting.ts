import type { DeliveryEvent } from '../../app/events.ts'

/** Rooms and conversations in which something waits: as many as one can be in. */
const ROOMS_MAX = 256

/** What waits for somebody to be there: that it has got to them at last is worth a remark, once in each room. */
export class WaitingWords {
  /** The last that waits, by the room. */
  private readonly waiting = new Map<string, string>()

  /** Whether with this, what waited in its room has come to somebody. */
  hear({ id, room, state, of }: DeliveryEvent): boolean {
    if (state !== 'waiting') return this.waiting.get(room) === id && this.waiting.delete(room)
    // In a conversation there always is somebody who is to have it.
    if (of > 0 && !room.startsWith('@')) return false
    this.waiting.delete(room)
    this.waiting.set(room, id)
    if (this.waiting.size > ROOMS_MAX) this.waiting.delete(this.waiting.keys().next().value!)
    return false
  }
}
