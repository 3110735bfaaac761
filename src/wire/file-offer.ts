import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { decodeUtf8 } from '../base/text.ts'
import { CONTENT_BYTES_MAX, HASH_BYTES } from './content.ts'
import { MANIFEST_BYTES_MAX, MANIFEST_ENTRIES_MAX } from './manifest.ts'

/**
 * The body of an event that offers a file or a folder:
 *
 *     root 32 · size varint · bytes of manifest varint · entries varint · changed 6 (milliseconds since 1970, 0 unknown) · name (sized)
 *
 * A single file has no manifest and no entries; of a folder the manifest is the first that the content holds.
 */
export interface FileOffer {
  readonly root: Uint8Array
  /** Of the content, the manifest included. */
  readonly size: number
  readonly manifestBytes: number
  readonly entries: number
  readonly changedMs: number
  /** As sent: clean it before it is shown or used. Never empty. */
  readonly name: string
}

/** What people mean by its size: the bytes of the file or of all files of the folder, without the manifest. */
export function filesBytes({ size, manifestBytes }: Pick<FileOffer, 'size' | 'manifestBytes'>): number {
  return Math.max(0, size - manifestBytes)
}

/** As sent; what becomes of it here is shorter. */
export const OFFER_NAME_BYTES_MAX = 255

/** Null where the name is empty or too long. */
export function encodeFileOffer(offer: FileOffer): Uint8Array | null {
  const name = utf8(offer.name)
  if (name.length === 0 || name.length > OFFER_NAME_BYTES_MAX) return null
  const out = new ByteWriter(64 + name.length).bytes(offer.root).varint(offer.size)
  return out.varint(offer.manifestBytes).varint(offer.entries).u48(offer.changedMs).sized(name).copy()
}

/** Null when broken. */
export function readFileOffer(body: Uint8Array): FileOffer | null {
  const reader = new ByteReader(body)
  const root = reader.take(HASH_BYTES).slice()
  const size = reader.varint()
  const manifestBytes = reader.varint()
  const entries = reader.varint()
  const changedMs = reader.u48()
  const name = decodeUtf8(reader.sized(OFFER_NAME_BYTES_MAX))
  if (!reader.done || name === null || name === '' || size > CONTENT_BYTES_MAX) return null
  const isFile = manifestBytes === 0 && entries === 0
  const isFolder = manifestBytes > 0 && manifestBytes <= Math.min(size, MANIFEST_BYTES_MAX)
  if (!isFile && !(isFolder && entries <= MANIFEST_ENTRIES_MAX)) return null
  return { root, size, manifestBytes, entries, changedMs, name }
}
