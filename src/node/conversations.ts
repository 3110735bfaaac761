import { ByteReader, toHex } from '../base/bytes.ts'
import { agreementPublicFromIdentity } from '../crypto/agree.ts'
import { conversationId, openFrom, sealTo } from '../crypto/seal.ts'
import { type DirectEvent, encodeDirectEvent, readDirectEvent } from '../wire/amendment.ts'
import type { AuthoredKind } from '../wire/event.ts'
import type { NodeContext } from './context.ts'
import { Room } from './room-state.ts'

/** Conversations remembered, each some 1 KB: everyone whose feeds pass by is tried once. */
const TRIED_MAX = 16_384

/**
 * Direct messages. Two people's conversation is a room whose id only the two can compute (from their X25519 agreement), so relays
 * see that somebody said something to somebody, not to whom; each message is sealed to its reader (Noise K).
 */
export class Conversations {
  /** Conversation id by the author's key, null where the key is no curve point. */
  private readonly tried = new Map<string, { key: string; id: Uint8Array; agreement: Uint8Array } | null>()
  private readonly open = new Map<string, Room>()

  constructor(private readonly context: NodeContext) {}

  /** The conversation with a person, made at need; null when the identity cannot be written to. */
  with(peer: Uint8Array): Room | null {
    const peerKey = toHex(peer)
    const made = this.try(peer, peerKey)
    if (made === null) return null
    let room = this.open.get(made.key)
    if (room === undefined) {
      if (this.open.size >= TRIED_MAX) return null
      room = new Room(null, made.id, made.key, { id: peer.slice(), key: peerKey, agreement: made.agreement })
      this.open.set(made.key, room)
    }
    return room
  }

  /** The conversation whose room has this id, if its author is the other side or ourselves. */
  find(roomKey: string, author: Uint8Array, authorKey: string): Room | null {
    const known = this.open.get(roomKey)
    if (known !== undefined) {
      return authorKey === known.peer?.key || authorKey === this.context.ownKey ? known : null
    }
    const made = this.try(author, authorKey)
    return made !== null && made.key === roomKey ? this.with(author) : null
  }

  list(): Iterable<Room> {
    return this.open.values()
  }

  seal(room: Room, feedId: Uint8Array, said: DirectEvent): Uint8Array {
    const ephemeralSecret = this.context.randomBytes(32)
    const sender = this.context.identity.agreement
    return sealTo(
      { sender, recipient: room.peer!.agreement, ephemeralSecret, context: feedId },
      encodeDirectEvent(said),
    )
  }

  /** What was said, or null when it does not open or is broken. */
  unseal(
    room: Room,
    feedId: Uint8Array,
    body: Uint8Array,
  ): { kind: AuthoredKind; name: string; body: Uint8Array } | null {
    const recipient = this.context.identity.agreement
    const plain = openFrom({ recipient, sender: room.peer!.agreement, context: feedId }, body)
    const direct = plain === null ? null : readDirectEvent(new ByteReader(plain))
    return direct === null ? null : { kind: direct.kind, name: direct.name, body: direct.body }
  }

  private try(author: Uint8Array, authorKey: string): { key: string; id: Uint8Array; agreement: Uint8Array } | null {
    const known = this.tried.get(authorKey)
    if (known !== undefined) return known
    if (this.tried.size >= TRIED_MAX) this.tried.delete(this.tried.keys().next().value!)
    const agreement = agreementPublicFromIdentity(author)
    const id = agreement === null ? null : conversationId(this.context.identity.agreement, agreement)
    const made = agreement === null || id === null ? null : { key: toHex(id), id, agreement }
    this.tried.set(authorKey, made)
    return made
  }
}
