import { ByteReader, ByteWriter, EMPTY, utf8, varintLength } from '../base/bytes.ts'
import { HLC_COUNTER_MAX, HLC_MS_MAX, type HlcTime } from '../base/hlc.ts'
import type { SigningKey } from '../crypto/sign.ts'
import { EventHasher } from './event.ts'
import { BUNDLE_BYTES_MAX, BUNDLE_EVENTS_MAX, EVENT_BODY_BYTES_MAX, EVENT_NUMBER_MAX } from './limits.ts'

/**
 * The signed unit that travels and is stored: consecutive events of one feed.
 *
 *     first number (varint) · count (varint) · milliseconds 6 · counter (varint)
 *     for each event: kind 1 · [after the first: milliseconds since the one before, counter (varints)] · body (sized)
 *     Ed25519 signature 64
 *
 * The signature is over the first number and the last event's id, which through the hash chain fixes every event of the
 * bundle and all before it. A body that was deleted is replaced by its hash (top bit of the kind), and all still verifies. Whichever bodies
 * are deleted, what is left is a bundle too: where hashes in their place would make it longer than one may be, it never was one.
 */
export interface Bundle {
  readonly first: number
  readonly count: number
  /** As the author made it, signature included: what is passed on and stored, byte for byte. */
  readonly bytes: Uint8Array
  readonly events: readonly BundleEvent[]
}

export interface BundleEvent {
  readonly time: HlcTime
  readonly kind: number
  /** A view into the bundle's bytes; the body's 32-byte hash where `gone`. */
  readonly body: Uint8Array
  readonly gone: boolean
}

export const SIGNATURE_BYTES = 64
const EVENT_ID_BYTES = 32
/** What stands before the first event of a feed. */
export const NO_EVENT: Uint8Array = new Uint8Array(EVENT_ID_BYTES)

/** On the kind of an event whose body is gone. */
export const GONE = 0x80
const SIGN_DOMAIN = utf8('hearsay bundle 1')

/** First number and count, for telling old from new before anything dear is done; null when they cannot be. */
export function peekBundle(bytes: Uint8Array): { first: number; count: number } | null {
  const reader = new ByteReader(bytes)
  const first = reader.varint()
  const count = reader.varint()
  const possible = first >= 1 && count >= 1 && count <= BUNDLE_EVENTS_MAX && first + count <= EVENT_NUMBER_MAX
  return reader.ok && possible && bytes.length <= BUNDLE_BYTES_MAX ? { first, count } : null
}

/** Takes a bundle apart without checking its signature; null when it is not exactly one bundle. Shares `bytes`. */
export function decodeBundle(bytes: Uint8Array): Bundle | null {
  const head = peekBundle(bytes)
  if (head === null || bytes.length < SIGNATURE_BYTES) return null
  const reader = new ByteReader(bytes, 0, bytes.length - SIGNATURE_BYTES)
  reader.varint()
  reader.varint()
  let ms = reader.u48()
  let counter = reader.varint()
  const events: BundleEvent[] = []
  let longest = bytes.length
  for (let i = 0; i < head.count; i++) {
    const kind = reader.u8()
    if (i > 0) {
      ms += reader.varint()
      counter = reader.varint()
    }
    if (ms > HLC_MS_MAX || counter > HLC_COUNTER_MAX) return null
    const gone = (kind & GONE) !== 0
    const body = gone ? reader.take(EVENT_ID_BYTES) : reader.sized(EVENT_BODY_BYTES_MAX)
    if (!reader.ok) return null
    if (!gone) longest += roomOf(body.length) - sizedBytes(body.length)
    events.push({ time: { ms, counter }, kind: kind & ~GONE, body, gone })
  }
  return reader.done && longest <= BUNDLE_BYTES_MAX ? { first: head.first, count: head.count, bytes, events } : null
}

function sizedBytes(length: number): number {
  return varintLength(length) + length
}

