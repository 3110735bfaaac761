import { constants, type Stats } from 'node:fs'
import { type FileHandle, mkdir, open, rm, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { EMPTY } from '../base/bytes.ts'
import type { PlannedEntry } from '../core/transfer/folder.ts'
import { partsOf } from '../core/transfer/folder.ts'
import { type ResumeHeader, type ResumeLayout, resumeLayout } from '../core/transfer/resume.ts'
import { Shape } from '../core/transfer/shape.ts'
import type { FilesFault, Target } from '../ports/files.ts'
import { PAGE_BYTES_MAX } from '../wire/content.ts'
import { diskFault, errorCode } from './disk-fault.ts'
import { DiskFlush } from './disk-flush.ts'
import { DiskHandles, readFully, writeFully } from './disk-handles.ts'
import { KnownParts, orExchanged, takeBack } from './disk-known.ts'
import { releaseState, removeState } from './disk-owner.ts'
import {
  isSameFile,
  isThere,
  moveFile,
  moveFolder,
  NAMES_TRIED_MAX,
  type Place,
  placeName,
  recordPlace,
} from './disk-place.ts'

export const PART_SUFFIX = '.part'
export const STATE_SUFFIX = '.part.hearsay'
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
/** Plain permissions, less what the user's mask takes away: never those of the sender. */
const FILE_MODE = 0o666
/** Files brought to the disk side by side. */
const SYNCED_AT_ONCE = 8

/** One file or folder being received: its part, and beside it the state. */
export class DiskTarget implements Target {
  readonly ok = true
  private readonly layout: ResumeLayout
  private readonly shape: Shape
  private readonly handles: DiskHandles
  private readonly flush: DiskFlush
  private readonly known: KnownParts
  private readonly sizes = new Map<string, number>()
  /** The part, and from `finish` on what has become of it. */
  private root: string
  private isDone: boolean
  /** The number of the name that it goes to. */
  private chosen: number | null
  private isSettled = false
  private isClosed = false
  /** What is being read and written. */
  private readonly busy = new Set<Promise<unknown>>()

  /** `entries`: of a folder; null for a single file. `place`: where an earlier run was to move it, or has. */
  constructor(
    private readonly folder: string,
    readonly header: ResumeHeader,
    private readonly entries: readonly PlannedEntry[] | null,
    private readonly state: FileHandle,
    readonly bitmap: Uint8Array,
    private readonly place: Place | null = null,
  ) {
    this.shape = new Shape(header.offer.size)
    this.layout = resumeLayout(this.shape)
    this.isDone = this.isPlaced
    this.chosen = place?.number ?? null
    this.root = this.isPlaced ? this.path : join(folder, header.name + PART_SUFFIX)
    this.handles = new DiskHandles((number) => this.openPart(number))
    this.flush = new DiskFlush((number, act) => this.handles.use(number, act))
    this.known = new KnownParts(folder)
    if (entries === null) this.sizes.set('', header.offer.size)
    for (const { isFolder, path, size } of entries ?? []) if (!isFolder) this.sizes.set(path.join('/'), size)
  }

  /** `part`: what has just been made to receive into. */
  static async begun(
    folder: string,
    header: ResumeHeader,
    entries: readonly PlannedEntry[] | null,
    state: FileHandle,
    part: Stats,
  ): Promise<DiskTarget> {
    const target = new DiskTarget(folder, header, entries, state, EMPTY)
    await target.known.see('', part)
    return target
  }

  get isPlaced(): boolean {
    return this.place?.isMoved === true
  }

  get path(): string {
    return join(this.folder, placeName(this.header.name, this.isPlaced ? this.place!.number : 1))
  }

  async pages(countMax: number): Promise<{ number: number; bytes: Uint8Array }[]> {
    const pages: { number: number; bytes: Uint8Array }[] = []
    for (let level = this.shape.levels - 1; level >= 0; level--) {
      for (let index = 0; index < this.shape.pagesOn(level) && pages.length < countMax; index++) {
        const number = this.shape.pageNumber(level, index)
        const bytes = await this.page(number, this.shape.pageBytes(level, index))
        if (bytes !== null) pages.push({ number, bytes })
      }
    }
    return pages
  }

  async page(number: number, length: number): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(length)
    try {
      const read = await readFully(this.state, bytes, this.layout.pages + number * PAGE_BYTES_MAX)
      // Never written: a hash of nothing but zeros is nobody's.
      return read === length && bytes.subarray(0, 32).some((byte) => byte !== 0) ? bytes : null
    } catch {
      return null
    }
  }

  write(at: number, bytes: Uint8Array): Promise<FilesFault | null> {
    return this.attempt('cannot be written', async () => {
      const { manifestBytes } = this.header.offer
      if (at < manifestBytes) {
        await writeFully(this.state, bytes.subarray(0, manifestBytes - at), this.layout.manifest + at)
      }
      if (this.entries === null) return await this.writePart(0, bytes, at)
      for (const part of partsOf(this.entries, at, at + bytes.length)) {
        await this.writePart(part.entry, bytes.subarray(part.from, part.to), part.at)
      }
    })
  }

  record(from: number, bytes: Uint8Array): Promise<FilesFault | null> {
    return this.attempt('cannot be written', () => writeFully(this.state, bytes, this.layout.bitmap + from))
  }

  keepPage(number: number, bytes: Uint8Array): Promise<FilesFault | null> {
    const at = this.layout.pages + number * PAGE_BYTES_MAX
    return this.attempt('cannot be written', () => writeFully(this.state, bytes, at))
  }

  async read(at: number, length: number): Promise<Uint8Array | FilesFault> {
    const bytes = new Uint8Array(length)
    const fault = await this.attempt('cannot be read', async () => {
      const { manifestBytes } = this.header.offer
      if (at < manifestBytes) {
        await readFully(this.state, bytes.subarray(0, manifestBytes - at), this.layout.manifest + at)
      }
      if (this.entries === null) return await this.handles.use(0, (handle) => readWhole(handle, bytes, at))
      for (const part of partsOf(this.entries, at, at + length)) {
        await this.handles.use(part.entry, (handle) => readWhole(handle, bytes.subarray(part.from, part.to), part.at))
      }
    })
    return fault ?? bytes
  }

  async finish(): Promise<{ readonly ok: true; readonly path: string } | FilesFault> {
    if (this.isPlaced) return { ok: true, path: this.root }
    let path = ''
    const fault = await this.attempt('cannot be finished', async () => {
      const [number] = await Promise.all([this.choosePlace(1), this.complete()])
      const part = this.root
      await this.known.check(part, this.sizeOf)
      path = await this.moveIntoPlace(number)
      this.isDone = true
      this.handles.close()
      this.root = path
      // That takes long. Whoever is ended meanwhile finds a file under both names, and goes on from there.
      const isByBoth = this.entries === null && (await isSameFile(part, path).catch(() => false))
      const syncing = syncFolder(this.folder)
      if (isByBoth) {
        await syncing
        if (await isSameFile(part, path).catch(() => false)) await unlink(part)
      } else await syncing
    })
    return fault ?? { ok: true, path }
  }

  async settle(): Promise<void> {
    if (this.isSettled) return
    this.isSettled = true
    // A folder's manifest is in the state, and others may still ask for it: open, though its name goes.
    await removeState(join(this.folder, this.header.name + STATE_SUFFIX))
  }

  async discard(): Promise<void> {
    this.close()
    // What is on its way to the disk would come after all, in a place of its own.
    await Promise.allSettled([...this.busy, this.flush.stop()])
    if (!this.isDone && (await this.known.isOurs(this.root)))
      await rm(this.root, { recursive: true, force: true }).catch(() => {})
    await this.settle()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    void this.flush.stop()
    this.handles.close()
    void this.letGo().catch(() => {})
  }

  private async letGo(): Promise<void> {
    await releaseState(this.state).catch(() => {})
    await this.state.close()
  }

  private async writePart(number: number, bytes: Uint8Array, at: number): Promise<void> {
    this.flush.check()
    await this.handles.use(number, (handle) => writeFully(handle, bytes, at))
    this.flush.wrote(number, bytes.length)
  }

  /** Brings it to the disk, with its times. */
  private async complete(): Promise<void> {
    await this.flush.stop()
    this.flush.check()
    const { changedMs } = this.header.offer
    if (this.entries === null) {
      await this.handles.use(0, (handle) => settle(handle, changedMs))
      return
    }
    const files = [...this.entries.entries()]
    await Promise.all(
      Array.from({ length: SYNCED_AT_ONCE }, async () => {
        for (let next = files.pop(); next !== undefined; next = files.pop()) await this.completeEntry(...next)
      }),
    )
    await utimes(this.root, changedMs / 1000, changedMs / 1000)
  }

  private async completeEntry(number: number, { isFolder, path, changedMs }: PlannedEntry): Promise<void> {
    if (!isFolder) return await this.handles.use(number, (handle) => settle(handle, changedMs))
    await this.makeFolders(path)
    if (changedMs > 0) await utimes(join(this.root, ...path), changedMs / 1000, changedMs / 1000)
  }

  /** The first name from this number on that is free. Where it goes is known to a later run before it is gone from where it was. */
  private async choosePlace(from: number): Promise<number> {
    if (this.chosen !== null && this.chosen >= from) return this.chosen
    for (let number = from; number <= NAMES_TRIED_MAX; number++) {
      if (await isThere(join(this.folder, placeName(this.header.name, number)))) continue
      await recordPlace(this.state, number)
      this.chosen = number
      return number
    }
    throw new Error(`no free name for ${this.header.name}`)
  }

  /** Never over what is there, however it came there meanwhile. */
  private async moveIntoPlace(first: number): Promise<string> {
    const move = this.entries === null ? moveFile : moveFolder
    for (let number = first; ; number = await this.choosePlace(number + 1)) {
      const path = join(this.folder, placeName(this.header.name, number))
      if (!(await move(this.root, path, this.place?.number === number))) continue
      // What was exchanged between the last look at it and the move.
      await this.known.checkOne(path, '', this.sizeOf('')).catch(async (error) => {
        await takeBack(this.root, path)
        throw error
      })
      return path
    }
  }

  /** What a file inside has to be in bytes; null of a folder. */
  private readonly sizeOf = (path: string): number | null => this.sizes.get(path) ?? null

  private async openPart(number: number): Promise<FileHandle> {
    // Nobody would close it any more.
    if (this.isClosed) throw new Error('it has been let go')
    const path = this.entries?.[number]?.path ?? []
    const name = path.join('/')
    if (this.isDone) return await this.openKnown(path, name, constants.O_RDONLY)
    if (this.entries !== null) await this.makeFolders(path.slice(0, -1))
    // The part itself has been made before; what was there once and is not any more is not made again.
    const isNew = this.entries !== null && !this.known.has(name)
    const flags = isNew ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR
    return await this.openKnown(path, name, flags)
  }

  private async openKnown(path: readonly string[], name: string, flags: number): Promise<FileHandle> {
    const handle = await openRegular(join(this.root, ...path), flags | NO_FOLLOW).catch((error) => {
      if (this.isDone) throw error
      return orExchanged(error)
    })
    try {
      await this.known.see(name, await handle.stat())
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** One after the other: what stands there already must be a folder and no link to one, and the one it was. */
  private async makeFolders(path: readonly string[]): Promise<void> {
    for (let depth = 0; depth <= path.length; depth++) {
      const inside = path.slice(0, depth)
      const name = inside.join('/')
      if (depth > 0 && !this.known.has(name)) await makeFolder(join(this.root, ...inside))
      await this.known.checkOne(this.root, name, null)
    }
  }

  private async attempt(what: string, act: () => Promise<void>): Promise<FilesFault | null> {
    const acting = act()
    this.busy.add(acting)
    try {
      await acting
      return null
    } catch (error) {
      return diskFault(`${this.header.name} ${what}`, error)
    } finally {
      this.busy.delete(acting)
    }
  }
}

async function readWhole(handle: FileHandle, into: Uint8Array, at: number): Promise<void> {
  if ((await readFully(handle, into, at)) < into.length) throw new Error('less is there than was written')
}

async function settle(handle: FileHandle, changedMs: number): Promise<void> {
  await handle.datasync()
  if (changedMs > 0) await handle.utimes(changedMs / 1000, changedMs / 1000)
}

/** A pipe or a device in its place is not written to. */
async function openRegular(path: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags, FILE_MODE)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw Object.assign(new Error(`${path} is not a file`), { code: 'ENXIO' })
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error) => errorCode(error) === 'EEXIST' || orExchanged(error))
}

/** Some systems (Windows) do not open folders; the file itself is safe then too. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY).catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
