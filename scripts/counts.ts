/** How many tests passed, read from what `bun test` printed. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  /** Skipped and still to be written. */
  readonly skipped: number
  /** Whether the summary was there; without it the numbers are of the single results seen until then. */
  readonly complete: boolean
}

/**
 * `output` is everything `bun test` wrote, on both streams. Only the last summary counts (` 12 pass`, ` 0 fail`, `Ran 12 tests …`),
 * so that a test which prints something alike is not taken for it.
 */
export function readCounts(output: string): Counts {
  const lines = Bun.stripANSI(output).split('\n')
  const ran = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line))
  if (ran < 0) {
    const seen = (mark: string) => lines.filter((line) => line.startsWith(`(${mark}) `)).length
    return { passed: seen('pass'), failed: seen('fail'), skipped: seen('skip') + seen('todo'), complete: false }
  }
  // The summary is the block of lines above that one.
  const found = new Map<string, number>()
  for (let i = ran - 1; i >= 0 && lines[i]?.trim() !== ''; i -= 1) {
    const [, number, word] = /^ *(\d+) (pass|fail|skip|todo|error)s?$/.exec(lines[i] ?? '') ?? []
    if (number && word) found.set(word, Number(number))
  }
  const of = (word: string) => found.get(word) ?? 0
  // A file that does not load is an error, and a failure too; the greater of the two numbers hides neither.
  return {
    passed: of('pass'),
    failed: Math.max(of('fail'), of('error')),
    skipped: of('skip') + of('todo'),
    complete: true,
  }
}

/** Of several runs; complete where all are. */
export function sumOf(runs: readonly Counts[]): Counts {
  const total = (of: (run: Counts) => number) => runs.reduce((sum, run) => sum + of(run), 0)
  return {
    passed: total((run) => run.passed),
    failed: total((run) => run.failed),
    skipped: total((run) => run.skipped),
    complete: runs.every((run) => run.complete),
  }
}
