/**
 * What is said in the same spell by the same people is told apart by how often it was said. Short: whoever came within it counts otherwise, and
 * so takes the second for the first; whoever hears it a moment later, in the next, only does not know it by its id.
 */
const SPELL_MS = 2_000
/** Texts counted in a spell; beyond, counting begins anew. */
const COUNTED_MAX = 8_192

/**
 * Tells a message that is said again from the same one heard by two bridges, in a network that gives messages no ids: to both it is the same
 * text, in the same two seconds, for the same time. Where that differs the bridge knows it by what it says.
 */
export class Repeats {
  private readonly counts = new Map<string, number>()
  private spell = 0

  /** What tells this time from others. */
  count(about: string, wallMs: number): [string, string] {
    const spell = Math.floor(wallMs / SPELL_MS)
    if (spell !== this.spell || this.counts.size >= COUNTED_MAX) this.counts.clear()
    this.spell = spell
    const times = (this.counts.get(about) ?? 0) + 1
    this.counts.set(about, times)
    return [String(times), String(spell)]
  }
}
