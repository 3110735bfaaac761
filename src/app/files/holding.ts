import { hashLeaves } from '../../adapters/leaf-hasher.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { Download } from '../../core/transfer/download.ts'
import { Shape } from '../../core/transfer/shape.ts'
import { type Pages, TreeBuilder } from '../../core/transfer/tree.ts'
import type { FilesFault, Source, Target } from '../../ports/files.ts'
import { HASH_BYTES, LEAF_BYTES, PAGE_HASHES } from '../../wire/content.ts'

/** Read at a time while a source is hashed: a few leaves for each thread that hashes. */
const HASHED_AT_ONCE = 16
/** Leaves' hashes of one content kept in memory while it is given: 8 MiB, of 16 GiB. Of more, a page is computed anew when it is asked for. */
const LEAF_PAGES_KEPT_MAX = 256

/** What is read of a content: of a file that was here before, or of one that is being received. */
export interface Readable {
  read(at: number, length: number): Promise<Uint8Array | FilesFault>
}

/** A content that is given: where its bytes come from, and its tree. */
export class Holding {
  private readonly pages = new Map<number, Uint8Array>()

  private constructor(
    readonly root: Uint8Array,
    readonly shape: Shape,
    private readonly bytes: Readable,
    pages: ReadonlyMap<number, Uint8Array>,
  ) {
    this.pages = new Map(pages)
  }

  /** Reads and hashes all of a source; `told` hears how many bytes are done. */
  static async of(source: Source, told: (bytes: number) => void = () => {}): Promise<Holding | FilesFault> {
    const shape = new Shape(source.size)
    const pages = new Map<number, Uint8Array>()
    const builder = new TreeBuilder(shape, (level, index, page) => {
      if (level > 0 || index < LEAF_PAGES_KEPT_MAX) pages.set(shape.pageNumber(level, index), page)
    })
    let next = source.read(0, shape.runBytes(0, HASHED_AT_ONCE))
    for (let leaf = 0; leaf < shape.leaves; leaf += HASHED_AT_ONCE) {
      const bytes = await next
      if (!(bytes instanceof Uint8Array)) return bytes
      const after = leaf + HASHED_AT_ONCE
      next = after < shape.leaves ? source.read(shape.leafStart(after), shape.runBytes(after, HASHED_AT_ONCE)) : next
      const hashes = await hashLeaves(owned(bytes))
      for (let at = 0; at < hashes.length; at += HASH_BYTES) builder.add(hashes.slice(at, at + HASH_BYTES))
      told(shape.leafStart(leaf) + bytes.length)
    }
    return new Holding(builder.finish(), shape, source, pages)
  }

  read(first: number, count: number): Promise<Uint8Array | FilesFault> {
    return this.bytes.read(this.shape.leafStart(first), this.shape.runBytes(first, count))
  }

  /** Null where the bytes are not what they were, or cannot be read. */
  async page(level: number, index: number): Promise<Uint8Array | null> {
    const kept = this.pages.get(this.shape.pageNumber(level, index))
    if (kept !== undefined || level > 0) return kept?.slice() ?? null
    return await hashPage(this.shape, this.bytes, index)
  }
}

/** The page of leaves' hashes as the bytes give it now: 64 MiB are read for it. */
async function hashPage(shape: Shape, bytes: Readable, index: number): Promise<Uint8Array | null> {
  const page = new Uint8Array(shape.pageBytes(0, index))
  const first = index * PAGE_HASHES
  for (let at = 0; at < page.length / HASH_BYTES; at += HASHED_AT_ONCE) {
    const run = await bytes.read(
      shape.leafStart(first + at),
      shape.runBytes(first + at, Math.min(HASHED_AT_ONCE, PAGE_HASHES - at)),
    )
    if (!(run instanceof Uint8Array)) return null
    page.set(await hashLeaves(owned(run)), at * HASH_BYTES)
  }
  return page
}

