import { type ByteReader, type ByteWriter, toHex } from '../base/bytes.ts'

/**
 * How two that link up tell each other who is where:
 *
 *     RECALLED     age in seconds 1 · hops 1 · passing event      one that was said so long ago
 *     RECALL_LIST  count (varint) · prefixes of 8 bytes           those the sender could recall
 *     RECALL_WANT  count (varint) · prefixes of 8 bytes           those the sender lacks
 *
 * A prefix is the beginning of an event's id.
 */
export const PREFIX_BYTES = 8
/** 16 KiB of them. */
export const PREFIXES_MAX = 2_048
export const AGE_S_MAX = 255

/** `prefixes` in hexadecimal, at most `PREFIXES_MAX`. */
export function writePrefixes(out: ByteWriter, prefixes: readonly string[]): void {
  if (prefixes.length > PREFIXES_MAX) throw new RangeError(`${prefixes.length} prefixes in one frame`)
  out.varint(prefixes.length)
  for (const prefix of prefixes) out.bytes(Uint8Array.fromHex(prefix))
}

/** Null when broken. */
export function readPrefixes(body: ByteReader): string[] | null {
  const count = body.varint()
  if (!body.ok || count > PREFIXES_MAX || body.left !== count * PREFIX_BYTES) return null
  return Array.from({ length: count }, () => toHex(body.take(PREFIX_BYTES)))
}
