import { PRESENCE_LASTS_MS } from '../core/room/members.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** Authors whose way is known: as many as presences are kept of. */
const ROUTES_MAX = 4_096

/**
 * The way to authors: the neighbour that brought an author's newest presence first. Presence is flooded every half minute, so that these ways
 * form a tree to each author that mends itself, also for those who have heard nothing of the feed's tree for long.
 */
export class ReceiptRoutes {
  /** Whoever was heard last is at the end. */
  private readonly routes = new Map<string, { readonly through: string; readonly atMs: number }>()

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
  ) {}

  /** An author's presence has come by a neighbour; whether the way is another now. */
  heard(authorKey: string, through: string): boolean {
    const before = this.routes.get(authorKey)
    this.routes.delete(authorKey)
    if (this.routes.size >= ROUTES_MAX) this.routes.delete(this.routes.keys().next().value!)
    this.routes.set(authorKey, { through, atMs: this.context.nowMs })
    return before?.through !== through
  }

  /** Whether somebody has been heard of for as long as a presence lasts, or is linked. */
  isThere(key: string): boolean {
    const route = this.routes.get(key)
    return this.links.neighbours.has(key) || (route !== undefined && !this.isOver(route.atMs))
  }

  /** The neighbour that is nearest to somebody; null where they are not there, or the way is lost for now. */
  way(key: string): LinkState | null {
    const { neighbours } = this.links
    const route = this.routes.get(key)
    const through = route === undefined || this.isOver(route.atMs) ? undefined : neighbours.get(route.through)
    return neighbours.get(key) ?? through ?? null
  }

  /** The neighbour to tell of a feed; null where its author is not there, as far as is known, or the way is lost for now. */
  toward({ authorKey, log }: Feed): LinkState | null {
    const { neighbours, all } = this.links
    const way = this.way(authorKey)
    if (way !== null || !this.isThere(authorKey)) return way
    // It has gone since: the one that brought the newest of the feed leads there too.
    const brought = log.start < log.end ? all.get(log.at(log.end - 1).from) : undefined
    return brought !== undefined && neighbours.get(brought.peerKey) === brought ? brought : null
  }

  private isOver(atMs: number): boolean {
    return this.context.nowMs - atMs > PRESENCE_LASTS_MS
  }
}