/** A content that is being received: checks what comes, writes it, and records that it did. */
export class Receiving {
  private dirtyFrom = Number.POSITIVE_INFINITY
  private dirtyTo = 0
  private isRecording = false

  constructor(
    readonly target: Target,
    private readonly download: Download,
    private readonly failed: (fault: FilesFault) => void,
  ) {}

  /** Leaves that an earlier run says it has written, checked again, a few at a time. */
  async recheck(restored: (first: number, count: number) => void): Promise<void> {
    const { shape, pages } = this.download
    await this.loadPages(pages)
    const { bitmap } = this.target
    for (let leaf = 0; leaf < shape.leaves; leaf += HASHED_AT_ONCE) {
      const count = Math.min(HASHED_AT_ONCE, shape.leaves - leaf)
      // Two bytes of the map for sixteen leaves.
      if ((bitmap[leaf >> 3] ?? 0) === 0 && (bitmap[(leaf >> 3) + 1] ?? 0) === 0) continue
      const bytes = await this.target.read(shape.leafStart(leaf), shape.runBytes(leaf, count))
      if (bytes instanceof Uint8Array) await this.recheckRun(leaf, bytes, restored)
      else await this.recheckEach(leaf, count, restored)
    }
  }

  /** True when it is written, false when it is not what it should be; null when the disk did not take it. */
  async store(first: number, bytes: Uint8Array, hashes: Uint8Array): Promise<boolean | null> {
    if (!equalBytes(await hashLeaves(owned(bytes)), hashes)) return false
    const fault = await this.target.write(this.download.shape.leafStart(first), bytes)
    if (fault === null) return true
    this.failed(fault)
    return null
  }

  /** After the download counts them: the bits of these leaves go beside the file, with others that came meanwhile. */
  record(first: number, count: number): void {
    this.dirtyFrom = Math.min(this.dirtyFrom, first >> 3)
    this.dirtyTo = Math.max(this.dirtyTo, ((first + count - 1) >> 3) + 1)
    if (!this.isRecording) void this.flush()
  }

  private async flush(): Promise<void> {
    this.isRecording = true
    while (this.dirtyFrom < this.dirtyTo) {
      const [from, to] = [this.dirtyFrom, this.dirtyTo]
      this.dirtyFrom = Number.POSITIVE_INFINITY
      this.dirtyTo = 0
      const fault = await this.target.record(from, this.download.here.bytes(from, to))
      if (fault !== null) this.failed(fault)
    }
    this.isRecording = false
  }

  private async loadPages(pages: Pages): Promise<void> {
    const { shape } = pages
    const kept = await this.target.pages(LEAF_PAGES_KEPT_MAX)
    let level = shape.levels - 1
    for (const { number, bytes } of kept) {
      while (level > 0 && number >= shape.pageNumber(level - 1, 0)) level--
      pages.accept(level, number - shape.pageNumber(level, 0), bytes)
    }
  }

  private async recheckRun(
    leaf: number,
    bytes: Uint8Array,
    restored: (first: number, count: number) => void,
  ): Promise<void> {
    const hashes = await hashLeaves(owned(bytes))
    for (let i = 0; i * LEAF_BYTES < bytes.length; i++) {
      const expected = this.download.pages.leafHash(leaf + i)
      const isClaimed = ((this.target.bitmap[(leaf + i) >> 3] ?? 0) & (1 << ((leaf + i) & 7))) !== 0
      const hash = hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)
      if (isClaimed && expected !== null && equalBytes(hash, expected)) restored(leaf + i, 1)
    }
  }

  /** The part ends in the middle of the run. */
  private async recheckEach(
    first: number,
    count: number,
    restored: (first: number, count: number) => void,
  ): Promise<void> {
    const { shape } = this.download
    for (let leaf = first; leaf < first + count; leaf++) {
      const bytes = await this.target.read(shape.leafStart(leaf), shape.leafBytes(leaf))
      if (bytes instanceof Uint8Array) await this.recheckRun(leaf, bytes, restored)
    }
  }
}

/** Bytes of memory that is not shared, which is all there is here. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
}
