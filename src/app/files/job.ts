import { toHex, utf8 } from '../../base/bytes.ts'
import type { Download } from '../../core/transfer/download.ts'
import { cleanFileName } from '../../core/transfer/names.ts'
import type { OfferEntry } from '../../core/transfer/offers.ts'
import type { ResumeHeader } from '../../core/transfer/resume.ts'
import type { Source, Target } from '../../ports/files.ts'
import { type FileOffer, filesBytes, OFFER_NAME_BYTES_MAX } from '../../wire/file-offer.ts'
import type { FileTrouble, FileView } from './contract.ts'
import { Rate } from './rate.ts'
import type { Answer } from './seeking.ts'

/** Remembered of those who say that they have what we offer, and of those who do not want it. */
const ANSWERS_MAX = 256

/** One offer, ours or another's, with everything that it takes to carry it out. */
export interface Job {
  readonly entry: OfferEntry
  readonly offer: FileOffer
  readonly rate: Rate
  download: Download | null
  target: Target | null
  source: Source | null
  path: string
  reason: string
  trouble: FileTrouble | null
  /** When it was offered. */
  atMs: number
  /** Bytes given to others. */
  given: number
  readonly taken: Set<string>
  readonly declined: Set<string>
  files: number
  listing: readonly string[]
  toldAtMs: number
  /** What was news in it then. */
  told: string
  movedAtMs: number
  isStuck: boolean
  /** On the disk: `short` while it waits for it, `kept` once all of it fits. */
  room: 'none' | 'short' | 'kept'
  /** Accepted, and waiting for others to be done. */
  isQueued: boolean
  /** Its target does not have yet what a later run goes on from. */
  isBeginning: boolean
  /** It goes on from what came by an offer that was taken back: a later run does not find it by that. */
  resumesWithdrawn: boolean
  /** To be taken without a question, and not by itself as long as another brings the same. */
  follows: boolean
  /** The user himself has accepted it. */
  isWanted: boolean
  /** Accepted in an earlier run: one for a single transfer leaves that to a later one. */
  isForLater: boolean
  /** The user has said that he does not want it. */
  refuses: boolean
  /** How often it has been begun: whoever began it before, and has had to wait, has nothing to do with it any more. */
  turn: number
  /** How often it has been begun anew, because what had come was not there any more. */
  anew: number
  /** What came of it before is being taken away. */
  discarding: Promise<void> | null
}

export function newJob(entry: OfferEntry, offer: FileOffer, nowMs: number): Job {
  const none = {
    download: null,
    target: null,
    source: null,
    path: '',
    reason: '',
    trouble: null,
    files: 0,
    listing: [],
  }
  const given = { atMs: 0, given: 0, taken: new Set<string>(), declined: new Set<string>() }
  const room = 'none' as const
  const how = {
    room,
    refuses: false,
    isBeginning: false,
    resumesWithdrawn: false,
    toldAtMs: 0,
    told: '',
    movedAtMs: nowMs,
    isStuck: false,
    isQueued: false,
    isForLater: false,
    isWanted: false,
    follows: false,
    turn: 0,
    anew: 0,
    discarding: null,
  }
  return { entry, offer, rate: new Rate(), ...none, ...given, ...how }
}

/** It goes on: what its rate is told from. */
export function markRate({ entry, download, given, rate }: Job, nowMs: number): void {
  rate.mark(entry.state === 'giving' ? given : (download?.bytesHere ?? 0), nowMs)
}

/** How it stands, for people: of a folder its files count, not the manifest before them. */
export function viewOf(job: Job, nowMs: number, throughOf: (link: number) => string | null): FileView {
  const { entry, offer, download, path, reason, trouble, atMs, given, taken, declined, files, listing, rate } = job
  const isGiven = entry.state === 'giving'
  const bytesHere = entry.state === 'done' || isGiven ? entry.size : (download?.bytesHere ?? 0)
  const bytesPerSecond = isGiven || entry.state === 'receiving' ? rate.perSecond(isGiven ? given : bytesHere, nowMs) : 0
  const leftMs = bytesPerSecond === 0 || isGiven ? null : ((entry.size - bytesHere) * 1000) / bytesPerSecond
  const size = filesBytes(offer)
  // The manifest is the first that comes.
  const done = Math.max(0, bytesHere - offer.manifestBytes)
  const { id, number, state, room, from, name } = entry
  const senders = entry.state === 'receiving' ? (download?.sendersAt(nowMs) ?? []) : []
  const through = new Set(senders.flatMap((link) => throughOf(link) ?? []))
  return {
    id,
    number,
    state,
    room,
    from,
    name,
    size,
    done,
    bytesPerSecond,
    leftMs,
    atMs,
    given,
    taken: [...taken],
    declined: [...declined],
    holders: senders.length,
    through: [...through],
    path,
    reason,
    trouble,
    files,
    listing,
  }
}

/** What a later run goes on from. */
export function headerOf({ offer, entry: { from, id, room, name } }: Job): ResumeHeader {
  return { offer, from: Uint8Array.fromHex(from), event: Uint8Array.fromHex(id), room, name }
}

/** What an offer tells, cleaned. */
export function summary({ root, name, size, manifestBytes }: FileOffer) {
  return { root: toHex(root), name: cleanFileName(name), size, isFolder: manifestBytes > 0 }
}

/** What is said of a source in a room. */
export function offerOf({ name, size, manifest, entries, changedMs }: Source, root: Uint8Array): FileOffer {
  const fits = utf8(name).length <= OFFER_NAME_BYTES_MAX
  return {
    ...{ root, size, manifestBytes: manifest.length, entries: entries.length, changedMs },
    name: fits ? name : cleanFileName(name),
  }
}

/** Notes how somebody stands to what we offer; false where that is known, or of too many others. Who has it has thought better of a no. */
export function noteAnswer({ taken, declined }: Job, key: string, answer: Answer): boolean {
  const people = answer === 'whole' ? taken : declined
  if (people.has(key) || people.size >= ANSWERS_MAX) return false
  people.add(key)
  if (answer === 'whole') declined.delete(key)
  return true
}
