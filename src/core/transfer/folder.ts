import { MANIFEST_ENTRIES_MAX, type ManifestEntry, readManifest } from '../../wire/manifest.ts'
import { cleanFileName, nameKey, numbered, pathParts } from './names.ts'

/** A file or an empty folder of a folder that is received: where it goes, and where its bytes are in the content. */
export interface PlannedEntry {
  readonly isFolder: boolean
  /** Parts of its path in the folder, each a clean name; no two entries are the same file on any system. */
  readonly path: readonly string[]
  readonly start: number
  readonly size: number
  readonly changedMs: number
}

/** Its path in the folder as people read it: clean, parted by `/`, with one behind it where it is a folder. */
export function pathText({ path, isFolder }: PlannedEntry): string {
  return `${path.join('/')}${isFolder ? '/' : ''}`
}

/** Files and folders of a plan: each takes some microseconds, and whoever offers a folder is not to have us busy with it for long. */
const PLACES_MAX = 2 * MANIFEST_ENTRIES_MAX

interface Place {
  readonly name: string
  /** Null of a file. */
  readonly inside: Inside | null
}

class Inside {
  /** By key. */
  readonly places = new Map<string, Place>()
  /** What stands for a folder, by its name as sent. */
  readonly folders = new Map<string, Place>()
  /** How many numbers have been tried for names that look alike once numbered: a thousand twins are not to try a thousand each. */
  readonly tried = new Map<string, number>()
}

/**
 * What a manifest makes here, in the order of the content. Null where it is broken, has a path that leads out, or does not fill the
 * content of `size` bytes exactly. Folders that differ in case alone become one; files that do are numbered.
 */
export function planFolder(manifest: Uint8Array, size: number): PlannedEntry[] | null {
  const entries = readManifest(manifest)
  if (entries === null) return null
  const plan: Plan = { top: new Inside(), places: 0 }
  const planned: PlannedEntry[] = []
  let start = manifest.length
  for (const entry of entries) {
    const path = placeOf(plan, entry)
    if (path === null || plan.places > PLACES_MAX) return null
    planned.push({ isFolder: entry.isFolder, path, start, size: entry.size, changedMs: entry.changedMs })
    start += entry.size
    if (start > size) return null
  }
  return start === size ? planned : null
}

interface Plan {
  readonly top: Inside
  places: number
}

function placeOf(plan: Plan, { path, isFolder }: ManifestEntry): string[] | null {
  const parts = pathParts(path)
  if (parts === null) return null
  let inside = plan.top
  return parts.map((part, i) => {
    const place = isFolder || i < parts.length - 1 ? enter(plan, inside, part) : put(plan, inside, part, null)
    inside = place.inside ?? inside
    return place.name
  })
}

/** The folder that stands for a name; a new one where there is none. */
function enter(plan: Plan, folder: Inside, part: string): Place {
  const known = folder.folders.get(part)
  if (known !== undefined) return known
  const clean = cleanFileName(part)
  const key = nameKey(clean)
  const alike = folder.folders.get(key) ?? folder.places.get(key)
  const place = alike?.inside != null ? alike : put(plan, folder, part, new Inside())
  folder.folders.set(part, place)
  folder.folders.set(key, place)
  return place
}

/** Takes a name, or one with a number where that is taken. */
function put(plan: Plan, folder: Inside, part: string, inside: Inside | null): Place {
  const wanted = cleanFileName(part)
  let name = wanted
  if (folder.places.has(nameKey(name))) {
    const alike = nameKey(numbered(wanted, 0))
    let number = folder.tried.get(alike) ?? 1
    do name = numbered(wanted, ++number)
    while (folder.places.has(nameKey(name)))
    folder.tried.set(alike, number)
  }
  const place: Place = { name, inside }
  folder.places.set(nameKey(name), place)
  plan.places++
  return place
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
