import { ByteWriter } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { type Bundle, type BundleEvent, decodeBundle, GONE, signatureOf } from './bundle.ts'

/**
 * The same bundle without the body of event `number`, whose hash takes its place: ids, chain and signature all still hold. Fresh
 * bytes; the bundle itself where that body is gone already or is not in it. Null where it is no bundle.
 */
export function withoutBody(bytes: Uint8Array, number: number): Uint8Array | null {
  const bundle = decodeBundle(bytes)
  if (bundle === null) return null
  const at = number - bundle.first
  const chosen = bundle.events[at]
  if (chosen === undefined || chosen.gone) return bytes
  return rewritten(
    bundle,
    bundle.events.map((event, i) => (i === at ? { ...event, gone: true, body: sha256(event.body) } : event)),
  )
}

/** The same bundle with the bodies that either has: `theirs` must be verified, and of the same events. Null where it brings none. */
export function withBodies(ours: Uint8Array, theirs: Uint8Array): { bytes: Uint8Array; numbers: number[] } | null {
  const [held, offered] = [decodeBundle(ours), decodeBundle(theirs)]
  if (held === null || offered === null || held.first !== offered.first || held.count !== offered.count) return null
  const numbers = held.events.flatMap(({ gone }, i) => (gone && !offered.events[i]!.gone ? [held.first + i] : []))
  if (numbers.length === 0) return null
  const events = held.events.map((event, i) => (event.gone ? offered.events[i]! : event))
  return { bytes: rewritten(held, events), numbers }
}

function rewritten(bundle: Bundle, events: readonly BundleEvent[]): Uint8Array {
  const { time } = bundle.events[0]!
  const out = new ByteWriter(bundle.bytes.length + 32)
  out.varint(bundle.first).varint(bundle.count).u48(time.ms).varint(time.counter)
  let beforeMs = time.ms
  events.forEach((event, i) => {
    out.u8(event.gone ? event.kind | GONE : event.kind)
    if (i > 0) out.varint(event.time.ms - beforeMs).varint(event.time.counter)
    if (event.gone) out.bytes(event.body)
    else out.sized(event.body)
    beforeMs = event.time.ms
  })
  return out.bytes(signatureOf(bundle)).copy()
}
