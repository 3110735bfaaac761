import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { EMPTY, utf8 } from '../base/bytes.ts'
import { type PlannedEntry, partsOf } from '../core/transfer/folder.ts'
import type { FilesFault, Omitted, OmittedKind, Source } from '../ports/files.ts'
import { CONTENT_BYTES_MAX } from '../wire/content.ts'
import { encodeManifest, MANIFEST_ENTRIES_MAX, MANIFEST_PATH_BYTES_MAX, type ManifestEntry } from '../wire/manifest.ts'
import { diskFault, errorCode } from './disk-fault.ts'
import { DiskHandles, readFully } from './disk-handles.ts'

/** A pipe without a writer would be waited for; Windows has no such flag. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const READ_INSIDE = READ | (constants.O_NOFOLLOW ?? 0)
const DEPTH_MAX = 32
/** There is no other place to read it from. */
const TO_SEND = { denied: 'Change its rights, and send it again.' }
/** What the runtime reads in the place of bytes that are no UTF-8. */
const UNREADABLE_CHARACTER = '\ufffd'

interface Found {
  readonly path: string
  /** As it is called in sentences: a part of a folder by its path, beginning with the folder's name. */
  readonly called: string
  readonly flags: number
  readonly size: number
  readonly changedMs: number
}

/** What stands at a path, to be given. */
export async function diskSource(path: string): Promise<Source | FilesFault> {
  const full = resolve(path)
  try {
    const stats = await stat(full)
    if (stats.isFile()) return new DiskSource(basename(full), fileFound(full, stats))
    if (stats.isDirectory()) return await folderSource(full, stats)
    return {
      ok: false,
      code: 'not-a-file',
      message: `${path} is neither a file nor a folder: give the path of one.`,
      cause: null,
    }
  } catch (error) {
    return diskFault(`${path} cannot be sent`, error, TO_SEND)
  }
}

function fileFound(path: string, { size, mtimeMs }: Stats): Found {
  return { path, called: basename(path), flags: READ, size, changedMs: mtimeMs }
}

async function folderSource(full: string, stats: Stats): Promise<Source | FilesFault> {
  // That of the root is empty.
  const name = basename(full) || full
  const walk: Walk = { name, found: [], entries: [], omitted: new Omissions(name) }
  await walkFolder(full, '', 0, walk)
  const manifest = walk.entries.length > MANIFEST_ENTRIES_MAX ? null : encodeManifest(walk.entries)
  if (manifest === null) {
    const message = `${name} holds too much for one offer (${MANIFEST_ENTRIES_MAX} files at most): send its parts, or an archive.`
    return { ok: false, code: 'too-large', message, cause: null }
  }
  return new DiskSource(name, null, { manifest, walk, changedMs: stats.mtimeMs })
}

class Omissions implements Omitted {
  count = 0
  first = ''
  readonly kinds = new Set<OmittedKind>()

  constructor(private readonly name: string) {}

  /** `inside`: its path in the folder. */
  add(inside: string, kind: OmittedKind): void {
    if (++this.count === 1) this.first = pathIn(this.name, inside)
    this.kinds.add(kind)
  }
}

interface Walk {
  /** Of the folder. */
  readonly name: string
  readonly found: Found[]
  readonly entries: ManifestEntry[]
  readonly omitted: Omissions
}

/** Everything in a folder in the order of names, or what of it cannot be sent. */
async function walkFolder(full: string, path: string, depth: number, walk: Walk): Promise<void> {
  const names = (await readdir(full)).sort()
  for (const [i, name] of names.entries()) {
    if (walk.entries.length > MANIFEST_ENTRIES_MAX) return
    const inside = path === '' ? name : `${path}/${name}`
    const there = join(full, name)
    const stats = await lstat(there).catch(errorCode)
    // Two names that are no UTF-8 may read alike, and like a third that is.
    const kind = name === names[i - 1] ? 'name' : omittedAs(stats, name, inside, depth)
    if (kind !== null) walk.omitted.add(inside, kind)
    else if (typeof stats === 'string') continue
    else if (stats.isDirectory()) await walkInner(there, inside, depth, stats, walk)
    else {
      const { size, mtimeMs } = stats
      walk.found.push({ path: there, called: pathIn(walk.name, inside), flags: READ_INSIDE, size, changedMs: mtimeMs })
      walk.entries.push({ isFolder: false, size, changedMs: wholeMs(mtimeMs), path: inside })
    }
  }
}

