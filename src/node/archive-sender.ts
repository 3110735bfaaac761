import type { ByteWriter } from '../base/bytes.ts'
import type { Keeping, LoadedBundle } from './keeping.ts'
import type { ArchiveReading, LinkFeed, LinkState } from './link-state.ts'

/** Read from the store at a time: four records' worth. */
const LOAD_BYTES = 256 * 1024
/** How an event from the store says it came: its way was forgotten, and it is nobody's newest. */
export const ARCHIVE_HOPS = 1

/** What becomes of a feed's turn: the record is full, the feed waits for the store, or its turn goes on. */
export type ArchiveStep = 'full' | 'wait' | 'on'

export interface ArchiveWriter {
  /** False where it does not fit into what the record has left. */
  bundle(link: LinkState, on: LinkFeed, held: LoadedBundle, record: ByteWriter, roomMax: number): boolean
  gap(record: ByteWriter, on: LinkFeed, to: number): void
  ready(link: LinkState, on: LinkFeed): void
}

/**
 * Sends what has left the window from the store. One feed of each link at a time is read, so that memory does not grow with what peers
 * ask for; the others wait in line.
 */
export class ArchiveSender {
  constructor(
    private readonly keeping: Keeping,
    private readonly writer: ArchiveWriter,
  ) {}

  /** The peer lacks what lies before the window: takes a step towards that. */
  step(link: LinkState, on: LinkFeed, record: ByteWriter, roomMax: number): ArchiveStep {
    if (link.archiving !== null && link.archiving !== on) {
      link.archiveLine.add(on)
      return 'wait'
    }
    const { stash = [], isLoading = false } = on.archive ?? {}
    while (stash.length > 0) {
      const next = stash[0]!
      if (next.first + next.count > on.peerNext && !this.writer.bundle(link, on, next, record, roomMax)) return 'full'
      stash.shift()
    }
    if (isLoading) return 'wait'
    const { feed } = on
    const windowFirst = feed.log.start < feed.log.end ? feed.log.at(feed.log.start).first : feed.log.next
    const from = firstHeld(on, windowFirst)
    if (from === null) {
      on.cursor = feed.log.positionOf(Math.max(on.peerNext, windowFirst))
      this.done(link, on)
      if (feed.log.start === feed.log.end) this.writer.gap(record, on, feed.log.next)
      return 'on'
    }
    if (from > on.peerNext) this.writer.gap(record, on, from)
    this.load(link, on, from, windowFirst)
    return 'wait'
  }

  /** The peer begins again elsewhere, or is gone: what was read for it is of no use. */
  reset(link: LinkState, on: LinkFeed): void {
    on.archive = null
    this.done(link, on)
  }

  private load(link: LinkState, on: LinkFeed, from: number, to: number): void {
    const reading: ArchiveReading = { stash: [], isLoading: true }
    on.archive = reading
    link.archiving = on
    this.keeping.load(on.feed.log.key, from, to, LOAD_BYTES, 'in-order', (bundles) => {
      if (on.archive !== reading) return
      reading.isLoading = false
      if (link.feeds.get(on.feed) !== on) return this.done(link, on)
      // The store has lost what it was thought to have.
      if (bundles.length === 0) on.feed.lose(from, to)
      reading.stash.push(...bundles)
      this.writer.ready(link, on)
    })
  }

  private done(link: LinkState, on: LinkFeed): void {
    on.archive = null
    link.archiveLine.delete(on)
    if (link.archiving !== on) return
    link.archiving = null
    for (const next of link.archiveLine) {
      link.archiveLine.delete(next)
      if (link.feeds.get(next.feed) !== next) continue
      this.writer.ready(link, next)
      return
    }
  }
}

/** The first number the peer lacks that the store has, below the window; null where there is none. */
function firstHeld({ feed, peerNext }: LinkFeed, windowFirst: number): number | null {
  for (const { from, to } of feed.held?.list ?? []) {
    const first = Math.max(from, peerNext)
    if (first < Math.min(to, windowFirst)) return first
  }
  return null
}
