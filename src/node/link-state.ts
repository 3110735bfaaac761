import type { Address } from '../base/address.ts'
import { ByteWriter, compareBytes, EMPTY, equalBytes } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import { type Range, RangeSet } from '../core/history/ranges.ts'
import type { Established, Handshake } from '../core/link/handshake.ts'
import { RecordReader } from '../core/link/records.ts'
import type { CipherState } from '../crypto/aead.ts'
import { beginFrame, endFrame } from '../wire/frame.ts'
import type { Hello } from '../wire/hello.ts'
import type { Feed } from './feed.ts'
import type { LoadedBundle } from './keeping.ts'
import { LinkBudget } from './link-budget.ts'

/** What is read from the store for one feed of one link. An answer to one that was given up says nothing. */
export interface ArchiveReading {
  /** Read, and not sent yet. */
  readonly stash: LoadedBundle[]
  isLoading: boolean
}

/** What a peer lacks of the middle of a feed, as far as is known. */
interface LinkPast {
  /** Everything below is there, as the peer says. */
  wholeTo: number
  /** What it has fetched here. */
  readonly fetched: RangeSet
  /** What it lacks, and we could not bring: from the first of it to the last. */
  lacking: Range | null
  /** What it passed over to have the newest first, and has neither fetched here nor from others yet, as far as is known. */
  owed: Range | null
}

/** Where one link stands with one feed. */
export interface LinkFeed {
  readonly feed: Feed
  /** Our handle for it on this link; 0 until it has been told. */
  handle: number
  /** Position in the log of the next bundle to push; null while the peer has not said how far it is. */
  cursor: number | null
  /** Oldest number the peer says it holds, and one past the newest. 1 when unknown. */
  peerBase: number
  peerNext: number
  /** The peer has said how far it has it, if only that it has nothing. */
  isTold: boolean
  /** One past the newest event that was ever sent there on this link: what comes before is sent once more. */
  sentNext: number
  /** The peer knows the id of event `chained - 1` from this link, so what follows it can go without. 0: nothing yet. */
  chained: number
  /** The peer asked for hashes in full. */
  full: boolean
  /** We asked the peer for hashes in full: what comes without is not looked at until one comes with. */
  askedFull: boolean
  /** Times in a row that we asked the peer for it and nothing came. */
  strikes: number
  /** Until then what the peer says it has of it is not believed, monotonic. */
  doubtedUntilMs: number
  /** Times that it took another's place and then what others announced had not come. */
  falls: number
  /** Until then the hops it tells of are taken for as many as there can be, monotonic. */
  hopsDoubtedUntilMs: number
  /** In the link's queue of feeds with something to push. */
  queued: boolean
  /** What is being read from the store for it; null while nothing is. */
  archive: ArchiveReading | null
  /** What there is to know of its holes; null for nearly every one. */
  past: LinkPast | null
}

/** What the peer pushes is another history of the feed than the one that came first here. */
export function isStrayed(on: LinkFeed): boolean {
  return on.feed.strays?.has(on) === true
}

export function pastOf(on: LinkFeed): LinkPast {
  on.past ??= { wholeTo: 1, fetched: new RangeSet(), lacking: null, owed: null }
  return on.past
}

/** The peer says that it holds something that comes after what we hold. */
export function isAhead(on: LinkFeed): boolean {
  if (isStrayed(on)) return false
  return on.peerNext > on.feed.log.next && on.peerNext > on.peerBase
}

/**
 * What frames of control that wait for a link may take: beyond this the peer is not reading and is dropped. Some 14,000 feeds can
 * be named and asked for at once.
 */
export const CONTROL_BYTES_MAX = 4 * 1024 * 1024
/** What a queued frame costs beside its bytes (measured): five-byte pongs must not add up to twenty times the bound. */
const FRAME_OVERHEAD_BYTES = 96
/** Passing events give way before that: they are worth nothing late. */
export const PASSING_BACKLOG_BYTES_MAX = 256 * 1024

