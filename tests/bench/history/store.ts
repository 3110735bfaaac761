/**
 * The store beside bare inserts on the same disk, and a history of a million messages: what it takes, and how long it is until one reads and
 * finds something in it. `bun tests/bench/history/store.ts [--quick] [--keep <file>]`; `--quick` has a tenth of everything.
 */
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../../src/adapters/sqlite-open.ts'
import type { KeepBundle, Store } from '../../../src/ports/store.ts'
import { describeMachine } from '../machine.ts'
import { atMost, figure, type Goal, goalLine, spread, table } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { BUSY_AUTHOR, COMMON, corpus, MIDDLING, RARE, ROOM_IDS } from './corpus.ts'

const GROUP = 100
const BULK = 5_000
const OPENINGS = 7
const REPEATS = 5
const PAGES = 20
const FIRST_SCREEN_MS_MAX = 150
const SEARCH_MS_MAX = 50

function opened(path: string): Store {
  const store = openStore(path)
  if ('ok' in store) throw new Error(store.message, { cause: store.cause })
  return store
}

function committed(store: Store, batch: readonly KeepBundle[]): void {
  const outcome = store.commit(batch)
  if (!outcome.ok) throw new Error(outcome.message, { cause: outcome.cause })
}

function timeMs(run: () => unknown): number {
  const startedAtMs = performance.now()
  run()
  return performance.now() - startedAtMs
}

/** Messages a second, each group of `size` on the disk before the next begins. */
function ratePerS(groups: readonly (readonly KeepBundle[])[], commit: (group: readonly KeepBundle[]) => void): number {
  const took = timeMs(() => {
    for (const group of groups) commit(group)
  })
  return (groups.reduce((sum, group) => sum + group.length, 0) * 1000) / took
}

