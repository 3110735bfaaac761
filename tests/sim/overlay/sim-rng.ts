import { type Rng, seededRng } from '../../../src/base/rng.ts'

/** One stream of chance for a whole world, which can be given another seed: copies of one world then go different ways. */
export class SimRng implements Rng {
  private inner: Rng

  constructor(seed: number) {
    this.inner = seededRng(seed)
  }

  reseed(seed: number): void {
    this.inner = seededRng(seed)
  }

  u32(): number {
    return this.inner.u32()
  }

  float(): number {
    return this.inner.float()
  }

  below(n: number): number {
    return this.inner.below(n)
  }

  bytes(n: number): Uint8Array {
    return this.inner.bytes(n)
  }

  /** `count` different ones of `from`, which is put into another order. */
  draw<T>(from: T[], count: number): T[] {
    for (let i = 0; i < count; i++) {
      const j = i + this.below(from.length - i)
      const kept = from[i]!
      from[i] = from[j]!
      from[j] = kept
    }
    return from.slice(0, count)
  }
}
