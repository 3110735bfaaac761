/**
 * What it takes two nodes to find out what they lack of a room of 100,000 events, beside sending everything and beside negentropy. By
 * itself: `bun tests/bench/history/reconcile.ts [path of negentropy's js/Negentropy.js]`; without a path its figures are those measured once.
 */
import { resolve } from 'node:path'
import { ByteWriter } from '../../../src/base/bytes.ts'
import { FEED_HANDLES_MAX, FRAME_HEADER_BYTES } from '../../../src/wire/limits.ts'
import { writeFeed } from '../../../src/wire/replication.ts'
import { figure, type Goal, goalLine, table } from '../report.ts'
import { summarise } from '../statistics.ts'
import { converse, End } from './link.ts'
import { loadNegentropy, measureNegentropy, type NegentropyFigures } from './negentropy.ts'
import { type Place, type Scenario, scenario } from './scenario.ts'

const EVENTS = 100_000
const EVENT_ID_BYTES = 32
const RUNS = 9

/** Authors do not matter to negentropy. Its figures: the reference implementation in JavaScript, medians of three on two virtual cores. */
const CASES: readonly { lacking: number; place: Place; negentropy: NegentropyFigures }[] = [
  { lacking: 0, place: 'newest', negentropy: { bytes: 338, roundTrips: 1, ms: 88 } },
  { lacking: 1, place: 'newest', negentropy: { bytes: 1_788, roundTrips: 2, ms: 93 } },
  { lacking: 1, place: 'scattered', negentropy: { bytes: 1_789, roundTrips: 2, ms: 94 } },
  { lacking: 100, place: 'newest', negentropy: { bytes: 4_744, roundTrips: 3, ms: 82 } },
  { lacking: 100, place: 'scattered', negentropy: { bytes: 113_260, roundTrips: 2, ms: 223 } },
  { lacking: 10_000, place: 'newest', negentropy: { bytes: 322_180, roundTrips: 3, ms: 161 } },
  { lacking: 10_000, place: 'scattered', negentropy: { bytes: 3_044_516, roundTrips: 3, ms: 2_063 } },
]

export interface ReconcileFigures {
  /** Both ways; the most of all runs. */
  readonly bytes: number
  readonly roundTrips: number
  /** Processor time of both ends together; the median of all runs. */
  readonly cpuMs: number
  /** Feeds that differ. */
  readonly feeds: number
}

/** Runs with the one that lacks events opening and answering in turns. Throws where an end does not find what differs. */
export function measureReconcile({ room, all, some }: Scenario, runs: number): ReconcileFigures {
  const complete = [{ id: room, feeds: all }]
  const lacking = [{ id: room, feeds: some }]
  const cpuMs: number[] = []
  let bytes = 0
  let roundTrips = 0
  let feeds = 0
  for (let run = 0; run < runs; run++) {
    const salt = new Uint8Array(32).fill(run)
    const opener = new End(salt, run % 2 === 0 ? lacking : complete)
    const answerer = new End(salt, run % 2 === 0 ? complete : lacking)
    const before = process.cpuUsage()
    const traffic = converse(opener, answerer)
    const { user, system } = process.cpuUsage(before)
    cpuMs.push((user + system) / 1000)
    bytes = Math.max(bytes, traffic.bytes)
    roundTrips = Math.max(roundTrips, traffic.flights / 2)
    feeds = differing(opener)
    if (feeds !== differing(answerer)) throw new Error('the two ends have found different differences')
  }
  return { bytes, roundTrips, cpuMs: summarise(cpuMs)!.median, feeds }
}

function differing({ findings }: End): number {
  return new Set(findings.differs.map(({ feed }) => feed)).size + findings.named.length
}

/** Every feed's name and how far it goes, from both ends: what two that link up would tell each other otherwise. */
function headBytes({ room, all, some }: Scenario): number {
  const out = new ByteWriter()
  for (const feeds of [all, some]) {
    for (const [i, { author, epoch, holding }] of feeds.entries()) {
      const { base, next } = holding
      writeFeed(out, { handle: Math.min(i + 1, FEED_HANDLES_MAX), author, room, epoch, base, next })
    }
  }
  return out.length + (all.length + some.length) * FRAME_HEADER_BYTES
}

/** One row: what agreeing takes, and what it takes the others. */
export interface Case {
  readonly authors: number
  readonly lacking: number
  readonly place: Place
  readonly own: ReconcileFigures
  readonly headBytes: number
  readonly idBytes: number
  readonly negentropy: NegentropyFigures
}

/** Measures every case, and prints them. Negentropy's figures are those seen on a like machine. */
export function reconciling(): Case[] {
  const cases = scenarios().map(({ made, ...rest }) => caseOf(made, rest))
  printCases(cases, "negentropy's figures are those of a like machine")
  return cases
}

interface Asked extends Pick<Case, 'authors' | 'lacking' | 'place' | 'negentropy'> {
  readonly made: Scenario
}

function scenarios(): Asked[] {
  return [100, 10_000].flatMap((authors) =>
    CASES.map((each) => ({ authors, ...each, made: scenario(EVENTS, authors, each.lacking, each.place, 1) })),
  )
}

function caseOf(made: Scenario, rest: Omit<Asked, 'made'>): Case {
  const own = measureReconcile(made, RUNS)
  return { ...rest, own, headBytes: headBytes(made), idBytes: EVENTS * EVENT_ID_BYTES }
}

const HEADINGS = ['authors, events lacking', 'feeds', 'bytes', 'trips', 'CPU ms', 'heads, B', 'ids, B']

function printCases(cases: readonly Case[], about: string): void {
  const rows = cases.map(({ authors, lacking, place, own, headBytes, idBytes, negentropy }) => {
    const name = lacking === 0 ? 'none' : `${lacking.toLocaleString('en-US')} ${place}`
    const figures = [own.feeds, own.bytes, own.roundTrips, own.cpuMs, headBytes, idBytes]
    const others = [negentropy.bytes, negentropy.roundTrips, negentropy.ms]
    return [`${authors.toLocaleString('en-US')}, ${name}`, ...[...figures, ...others].map(figure)]
  })
  console.log(`history: to agree on ${EVENTS.toLocaleString('en-US')} events; ${about}`)
  console.log(table([[...HEADINGS, 'negentropy: bytes', 'trips', 'ms'], ...rows]))
}

/** Against negentropy: each is met where it is in every row. */
export function reconcileGoals(cases: readonly Case[]): Goal[] {
  const goal = (what: string, isMet: (each: Case) => boolean): Goal => {
    const met = cases.filter(isMet).length
    return { what, met: met === cases.length, detail: `${met} of ${cases.length} rows` }
  }
  return [
    goal('to agree takes fewer bytes than negentropy', ({ own, negentropy }) => own.bytes < negentropy.bytes),
    goal('to agree takes at most a tenth of its time', ({ own, negentropy }) => own.cpuMs * 10 <= negentropy.ms),
  ]
}

async function main(path: string): Promise<void> {
  const library = await loadNegentropy(resolve(path))
  const cases: Case[] = []
  for (const { made, ...rest } of scenarios()) {
    cases.push(caseOf(made, { ...rest, negentropy: await measureNegentropy(library, made) }))
  }
  printCases(cases, 'negentropy measured beside it')
  for (const goal of reconcileGoals(cases)) console.log(goalLine(goal))
}

if (import.meta.main) {
  const [path] = process.argv.slice(2)
  if (path !== undefined) await main(path)
  else for (const goal of reconcileGoals(reconciling())) console.log(goalLine(goal))
}
