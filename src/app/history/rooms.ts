import { decodeBase32, encodeBase32 } from '../../base/base32.ts'
import { toHex } from '../../base/bytes.ts'
import type { RoomSettings } from '../../ports/store.ts'
import { openRoomId } from '../../wire/event.ts'

/** As many as the store answers. Each is a room somebody was in, or a conversation. */
const ROOMS_MAX = 10_000

interface Known {
  readonly room: Uint8Array
  readonly settings: RoomSettings
}

/** Which rooms there are by their ids in the store, and what people call them: a name, or `@` and the other's id. */
export class Rooms {
  private readonly byKey = new Map<string, Known>()
  private readonly byPeer = new Map<string, Uint8Array>()

  constructor(known: Iterable<Known>) {
    for (const { room, settings } of known) this.remember(room, settings)
  }

  has(room: Uint8Array): boolean {
    return this.byKey.has(toHex(room))
  }

  list(): Known[] {
    return [...this.byKey.values()]
  }

  /** Whether that is news. */
  set(room: Uint8Array, settings: RoomSettings): boolean {
    const known = this.byKey.get(toHex(room))
    if (known === undefined && this.byKey.size >= ROOMS_MAX) return false
    if (known?.settings.name === settings.name && known.settings.joined === settings.joined) return false
    this.remember(room, settings)
    return true
  }

  /** As front ends call it; null where it is not known. */
  placeOf(room: Uint8Array): string | null {
    const settings = this.byKey.get(toHex(room))?.settings
    if (settings === undefined) return null
    return settings.peer === null ? settings.name : `@${encodeBase32(settings.peer)}`
  }

  /** The room front ends call so; null for a conversation that was never begun. */
  idOf(place: string): Uint8Array | null {
    if (!place.startsWith('@')) return openRoomId(place)
    const peer = decodeBase32(place.slice(1))
    return peer === null ? null : (this.byPeer.get(toHex(peer)) ?? null)
  }

  private remember(room: Uint8Array, settings: RoomSettings): void {
    this.byKey.set(toHex(room), { room, settings })
    if (settings.peer !== null) this.byPeer.set(toHex(settings.peer), room)
  }
}
