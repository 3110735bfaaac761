import { ByteWriter } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { decodeBundle, GONE, signatureOf } from './bundle.ts'
import { BUNDLE_BYTES_MAX } from './limits.ts'

/**
 * The same bundle without the body of event `number`, whose hash takes its place: ids, chain and signature all still hold. Fresh
 * bytes; the bundle itself where that body is gone already or is not in it. Null where it is no bundle, or where the hash, longer than
 * the body was, makes it longer than a bundle may be.
 */
export function withoutBody(bytes: Uint8Array, number: number): Uint8Array | null {
  const bundle = decodeBundle(bytes)
  if (bundle === null) return null
  const at = number - bundle.first
  const chosen = bundle.events[at]
  if (chosen === undefined || chosen.gone) return bytes
  const { time } = bundle.events[0]!
  const out = new ByteWriter(bytes.length + 32)
  out.varint(bundle.first).varint(bundle.count).u48(time.ms).varint(time.counter)
  let beforeMs = time.ms
  bundle.events.forEach((event, i) => {
    const gone = event.gone || i === at
    out.u8(gone ? event.kind | GONE : event.kind)
    if (i > 0) out.varint(event.time.ms - beforeMs).varint(event.time.counter)
    if (!gone) out.sized(event.body)
    else out.bytes(event.gone ? event.body : sha256(event.body))
    beforeMs = event.time.ms
  })
  out.bytes(signatureOf(bundle))
  return out.length <= BUNDLE_BYTES_MAX ? out.copy() : null
}
