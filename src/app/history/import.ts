import { decodeBase32 } from '../../base/base32.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { CLOCK_AHEAD_MAX_MS } from '../../base/hlc.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import type { FeedKey } from '../../core/history/feed-log.ts'
import { Trunk } from '../../core/history/trunk.ts'
import { verifiedBundle } from '../../core/history/verified.ts'
import { toldBy } from '../../core/room/told.ts'
import { type Verifier, verifier } from '../../crypto/sign.ts'
import type { KeepBundle, KeepFork, Store, StoredBundle, StoreFault } from '../../ports/store.ts'
import { chainBundle, decodeBundle, NO_EVENT } from '../../wire/bundle.ts'
import { feedIdOf, openRoomId } from '../../wire/event.ts'
import { BUNDLE_BYTES_MAX } from '../../wire/limits.ts'
import { EPOCH_BYTES } from '../../wire/replication.ts'
import { BUNDLES_LINE, END_LINE, EXPORT_FORMAT, EXPORT_VERSION } from './export.ts'

/** Bundles of one commit. */
const COMMIT_BUNDLES = 200
/** Checking a signature begins with the key, which takes as long again: as many authors as are remembered. */
const VERIFIERS_MAX = 1_024
/** What is read of a feed to see where a bundle stands: the bundles before, at and after its numbers. */
const TRUNK_BYTES = 1024 * 1024
/** A bundle in base64 and the keys beside it. */
const BUNDLE_LINE_CHARS_MAX = Math.ceil((BUNDLE_BYTES_MAX * 4) / 3) + 1_024

export interface Imported {
  readonly ok: true
  readonly room: string
  /** Bundles that were not here before, and that were. */
  readonly fresh: number
  readonly known: number
  /** That do not verify, or come from a clock that is not to be believed. */
  readonly refused: number
}

type ImportFault = { readonly ok: false; readonly message: string } | StoreFault

/**
 * Takes in an export, a line at a time. Only the signed originals count: what they say is read from them again. Those of our own
 * feeds come in as any other's: an export may be older than what we said since, and no number may be used twice.
 */
export class Importer {
  private room: { readonly name: string; readonly id: Uint8Array; readonly before: number } | null = null
  private state: 'head' | 'messages' | 'bundles' | 'end' = 'head'
  private readonly verifiers = new Map<string, Verifier | null>()
  private batch: (KeepBundle | KeepFork)[] = []
  /** Feeds of the room that were here before: what comes of them may be another history. */
  private known = new Set<string>()
  private verified = 0
  private refused = 0

  constructor(
    private readonly store: Store,
    private readonly wallMs: number,
  ) {}

  /** Null while all is well. `text` null: a line too long to be one of an export. */
  line(text: string | null): ImportFault | null {
    if (this.state === 'head') return this.head(text ?? '')
    if (this.state === 'messages') {
      if (text === BUNDLES_LINE) this.state = 'bundles'
      return null
    }
    if (this.state === 'end' || text === '') return null
    if (text === END_LINE) {
      this.state = 'end'
      return null
    }
    return this.bundle(text)
  }

  /** After the last line. */
  end(): Imported | ImportFault {
    const fault = this.flush()
    if (fault !== null) return fault
    if (this.room === null || this.state !== 'end') {
      const kept = this.verified === 0 ? '' : ` The ${this.verified} bundles before were taken in.`
      return { ok: false, message: `The file ends before the export does: it is not whole.${kept} Export it again.` }
    }
    const fresh = this.held() - this.room.before
    return { ok: true, room: this.room.name, fresh, known: this.verified - fresh, refused: this.refused }
  }

  private head(text: string): ImportFault | null {
    const head = parse(`${text.replace(/,"messages":\[$/, '')}}`)
    if (head?.['format'] !== EXPORT_FORMAT || !text.endsWith('"messages":[')) {
      return { ok: false, message: 'That is no export of hearsay: hearsay export --format json writes one.' }
    }
    if (head['version'] !== EXPORT_VERSION) {
      return { ok: false, message: 'The export was written by a newer hearsay: update this one.' }
    }
    const room = head['room']
    const name = typeof room === 'object' && room !== null && 'name' in room ? room.name : null
    if (typeof name !== 'string' || normaliseRoom(name) !== name) {
      const why = 'what was said between two people is sealed, and its own sender cannot open it again'
      return { ok: false, message: `Only open rooms can be taken in: ${why}.` }
    }
    const id = openRoomId(name)
    this.room = { name, id, before: this.heldOf(id) }
    this.known = new Set(this.store.feeds(id).map(({ key }) => toHex(key.id)))
    this.state = 'messages'
    if (this.store.rooms().some((held) => toHex(held.room) === toHex(id))) return null
    const settings = { name, peer: null, joined: false, ageMsMax: null, bytesMax: null }
    const done = this.store.commit([{ what: 'room', room: id, settings }])
    return done.ok ? null : done
  }

