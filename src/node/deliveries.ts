import type { Timer } from '../base/timers.ts'
import { Holders } from '../core/gossip/holders.ts'
import { MEMBERS_MAX } from '../core/room/members.ts'
import { type Crowd, type Standing, Standings } from '../core/room/standings.ts'
import { chainBundle, decodeBundle } from '../wire/bundle.ts'
import { EventKind, isSpoken } from '../wire/event.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { Keeping, LoadedBundle } from './keeping.ts'
import { memberTag, readerTag } from './member-tags.ts'
import type { EventTelling } from './outputs.ts'
import type { Room } from './room-state.ts'

/** What changes is looked at together, so long after the first of it. */
const GATHER_MS = 150
/** Rooms and conversations whose last words are followed; those spoken in longest ago give way. */
const FEEDS_MAX = 64
/** Members known of in one room: those who may be present, and as many who were. */
const HOLDERS_MAX = 2 * MEMBERS_MAX
/** Told at a time. Who says more than four hundred a second goes without some. */
const TELL_MAX = 64
/** What was said before this start can be asked about as far back as this. */
const RESTORED_EVENTS = 200
const RESTORED_BYTES = 256 * 1024

/** One feed of our own. */
interface Followed {
  readonly feed: Feed
  readonly standings: Standings
  readonly holders: Holders
  /** Members who are or were present: only they count. */
  readonly met: Set<string>
  /** In a conversation, by what the other tells; null before it is known. */
  readerTag: string | null
  /** Something has changed since the figures were made. */
  isStale: boolean
  /** What was said before this start has been looked up, or need not be. */
  isRestored: boolean
}

/** How far what we say has come: follows what members tell of our own feeds, and who is there. */
export class Deliveries {
  /** Whatever was last spoken in is at the end. */
  private readonly followed = new Map<Feed, Followed>()
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly keeping: Keeping,
  ) {}

  /** Something that people see has been said. */
  said(feed: Feed, { number, id }: Pick<EventTelling, 'number' | 'id'>): void {
    const followed = this.follow(feed)
    followed.standings.said(number, id, this.context.nowMs)
    this.stale(followed)
  }

  /** A member says to hold a part of a feed of ours. */
  learn(feed: Feed, tags: Iterable<string>, from: number, next: number): void {
    // What was not said yet nobody has.
    const end = Math.min(next, feed.log.next)
    if (from >= end) return
    const followed = this.follow(feed)
    let isNew = false
    for (const tag of tags) {
      if (!followed.holders.has(tag) && !makeRoom(followed)) continue
      if (followed.holders.learn(tag, from, end, this.context.nowMs)) isNew = true
    }
    if (!isNew) return
    this.restore(followed)
    this.stale(followed)
  }

  membersChanged(room: Room): void {
    for (const followed of this.followed.values()) if (followed.feed.room === room) this.stale(followed)
  }

  /** How far something of ours has come; null where that is not known. */
  reach(id: Uint8Array): Standing | null {
    for (const { standings } of this.followed.values()) {
      const standing = standings.of(id)
      if (standing !== null) return standing
    }
    return null
  }

  private follow(feed: Feed): Followed {
    const followed = this.followed.get(feed) ?? newlyFollowed(feed)
    this.followed.delete(feed)
    this.followed.set(feed, followed)
    if (this.followed.size > FEEDS_MAX) this.followed.delete(this.followed.keys().next().value!)
    return followed
  }

  private stale(followed: Followed): void {
    followed.isStale = true
    this.plan(this.context.nowMs + GATHER_MS)
  }

  private plan(atMs: number): void {
    const { context, timer } = this
    if (timer !== null && timer.atMs <= atMs) return
    if (timer !== null) context.timers.cancel(timer)
    this.timer = context.after(atMs - context.nowMs, () => this.look())
  }

  private look(): void {
    this.timer = null
    const { nowMs } = this.context
    let left = TELL_MAX
    let nextMs = Number.POSITIVE_INFINITY
    for (const followed of this.followed.values()) {
      if (followed.isStale) this.update(followed)
      const { standings, feed } = followed
      const { room } = feed
      if (room === null) continue
      for (const { id, state, reached, of } of standings.takeDue(nowMs, left)) {
        left--
        const peer = room.peer?.id ?? null
        this.context.emit({ kind: 'delivery', room: room.name, peer, id, state, reached, of })
      }
      nextMs = Math.min(nextMs, standings.nextDueMs())
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.plan(Math.max(nextMs, nowMs + GATHER_MS))
  }

  private update(followed: Followed): void {
    followed.isStale = false
    const { room } = followed.feed
    // Of a room that we have left nobody tells us any more who is there.
    if (room !== null) followed.standings.update(this.crowd(followed, room), this.context.nowMs)
  }

  private crowd(followed: Followed, room: Room): Crowd {
    const { feed, holders, met } = followed
    const present = new Set<string>()
    if (room.peer === null) for (const { key } of room.members.list()) present.add(memberTag(key))
    else {
      followed.readerTag ??= readerTag(this.context, room.peer, feed)
      if (followed.readerTag !== null) present.add(followed.readerTag)
    }
    const counted: { from: number; next: number; isPresent: boolean }[] = []
    for (const [tag, { from, next }] of holders.list()) {
      const isPresent = present.has(tag)
      if (isPresent) met.add(tag)
      if (met.has(tag)) counted.push({ from, next, isPresent })
    }
    return { present: present.size, holders: counted }
  }

  /** What was said before this start is looked up when somebody tells of it for the first time. */
  private restore(followed: Followed): void {
    if (followed.isRestored) return
    followed.isRestored = true
    const { feed, standings } = followed
    const to = Math.min(standings.first, feed.log.next)
    if (!this.keeping.isKeeping || to <= 1) return
    const from = Math.max(1, to - RESTORED_EVENTS)
    this.keeping.load(feed.log.key, from, to, RESTORED_BYTES, 'newest-first', (bundles) => {
      standings.restore(bundles.flatMap((bundle) => spokenIn(bundle, feed)).sort((a, b) => a.number - b.number))
      this.stale(followed)
    })
  }
}

function newlyFollowed(feed: Feed): Followed {
  return {
    ...{ feed, standings: new Standings(), holders: new Holders(), met: new Set<string>() },
    ...{ readerTag: null, isStale: false, isRestored: false },
  }
}

/** Room for one more; those who never were members here go first. */
function makeRoom({ holders, met }: Followed): boolean {
  if (holders.size < HOLDERS_MAX) return true
  for (const [tag] of holders.list()) if (!met.has(tag)) holders.forget(tag)
  return holders.size < HOLDERS_MAX
}

/** What people see something of; of what is sealed that cannot be told. */
function spokenIn({ bytes, previous }: LoadedBundle, feed: Feed): { number: number; id: Uint8Array }[] {
  const bundle = decodeBundle(bytes)
  if (bundle === null) return []
  const ids = chainBundle(bundle, feed.log.key.id, previous)
  return bundle.events.flatMap(({ kind }, i) =>
    isMessage(kind) || kind === EventKind.sealed ? [{ number: bundle.first + i, id: ids[i]! }] : [],
  )
}

/** A kind of event that is followed by itself. */
export function isMessage(kind: number): boolean {
  return isSpoken(kind) || kind === EventKind.reply
}
