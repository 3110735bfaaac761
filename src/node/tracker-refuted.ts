/** By then we have registered again in any case. */
const ENOUGH_MS = 5_000
/** Those remembered; the oldest is forgotten, and costs one more look. */
const AUTHORS_MAX = 64

/** Those who said that a tracker is lost, and were wrong: for a while nobody looks again because of them. */
export class Refuted {
  /** When each was proved wrong; infinite: not yet. */
  private readonly authors = new Map<string, number>()

  /** `author` says that the tracker is lost; false: it has answered since he said so before, and not long ago. */
  called(author: string, nowMs: number): boolean {
    const atMs = this.authors.get(author)
    if (atMs !== undefined && atMs <= nowMs && nowMs - atMs < ENOUGH_MS) return false
    this.authors.delete(author)
    if (this.authors.size >= AUTHORS_MAX) this.authors.delete(this.authors.keys().next().value!)
    this.authors.set(author, Number.POSITIVE_INFINITY)
    return true
  }

  /** The tracker has answered. */
  answered(nowMs: number): void {
    for (const [author, atMs] of this.authors) if (atMs > nowMs) this.authors.set(author, nowMs)
  }

  clear(): void {
    this.authors.clear()
  }
}
