import { ByteReader, ByteWriter, equalBytes, utf8 } from '../../base/bytes.ts'
import { decodeUtf8 } from '../../base/text.ts'
import { sha256 } from '../../crypto/hash.ts'
import { PAGE_BYTES_MAX } from '../../wire/content.ts'
import { encodeFileOffer, type FileOffer, readFileOffer } from '../../wire/file-offer.ts'
import type { Shape } from './shape.ts'

/**
 * What stands beside a file that is being received, so that a later run can go on with it: a header of 4 KiB, one bit for each leaf that may have been written, every
 * page of hashes at a place of its own, and the manifest of a folder. None of it is trusted: leaves are hashed again before they count, and
 * pages are checked from the root down, so a file that a crash or somebody has changed costs time and nothing else.
 */
export interface ResumeHeader {
  readonly offer: FileOffer
  /** Who offered it: a public key. */
  readonly from: Uint8Array
  /** Where, as front ends call it: a room's name, or `@` and an id. */
  readonly room: string
  /** The offer's event. */
  readonly event: Uint8Array
  /** What it is to be called, in the folder where its state is. */
  readonly name: string
}

export const RESUME_HEADER_BYTES = 4096
const MAGIC = utf8('hearsay part 1\n')
const KEY_BYTES = 32
const CHECKSUM_BYTES = 32
const TEXT_BYTES_MAX = 255
const OFFER_BYTES_MAX = 1024

/** Fills `RESUME_HEADER_BYTES`. The offer must be one that can be sent. */
export function encodeResumeHeader({ offer, from, room, event, name }: ResumeHeader): Uint8Array {
  const encoded = encodeFileOffer(offer)
  if (encoded === null) throw new RangeError('an offer without a name that fits cannot be kept')
  const out = new ByteWriter(RESUME_HEADER_BYTES).bytes(MAGIC).sized(encoded).bytes(from).bytes(event)
  out.sized(utf8(room)).sized(utf8(name))
  out.bytes(sha256(out.view()))
  const header = new Uint8Array(RESUME_HEADER_BYTES)
  header.set(out.view())
  return header
}

/** Null where it is none, or damaged. */
export function readResumeHeader(bytes: Uint8Array): ResumeHeader | null {
  const reader = new ByteReader(bytes)
  if (!equalBytes(reader.take(MAGIC.length), MAGIC)) return null
  const offer = readFileOffer(reader.sized(OFFER_BYTES_MAX))
  const from = reader.take(KEY_BYTES).slice()
  const event = reader.take(KEY_BYTES).slice()
  const room = decodeUtf8(reader.sized(TEXT_BYTES_MAX))
  const name = decodeUtf8(reader.sized(TEXT_BYTES_MAX))
  const end = reader.at
  const sum = reader.take(CHECKSUM_BYTES)
  if (!reader.ok || offer === null || room === null || name === null || name === '') return null
  return equalBytes(sum, sha256(bytes.subarray(0, end))) ? { offer, from, room, event, name } : null
}

/** Where in the state things are, in bytes from its beginning. */
export interface ResumeLayout {
  readonly bitmap: number
  readonly bitmapBytes: number
  readonly pages: number
  readonly manifest: number
}

export function resumeLayout(shape: Shape): ResumeLayout {
  const bitmapBytes = Math.ceil(shape.leaves / 8)
  const pages = RESUME_HEADER_BYTES + bitmapBytes
  return { bitmap: RESUME_HEADER_BYTES, bitmapBytes, pages, manifest: pages + shape.pages * PAGE_BYTES_MAX }
}
