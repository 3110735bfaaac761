import { type ManifestEntry, readManifest } from '../../wire/manifest.ts'
import { cleanPath, nameKey, numbered } from './names.ts'

/** A file or an empty folder of a folder that is received: where it goes, and where its bytes are in the content. */
export interface PlannedEntry {
  readonly isFolder: boolean
  /** Parts of its path in the folder, each a clean name; no two entries are the same file on any system. */
  readonly path: readonly string[]
  readonly start: number
  readonly size: number
  readonly changedMs: number
}

interface Place {
  readonly name: string
  /** Null of a file. */
  readonly inside: Map<string, Place> | null
  /** How many numbers have been tried for others of this name: a thousand twins are not to try a thousand each. */
  twins: number
}

/**
 * What a manifest makes here, in the order of the content. Null where it is broken, has a path that leads out, or does not fill the
 * content of `size` bytes exactly. Folders that differ in case alone become one; files that do are numbered.
 */
export function planFolder(manifest: Uint8Array, size: number): PlannedEntry[] | null {
  const entries = readManifest(manifest)
  if (entries === null) return null
  const top = new Map<string, Place>()
  const planned: PlannedEntry[] = []
  let start = manifest.length
  for (const entry of entries) {
    const path = placeOf(top, entry)
    if (path === null) return null
    planned.push({ isFolder: entry.isFolder, path, start, size: entry.size, changedMs: entry.changedMs })
    start += entry.size
    if (start > size) return null
  }
  return start === size ? planned : null
}

function placeOf(top: Map<string, Place>, { path, isFolder }: ManifestEntry): string[] | null {
  const parts = cleanPath(path)
  if (parts === null) return null
  let inside = top
  return parts.map((part, i) => {
    const place = enter(inside, part, isFolder || i < parts.length - 1)
    inside = place.inside ?? inside
    return place.name
  })
}

function enter(folder: Map<string, Place>, wanted: string, isFolder: boolean): Place {
  const first = folder.get(nameKey(wanted))
  for (let name = wanted; ; name = numbered(wanted, ++first!.twins)) {
    const key = nameKey(name)
    const found = folder.get(key)
    if (found === undefined) {
      const place: Place = { name, inside: isFolder ? new Map() : null, twins: 1 }
      folder.set(key, place)
      return place
    }
    if (isFolder && found.inside !== null) return found
  }
}

/** The parts of entries that the content's bytes [from, to) belong to, the manifest's own left out. `entries` as `planFolder` gives them. */
export function* partsOf(
  entries: readonly PlannedEntry[],
  from: number,
  to: number,
): Generator<{ readonly entry: number; readonly at: number; readonly from: number; readonly to: number }> {
  for (let i = firstEndingAfter(entries, from); i < entries.length; i++) {
    const { start, size } = entries[i]!
    if (start >= to) return
    const begin = Math.max(start, from)
    const end = Math.min(start + size, to)
    if (begin < end) yield { entry: i, at: begin - start, from: begin - from, to: end - from }
  }
}

function firstEndingAfter(entries: readonly PlannedEntry[], from: number): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { start, size } = entries[middle]!
    if (start + size > from) high = middle
    else low = middle + 1
  }
  return low
}
