import type { Verifier } from '../../crypto/sign.ts'
import { type Bundle, chainBundle, decodeBundle, signatureOf, signedPart } from '../../wire/bundle.ts'
import type { FeedKey } from './feed-log.ts'

/** A bundle whose author has signed it, after the event it was said to follow. */
export interface VerifiedBundle {
  readonly bundle: Bundle
  /** Of its events, in order. */
  readonly ids: readonly Uint8Array[]
  readonly lastId: Uint8Array
}

/** Checks a bundle's signature; null where it does not hold, or these are no bundle's bytes. `previous`: the id before its first event. */
export function verifiedBundle(
  { id }: FeedKey,
  previous: Uint8Array,
  bytes: Uint8Array,
  check: Verifier,
): VerifiedBundle | null {
  const bundle = decodeBundle(bytes)
  if (bundle === null) return null
  const ids = chainBundle(bundle, id, previous)
  const lastId = ids.at(-1)!
  return check.verify(signedPart(bundle.first, lastId), signatureOf(bundle)) ? { bundle, ids, lastId } : null
}
