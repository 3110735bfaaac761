/** The parts in which all tests are run: which of them may run beside others, and which may not. Each test file is in one, and in one only. */
export interface TestPart {
  /** How the paths of its files begin; empty for all. */
  readonly of: readonly string[]
  /** And how those of them begin that are in another part. */
  readonly without: readonly string[]
}

const SIMULATIONS = 'tests/sim/'
const STORMS = 'tests/sim/storm.test.ts'
const PROGRAMS = 'tests/e2e/'
const NETWORKS = 'tests/e2e/netns/'
const HEARD = [
  'tests/voice/devices',
  'tests/voice/hostile',
  'tests/voice/live-chain',
  'tests/voice/processes',
  'tests/e2e/voice',
  'tests/e2e/dialect-voice',
  'tests/e2e/netns/voice',
  'tests/e2e/netns/finding',
]

export const TEST_PARTS = {
  /** Single parts of the program. Those in `tests/voice` only compute, in a time of their own. */
  units: { of: [], without: [SIMULATIONS, PROGRAMS, ...HEARD] },
  /** The longest simulation keeps as many processes as there are cores, so the others need not wait for it. */
  storms: { of: [STORMS], without: [] },
  simulations: { of: [SIMULATIONS], without: [STORMS] },
  programs: { of: [PROGRAMS], without: [NETWORKS, ...HEARD] },
  /** Programs that have networks to themselves, and so run beside those that share this machine's. */
  networks: { of: [NETWORKS], without: HEARD },
  /** Programs that play and record, or are given milliseconds: nothing runs beside them. */
  heard: { of: HEARD, without: [] },
} as const satisfies Record<string, TestPart>

/** For `bun test`. */
export function argumentsOf({ of, without }: TestPart): string[] {
  return [...of, ...without.map((beginning) => `--path-ignore-patterns=${beginning}**`)]
}

/** Whether `bun test`, given those arguments, runs this file. */
export function isIn({ of, without }: TestPart, path: string): boolean {
  return (of.length === 0 || of.some((part) => path.includes(part))) && !without.some((each) => path.startsWith(each))
}