  private bundle(text: string | null): ImportFault | null {
    const fields = text === null || text.length > BUNDLE_LINE_CHARS_MAX ? null : parse(text.replace(/,$/, ''))
    const op = fields === null ? null : this.verify(fields)
    if (op === null) {
      this.refused++
      return null
    }
    this.verified++
    if (fields?.['fork'] === true || this.known.has(toHex(op.feed.id))) {
      const fault = this.flush()
      if (fault !== null) return fault
      this.batch.push(this.placed(op))
    } else this.batch.push(op)
    return this.batch.length < COMMIT_BUNDLES ? null : this.flush()
  }

  private verify(fields: Fields): KeepBundle | null {
    const author = decodeBase32(stringOf(fields, 'author'))
    const epoch = hexOf(stringOf(fields, 'epoch'), EPOCH_BYTES)
    const previous = hexOf(stringOf(fields, 'previous'), NO_EVENT.length)
    if (author?.length !== 32 || epoch === null || previous === null) return null
    const check = this.verifierOf(author)
    const room = this.room!.id
    const feed = { author, room, epoch, id: feedIdOf(author, room, epoch) }
    const verified = check === null ? null : verifiedBundle(feed, previous, base64Of(stringOf(fields, 'bytes')), check)
    if (verified === null) return null
    const { bundle, ids, lastId } = verified
    const { first, count, bytes } = bundle
    const { time } = bundle.events.at(-1)!
    if (time.ms > this.wallMs + CLOCK_AHEAD_MAX_MS) return null
    const events = toldBy(bundle, ids)
    return { what: 'keep', feed, own: false, first, count, previous, lastId, time, bytes, events }
  }

  /** Beside what is here of its feed, where that has something else in its place; nobody's word is taken for that. */
  private placed(op: KeepBundle): KeepBundle | KeepFork {
    const { feed, first, count, previous, bytes } = op
    const trunk = new Trunk(this.store.bundles(feed, Math.max(1, first - 1), first + count + 1, TRUNK_BYTES), feed.id)
    const ids = chainBundle(decodeBundle(bytes)!, feed.id, previous)
    const { partsAt, isSame } = trunk.standingOf({ first, ids, previous })
    const isAfterFork = () => this.store.forks(feed).some((fork) => follows(fork, feed, previous))
    if (isSame || (partsAt === null && !isAfterFork())) return op
    const { own: _, ...rest } = op
    return { ...rest, what: 'fork', since: partsAt ?? first }
  }

  private verifierOf(author: Uint8Array): Verifier | null {
    const key = toHex(author)
    const known = this.verifiers.get(key)
    if (known !== undefined) return known
    if (this.verifiers.size >= VERIFIERS_MAX) this.verifiers.delete(this.verifiers.keys().next().value!)
    const made = verifier(author)
    this.verifiers.set(key, made)
    return made
  }

  private flush(): StoreFault | null {
    if (this.batch.length === 0) return null
    const done = this.store.commit(this.batch)
    this.batch = []
    return done.ok ? null : done
  }

  private held(): number {
    return this.room === null ? 0 : this.heldOf(this.room.id)
  }

  private heldOf(id: Uint8Array): number {
    return this.store.rooms().find((held) => toHex(held.room) === toHex(id))?.bundles ?? 0
  }
}

function follows({ bytes, previous }: StoredBundle, feed: FeedKey, id: Uint8Array): boolean {
  const bundle = decodeBundle(bytes)
  return bundle !== null && equalBytes(chainBundle(bundle, feed.id, previous).at(-1)!, id)
}

type Fields = Readonly<Record<string, unknown>>

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

function stringOf(fields: Fields, field: string): string {
  const value = fields[field]
  return typeof value === 'string' ? value : ''
}

function hexOf(text: string, bytes: number): Uint8Array | null {
  return text.length === bytes * 2 && /^[0-9a-f]*$/.test(text) ? Uint8Array.fromHex(text) : null
}

function base64Of(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text)
  } catch {
    return new Uint8Array(0)
  }
}
