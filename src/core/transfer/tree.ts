import { EMPTY, equalBytes, utf8 } from '../../base/bytes.ts'
import { sha256, sha256Into, sha256Of } from '../../crypto/hash.ts'
import { HASH_BYTES, LEAF_BYTES, PAGE_BYTES_MAX, PAGE_HASHES } from '../../wire/content.ts'
import { Shape } from './shape.ts'

/**
 * The tree of hashes that stands for content. A leaf's hash is the SHA-256 of its bytes; a page is up to 1,024 hashes of what is below
 * it, and its hash is taken with a prefix of its level; the root is the hash of the size and the top page's hash. What is a leaf and
 * what a page follows from the size, so neither can be passed off as the other.
 */
const PAGE_DOMAIN = utf8('hearsay hash page 1')
const ROOT_DOMAIN = utf8('hearsay content 1')

export function leafHash(bytes: Uint8Array): Uint8Array {
  return sha256(bytes)
}

/** Of each leaf of a run, one after the other: some 37 µs each, so that whoever has much to hash lets others have their turn after a few. */
export function leafHashes(bytes: Uint8Array): Uint8Array {
  const hashes = new Uint8Array(Math.ceil(bytes.length / LEAF_BYTES) * HASH_BYTES)
  for (let i = 0; i * LEAF_BYTES < bytes.length; i++) {
    sha256Into(bytes.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES), hashes, i * HASH_BYTES)
  }
  return hashes
}

function pageHash(level: number, page: Uint8Array): Uint8Array {
  return sha256Of(PAGE_DOMAIN, Uint8Array.of(level), page)
}

/** `top`: the hash of the top page; empty for empty content. */
export function rootOf(size: number, top: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size))
  return sha256Of(ROOT_DOMAIN, bytes, top)
}

/** Takes leaves' hashes in order and says each page as it is full; keeps one page a level. */
export class TreeBuilder {
  private readonly open: { readonly page: Uint8Array; length: number; index: number }[]

  constructor(
    private readonly shape: Shape,
    /** The page is the receiver's to keep. */
    private readonly onPage: (level: number, index: number, page: Uint8Array) => void,
  ) {
    this.open = shape.hashes.map(() => ({ page: new Uint8Array(PAGE_BYTES_MAX), length: 0, index: 0 }))
  }

  add(hash: Uint8Array): void {
    this.put(0, hash)
  }

  /** The root, after the last leaf. */
  finish(): Uint8Array {
    let top = EMPTY
    for (let level = 0; level < this.open.length; level++) if (this.open[level]!.length > 0) top = this.close(level)
    return rootOf(this.shape.size, top)
  }

  private put(level: number, hash: Uint8Array): void {
    const open = this.open[level]!
    open.page.set(hash, open.length)
    open.length += HASH_BYTES
    // The top page is closed by `finish`, which needs its hash.
    if (open.length === PAGE_BYTES_MAX && level + 1 < this.open.length) this.close(level)
  }

  private close(level: number): Uint8Array {
    const open = this.open[level]!
    const page = open.page.slice(0, open.length)
    open.length = 0
    this.onPage(level, open.index++, page)
    const hash = pageHash(level, page)
    if (level + 1 < this.open.length) this.put(level + 1, hash)
    return hash
  }
}

/** Whether content of so many bytes can have this root, as far as that can be told without any of it: nothing at all has one root, and no page to check. */
export function mayHaveRoot(size: number, root: Uint8Array): boolean {
  return size > 0 || equalBytes(new TreeBuilder(new Shape(0), () => {}).finish(), root)
}

/** Level-0 pages held at a time: 32 MiB, which speak for 64 GiB. Of larger content the one used longest ago goes, and is asked for again. */
const LEAF_PAGES_MAX = 1024

/** Pages that have been verified from the root down: nothing else gets in. */
export class Pages {
  private readonly held = new Map<number, Uint8Array>()
  private leafPages = 0

  constructor(
    readonly shape: Shape,
    private readonly root: Uint8Array,
    private readonly leafPagesMax = LEAF_PAGES_MAX,
  ) {}

  /** A view; null where it is not held. */
  page(level: number, index: number): Uint8Array | null {
    const number = this.shape.pageNumber(level, index)
    const page = this.held.get(number)
    if (page === undefined) return null
    if (level === 0) {
      this.held.delete(number)
      this.held.set(number, page)
    }
    return page
  }

  /** The hash the leaf must have; null until the pages above it are there. */
  leafHash(leaf: number): Uint8Array | null {
    return this.hash(0, leaf)
  }

  /** The highest page on the way to a leaf's hash that is not held; null when the hash is known. */
  missingFor(leaf: number): { readonly level: number; readonly index: number } | null {
    for (let level = this.shape.levels - 1; level >= 0; level--) {
      const index = Math.floor(leaf / PAGE_HASHES ** (level + 1))
      if (this.page(level, index) === null) return { level, index }
    }
    return null
  }

  /**
   * Takes a page that came from somewhere. `wrong`: it is not the one; `early`: the page above it is not held, so nobody can tell. Keeps
   * the bytes, which must not be changed any more.
   */
  accept(level: number, index: number, page: Uint8Array): 'kept' | 'wrong' | 'early' {
    const { shape } = this
    if (!shape.hasPage(level, index) || page.length !== shape.pageBytes(level, index)) return 'wrong'
    const isTop = level === shape.levels - 1
    const expected = isTop ? this.root : this.hash(level + 1, index)
    if (expected === null) return 'early'
    const hash = pageHash(level, page)
    if (!equalBytes(isTop ? rootOf(shape.size, hash) : hash, expected)) return 'wrong'
    const number = shape.pageNumber(level, index)
    if (level === 0 && !this.held.has(number)) this.makeRoom()
    this.held.set(number, page)
    return 'kept'
  }

  private hash(level: number, place: number): Uint8Array | null {
    const page = this.page(level, Math.floor(place / PAGE_HASHES))
    const at = (place % PAGE_HASHES) * HASH_BYTES
    return page === null ? null : page.subarray(at, at + HASH_BYTES)
  }

  private makeRoom(): void {
    if (this.leafPages < this.leafPagesMax) {
      this.leafPages++
      return
    }
    const first = this.shape.pageNumber(0, 0)
    for (const number of this.held.keys()) {
      if (number < first) continue
      this.held.delete(number)
      return
    }
  }
}
