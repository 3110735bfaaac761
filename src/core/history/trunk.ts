import { equalBytes } from '../../base/bytes.ts'
import { chainBundle, decodeBundle, NO_EVENT } from '../../wire/bundle.ts'

/** A bundle as it is held, in the window or in the store. */
export interface TrunkBundle {
  readonly first: number
  readonly count: number
  readonly previous: Uint8Array
  readonly bytes: Uint8Array
}

/** Bundles that somebody signed for the same feed, perhaps in another history. */
export interface Signed {
  readonly first: number
  readonly ids: readonly Uint8Array[]
  /** The id of the event before its first. */
  readonly previous: Uint8Array
}

/** How a bundle stands to the trunk. */
export interface Standing {
  /** The trunk has all of its events. */
  readonly isSame: boolean
  /** The first number at which there are two events; null where none is known. */
  readonly partsAt: number | null
  /** The trunk has the event before its first: that one, or another; null where it has none there. */
  readonly followsTrunk: boolean | null
  /** Where the trunk goes on from its last event, the event that the trunk itself has at that number; else null. */
  readonly seam: Uint8Array | null
}

/** Of the history of a feed that came first here, what is known around some numbers: ids of its events. */
export class Trunk {
  private readonly ids = new Map<number, Uint8Array>()
  /** The id that each of its bundles was signed to follow, by the number of its first event. */
  private readonly before = new Map<number, Uint8Array>([[1, NO_EVENT]])

  constructor(bundles: Iterable<TrunkBundle>, feedId: Uint8Array) {
    for (const { first, previous, bytes } of bundles) {
      const bundle = decodeBundle(bytes)
      if (bundle === null) continue
      this.before.set(first, previous)
      chainBundle(bundle, feedId, previous).forEach((id, i) => void this.ids.set(first + i, id))
    }
    // What comes before a bundle is known by its id, also where it is not held.
    for (const [first, id] of this.before) if (!this.ids.has(first - 1)) this.ids.set(first - 1, id)
  }

  /** The event at a number; undefined where none is known. */
  at(number: number): Uint8Array | undefined {
    return this.ids.get(number)
  }

  standingOf({ first, ids, previous }: Signed): Standing {
    let isSame = true
    let partsAt: number | null = null
    ids.forEach((id, i) => {
      const own = this.at(first + i)
      if (own !== undefined && equalBytes(own, id)) return
      isSame = false
      if (own !== undefined) partsAt ??= first + i
    })
    const own = this.at(first - 1)
    const followsTrunk = own === undefined ? null : equalBytes(own, previous)
    if (followsTrunk === false && !isSame) partsAt = Math.max(1, first - 1)
    const end = first + ids.length
    const follower = this.before.get(end)
    const isFollowed = !isSame && follower !== undefined && equalBytes(follower, ids.at(-1)!)
    return { isSame, partsAt, followsTrunk, seam: isFollowed ? (this.at(end - 1) ?? null) : null }
  }
}
