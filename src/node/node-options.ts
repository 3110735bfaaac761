import type { RandomBytes, Rng } from '../base/rng.ts'
import type { Broadcast } from '../core/gossip/broadcast.ts'
import type { Membership } from '../core/gossip/membership.ts'
import type { LinkWork } from '../core/link/handshake.ts'
import type { Verifier } from '../crypto/sign.ts'
import type { NodeIdentity } from './context.ts'

/** What a node is made of, and what its maker may choose. */
export interface NodeOptions extends LinkWork {
  readonly identity: NodeIdentity
  readonly name: string
  readonly agent: string
  readonly randomBytes: RandomBytes
  readonly rng: Rng
  /** What decides who is pushed to; a tree for each feed when absent. */
  readonly broadcast?: Broadcast
  /** What decides with whom to be linked; every link that comes to be, and no others, when absent. */
  readonly membership?: (ownKey: string, rng: Rng, nowMs: number) => Membership
  /** For simulations that check one signature once for all their nodes. */
  readonly verifier?: (key: Uint8Array) => Verifier | null
  readonly windowBytesMax?: number
  /** There is a store: bundles of joined rooms are given to it (`keep`), and ours wait until they are safe. */
  readonly isKeeping?: boolean
}
