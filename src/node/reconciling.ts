import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import { Reconciliation } from '../core/history/reconcile.ts'
import type { ReconcileFeed, ReconcileRoom } from '../core/history/reconcile-items.ts'
import { NO_EVENT } from '../wire/bundle.ts'
import { beginFrame, endFrame, FrameType } from '../wire/frame.ts'
import { writeReconcile } from '../wire/reconcile.ts'
import type { Holding } from '../wire/reconcile-holding.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** A frame of a run is 48 KiB at most; it waits for a record that has little else. */
const RECORD_TAKEN_MAX = 8 * 1024
/** Who was dialled waits so long to hear about rooms, and then names its feeds as to a stranger. */
const OPENED_MS_MAX = 5_000
/** What opening a run costs of a link's requests: both ends look through all they have. */
const OPEN_REQUESTS = 64

interface Item extends ReconcileFeed {
  readonly feed: Feed
}

export interface ReconcilingOwner {
  /** All joined open rooms, by their ids in hexadecimal, and what is known of them. */
  rooms(): ReadonlyMap<string, OpenRoom>
  /** These are to be named to the peer one by one: it is not in their rooms. */
  announce(link: LinkState, feeds: readonly Feed[]): void
  /** The peer has so much of a feed of ours, as it says. */
  differs(link: LinkState, feed: Feed, theirs: Holding): void
  /** Something has come to be known of the rooms the peer is in. */
  settled(link: LinkState): void
  /** The peer has something of a feed of which we have nothing. */
  named(link: LinkState, room: Uint8Array, author: Uint8Array, epoch: Uint8Array, theirs: Holding): void
}

/** A joined open room and its feeds. */
export interface OpenRoom {
  readonly id: Uint8Array
  readonly feeds: readonly Feed[]
}

/** One link's runs, and the rooms that have not been compared yet. */
interface Talk {
  readonly run: Reconciliation<Item, ReconcileRoom<Item> & { readonly key: string }>
  /** To be opened when the run under way is done. */
  readonly pending: Set<string>
  /** Rooms whose feeds the peer has been told of, or has been found to have. */
  readonly settled: Set<string>
  /** Those of them that the peer is not in. */
  readonly strange: Set<string>
  timer: Timer<() => void> | null
}

