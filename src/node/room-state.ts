import { Members } from '../core/room/members.ts'
import { BundleBuilder } from '../wire/bundle.ts'
import type { Feed } from './feed.ts'
import type { EventTelling } from './outputs.ts'

/** A room that is joined, or a conversation of two. */
export class Room {
  readonly members = new Members()
  /** Our own feed in it, from the first thing said. */
  own: Feed | null = null
  readonly builder = new BundleBuilder()
  /** `say` references of what waits in the builder, in its order; null for a profile event. */
  refs: (number | null)[] = []
  /** In a conversation: the plain words of what was sealed and not told yet, in order. */
  plain: { readonly kind: number; readonly body: Uint8Array; readonly name: string }[] = []
  /** The name our feed has told; null before the first event. */
  toldName: string | null = null
  presenceAtMs = Number.NEGATIVE_INFINITY
  presencePlanned = false
  /** Feeds being caught up with. */
  catchingUp = 0
  /** For the first moment of that, what arrives is held to be told in order. */
  holding = false
  /** When that may be so again, monotonic. */
  mayHoldAtMs = Number.NEGATIVE_INFINITY
  held: { readonly telling: EventTelling; readonly feed: Feed }[] = []

  constructor(
    /** An open room's name, or null. */
    readonly name: string | null,
    readonly id: Uint8Array,
    readonly key: string,
    /** With a conversation of two: the other. */
    readonly peer: { readonly id: Uint8Array; readonly key: string; readonly agreement: Uint8Array } | null,
  ) {}
}
