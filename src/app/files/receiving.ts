import { equalBytes } from '../../base/bytes.ts'
import type { Download } from '../../core/transfer/download.ts'
import { leafHashes, type Pages } from '../../core/transfer/tree.ts'
import type { FilesFault, Target } from '../../ports/files.ts'
import { HASH_BYTES, LEAF_BYTES, PIECE_LEAVES } from '../../wire/content.ts'

/** Leaves checked again at a time: a byte of the map, and some 300 µs. */
const HASHED_AT_ONCE = 8
/** Pages taken from an earlier run: of 64 GiB. Others are asked for again, at half of one part in a thousand. */
const PAGES_LOADED_MAX = 1024

/** A content that is being received: checks what comes, writes it, and records that it did. */
export class Receiving {
  /** What the map beside the file says: of each piece, whether any of it may be here. */
  private readonly claimed: Uint8Array
  /** Pieces whose claim is on its way to the disk. */
  private readonly claiming = new Map<number, Promise<FilesFault | null>>()

  constructor(
    readonly target: Target,
    private readonly download: Download,
    private readonly failed: (fault: FilesFault) => void,
  ) {
    this.claimed = new Uint8Array(Math.ceil(download.shape.leaves / 8))
    this.claimed.set(target.bitmap.subarray(0, this.claimed.length))
  }

  /** Leaves that an earlier run says it has written, checked again, a few at a time. */
  async recheck(restored: (first: number, count: number) => void): Promise<void> {
    const { shape, pages } = this.download
    await this.loadPages(pages)
    const { bitmap } = this.target
    for (let leaf = 0; leaf < shape.leaves; leaf += HASHED_AT_ONCE) {
      const count = Math.min(HASHED_AT_ONCE, shape.leaves - leaf)
      if ((bitmap[leaf >> 3] ?? 0) === 0) continue
      const bytes = await this.target.read(shape.leafStart(leaf), shape.runBytes(leaf, count))
      if (bytes instanceof Uint8Array) await this.recheckRun(leaf, bytes, restored)
      else await this.recheckEach(leaf, count, restored)
    }
  }

  /** True when it is written, false when it is not what it should be; null when the disk did not take it. Nothing looks at the bytes after that. */
  async store(first: number, bytes: Uint8Array, hashes: Uint8Array): Promise<boolean | null> {
    if (!equalBytes(leafHashes(bytes), hashes)) return false
    const written = this.target.write(this.download.shape.leafStart(first), bytes)
    // Both are over before it is said that one has failed: the bytes may be gone from then on.
    const [claimed, stored] = await Promise.all([this.claim(first, count(bytes)), written])
    const fault = claimed ?? stored
    if (fault === null) return true
    this.failed(fault)
    return null
  }

  /**
   * Says beside the file that these leaves may be in it, with all of their pieces: whoever goes on with it looks at each of them, so it may be said before it is
   * true, and once for sixteen leaves. Null when it stands there.
   */
  async claim(first: number, leaves: number): Promise<FilesFault | null> {
    const { shape } = this.download
    for (let piece = shape.pieceOf(first); piece <= shape.pieceOf(first + leaves - 1); piece++) {
      const fault = await (this.claiming.get(piece) ?? this.claimPiece(piece))
      if (fault !== null) return fault
    }
    return null
  }

  private async claimPiece(piece: number): Promise<FilesFault | null> {
    const from = (piece * PIECE_LEAVES) / 8
    const map = mapOf(this.download.shape.pieceEnd(piece) - piece * PIECE_LEAVES)
    if (map.every((byte, i) => this.claimed[from + i] === byte)) return null
    const recorded = this.target.record(from, map)
    this.claiming.set(piece, recorded)
    const fault = await recorded
    this.claiming.delete(piece)
    if (fault === null) this.claimed.set(map, from)
    return fault
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
    const hashes = leafHashes(bytes)
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

function count(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / LEAF_BYTES)
}

/** The map of so many leaves that are all there. */
function mapOf(leaves: number): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(leaves / 8) }, (_, i) => 0xff >> Math.max(0, 8 * (i + 1) - leaves))
}
