import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { EMPTY, utf8 } from '../base/bytes.ts'
import { type PlannedEntry, partsOf } from '../core/transfer/folder.ts'
import type { FilesFault, Source } from '../ports/files.ts'
import { CONTENT_BYTES_MAX } from '../wire/content.ts'
import { encodeManifest, MANIFEST_ENTRIES_MAX, MANIFEST_PATH_BYTES_MAX, type ManifestEntry } from '../wire/manifest.ts'
import { diskFault } from './disk-fault.ts'
import { DiskHandles, readFully } from './disk-handles.ts'

/** A pipe without a writer would be waited for; Windows has no such flag. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const READ_INSIDE = READ | (constants.O_NOFOLLOW ?? 0)
const DEPTH_MAX = 32

interface Found {
  readonly path: string
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
    return diskFault(`${path} cannot be sent`, error)
  }
}

function fileFound(path: string, { size, mtimeMs }: Stats): Found {
  return { path, flags: READ, size, changedMs: mtimeMs }
}

async function folderSource(full: string, stats: Stats): Promise<Source | FilesFault> {
  const walk: Walk = { found: [], entries: [], left: 0 }
  await walkFolder(full, '', 0, walk)
  const manifest = walk.entries.length > MANIFEST_ENTRIES_MAX ? null : encodeManifest(walk.entries)
  if (manifest === null) {
    const message = `${basename(full)} holds too much for one offer (${MANIFEST_ENTRIES_MAX} files at most): send its parts, or an archive.`
    return { ok: false, code: 'too-large', message, cause: null }
  }
  return new DiskSource(basename(full), null, { manifest, walk, changedMs: stats.mtimeMs })
}

interface Walk {
  readonly found: Found[]
  readonly entries: ManifestEntry[]
  left: number
}

/** Everything in a folder in the order of names; what is no file, cannot be looked at or has a name that cannot be sent is counted. */
async function walkFolder(full: string, path: string, depth: number, walk: Walk): Promise<void> {
  const names = (await readdir(full)).sort()
  for (const name of names) {
    if (walk.entries.length > MANIFEST_ENTRIES_MAX) return
    const inside = path === '' ? name : `${path}/${name}`
    const there = join(full, name)
    const stats = await lstat(there).catch(() => null)
    const fits = utf8(inside).length <= MANIFEST_PATH_BYTES_MAX && inside.isWellFormed() && depth < DEPTH_MAX
    if (stats?.isFile() === true && fits) {
      walk.found.push({ path: there, flags: READ_INSIDE, size: stats.size, changedMs: stats.mtimeMs })
      walk.entries.push({ isFolder: false, size: stats.size, changedMs: wholeMs(stats.mtimeMs), path: inside })
    } else if (stats?.isDirectory() === true && fits) {
      const before = walk.entries.length
      await walkFolder(there, inside, depth + 1, walk).catch(() => walk.left++)
      if (walk.entries.length > before) continue
      walk.entries.push({ isFolder: true, size: 0, changedMs: wholeMs(stats.mtimeMs), path: inside })
    } else walk.left++
  }
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
  readonly left: number
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
    this.left = folder?.walk.left ?? 0
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
        const message = `${basename(found.path)} has been changed since it was offered. Send it again.`
        return { ok: false, code: 'changed', message, cause: null }
      })
    } catch (error) {
      return diskFault(`${basename(found.path)} cannot be read`, error)
    }
  }
}

async function openFound({ path, flags }: Found): Promise<FileHandle> {
  return await open(path, flags)
}