/** Finds out with each neighbour which feeds of shared rooms the two hold differently, at a cost next to nothing where nothing differs. */
export class Reconciling {
  private readonly talks = new Map<LinkState, Talk>()

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly owner: ReconcilingOwner,
  ) {}

  linkUp(link: LinkState): void {
    const run = new Reconciliation<Item, ReconcileRoom<Item> & { readonly key: string }>(
      link.hash,
      () => [...this.owner.rooms()].map(([key, room]) => roomOf(key, room)),
      {
        shared: (rooms) => this.shared(link, new Set(rooms.map((room) => room.key))),
        differs: ({ feed }, theirs) => this.owner.differs(link, feed, theirs),
        named: (room, author, epoch, theirs) => this.owner.named(link, room.id, author, epoch, theirs),
      },
    )
    const talk: Talk = { run, pending: new Set(), settled: new Set(), strange: new Set(), timer: null }
    this.talks.set(link, talk)
    if (link.via === 'dialled') for (const key of this.owner.rooms().keys()) talk.pending.add(key)
    else talk.timer = this.context.after(OPENED_MS_MAX, () => this.announceRest(link, talk))
    this.open(link, talk)
  }

  linkDown(link: LinkState): void {
    const talk = this.talks.get(link)
    if (talk?.timer != null) this.context.timers.cancel(talk.timer)
    this.talks.delete(link)
  }

  /** A room was joined: whoever else is in it may have what we have not, and the other way round. */
  joined(roomKey: string): void {
    for (const [link, talk] of this.talks) {
      talk.settled.delete(roomKey)
      talk.strange.delete(roomKey)
      talk.pending.add(roomKey)
      this.open(link, talk)
    }
  }

  /** Whether the peer has, as far as was found, all that we had of a room when the link came up. */
  isSettled(link: LinkState, roomKey: string): boolean {
    const talk = this.talks.get(link)
    if (talk === undefined || talk.run.isOpen || talk.run.isAnswering) return false
    return talk.settled.has(roomKey)
  }

  /** Whether the peer is known to be in a room of ours. */
  isIn(link: LinkState, roomKey: string): boolean {
    const talk = this.talks.get(link)
    return talk?.settled.has(roomKey) === true && !talk.strange.has(roomKey)
  }

  /** Whether the peer may be in a room of ours: nothing says that it is not. */
  isShared(link: LinkState, roomKey: string): boolean {
    return this.talks.get(link)?.strange.has(roomKey) === false
  }

  received(link: LinkState, body: ByteReader): void {
    const talk = this.talks.get(link)
    if (talk === undefined) return
    const isOpening = !talk.run.isAnswering
    if (isOpening && !talk.run.isOpen && !this.links.admits(link, link.budget.requests, OPEN_REQUESTS)) return
    const fault = talk.run.receive(body)
    if (fault === null) this.context.dirty.add(link)
    else this.links.fault(link, fault)
  }

  /** Puts what the run has to say into a record. */
  fill(link: LinkState, record: ByteWriter): void {
    const talk = this.talks.get(link)
    if (talk === undefined) return
    while (record.length < RECORD_TAKEN_MAX) {
      const frame = talk.run.nextFrame()
      if (frame === null) return this.open(link, talk)
      const at = beginFrame(record, FrameType.reconcile)
      writeReconcile(record, frame)
      endFrame(record, at)
    }
  }

  private open(link: LinkState, talk: Talk): void {
    if (talk.run.isOpen || talk.pending.size === 0) return
    const rooms = [...this.owner.rooms()].filter(([key]) => talk.pending.has(key))
    talk.pending.clear()
    if (rooms.length === 0) return
    talk.run.open(rooms.map(([key, room]) => roomOf(key, room)))
    this.context.dirty.add(link)
  }

  private shared(link: LinkState, keys: ReadonlySet<string>): void {
    const talk = this.talks.get(link)
    if (talk === undefined) return
    for (const key of keys) {
      talk.settled.add(key)
      talk.strange.delete(key)
    }
    this.announceRest(link, talk)
  }

  /** What nobody compares is named one by one. */
  private announceRest(link: LinkState, talk: Talk): void {
    if (talk.timer !== null) this.context.timers.cancel(talk.timer)
    talk.timer = null
    for (const [key, { feeds }] of this.owner.rooms()) {
      if (talk.settled.has(key) || talk.pending.has(key)) continue
      talk.settled.add(key)
      talk.strange.add(key)
      this.owner.announce(link, feeds)
    }
    this.owner.settled(link)
  }
}

function roomOf(key: string, { id, feeds }: OpenRoom): ReconcileRoom<Item> & { readonly key: string } {
  return { id, key, feeds: feeds.filter((feed) => feed.isFilled).map((feed) => itemOf(feed)) }
}

function itemOf(feed: Feed): Item {
  const { key, next } = feed.log
  const trunk = { end: next, id: feed.log.tip ?? NO_EVENT }
  // Who has both histories of a forked feed says the same of it, whichever came first there.
  const face = feed.forks?.face(trunk) ?? { next, tip: trunk.id }
  const { id, author, epoch } = key
  return { feed, id, author, epoch, holding: holdingOf(feed, face.next), tip: face.tip }
}

/** What was dropped on purpose is not missed; what never came is. Where the end is missing, as in a store that has lost it, it ends before. */
function holdingOf(feed: Feed, next: number): Holding {
  const { holes, held, log, floor } = feed
  const end = holes.find(({ from, to }) => from < next && to >= next)?.from ?? next
  const base = held === null ? log.base : Math.min(floor, log.next)
  return { base: Math.min(base, end), next: end, gaps: holes.filter(({ to }) => to < end) }
}
