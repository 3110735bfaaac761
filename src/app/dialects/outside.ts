import type { Address } from '../../base/address.ts'
import type { DialectName } from '../../base/dialects.ts'
import type { EventTelling } from '../../node/outputs.ts'
import type { Outcome, PeerView } from '../chat.ts'
import type { Person } from '../events.ts'
import type { FilesChat } from '../files/files-chat.ts'
import type { ForeignVoice } from '../voice/foreign.ts'

/** The networks of other protocols that this node bridges, as the chat sees them. */
export interface Outside {
  /** Everything that is said in our rooms, as the node tells it. */
  heard(telling: EventTelling): void
  /** Somebody of our own kind is linked with us now, or no longer. */
  neighboursChanged(): void
  /** We go by another name. */
  renamed(name: string): void
  peers(): PeerView[]
  /** Files of our own kind, and those that come from there. */
  withFiles(own: FilesChat): FilesChat
  /** As `Chat.connect`, for who speaks a dialect. */
  connect(dialect: DialectName, address: Address): Promise<Outcome<{ peer: Person }>>
  /** As `Chat.disconnect`; null where it means none of these. */
  disconnect(peer: string): Outcome<{ peer: Person }> | null
  /** Voice there; null where none of the networks has any. */
  readonly voice: ForeignVoice | null
  /** Why the mesh's group is joined nowhere, beginning with the group: a sentence's end. Null where it is, or is not asked for. */
  readonly meshFault: string | null
  /** Says goodbye; answers when everybody has heard it, or has had the time to. */
  leave(): Promise<void>
}
