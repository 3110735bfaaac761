import { CONTENT_BYTES_MAX, HASH_BYTES, LEAF_BYTES, PAGE_HASHES, PIECE_LEAVES } from '../../wire/content.ts'

/** Where everything is in content of so many bytes. Follows from the size alone, which the root covers. */
export class Shape {
  readonly leaves: number
  readonly pieces: number
  /** Hashes on each level, those of leaves first; the last level has one page. Empty for an empty content. */
  readonly hashes: readonly number[]

  /** `size`: 0 to `CONTENT_BYTES_MAX`; anything else is a programmer's fault. */
  constructor(readonly size: number) {
    if (!Number.isInteger(size) || size < 0 || size > CONTENT_BYTES_MAX)
      throw new RangeError(`no content has ${size} bytes`)
    this.leaves = Math.ceil(size / LEAF_BYTES)
    this.pieces = Math.ceil(this.leaves / PIECE_LEAVES)
    const hashes: number[] = []
    for (let count = this.leaves; count > 0; count = count <= PAGE_HASHES ? 0 : Math.ceil(count / PAGE_HASHES)) {
      hashes.push(count)
    }
    this.hashes = hashes
  }

  get levels(): number {
    return this.hashes.length
  }

  pagesOn(level: number): number {
    return Math.ceil((this.hashes[level] ?? 0) / PAGE_HASHES)
  }

  /** Pages of all levels together. */
  get pages(): number {
    return this.hashes.reduce((sum, count) => sum + Math.ceil(count / PAGE_HASHES), 0)
  }

  hasPage(level: number, index: number): boolean {
    return index >= 0 && index < this.pagesOn(level)
  }

  /** Of the page there is; 0 where there is none. */
  pageBytes(level: number, index: number): number {
    const count = (this.hashes[level] ?? 0) - index * PAGE_HASHES
    return Math.max(0, Math.min(PAGE_HASHES, count)) * HASH_BYTES
  }

  /** A page's place among all of them, the top one first: those needed first stand first. */
  pageNumber(level: number, index: number): number {
    let before = 0
    for (let above = this.levels - 1; above > level; above--) before += this.pagesOn(above)
    return before + index
  }

  leafStart(leaf: number): number {
    return leaf * LEAF_BYTES
  }

  leafBytes(leaf: number): number {
    return Math.max(0, Math.min(LEAF_BYTES, this.size - leaf * LEAF_BYTES))
  }

  /** Bytes of leaves [first, first + count), which may reach past the end. */
  runBytes(first: number, count: number): number {
    return Math.max(0, Math.min(count * LEAF_BYTES, this.size - first * LEAF_BYTES))
  }

  pieceOf(leaf: number): number {
    return Math.floor(leaf / PIECE_LEAVES)
  }

  /** One past the piece's last leaf. */
  pieceEnd(piece: number): number {
    return Math.min(this.leaves, (piece + 1) * PIECE_LEAVES)
  }
}
