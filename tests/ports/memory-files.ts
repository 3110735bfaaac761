import { diskFault } from '../../src/adapters/disk-fault.ts'
import { EMPTY } from '../../src/base/bytes.ts'
import { type PlannedEntry, partsOf } from '../../src/core/transfer/folder.ts'
import { numbered } from '../../src/core/transfer/names.ts'
import type { ResumeHeader } from '../../src/core/transfer/resume.ts'
import { Shape } from '../../src/core/transfer/shape.ts'
import type { Files, FilesFault, Omitted, Source, Target } from '../../src/ports/files.ts'
import { encodeManifest, type ManifestEntry } from '../../src/wire/manifest.ts'

const fault = (code: FilesFault['code'], message: string): FilesFault => ({ ok: false, code, message, cause: null })

interface Begun {
  readonly header: ResumeHeader
  readonly bitmap: Uint8Array
  readonly pages: Map<number, Uint8Array>
  readonly content: Uint8Array
  /** Where it stands since it was finished. */
  place: string | null
  /** What was written is not there any more. */
  isGone: boolean
}

/** Files in memory, with a disk that can be as full as a test wants. */
export class MemoryFiles implements Files {
  /** By path; folders are what stands before a slash. */
  readonly files = new Map<string, Uint8Array>()
  private readonly begun = new Map<string, Begun>()
  /** What may still be written. */
  roomBytes = Number.POSITIVE_INFINITY
  /** What is said to be left out of every folder. */
  omitted: Omitted | null = null
  /** Hears when nothing is left for a later run of something, just before. */
  settled: () => void = () => {}

  async source(path: string): Promise<Source | FilesFault> {
    const own = this.files.get(path)
    const inside = [...this.files].filter(([name]) => name.startsWith(`${path}/`)).sort()
    if (own === undefined && inside.length === 0)
      return fault('missing', `${path} cannot be sent: it is not there. Check the path.`)
    const entries: ManifestEntry[] = inside.map(([name, bytes]) => ({
      ...{ isFolder: false, size: bytes.length, changedMs: 0, path: name.slice(path.length + 1) },
    }))
    const manifest = own === undefined ? encodeManifest(entries)! : EMPTY
    const parts = own === undefined ? [manifest, ...inside.map(([, bytes]) => bytes)] : [own]
    const content = new Uint8Array(Buffer.concat(parts))
    return {
      ...{ ok: true, name: path.split('/').at(-1)!, size: content.length, manifest, entries, changedMs: 0 },
      omitted: own === undefined ? this.omitted : null,
      read: async (at, length) => {
        const isSame = own === undefined || this.files.get(path) === own
        return isSame
          ? content.slice(at, at + length)
          : fault('changed', `${path} has been changed since it was offered.`)
      },
      close() {},
    }
  }

  async create(folder: string, header: ResumeHeader, entries: readonly PlannedEntry[] | null): Promise<Target> {
    let number = 1
    let name = header.name
    while (this.isTaken(`${folder}/${name}`)) name = numbered(header.name, ++number)
    const shape = new Shape(header.offer.size)
    const begun: Begun = {
      header: { ...header, name },
      bitmap: new Uint8Array(Math.ceil(shape.leaves / 8)),
      pages: new Map(),
      content: new Uint8Array(header.offer.size),
      place: null,
      isGone: false,
    }
    this.begun.set(`${folder}/${name}`, begun)
    return this.target(folder, begun, entries, EMPTY)
  }

  async unfinished(folder: string): Promise<readonly string[]> {
    return [...this.begun.keys()]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1))
  }

  async resume(
    folder: string,
    name: string,
    plan: (header: ResumeHeader, manifest: Uint8Array) => readonly PlannedEntry[] | null,
  ): Promise<Target | FilesFault> {
    const begun = this.begun.get(`${folder}/${name}`)
    if (begun === undefined) return fault('missing', `${name} cannot be gone on with: it is not there.`)
    if (begun.isGone && !this.files.has(`${folder}/${name}.part`)) {
      this.begun.delete(`${folder}/${name}`)
      return { ...fault('missing', `What had come of ${name} is not there any more.`), header: begun.header }
    }
    const { manifestBytes } = begun.header.offer
    if (manifestBytes === 0) return this.target(folder, begun, null, begun.bitmap.slice())
    const entries = plan(begun.header, begun.content.slice(0, manifestBytes))
    if (entries === null && begun.bitmap.every((byte) => byte === 0)) {
      this.begun.delete(`${folder}/${name}`)
      return fault('missing', `Nothing of ${name} had come: it begins anew.`)
    }
    if (entries === null) return fault('damaged', `${name} is of no use any more: delete it.`)
    return this.target(folder, begun, entries, begun.bitmap.slice())
  }

  /** Somebody takes away what has come of something that is being received, or puts something else in its place. */
  exchange(path: string, by: Uint8Array | null): void {
    this.begun.get(path)!.isGone = true
    if (by !== null) this.files.set(`${path}.part`, by)
  }

  isGone(path: string): boolean {
    return this.begun.get(path)?.isGone === true
  }

  async freeBytes(): Promise<number | null> {
    return this.roomBytes
  }

  private isTaken(path: string): boolean {
    return this.begun.has(path) || this.isThere(path) || this.isThere(`${path}.part`)
  }

  private isThere(path: string): boolean {
    return [...this.files.keys()].some((name) => name === path || name.startsWith(`${path}/`))
  }

  private target(folder: string, begun: Begun, entries: readonly PlannedEntry[] | null, bitmap: Uint8Array): Target {
    const { header, pages, content } = begun
    const path = begun.place ?? `${folder}/${header.name}`
    const write = (length: number): FilesFault | null => {
      if (length > this.roomBytes)
        return diskFault(`${header.name} cannot be written`, Object.assign(new Error(), { code: 'ENOSPC' }))
      this.roomBytes -= length
      return null
    }
    return {
      ...{ ok: true, header, path, bitmap, isPlaced: begun.place !== null },
      pages: async (countMax) =>
        [...pages]
          .sort(([a], [b]) => a - b)
          .slice(0, countMax)
          .map(([number, bytes]) => ({ number, bytes: bytes.slice() })),
      write: async (at, bytes) => {
        const full = write(bytes.length)
        if (full === null) content.set(bytes, at)
        return full
      },
      record: async (from, bytes) => {
        begun.bitmap.set(bytes, from)
        return null
      },
      keepPage: async (number, bytes) => {
        pages.set(number, bytes.slice())
        return null
      },
      read: async (at, length) => content.slice(at, at + length),
      page: async (number) => pages.get(number)?.slice() ?? null,
      finish: async () => {
        if (begun.place !== null) return { ok: true, path: begun.place }
        if (begun.isGone)
          return diskFault(`${header.name} cannot be finished`, Object.assign(new Error(), { code: 'EXCHANGED' }))
        let [number, place] = [1, path]
        while (this.isThere(place)) place = `${folder}/${numbered(header.name, ++number)}`
        begun.place = place
        if (entries === null) this.files.set(place, content)
        for (const part of partsOf(entries ?? [], 0, content.length)) {
          this.files.set(`${place}/${entries![part.entry]!.path.join('/')}`, content.slice(part.from, part.to))
        }
        for (const { size, isFolder, path: parts } of entries ?? []) {
          if (size === 0 && !isFolder) this.files.set(`${place}/${parts.join('/')}`, EMPTY)
        }
        return { ok: true, path: place }
      },
      settle: async () => {
        this.settled()
        this.begun.delete(`${folder}/${header.name}`)
      },
      discard: async () => void this.begun.delete(`${folder}/${header.name}`),
      close() {},
    }
  }
}
