import { toHex } from '../base/bytes.ts'
import { receiptTag } from '../crypto/seal.ts'
import { MEMBER_TAG_BYTES } from '../wire/receipts.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'

/** How members are told of in receipts. `key`: in hexadecimal, as what is answered. */
export function memberTag(key: string): string {
  return key.slice(0, 2 * MEMBER_TAG_BYTES)
}

/**
 * By what the reader of a feed in a conversation is told of, the same on both sides: whoever passes it on does not learn who that is. `peer`:
 * the other of the two. Null where the key cannot be agreed with.
 */
export function readerTag(
  { identity }: NodeContext,
  peer: { readonly agreement: Uint8Array },
  feed: Feed,
): string | null {
  const tag = receiptTag(identity.agreement, peer.agreement, feed.log.key.id)
  return tag === null ? null : toHex(tag.subarray(0, MEMBER_TAG_BYTES))
}
