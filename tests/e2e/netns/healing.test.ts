import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Rng, seededRng } from '../../../src/base/rng.ts'
import { SILENT_MS_MAX } from '../../../src/node/liveness.ts'
import { type Program, removeHomes } from '../program.ts'
import { allTheSame, wholeRecord } from '../record.ts'
import { allHear, hasNoneOf, shuffled, startTogether, timesLine } from './crowd.ts'
import { Lan } from './lan.ts'
import { networkTests } from './requirements.ts'

/**
 * Eight nodes are cut in two and joined again, round after round, all of them talking meanwhile; within 30 seconds each has the same record as
 * all others. `HEARSAY_PARTITIONS=50` for what is promised, which takes some ten minutes; `HEARSAY_SEED=<n>` for one series again.
 */

const NODES = 8
const ROUNDS = Number(process.env['HEARSAY_PARTITIONS'] ?? 2)
const SEED = Number(process.env['HEARSAY_SEED'] ?? Date.now() % 1_000_000)
const SAME_MS_MAX = 30_000
/** A node looks only now and then for who has been silent too long. */
const GIVEN_UP_MS_MAX = SILENT_MS_MAX + 10_000

/**
 * What becomes of the links across the cut. In a `brief` one, and one of `half a minute`, they hang and go on. They are `broken` by the kernels, which get
 * no answer, or `given up` by the nodes, which hear nothing.
 */
type Kind = 'brief' | 'broken' | 'half a minute' | 'given up'
const KINDS: readonly Kind[] = [
  ...(['brief', 'broken', 'half a minute', 'brief', 'broken'] as const),
  ...(['brief', 'broken', 'half a minute', 'brief', 'given up'] as const),
]
const CUT_MS: Record<'brief' | 'half a minute', readonly [number, number]> = {
  brief: [500, 4_000],
  'half a minute': [12_000, 27_000],
}
const KERNEL_PATIENCE = { usual: 15, short: 3 }

setDefaultTimeout(60_000 + ROUNDS * 120_000)
afterEach(removeHomes)

/** Says something now and then, and sometimes much at once, until told to stop. */
class Talker {
  readonly texts: string[] = []
  private isStopped = false
  private readonly done: Promise<void>

  constructor(
    private readonly program: Program,
    private readonly mark: string,
    private readonly rng: Rng,
  ) {
    this.done = this.talk()
  }

  /** Resolves when all that it said is acknowledged. */
  stop(): Promise<void> {
    this.isStopped = true
    return this.done
  }

  private async talk(): Promise<void> {
    const { rng } = this
    while (!this.isStopped) {
      const saying: Promise<unknown>[] = []
      for (let more = rng.float() < 0.05 ? 20 : 1; more > 0; more--) {
        const text = `${this.mark}: ${this.texts.length}`
        this.texts.push(text)
        saying.push(this.program.say(text))
      }
      await Promise.all(saying)
      await Bun.sleep(rng.float() ** 3 * 1_500)
    }
  }
}

interface Side {
  readonly programs: readonly Program[]
  readonly talkers: readonly Talker[]
}

/** One round; answers how long it took from joining the halves until all had heard all. */
async function cutAndHeal(
  lan: Lan,
  programs: readonly Program[],
  round: number,
  kind: Kind,
  rng: Rng,
): Promise<number> {
  const patience = kind === 'broken' ? KERNEL_PATIENCE.short : KERNEL_PATIENCE.usual
  await Promise.all(lan.machines.map((machine) => machine.sendAgain(patience)))
  const everyone = programs.map((program, i) => ({ program, machine: lan.machines[i]! }))
  const mixed = shuffled(everyone, rng)
  const size = 1 + rng.below(NODES / 2)
  const [there, here] = [mixed.slice(0, size), mixed.slice(size)]
  await lan.cut(there.map(({ machine }) => machine))
  const talking = (side: typeof mixed): Side => ({
    programs: side.map(({ program }) => program),
    talkers: side.map(({ program }) => {
      return new Talker(program, `${round}, ${programs.indexOf(program)}`, seededRng(rng.below(2 ** 32)))
    }),
  })
  const sides = [talking(here), talking(there)] as const
  await cutLasts(kind, sides, rng)
  await Promise.all(sides.flatMap(({ talkers }) => talkers.map((talker) => talker.stop())))
  for (const [side, other] of [sides, sides.toReversed()] as const) {
    const told = new Set(side!.programs.flatMap((program) => program.texts()))
    for (const { texts } of other!.talkers) expect(texts.filter((text) => told.has(text))).toEqual([])
  }
  await lan.rejoin()
  const rejoinedAtMs = performance.now()
  const texts = sides.flatMap(({ talkers }) => talkers.flatMap((talker) => talker.texts))
  await allHear(programs, texts, SAME_MS_MAX)
  const healedMs = performance.now() - rejoinedAtMs
  const isOlder = ({ text }: { text: string }) => text.startsWith(`${round - 1}, `)
  allTheSame(await Promise.all(programs.map((program) => wholeRecord(program, 'general', isOlder))))
  return healedMs
}

async function cutLasts(kind: Kind, [here, there]: readonly [Side, Side], rng: Rng): Promise<void> {
  if (kind === 'brief' || kind === 'half a minute') {
    const [least, most] = CUT_MS[kind]
    return Bun.sleep(least + rng.float() * (most - least))
  }
  await Promise.all([
    ...here.programs.map((program) => hasNoneOf(program, there.programs, GIVEN_UP_MS_MAX)),
    ...there.programs.map((program) => hasNoneOf(program, here.programs, GIVEN_UP_MS_MAX)),
  ])
}

async function overRounds(rng: Rng): Promise<void> {
  await using lan = await Lan.open(NODES)
  const programs = await startTogether(lan)
  const times = new Map<Kind, number[]>()
  for (let round = 1; round <= ROUNDS; round++) {
    const kind = KINDS[(round - 1) % KINDS.length]!
    try {
      const healedMs = await cutAndHeal(lan, programs, round, kind, rng)
      times.set(kind, [...(times.get(kind) ?? []), healedMs])
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`HEARSAY_SEED=${SEED}, round ${round} (${kind}): ${message}`, { cause: error })
    }
  }
  const records = await Promise.all(programs.map((program) => wholeRecord(program)))
  allTheSame(records)
  const [record] = records
  expect(new Set(record!.map(({ text }) => text)).size).toBe(record!.length)
  for (const [kind, each] of times)
    console.log(timesLine(`cut in two, ${kind}, and joined: all was everywhere after`, each))
  console.log(`after ${ROUNDS} rounds ${NODES} nodes have the same ${record!.length} messages in the same order`)
}

describe.skipIf(!networkTests)('eight that are cut in two while they talk, and joined again', () => {
  test(`have one record within ${SAME_MS_MAX / 1_000} s, however the cut went (${ROUNDS} rounds)`, async () => {
    await overRounds(seededRng(SEED))
  })
})
