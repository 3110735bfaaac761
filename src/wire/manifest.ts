import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { decodeUtf8 } from '../base/text.ts'
import { CONTENT_BYTES_MAX } from './content.ts'

/**
 * What a folder holds, at the beginning of its content; the bytes of its files follow in this order, one after the other:
 *
 *     version 1 · count, for each: kind 1 (0 file, 1 folder without files) · size varint · changed 6 · path (sized), parted by `/`
 */
export interface ManifestEntry {
  readonly isFolder: boolean
  /** 0 of a folder. */
  readonly size: number
  /** Milliseconds since 1970; 0 where it is not known. */
  readonly changedMs: number
  /** As sent: hostile until cleaned. */
  readonly path: string
}

const VERSION = 1
/** Some 65,536 paths of 120 bytes: whoever is asked about a folder has fetched this much before. */
export const MANIFEST_BYTES_MAX = 8 * 1024 * 1024
export const MANIFEST_ENTRIES_MAX = 65_536
export const MANIFEST_PATH_BYTES_MAX = 1024

/** Null where there are too many entries, or a path is too long, or all of it. */
export function encodeManifest(entries: readonly ManifestEntry[]): Uint8Array | null {
  if (entries.length > MANIFEST_ENTRIES_MAX) return null
  const out = new ByteWriter(64 + 64 * entries.length).u8(VERSION).varint(entries.length)
  for (const entry of entries) {
    const path = utf8(entry.path)
    if (path.length === 0 || path.length > MANIFEST_PATH_BYTES_MAX) return null
    out
      .u8(entry.isFolder ? 1 : 0)
      .varint(entry.size)
      .u48(entry.changedMs)
      .sized(path)
  }
  return out.length <= MANIFEST_BYTES_MAX ? out.copy() : null
}

/** Null when broken. */
export function readManifest(bytes: Uint8Array): ManifestEntry[] | null {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  const count = reader.varint()
  if (version !== VERSION || count > MANIFEST_ENTRIES_MAX) return null
  const entries: ManifestEntry[] = []
  for (let i = 0; i < count; i++) {
    const kind = reader.u8()
    const size = reader.varint()
    const changedMs = reader.u48()
    const path = decodeUtf8(reader.sized(MANIFEST_PATH_BYTES_MAX))
    if (!reader.ok || path === null || path === '' || kind > 1 || size > CONTENT_BYTES_MAX || size * kind > 0)
      return null
    entries.push({ isFolder: kind === 1, size, changedMs, path })
  }
  return reader.done ? entries : null
}
