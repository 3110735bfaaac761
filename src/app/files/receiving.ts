import { hashLeaves } from '../../adapters/leaf-hasher.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { Download } from '../../core/transfer/download.ts'
import type { Pages } from '../../core/transfer/tree.ts'
import type { FilesFault, Target } from '../../ports/files.ts'
import { HASH_BYTES, LEAF_BYTES } from '../../wire/content.ts'
import { owned } from './owned.ts'

/** Leaves checked again at a time. */
const HASHED_AT_ONCE = 16
/** Pages taken from an earlier run: of 64 GiB. Others are asked for again, at half of one part in a thousand. */
const PAGES_LOADED_MAX = 1024

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

  keepPage(number: number, bytes: Uint8Array): void {
    void this.target.keepPage(number, bytes).then((fault) => fault === null || this.failed(fault))
  }

  read(at: number, length: number): Promise<Uint8Array | FilesFault> {
    return this.target.read(at, length)
  }

  page(number: number, length: number): Promise<Uint8Array | null> {
    return this.target.page(number, length)
  }

  private async loadPages(pages: Pages): Promise<void> {
    const { shape } = pages
    const kept = await this.target.pages(PAGES_LOADED_MAX)
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
