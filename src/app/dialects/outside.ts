import type { EventTelling } from '../../node/outputs.ts'
import type { PeerView } from '../chat.ts'

/** The networks of other protocols that this node bridges, as the chat sees them. */
export interface Outside {
  /** Everything that is said in our rooms, as the node tells it. */
  heard(telling: EventTelling): void
  peers(): PeerView[]
}