function grouped(messages: number, size: number): KeepBundle[][] {
  const groups: KeepBundle[][] = []
  let group: KeepBundle[] = []
  for (const bundle of corpus({ messages, authors: 20, rooms: 1, signed: true, stepMs: 1_000 })) {
    group.push(bundle)
    if (group.length < size) continue
    groups.push(group)
    group = []
  }
  return groups
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

function compareRates(folder: string, quick: boolean): void {
  console.log('durable messages a second, one writer, each commit on the disk before the next (median of 3, range)')
  const rows: string[][] = [['', 'store', 'bare inserts', 'ratio']]
  for (const size of [1, GROUP]) {
    const groups = grouped(quick ? size * 40 : size * 150, size)
    const samples: Record<'store' | 'bare', number[]> = { store: [], bare: [] }
    for (let i = 0; i < 3; i++) {
      const store = opened(join(folder, `rate-${size}-${i}.db`))
      samples.store.push(ratePerS(groups, (group) => committed(store, group)))
      store.close()
      const plain = bare(join(folder, `bare-${size}-${i}.db`))
      samples.bare.push(ratePerS(groups, plain.commit))
      plain.close()
    }
    const [ours, theirs] = [summarise(samples.store)!, summarise(samples.bare)!]
    const what = size === 1 ? 'one a commit' : `${size} a commit`
    rows.push([what, spread(ours), spread(theirs), figure(ours.median / theirs.median)])
  }
  console.log(table(rows))
}

function build(path: string, messages: number): void {
  const store = opened(path)
  const startedAtMs = performance.now()
  let batch: KeepBundle[] = []
  let done = 0
  let storeMs = 0
  const commit = (): void => {
    storeMs += timeMs(() => committed(store, batch))
    done += batch.length
    batch = []
    if (done % (BULK * 20) === 0)
      console.error(`  … ${figure(done)} in ${figure((performance.now() - startedAtMs) / 1000)} s`)
  }
  for (const bundle of corpus({ messages, authors: 10_000, rooms: 4, signed: false, stepMs: 31_400 })) {
    batch.push(bundle)
    if (batch.length === BULK) commit()
  }
  commit()
  store.close()
  const bytes = statSync(path).size
  console.log(
    `  built in commits of ${figure(BULK)}: ${figure((storeMs * 1000) / messages)} µs a message; ${figure(bytes / 1e6)} MB, ${figure(bytes / messages)} bytes a message`,
  )
}

/** In a process of its own: nothing of the program is warm, only the system's cache of the file. */
function openings(path: string): Sample {
  const values = Array.from({ length: OPENINGS }, () => {
    const child = Bun.spawnSync([process.execPath, import.meta.path, '--open', path], { stderr: 'inherit' })
    return Number(child.stdout.toString())
  })
  return summarise(values)!
}

function readings(path: string): { rows: string[][]; searches: { what: string; sample: Sample }[] } {
  const store = opened(path)
  const general = ROOM_IDS[0]!
  const measured = (run: () => unknown): Sample => summarise(Array.from({ length: REPEATS }, () => timeMs(run)))!
  const rows: string[][] = []
  const searches: { what: string; sample: Sample }[] = []
  let place = store.last(general, 100)[0]!
  const paged = Array.from({ length: PAGES }, () =>
    timeMs(() => {
      place = store.page(general, 'before', place, 100)[0] ?? place
    }),
  )
  rows.push(['page back, 100 messages', spread(summarise(paged))])
  rows.push(['around a message, 50 and 50', spread(measured(() => store.around(place.id, 50)))])
  rows.push(['feeds of all rooms, with their ranges', spread(measured(() => store.feeds()))])
  rows.push(['overview of the rooms', spread(measured(() => store.rooms()))])
  rows.push([
    'unread and mentions, nothing read',
    spread(measured(() => store.unread(general, BUSY_AUTHOR, ['someone']))),
  ])
  const [{ key }] = store.feeds(general) as [ReturnType<Store['feeds']>[number]]
  rows.push(['256 KiB of bundles to serve', spread(measured(() => store.bundles(key, 100, 1e9, 262_144, true)))])
  const search = (what: string, query: Parameters<Store['search']>[0]): void => {
    const sample = measured(() => store.search(query))
    const hits = store.search(query).length
    searches.push({ what, sample })
    rows.push([`search, ${what} (${hits} hits)`, spread(sample)])
  }
  search('a word of every third message', { words: COMMON, limit: 20 })
  search('a rare word', { words: RARE, limit: 20 })
  search('two words', { words: MIDDLING.join(' '), limit: 20 })
  search('two common words', { words: `${COMMON} ${MIDDLING[0]}`, limit: 20 })
  search('a common word by one author', { words: COMMON, from: [BUSY_AUTHOR], limit: 20 })
  search('a rare word by one author', { words: RARE, from: [BUSY_AUTHOR], limit: 20 })
  search('a common word in one room', { words: COMMON, room: general, limit: 20 })
  search('a common word before a date', { words: COMMON, beforeMs: 1_705_000_000_000, limit: 20 })
  search('the beginning of many words', { words: `${RARE.slice(0, 3)}`, limit: 20 })
  search('a word nobody said', { words: 'zzzzzz', limit: 20 })
  rows.push(['a look at every page', figure(timeMs(() => store.check()))])
  store.close()
  return { rows, searches }
}

function main(quick: boolean, keep: string | undefined): void {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-bench-'))
  try {
    console.log(describeMachine())
    compareRates(folder, quick)
    const messages = quick ? 100_000 : 1_000_000
    const path = keep ?? join(folder, 'million.db')
    console.log(
      `a history of ${figure(messages)} messages by 10,000 authors in 4 rooms, in milliseconds (median, range)`,
    )
    build(path, messages)
    const empty = join(folder, 'empty.db')
    opened(empty).close()
    const [large, small] = [openings(path), openings(empty)]
    const { rows, searches } = readings(path)
    const header = ['', 'ms']
    const opening = [
      ['open to the last 100, a fresh process', spread(large)],
      ['the same of an empty history', spread(small)],
    ]
    console.log(table([header, ...opening, ...rows]))
    const over = { ...large, median: large.median - small.median }
    const slowest = searches.reduce((most, each) => (each.sample.median > most.sample.median ? each : most))
    const goals: Goal[] = [
      atMost(
        `to the first screen at most ${FIRST_SCREEN_MS_MAX} ms over an empty one's`,
        over,
        FIRST_SCREEN_MS_MAX,
        'ms',
      ),
      atMost(`a search at most ${SEARCH_MS_MAX} ms (slowest: ${slowest.what})`, slowest.sample, SEARCH_MS_MAX, 'ms'),
    ]
    for (const goal of goals) console.log(goalLine(goal))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [first, second] = process.argv.slice(2)
if (first === '--open') {
  console.log(timeMs(() => opened(second!).last(ROOM_IDS[0]!, 100)))
} else {
  const keep = process.argv.indexOf('--keep')
  main(process.argv.includes('--quick'), keep < 0 ? undefined : process.argv[keep + 1])
}
