/** A history of a million messages: how long it is until one reads and finds something in it. */
import { statSync } from 'node:fs'
import type { KeepBundle, SearchQuery, Store } from '../../../src/ports/store.ts'
import { figure, spread } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { BUSY_AUTHOR, COMMON, corpus, MIDDLING, RARE, ROOM_IDS } from './corpus.ts'
import { committed, opened } from './durable.ts'

const BULK = 5_000
const AUTHORS = 10_000
const ROOMS = 4
/** Between two messages: a million of them take a year. */
const STEP_MS = 31_400
const REPEATS = 5
const PAGES = 20
const GENERAL = ROOM_IDS[0]!

export interface Built {
  /** As many as could be made in the time there was. */
  readonly messages: number
  /** In the store, without making the messages. */
  readonly usEach: number
  readonly bytes: number
}

/** Makes a history at `path`, of fewer messages where it would take longer than `msMax`. */
export async function build(path: string, messages: number, msMax: number, rooms = ROOMS): Promise<Built> {
  const store = opened(path)
  const startedAtMs = performance.now()
  let [done, storeMs, toldAtMs] = [0, 0, startedAtMs]
  let batch: KeepBundle[] = []
  const commit = (): void => {
    storeMs += timeMs(() => committed(store, batch))
    done += batch.filter(({ events }) => events.some(({ tells }) => tells.what === 'message')).length
    batch = []
  }
  for (const bundle of corpus({ messages, authors: AUTHORS, rooms, signed: false, stepMs: STEP_MS })) {
    batch.push(bundle)
    if (batch.length < BULK) continue
    commit()
    // Whoever wants to end it is heard in between.
    await Bun.sleep(0)
    const nowMs = performance.now()
    if (nowMs - startedAtMs > msMax) break
    if (nowMs - toldAtMs < 20_000) continue
    toldAtMs = nowMs
    console.error(`  … ${figure(done)} messages made in ${figure((nowMs - startedAtMs) / 1000)} s`)
  }
  commit()
  store.close()
  return { messages: done, usEach: (storeMs * 1000) / done, bytes: statSync(path).size }
}

export interface Reading {
  readonly what: string
  readonly isSearch: boolean
  /** In milliseconds. */
  readonly took: Sample
}

/** What is read in the course of talking, in this process. */
export function readings(path: string): Reading[] {
  const store = opened(path)
  try {
    return [...pages(store), ...searches(store)]
  } finally {
    store.close()
  }
}

function pages(store: Store): Reading[] {
  let place = store.last(GENERAL, 100)[0]!
  const paged = Array.from({ length: PAGES }, () =>
    timeMs(() => {
      place = store.page(GENERAL, 'before', place, 100)[0] ?? place
    }),
  )
  const [{ key }] = store.feeds(GENERAL) as [ReturnType<Store['feeds']>[number]]
  const read = (what: string, run: () => unknown): Reading => ({ what, isSearch: false, took: measured(run) })
  return [
    { what: 'page back, 100 messages', isSearch: false, took: summarise(paged)! },
    read('around a message, 50 and 50', () => store.around(place.id, 50)),
    read('feeds of all rooms, with their ranges', () => store.feeds()),
    read('overview of the rooms', () => store.rooms()),
    read('unread and mentions, nothing read', () => store.unread(GENERAL, BUSY_AUTHOR, ['someone'])),
    read('256 KiB of bundles to serve', () => store.bundles(key, 100, 1e9, 262_144, true)),
  ]
}

function searches(store: Store): Reading[] {
  const search = (what: string, query: Omit<SearchQuery, 'limit'>): Reading => {
    const asked = { ...query, limit: 20 }
    const hits = store.search(asked).length
    return { what: `search, ${what} (${hits} hits)`, isSearch: true, took: measured(() => store.search(asked)) }
  }
  return [
    search('a word of every third message', { words: COMMON }),
    search('a rare word', { words: RARE }),
    search('two words', { words: MIDDLING.join(' ') }),
    search('two common words', { words: `${COMMON} ${MIDDLING[0]}` }),
    search('a common word by one author', { words: COMMON, from: [BUSY_AUTHOR] }),
    search('a rare word by one author', { words: RARE, from: [BUSY_AUTHOR] }),
    search('a common word in one room', { words: COMMON, room: GENERAL }),
    search('a common word before a date', { words: COMMON, beforeMs: 1_705_000_000_000 }),
    search('the beginning of many words', { words: RARE.slice(0, 3) }),
    search('a word nobody said', { words: 'zzzzzz' }),
  ]
}

export function readingRows(all: readonly Reading[]): string[][] {
  return all.map(({ what, took }) => [what, spread(took)])
}

function measured(run: () => unknown): Sample {
  return summarise(Array.from({ length: REPEATS }, () => timeMs(run)))!
}

function timeMs(run: () => unknown): number {
  const startedAtMs = performance.now()
  run()
  return performance.now() - startedAtMs
}
