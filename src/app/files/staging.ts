import { equalBytes, joinBytes } from '../../base/bytes.ts'
import type { Shape } from '../../core/transfer/shape.ts'
import { leafHashes } from '../../core/transfer/tree.ts'
import type { FilesFault, Target } from '../../ports/files.ts'
import { LEAF_BYTES } from '../../wire/content.ts'

/**
 * The beginning of a folder's content, in memory: its manifest is fetched and read before anybody is asked about it, and until the answer is yes nothing is
 * written. At most the manifest's 8 MiB and a leaf.
 */
export class Staging {
  private readonly leaves = new Map<number, Uint8Array>()
  private readonly kept = new Map<number, Uint8Array>()

  constructor(private readonly shape: Shape) {}

  async store(first: number, bytes: Uint8Array, hashes: Uint8Array): Promise<boolean> {
    if (!equalBytes(leafHashes(bytes), hashes)) return false
    for (let at = 0; at * LEAF_BYTES < bytes.length; at++) {
      // A copy: the record it came in holds four.
      this.leaves.set(first + at, bytes.slice(at * LEAF_BYTES, (at + 1) * LEAF_BYTES))
    }
    return true
  }

  keepPage(number: number, bytes: Uint8Array): void {
    this.kept.set(number, bytes)
  }

  async read(at: number, length: number): Promise<Uint8Array | null> {
    const first = Math.floor(at / LEAF_BYTES)
    const parts = Array.from({ length: Math.ceil(length / LEAF_BYTES) }, (_, i) => this.leaves.get(first + i))
    return parts.every((part) => part !== undefined) ? joinBytes(parts).slice(0, length) : null
  }

  async page(number: number): Promise<Uint8Array | null> {
    return this.kept.get(number)?.slice() ?? null
  }

  /** Brings everything to the disk. Null when that is done. */
  async moveTo(target: Target): Promise<FilesFault | null> {
    for (const [number, bytes] of this.kept) {
      const fault = await target.keepPage(number, bytes)
      if (fault !== null) return fault
    }
    for (const [leaf, bytes] of this.leaves) {
      const fault = await target.write(this.shape.leafStart(leaf), bytes)
      if (fault !== null) return fault
    }
    return null
  }
}
