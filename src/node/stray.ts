import { equalBytes } from '../base/bytes.ts'
import { type Bundle, chainBundle, SIGNATURE_BYTES, signatureOf, signedPart } from '../wire/bundle.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'
import { isStrayed, type LinkFeed } from './link-state.ts'

interface Peek {
  readonly first: number
  readonly count: number
}

/**
 * Whether something pushed stands elsewhere than where the feed's own history goes on, or is no copy of what that has. No is not said of what
 * can only be told by checking its signature.
 */
export function isStray(on: LinkFeed, peek: Peek, given: Uint8Array | null, bytes: Uint8Array): boolean {
  const { log, forks } = on.feed
  const { first, count } = peek
  if (first < log.next && first + count > log.next) return true
  if (first >= log.next) {
    if (first === log.next && given !== null && log.tip !== null) return !equalBytes(given, log.tip)
    return isStrayed(on) || (given !== null && forks?.has(given) === true)
  }
  // Below the window nothing can be told at once; what is pushed from there is a copy nearly always.
  if (first + count <= log.base) return isStrayed(on)
  const position = log.positionOf(first)
  const held = position < log.end ? log.at(position) : null
  return held?.first !== first || held.count !== count || !isSameSignature(held.bytes, bytes)
}

/** The event before a bundle of a feed, among those that can be told to be it, for which its signature holds; null for none. */
export function signedAfter(
  feeds: Feeds,
  feed: Feed,
  bundle: Bundle,
  given: Uint8Array | null,
): { previous: Uint8Array; ids: Uint8Array[] } | null {
  const { key } = feed.log
  const check = feeds.verifierOf(key.author, feed.authorKey)
  for (const previous of given === null ? candidates(feed, bundle.first) : [given]) {
    const ids = chainBundle(bundle, key.id, previous)
    // What is here already was checked when it came.
    if (feed.forks?.hasAll(ids) === true) return { previous, ids }
    if (check?.verify(signedPart(bundle.first, ids.at(-1)!), signatureOf(bundle)) === true) return { previous, ids }
  }
  return null
}

/** What a bundle that begins there may follow. */
function candidates({ log, forks }: Feed, first: number): Uint8Array[] {
  const position = log.positionOf(first)
  const own = position < log.end && log.at(position).first === first ? [log.at(position).previous] : []
  const tip = first === log.next && log.tip !== null ? [log.tip] : []
  return [...own, ...tip, ...(forks?.lastBefore(first) ?? [])]
}

/** Ed25519 signs the same in the same way, so this tells bundles apart without looking into them. */
function isSameSignature(ours: Uint8Array, theirs: Uint8Array): boolean {
  for (let back = 1; back <= SIGNATURE_BYTES; back++) {
    if (ours[ours.length - back] !== theirs[theirs.length - back]) return false
  }
  return true
}