/** What a body of so many bytes takes at most, itself or its hash. */
function roomOf(length: number): number {
  return Math.max(sizedBytes(length), EVENT_ID_BYTES)
}

const hasher = new EventHasher()

/** The ids of a bundle's events, given the id before its first. One hash of the body and one of the header each. */
export function chainBundle(bundle: Bundle, feedId: Uint8Array, previous: Uint8Array): Uint8Array[] {
  hasher.begin(feedId, previous)
  const ids: Uint8Array[] = []
  for (let i = 0; i < bundle.count; i++) {
    const event = bundle.events[i]!
    ids.push(hasher.next(bundle.first + i, event.time.ms, event.time.counter, event.kind, event.body, event.gone))
  }
  return ids
}

/** What the signature of a bundle stands under. */
export function signedPart(first: number, lastId: Uint8Array): Uint8Array {
  return new ByteWriter(SIGN_DOMAIN.length + 6 + EVENT_ID_BYTES).bytes(SIGN_DOMAIN).u48(first).bytes(lastId).view()
}

export function signatureOf(bundle: Bundle): Uint8Array {
  return bundle.bytes.subarray(bundle.bytes.length - SIGNATURE_BYTES)
}

interface Waiting extends BundleEvent {
  readonly bytes: number
}

/** An author's side: gathers events until they are sealed under one signature. */
export class BundleBuilder {
  private waiting: Waiting[] = []
  private size = 0
  private last: HlcTime = { ms: 0, counter: 0 }
  private readonly out = new ByteWriter(1024)

  get count(): number {
    return this.waiting.length
  }

  /**
   * False when the event does not fit beside those that wait: seal first. `body` is kept, not copied, until then. Within a
   * bundle time only goes forward.
   */
  add(kind: number, time: HlcTime, body: Uint8Array): boolean {
    if (body.length > EVENT_BODY_BYTES_MAX) throw new RangeError(`event body of ${body.length} bytes`)
    const first = this.waiting.length === 0
    if (!first && time.ms < this.last.ms) return false
    const delta = first ? 0 : varintLength(time.ms - this.last.ms)
    const bytes = 1 + delta + varintLength(time.counter) + roomOf(body.length)
    if (this.waiting.length >= BUNDLE_EVENTS_MAX || this.size + bytes > BODY_ROOM) return false
    this.waiting.push({ time, kind, body, gone: false, bytes })
    this.size += bytes
    this.last = time
    return true
  }

  /** What waits, which is forgotten. */
  take(): readonly BundleEvent[] {
    const events = this.waiting
    this.waiting = []
    this.size = 0
    return events
  }

  /** Signs what waits and forgets it. There must be something. */
  seal(
    first: number,
    feedId: Uint8Array,
    previous: Uint8Array,
    key: SigningKey,
  ): { bundle: Bundle; ids: Uint8Array[] } {
    const events = this.waiting
    const out = this.out.clear()
    out.varint(first).varint(events.length).u48(events[0]!.time.ms).varint(events[0]!.time.counter)
    let beforeMs = events[0]!.time.ms
    for (let i = 0; i < events.length; i++) {
      const { time, kind, body } = events[i]!
      out.u8(kind)
      if (i > 0) out.varint(time.ms - beforeMs).varint(time.counter)
      out.sized(body)
      beforeMs = time.ms
    }
    const unsigned: Bundle = { first, count: events.length, bytes: EMPTY, events }
    const ids = chainBundle(unsigned, feedId, previous)
    const bytes = out.bytes(key.sign(signedPart(first, ids[ids.length - 1]!))).copy()
    this.waiting = []
    this.size = 0
    return { bundle: { ...unsigned, bytes }, ids }
  }
}

/** Both varints, the time, the signature. */
const HEAD_BYTES_MAX = 7 + 2 + 6 + 3 + SIGNATURE_BYTES
const BODY_ROOM = BUNDLE_BYTES_MAX - HEAD_BYTES_MAX
