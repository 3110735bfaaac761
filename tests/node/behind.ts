import { expect } from 'bun:test'
import { EventKind } from '../../src/wire/event.ts'
import { Author, type Made, push } from './author.ts'
import type { Bench } from './bench.ts'
import { FetchPeer, fetchesHeard } from './fetch-peer.ts'
import { numbered, wantsHeard } from './holder.ts'
import { KeepingBench } from './keeping-bench.ts'

/** In a room, with a disk. */
export function keeper(seed = 1): KeepingBench {
  const bench = new KeepingBench(seed)
  bench.run((node, now) => node.join('general', now))
  return bench
}

/** So many events of one author, each in a bundle of its own; the first says what he is called. */
export function said(author: Author, count: number): Made[] {
  const named = author.say({ kind: EventKind.profile, body: 'Bob' })
  return [named, ...Array.from({ length: count - 1 }, (_, at) => author.say(`event ${at + 2}`))]
}

/** One that has the last 64 of a thousand, and asks a peer for what comes before: the peer is up and has not answered that yet. */
export function behind(count = 1_000): { bench: KeepingBench; author: Author; made: Made[]; from: FetchPeer } {
  const bench = keeper()
  const author = new Author(7)
  const made = said(author, count)
  const from = new FetchPeer(bench, author, [...made])
  expect(wantsHeard(from.peer)).toMatchObject([{ from: count + 1 - 64, full: true }])
  for (const one of made.slice(-64)) push(from.peer, 1, one)
  // By whom it was said comes first.
  expect(bench.texts()).toEqual([])
  expect(fetchesHeard(from.peer)).toMatchObject([{ from: 1, to: 2 }])
  from.answer(1)
  expect(bench.texts()).toEqual(numbered(count - 63, count))
  expect(bench.tellings('event').every(({ name }) => name === 'Bob')).toBe(true)
  expect(fetchesHeard(from.peer)[1]).toMatchObject({ from: 2, to: count - 63 })
  return { bench, author, made, from }
}

/** By then a neighbour that compares nothing is taken to have said what it has. */
export const SETTLED_MS = 8_000

export const gapsTold = (bench: Bench) => bench.tellings('gap').map(({ missing }) => missing)
