import type { ByteReader } from '../base/bytes.ts'
import type { Broadcast } from '../core/gossip/broadcast.ts'
import { readFetch, readFilled } from '../wire/fetch.ts'
import { FrameType } from '../wire/frame.ts'
import { readGap, readHandle, readWant } from '../wire/replication.ts'
import type { Backfilling } from './backfilling.ts'
import type { CatchUp } from './catch-up.ts'
import type { FeedSender } from './feed-sender.ts'

import { type FetchSender, noteSkip, settleDebt } from './fetch-sender.ts'
import type { LinkFeed, LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { TreeSide } from './tree-side.ts'

/** What does the rest about feeds. */
export interface RequestsParts {
  readonly sender: FeedSender
  readonly fetchSender: FetchSender
  readonly broadcast: Broadcast
  readonly tree: TreeSide
  readonly catchUp: CatchUp
  readonly backfilling: Backfilling
  /** What a peer's handle stands for. */
  theirs(link: LinkState, handle: number): LinkFeed | null
}

/** What a peer asks to be sent, or not to be sent, and what it says that it can send or cannot: each costs us something, and is counted. */
export class Requests {
  constructor(
    private readonly links: Links,
    private readonly parts: RequestsParts,
  ) {}

  frame(link: LinkState, type: number, body: ByteReader): void {
    switch (type) {
      case FrameType.want:
        return this.onWant(link, body)
      case FrameType.lazy:
        return this.onLazy(link, body)
      case FrameType.gap:
        return this.onGap(link, body)
      case FrameType.fetch:
        return this.onFetch(link, body)
      case FrameType.filled:
        return this.onFilled(link, body)
    }
  }

  /** What a request is about, as far as its link has any left. */
  private admitted(link: LinkState, handle: number): LinkFeed | null {
    return this.links.admits(link, link.budget.requests) ? this.parts.theirs(link, handle) : null
  }

  private onWant(link: LinkState, body: ByteReader): void {
    const { broadcast, tree, sender } = this.parts
    const want = readWant(body)
    if (want === null) return this.links.fault(link, 'asked for a feed wrongly')
    const on = this.admitted(link, want.handle)
    if (on === null) return
    const { feed } = on
    if (broadcast.wanted(link.id, feed.key)) tree.orphaned(feed, link)
    on.cursor = want.from < feed.log.base ? -1 : feed.log.positionOf(want.from)
    sender.restart(link, on)
    if (feed.own && on.isTold) noteSkip(on, want.from)
    on.peerNext = want.from
    on.chained = 0
    on.full = want.full
    sender.markReady(link, on)
  }

  private onLazy(link: LinkState, body: ByteReader): void {
    const handle = readHandle(body)
    if (!body.done) return this.links.fault(link, 'asked for less wrongly')
    const on = this.admitted(link, handle)
    // Of a feed of which nothing has been sent there is nothing to silence, and a name costs nothing.
    if (on !== null && on.feed.log.next > 1) this.parts.broadcast.silenced(link.id, on.feed.key)
  }

  private onGap(link: LinkState, body: ByteReader): void {
    const { catchUp } = this.parts
    const gap = readGap(body)
    if (gap === null) return this.links.fault(link, 'reported a gap wrongly')
    const on = this.admitted(link, gap.handle)
    if (on === null || gap.to <= on.feed.log.next) return
    on.peerBase = Math.max(on.peerBase, gap.to)
    if (on.feed.source === link && !catchUp.mayCross(on.feed)) catchUp.seekSource(on.feed, link)
  }

  private onFetch(link: LinkState, body: ByteReader): void {
    const { fetchSender, theirs } = this.parts
    const fetch = readFetch(body)
    if (fetch === null) return this.links.fault(link, 'asked for history wrongly')
    if (this.links.admits(link, link.budget.requests)) fetchSender.asked(link, theirs(link, fetch.handle), fetch)
  }

  private onFilled(link: LinkState, body: ByteReader): void {
    const { backfilling, theirs } = this.parts
    const entries = readFilled(body)
    if (entries === null) return this.links.fault(link, 'sent a broken list of what it has filled')
    if (!this.links.admits(link, link.budget.haves, entries.length)) return
    for (const { handle, from, to } of entries) {
      const on = theirs(link, handle)
      if (on === null) continue
      if (on.feed.own) settleDebt(on, from, to)
      else backfilling.offered(link, on.feed, from, to, true)
    }
  }
}
