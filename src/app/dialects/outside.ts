import type { EventTelling } from '../../node/outputs.ts'
import type { PeerView } from '../chat.ts'
import type { ForeignVoice } from '../voice/foreign.ts'

/** The networks of other protocols that this node bridges, as the chat sees them. */
export interface Outside {
  /** Everything that is said in our rooms, as the node tells it. */
  heard(telling: EventTelling): void
  /** We go by another name. */
  renamed(name: string): void
  peers(): PeerView[]
  /** Voice there; null where none of the networks has any. */
  readonly voice: ForeignVoice | null
  /** Says goodbye; answers when everybody has heard it, or has had the time to. */
  leave(): Promise<void>
}
