import { Shape } from '../../core/transfer/shape.ts'
import { leafHashes, TreeBuilder } from '../../core/transfer/tree.ts'
import type { FilesFault, Source } from '../../ports/files.ts'
import { HASH_BYTES, LEAF_BYTES, PAGE_HASHES } from '../../wire/content.ts'

/** Read at a time while a source is hashed: some 300 µs, after which others have their turn. Half as much takes a fifth longer for the whole. */
const HASHED_AT_ONCE = 8
/** Leaves' hashes of one content kept in memory while it is given: 8 MiB, of 16 GiB. Of more, a page is computed anew when it is asked for. */
const LEAF_PAGES_KEPT_MAX = 256

/** What is read of a content: of a file that was here before, or of one that is being received. */
export interface Readable {
  read(at: number, length: number, memory?: Uint8Array): Promise<Uint8Array | FilesFault>
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
    // One is read into while the other is hashed.
    const memory = [new Uint8Array(HASHED_AT_ONCE * LEAF_BYTES), new Uint8Array(HASHED_AT_ONCE * LEAF_BYTES)] as const
    let next = source.read(0, shape.runBytes(0, HASHED_AT_ONCE), memory[0])
    for (let leaf = 0; leaf < shape.leaves; leaf += HASHED_AT_ONCE) {
      const bytes = await next
      if (!(bytes instanceof Uint8Array)) return bytes
      const after = leaf + HASHED_AT_ONCE
      const other = memory[(after / HASHED_AT_ONCE) & 1]!
      if (after < shape.leaves) next = source.read(shape.leafStart(after), shape.runBytes(after, HASHED_AT_ONCE), other)
      const hashes = leafHashes(bytes)
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
  const memory = new Uint8Array(HASHED_AT_ONCE * LEAF_BYTES)
  const first = index * PAGE_HASHES
  for (let at = 0; at < page.length / HASH_BYTES; at += HASHED_AT_ONCE) {
    const run = await bytes.read(
      shape.leafStart(first + at),
      shape.runBytes(first + at, Math.min(HASHED_AT_ONCE, PAGE_HASHES - at)),
      memory,
    )
    if (!(run instanceof Uint8Array)) return null
    page.set(leafHashes(run), at * HASH_BYTES)
  }
  return page
}