/** A folder in a folder. It is only given as an empty one where it is that: whoever takes it would believe that there was nothing. */
async function walkInner(there: string, inside: string, depth: number, stats: Stats, walk: Walk): Promise<void> {
  const [entries, omitted] = [walk.entries.length, walk.omitted.count]
  try {
    await walkFolder(there, inside, depth + 1, walk)
  } catch (error) {
    // It has just been taken away.
    if (errorCode(error) === 'ENOENT') return
    walk.omitted.add(inside, 'unreadable')
  }
  if (walk.entries.length === entries && walk.omitted.count === omitted)
    walk.entries.push({ isFolder: true, size: 0, changedMs: wholeMs(stats.mtimeMs), path: inside })
}

/** Why something in a folder is not sent; null where it is, or is not there any more. `stats`: the code of the fault where it cannot be looked at. */
function omittedAs(stats: Stats | string, name: string, inside: string, depth: number): OmittedKind | null {
  if (stats === 'ENOENT') return name.includes(UNREADABLE_CHARACTER) ? 'name' : null
  if (typeof stats === 'string') return 'unreadable'
  if (stats.isSymbolicLink()) return 'link'
  if (!stats.isFile() && !stats.isDirectory()) return 'no-file'
  if (!inside.isWellFormed()) return 'name'
  return depth >= DEPTH_MAX || utf8(inside).length > MANIFEST_PATH_BYTES_MAX ? 'path' : null
}

/** `name`: of a folder; that of the root is a slash itself. */
function pathIn(name: string, inside: string): string {
  return name.endsWith('/') ? `${name}${inside}` : `${name}/${inside}`
}

function wholeMs(ms: number): number {
  return Math.max(0, Math.floor(ms))
}

class DiskSource implements Source {
  readonly ok = true
  readonly size: number
  readonly manifest: Uint8Array
  readonly entries: readonly ManifestEntry[]
  readonly changedMs: number
  readonly omitted: Omitted | null
  private readonly files: readonly Found[]
  /** Where each file's bytes are in the content. */
  private readonly places: readonly PlannedEntry[]
  private isClosed = false
  private readonly handles = new DiskHandles((number) => openFound(this.files[number]!))

  constructor(
    readonly name: string,
    file: Found | null,
    folder: { readonly manifest: Uint8Array; readonly walk: Walk; readonly changedMs: number } | null = null,
  ) {
    this.manifest = folder?.manifest ?? EMPTY
    this.entries = folder?.walk.entries ?? []
    this.files = file === null ? (folder?.walk.found ?? []) : [file]
    const omitted = folder?.walk.omitted ?? null
    this.omitted = omitted?.count === 0 ? null : omitted
    this.changedMs = wholeMs(file?.changedMs ?? folder?.changedMs ?? 0)
    let start = this.manifest.length
    this.places = this.files.map(({ size }) => {
      start += size
      return { isFolder: false, path: [], start: start - size, size, changedMs: 0 }
    })
    this.size = Math.min(start, CONTENT_BYTES_MAX)
  }

  async read(at: number, length: number, memory?: Uint8Array): Promise<Uint8Array | FilesFault> {
    const bytes = memory?.subarray(0, length) ?? new Uint8Array(length)
    if (at < this.manifest.length) bytes.set(this.manifest.subarray(at, at + length))
    for (const part of partsOf(this.places, at, at + length)) {
      const fault = await this.readPart(part.entry, part.at, bytes.subarray(part.from, part.to))
      if (fault !== null) return fault
    }
    return bytes
  }

  close(): void {
    this.isClosed = true
    this.handles.close()
  }

  /** Looked at after every read: who is sent something else takes us for a liar, for good. */
  private async isUnchanged(entry: number, handle: FileHandle): Promise<boolean> {
    const { size, mtimeMs } = await handle.stat()
    const found = this.files[entry]!
    return size === found.size && mtimeMs === found.changedMs
  }

  private async readPart(entry: number, at: number, into: Uint8Array): Promise<FilesFault | null> {
    const found = this.files[entry]!
    // Opened again, it would never be closed.
    if (this.isClosed)
      return {
        ok: false,
        code: 'missing',
        message: `${found.path} is not given any more. /send offers it again.`,
        cause: null,
      }
    try {
      return await this.handles.use(entry, async (handle) => {
        const length = await readFully(handle, into, at)
        if (length === into.length && (await this.isUnchanged(entry, handle))) return null
        const message = `${found.called} has been changed since it was offered. Send it again.`
        return { ok: false, code: 'changed', message, cause: null }
      })
    } catch (error) {
      return diskFault(`${found.called} cannot be read`, error, TO_SEND)
    }
  }
}

async function openFound({ path, flags }: Found): Promise<FileHandle> {
  return await open(path, flags)
}
