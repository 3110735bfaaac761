/** Events of a feed from `from` up to, and without, `next`. */
export interface Part {
  readonly from: number
  readonly next: number
}

/** Members who hold the same part. */
export interface PartHolders extends Part {
  readonly tags: readonly string[]
}

interface Holding {
  from: number
  next: number
  /** When it last grew. */
  atMs: number
}

/**
 * Which members hold which part of one feed, as was told: for each the newest part that is whole. What is told only ever adds to what is known, so
 * that nothing counts twice, in whatever order and over whatever way it comes. Keeps track of what is still to be passed on. Pure.
 */
export class Holders {
  private readonly byTag = new Map<string, Holding>()
  private readonly untold = new Set<string>()

  get size(): number {
    return this.byTag.size
  }

  get hasUntold(): boolean {
    return this.untold.size > 0
  }

  has(tag: string): boolean {
    return this.byTag.has(tag)
  }

  /** Whether this is more than was known. A part that does not touch the one known takes its place where it is newer. */
  learn(tag: string, from: number, next: number, nowMs: number): boolean {
    const known = this.byTag.get(tag)
    if (known === undefined) this.byTag.set(tag, { from, next, atMs: nowMs })
    else {
      if (from >= known.from && next <= known.next) return false
      const touches = from <= known.next && known.from <= next
      if (!touches && next < known.next) return false
      known.from = touches ? Math.min(from, known.from) : from
      known.next = Math.max(next, known.next)
      known.atMs = nowMs
    }
    this.untold.add(tag)
    return true
  }

  /** What grew since then is to be told again: it may not have got where it was to go. */
  tellAgain(sinceMs: number): void {
    for (const [tag, { atMs }] of this.byTag) if (atMs >= sinceMs) this.untold.add(tag)
  }

  /** Takes what is to be told, those with the same part together; of long parts the newest `spanMax` events. */
  takeUntold(spanMax: number): PartHolders[] {
    if (this.untold.size === 0) return []
    if (this.untold.size === 1) return [this.takeOnly(spanMax)]
    const groups = new Map<string, Part & { tags: string[] }>()
    let last: (Part & { tags: string[] }) | null = null
    for (const tag of this.untold) {
      const { from: first, next } = this.byTag.get(tag)!
      const from = Math.max(first, next - spanMax)
      // Most hold the same, and making a key costs more than all the rest.
      if (last === null || last.from !== from || last.next !== next) {
        const key: string = `${from} ${next}`
        last = groups.get(key) ?? { from, next, tags: [] }
        groups.set(key, last)
      }
      last.tags.push(tag)
    }
    this.untold.clear()
    return [...groups.values()]
  }

  /** As nearly always. */
  private takeOnly(spanMax: number): PartHolders {
    const tag: string = this.untold.values().next().value!
    const { from, next } = this.byTag.get(tag)!
    this.untold.clear()
    return { from: Math.max(from, next - spanMax), next, tags: [tag] }
  }

  list(): IterableIterator<[string, Part]> {
    return this.byTag.entries()
  }

  forget(tag: string): void {
    this.byTag.delete(tag)
    this.untold.delete(tag)
  }
}
