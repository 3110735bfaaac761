const WORD_CHARS_MAX = 40 // longer than any word anyone knows; bounds the quadratic distance
const PREFIX_CHARS_MIN = 3

/**
 * The known word somebody most likely meant by `word`, or null when nothing is near. Near is: a third of its
 * characters wrong at most (at least one may be), or the beginning of exactly one known word. Upper and lower case
 * are the same. Of equally near words the first wins.
 */
export function suggest(word: string, known: Iterable<string>): string | null {
  if (word.length === 0 || word.length > WORD_CHARS_MAX) return null
  const wanted = word.toLowerCase()
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  const begunBy: string[] = []
  for (const candidate of known) {
    const lower = candidate.toLowerCase()
    const distance = editDistance(wanted, lower)
    // A word with nothing in common is not near, however short.
    if (distance < bestDistance && distance < lower.length) {
      best = candidate
      bestDistance = distance
    }
    if (wanted.length >= PREFIX_CHARS_MIN && lower.startsWith(wanted)) begunBy.push(candidate)
  }
  return best ?? (begunBy.length === 1 ? begunBy[0]! : null)
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours between two words: the optimal string alignment form
 * of the Damerau–Levenshtein distance (Damerau, CACM 7(3), 1964), in UTF-16 units.
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + changed)
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}
