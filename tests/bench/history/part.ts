import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { atMost, figure, type Goal, goalLine, spread, table } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { COMMON } from './corpus.ts'
import { type DurableFigures, measureDurable } from './durable.ts'
import { JsonProgram } from './json-program.ts'
import { type Built, build, type Reading, readingRows, readings } from './million.ts'
import { type Case, reconcileGoals, reconciling } from './reconcile.ts'

const FIRST_SCREEN_MS_MAX = 150
const SEARCH_MS_MAX = 50
/** Not measured: the first start makes an identity. */
const WARM_STARTS = 1

export interface HistoryPartOptions {
  readonly quick: boolean
  /** The compiled program; null where it could not be built. */
  readonly program: string | null
  /** A folder for what is measured: on a disk, not in memory as a folder for temporary files may be. */
  readonly disk: string
}

interface HistoryFigures {
  readonly reconciling: readonly Case[]
  readonly durable: readonly DurableFigures[]
  readonly large: LargeFigures
}

interface LargeFigures {
  readonly built: Built
  readonly readings: readonly Reading[]
  /** Null without a program. */
  readonly starts: { readonly large: Starts; readonly empty: Starts } | null
}

/** In milliseconds. */
interface Starts {
  readonly ready: Sample
  /** From spawning the program until it has answered with the last hundred messages. */
  readonly firstScreen: Sample
  readonly search: Sample
}

/** Measures what a history costs and prints it, goals last. */
export async function historyPart(options: HistoryPartOptions): Promise<{ goals: Goal[]; figures: HistoryFigures }> {
  const cases = reconciling()
  mkdirSync(options.disk, { recursive: true })
  const folder = mkdtempSync(join(options.disk, 'bench-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const leave = (): never => process.exit(130)
  process.on('exit', remove)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave)
  try {
    const durable = await measureDurable(folder, options.program, options.quick)
    const large = await measureLarge(folder, options)
    const goals = [...reconcileGoals(cases), ...largeGoals(large)]
    for (const goal of goals) console.log(goalLine(goal))
    return { goals, figures: { reconciling: cases, durable, large } }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, leave)
    process.off('exit', remove)
    remove()
  }
}

async function measureLarge(folder: string, { quick, program }: HistoryPartOptions): Promise<LargeFigures> {
  const path = join(folder, 'large.db')
  const built = await build(path, quick ? 100_000 : 1_000_000, quick ? 30_000 : 240_000)
  const perMessage = `${figure(built.usEach)} µs and ${figure(built.bytes / built.messages)} bytes each`
  console.log(`a history of ${figure(built.messages)} messages by 10,000 authors in 4 rooms (${perMessage}), in ms`)
  const read = readings(path)
  const starts = program === null ? null : await measureStarts(program, folder, path, quick ? 3 : 9)
  const rows = starts === null ? [] : startRows(starts)
  console.log(table([['', 'median (range)'], ...rows, ...readingRows(read)]))
  return { built, readings: read, starts }
}

async function measureStarts(program: string, folder: string, path: string, count: number) {
  const [large, empty] = ['large', 'empty'].map((name) => join(folder, name)) as [string, string]
  mkdirSync(join(large, 'hearsay'), { recursive: true })
  mkdirSync(empty)
  renameSync(path, join(large, 'hearsay', 'history.db'))
  const times = { large: [] as Start[], empty: [] as Start[] }
  // Turn and turn about, so that what slows the machine down slows both.
  for (let i = 0; i < count + WARM_STARTS; i++) {
    times.large.push(await startOnce(program, large))
    times.empty.push(await startOnce(program, empty))
  }
  return { large: summary(times.large), empty: summary(times.empty) }
}

type Start = Record<keyof Starts, number>

async function startOnce(program: string, home: string): Promise<Start> {
  const running = await JsonProgram.start(program, home)
  try {
    await running.ask({ do: 'history', room: 'general', limit: 100 })
    const firstScreen = running.ageMs
    await running.ask({ do: 'search', words: COMMON })
    return { ready: running.readyMs, firstScreen, search: running.ageMs - firstScreen }
  } finally {
    await running.end()
  }
}

function summary(all: readonly Start[]): Starts {
  const of = (what: keyof Start): Sample => summarise(all.slice(WARM_STARTS).map((start) => start[what]))!
  return { ready: of('ready'), firstScreen: of('firstScreen'), search: of('search') }
}

function startRows({ large, empty }: NonNullable<LargeFigures['starts']>): string[][] {
  return [
    ['the program, from its start until it is ready', spread(large.ready)],
    ['  the same with an empty history', spread(empty.ready)],
    ['the program, from its start to the last 100 messages', spread(large.firstScreen)],
    ['  the same with an empty history', spread(empty.firstScreen)],
    ['the program, the first search, for a common word', spread(large.search)],
  ]
}

function largeGoals({ starts, readings, built }: LargeFigures): Goal[] {
  const of = `of ${figure(built.messages)} messages`
  const over =
    starts === null
      ? null
      : { ...starts.large.firstScreen, median: starts.large.firstScreen.median - starts.empty.firstScreen.median }
  const asked = starts === null ? [] : [{ what: "the program's first", took: starts.large.search }]
  const searches = [...asked, ...readings.filter(({ isSearch }) => isSearch)]
  const slowest = searches.reduce((most, each) => (each.took.median > most.took.median ? each : most))
  const first = `to the first screen ${of} at most ${FIRST_SCREEN_MS_MAX} ms over that of none`
  const search = `a search ${of} at most ${SEARCH_MS_MAX} ms (slowest: ${slowest.what.replace('search, ', '')})`
  return [atMost(first, over, FIRST_SCREEN_MS_MAX, 'ms'), atMost(search, slowest.took, SEARCH_MS_MAX, 'ms')]
}
