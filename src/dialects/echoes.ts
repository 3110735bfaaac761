/** How long equal words count as one said again by a bridge that had no id to give them. A guess. */
const ECHO_MS = 60_000
/** Texts remembered for it: some minutes of a lively room. */
const ECHOES_MAX = 2_048

interface Original {
  /** How often it was said of late, and by when the last time. */
  count: number
  atMs: number
  /** How many of them each side has given back. */
  readonly given: Map<string, number>
}

/** Tells words that come back from words that are said again, where a network gives them no ids: every original has one echo a side. */
export class Echoes {
  private readonly originals = new Map<string, Original>()

  /** `about`: who says it, and what. */
  add(about: string, nowMs: number): void {
    const known = this.recent(about, nowMs)
    const original = known ?? { count: 0, atMs: nowMs, given: new Map() }
    original.count++
    original.atMs = nowMs
    this.originals.delete(about)
    this.originals.set(about, original)
    if (this.originals.size > ECHOES_MAX) this.originals.delete(this.originals.keys().next().value!)
  }

  /** True where it is an echo, which counts as given. */
  absorb(side: string, about: string, nowMs: number): boolean {
    const original = this.recent(about, nowMs)
    const given = original?.given.get(side) ?? 0
    if (original === null || given >= original.count) return false
    original.given.set(side, given + 1)
    return true
  }

  private recent(about: string, nowMs: number): Original | null {
    const original = this.originals.get(about)
    return original === undefined || nowMs - original.atMs >= ECHO_MS ? null : original
  }
}
