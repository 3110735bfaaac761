/** Durable messages a second of one writer, beside bare inserts on the same disk. */
import { Database } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../../src/adapters/sqlite-open.ts'
import type { KeepBundle, Store } from '../../../src/ports/store.ts'
import { figure, spread, table } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { corpus } from './corpus.ts'
import { JsonProgram } from './json-program.ts'

const GROUP = 100
const REPEATS = 3
const TEXT = 'It is some sixty bytes that are said here, as people say it.'

export interface DurableFigures {
  /** Messages in each commit. */
  readonly group: number
  /** Messages a second. */
  readonly bare: Sample
  readonly store: Sample
  /** Said to the compiled program, `group` at once, the next when all are acknowledged; null where there is none. */
  readonly program: Sample | null
}

/** A store that is well. Throws where there cannot be one. */
export function opened(path: string): Store {
  const store = openStore(path)
  if ('ok' in store) throw new Error(store.message, { cause: store.cause })
  return store
}

export function committed(store: Store, batch: readonly KeepBundle[]): void {
  const outcome = store.commit(batch)
  if (!outcome.ok) throw new Error(outcome.message, { cause: outcome.cause })
}

/** Bytes into one table, as little as can be written down of a message. */
function bare(path: string): { commit(group: readonly KeepBundle[]): void; close(): void } {
  const db = new Database(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)')
  const insert = db.prepare('INSERT INTO t (bytes) VALUES (?)')
  return {
    commit: db.transaction((group: readonly KeepBundle[]) => {
      for (const { bytes } of group) insert.run(bytes)
    }),
    close: () => db.close(),
  }
}

/** Messages a second, each group on the disk before the next begins. */
async function ratePerS<T>(groups: readonly T[][], commit: (group: T[]) => unknown): Promise<number> {
  const startedAtMs = performance.now()
  for (const group of groups) await commit(group)
  return (groups.reduce((sum, group) => sum + group.length, 0) * 1000) / (performance.now() - startedAtMs)
}

function grouped(groups: number, size: number): KeepBundle[][] {
  const bundles = [...corpus({ messages: groups * size, authors: 20, rooms: 1, signed: true, stepMs: 1_000 })]
  return Array.from({ length: groups }, (_, i) => bundles.slice(i * size, (i + 1) * size))
}

async function programRate(program: string, home: string, groups: number, size: number): Promise<number> {
  mkdirSync(home, { recursive: true })
  const running = await JsonProgram.start(program, home)
  try {
    await running.sayAll([TEXT])
    const texts = Array.from({ length: groups }, () => new Array<string>(size).fill(TEXT))
    return await ratePerS(texts, (group) => running.sayAll(group))
  } finally {
    await running.end()
  }
}

async function measure(folder: string, program: string | null, groups: number, size: number): Promise<DurableFigures> {
  const bundles = grouped(groups, size)
  const samples = { bare: [] as number[], store: [] as number[], program: [] as number[] }
  // In turns, so that what slows the disk down slows all.
  for (let i = 0; i < REPEATS; i++) {
    const plain = bare(join(folder, `bare-${size}-${i}.db`))
    samples.bare.push(await ratePerS(bundles, plain.commit))
    plain.close()
    const store = opened(join(folder, `store-${size}-${i}.db`))
    samples.store.push(await ratePerS(bundles, (group) => committed(store, group)))
    store.close()
    if (program === null) continue
    samples.program.push(await programRate(program, join(folder, `said-${size}-${i}`), groups, size))
  }
  const [bareRate, storeRate] = [summarise(samples.bare)!, summarise(samples.store)!]
  return { group: size, bare: bareRate, store: storeRate, program: summarise(samples.program) }
}

/** Prints it too. `folder`: on the disk that is meant. */
export async function measureDurable(
  folder: string,
  program: string | null,
  quick: boolean,
): Promise<DurableFigures[]> {
  const all: DurableFigures[] = []
  for (const size of [1, GROUP]) all.push(await measure(folder, program, quick ? 40 : 150, size))
  console.log(
    `durable messages a second, one writer, the next when those before are on the disk; ${REPEATS} times each`,
  )
  const rows = all.map(({ group, bare, store, program }) => {
    const beside = (sample: Sample | null): string => (sample === null ? '' : figure(sample.median / bare.median))
    const what = group === 1 ? 'one at a time' : `${group} at a time`
    return [what, spread(bare), spread(store), beside(store), spread(program), beside(program)]
  })
  console.log(table([['', 'bare bun:sqlite', 'the store', '× bare', 'said to the program', '× bare'], ...rows]))
  return all
}
