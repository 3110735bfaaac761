import type { Timer } from '../../base/timers.ts'
import type { Contact, MembershipMessage } from '../../wire/membership.ts'
import {
  ASK_REFILL_MS,
  ASKS_BURST,
  SHUFFLE_REFILL_MS,
  SHUFFLES_BURST,
  WALK_REFILL_MS,
  WALKS_BURST,
} from './hyparview-parameters.ts'
import { isShareable, type Place, placeOf } from './hyparview-place.ts'
import { TokenBucket } from './token-bucket.ts'

/** What the machine wants done. The owner carries it out and answers a `dial` with `linkUp` or `dialFailed`. */
export type HyParViewOutput =
  | { readonly kind: 'dial'; readonly contact: Contact }
  /** Find out whether anybody takes a connection there, and answer with `probed`; nothing is to be said on it. */
  | { readonly kind: 'probe'; readonly contact: Contact }
  | { readonly kind: 'send'; readonly to: string; readonly message: MembershipMessage }
  /** Close the link after what was sent has left; `reason` ends a sentence about the peer. No `linkDown` is expected. */
  | { readonly kind: 'drop'; readonly peer: string; readonly reason: string }
  /** Find out whether the link still lives: a ping. */
  | { readonly kind: 'check'; readonly peer: string }
  /** Broadcast over this link from now on, or no longer. */
  | { readonly kind: 'neighbour'; readonly peer: string; readonly state: 'up' | 'down' }

/** How a neighbour came to be one: picked by us, asked because a newcomer's walk ended here, sought because of who it is, or it asked us. */
export type Origin = 'chosen' | 'walk' | 'sought' | 'offered'

export type MembershipTimer =
  | { readonly kind: 'shuffle' }
  | { readonly kind: 'check' }
  | { readonly kind: 'fill' }
  | { readonly kind: 'link'; readonly key: string }
  | { readonly kind: 'lost'; readonly key: string }

/** One open link, as far as membership goes. */
export class MemberLink {
  /** `guest`: nothing agreed. `asking`: we asked it to be our neighbour. */
  role: 'guest' | 'asking' | 'neighbour' = 'guest'
  origin: Origin = 'offered'
  /** A full view makes room for it: it comes from the other part of a network that was cut in two. */
  reunion = false
  /** Whether others can dial it; one that nobody can is a leaf, and not counted among the five. */
  reach: 'yes' | 'no' | 'unknown' = 'yes'
  /** It is being dialled to know that, or has been. */
  isProbed = false
  /** Let in beyond the five until that is known. */
  isExtra = false
  /** What it was asked last. */
  request: MembershipMessage | null = null
  sinceMs = 0
  /** When the peer last said something, or was last checked. */
  heardAtMs = 0
  timer: Timer<MembershipTimer> | null = null
  readonly asks = new TokenBucket(ASKS_BURST, ASK_REFILL_MS)
  readonly walks = new TokenBucket(WALKS_BURST, WALK_REFILL_MS)
  readonly shuffles = new TokenBucket(SHUFFLES_BURST, SHUFFLE_REFILL_MS)

  constructor(
    readonly contact: Contact,
    /** Of the address it is seen at, which need not be one it can be dialled at. */
    readonly place: Place,
  ) {}

  /** Others may be told of it. */
  get isTold(): boolean {
    return this.reach !== 'no' && isShareable(placeOf(this.contact.address))
  }

  /** It is being found out whether it can be dialled. */
  get isAwaited(): boolean {
    return this.isProbed && this.reach === 'unknown'
  }

  get key(): string {
    return this.contact.key
  }
}