/** One connection, from its first byte to its last. */
export class LinkState {
  phase: 'handshake' | 'hello' | 'open' | 'closing' | 'closed' = 'handshake'
  handshake: Handshake | null = null
  reader: RecordReader | null = null
  sealer: CipherState | null = null
  /** Set once the handshake is through. */
  peer: Uint8Array = EMPTY
  peerKey = ''
  peerStatic: Uint8Array = EMPTY
  hash: Uint8Array = EMPTY
  hello: Hello | null = null
  rttMs: number | null = null
  pingSentAtMs: number | null = null
  heardAtMs: number
  /** When the driver last took bytes or had nothing to take: a peer that reads nothing leaves it in the past. */
  pulledAtMs: number
  partialSinceMs: number | null = null
  deadline: Timer<() => void> | null = null
  closeReason = ''
  /** The peer's goodbye, or null. */
  byeCode: number | null = null
  /** It took over from another connection with the same running peer. */
  isContinuation = false
  /** We ended it because membership had no use for it. */
  isReleased = false
  /** It is or was a neighbour's. */
  wasNeighbour = false
  /** When it became one's, monotonic. */
  neighbourAtMs = 0
  /** It carries the frames of a tracker and its visitors, and no others: a link that is nobody's peer. */
  isVisit = false
  /** Something has come from it. */
  hasSpoken = false
  /** The block of addresses it came from, where that is one holder's; null also for what we dialled. */
  block: string | null = null
  /** It came in and counts as open. */
  isInside = false
  readonly budget = new LinkBudget()
  readonly feeds = new Map<Feed, LinkFeed>()
  readonly theirs = new Map<number, Feed>()
  /** `FEED`s it has sent. */
  namings = 0
  handles = 0
  /** Feeds with something to push, oldest first. */
  readonly ready: LinkFeed[] = []
  /** Feeds to be named to the peer, taken from the end. */
  announce: Feed[] = []
  /** The one feed that is read from the store for it, and those that wait for their turn. */
  archiving: LinkFeed | null = null
  readonly archiveLine = new Set<LinkFeed>()
  /** Feeds this link brought that hold nothing yet. */
  emptyFeeds = 0

  private readonly raw: Uint8Array[] = []
  private readonly frames: Uint8Array[] = []
  private frameBytes = 0

  constructor(
    readonly id: number,
    readonly remote: Address,
    readonly via: 'dialled' | 'accepted',
    /** The address given by the user that this link came from; null for others. */
    readonly target: string | null,
    /** The key of the peer that was to be found there; null for whoever it is. */
    readonly expected: string | null,
    /** Which of our visits to trackers it is; null for no visit of ours. */
    readonly visit: number | null,
    readonly openedAtMs: number,
  ) {
    this.isVisit = visit !== null
    this.heardAtMs = openedAtMs
    this.pulledAtMs = openedAtMs
  }

  establish(link: Established, peerKey: string): void {
    this.handshake = null
    this.reader = new RecordReader(link.receive)
    this.sealer = link.send
    this.peer = link.peer
    this.peerKey = peerKey
    this.peerStatic = link.peerStatic
    this.hash = link.hash
    this.phase = 'hello'
  }

  /** Lets go of all it knew of feeds. */
  forgetFeeds(): void {
    this.feeds.clear()
    this.theirs.clear()
    this.ready.length = 0
    this.announce = []
    this.archiving = null
    this.archiveLine.clear()
  }

  /** Lets go of all it knew and had to send: a deadline that has not come yet may hold on to the link itself. */
  release(): void {
    this.forgetFeeds()
    this.dropFrames()
  }

  dropFrames(): void {
    this.frames.length = 0
    this.frameBytes = 0
  }

  get waitingBytes(): number {
    return this.frameBytes
  }

  /** Handshake bytes, sent as they are and before any record. */
  queueRaw(bytes: Uint8Array): void {
    if (bytes.length > 0) this.raw.push(bytes)
  }

  get waitsRaw(): boolean {
    return this.raw.length > 0
  }

  takeRaw(): Uint8Array | null {
    return this.raw.shift() ?? null
  }

  /** Queues one whole frame for the next record. The buffer may be shared with other links and is not written to. */
  queue(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.frames.push(bytes)
    this.frameBytes += bytes.length + FRAME_OVERHEAD_BYTES
  }

  /** The oldest queued frame if it fits in `room` bytes, and takes it off; null otherwise. */
  takeFrame(room: number): Uint8Array | null {
    const frame = this.frames[0]
    if (frame === undefined || frame.length > room) return null
    this.frames.shift()
    this.frameBytes -= frame.length + FRAME_OVERHEAD_BYTES
    return frame
  }
}

/**
 * Of two links with one peer: after a restart of the peer the newer; else the one dialled by the lower id; dialled by
 * the same side, the one whose handshake hash is lower. Both ends see the same facts and so keep the same link.
 */
export function newerStays(older: LinkState, newer: LinkState, ownKey: Uint8Array): boolean {
  if (!equalBytes(older.peerStatic, newer.peerStatic)) return true
  if (older.via === newer.via) return compareBytes(newer.hash, older.hash) < 0
  const weAreLower = compareBytes(ownKey, newer.peer) < 0
  return (newer.via === 'dialled') === weAreLower
}

/** Builds one frame as bytes of its own, for `LinkState.queue`. */
export function frame(type: number, write: (out: ByteWriter) => void): Uint8Array {
  scratch.clear()
  const at = beginFrame(scratch, type)
  write(scratch)
  endFrame(scratch, at)
  return scratch.copy()
}

const scratch = new ByteWriter(1024)
