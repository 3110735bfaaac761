import { describe, expect, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { RangeSet } from '../../src/core/history/ranges.ts'
import { VainAsks } from '../../src/node/vain-asks.ts'
import { Author, nameFeed } from './author.ts'
import { keeper, said } from './behind.ts'
import { FetchPeer } from './fetch-peer.ts'

const HOUR_MS = 3_600_000

/** Counts how often it is looked into. */
class Watched extends RangeSet {
  looks = 0

  override newestIn(from: number, below: number) {
    this.looks++
    return super.newestIn(from, below)
  }
}

function feed() {
  const bench = keeper()
  const author = new Author(7)
  const made = said(author, 5)
  const from = new FetchPeer(bench, author, made)
  from.serve(1_000)
  return { bench, author, from, feed: bench.node['feeds'].all.get(toHex(author.feedId))! }
}

describe('what a peer was asked for in vain', () => {
  const { feed: any } = feed()
  const numbers = new RangeSet([
    { from: 3, to: 6 },
    { from: 10, to: 11 },
  ])

  test('is not worth asking it for again for an hour or two, and worth asking another for', () => {
    const vain = new VainAsks()
    vain.add(any, 'a', 4, 20, 0)
    expect(vain.left(any, 'a', numbers, 1).list).toEqual([{ from: 3, to: 4 }])
    expect(vain.left(any, 'b', numbers, 1).list).toEqual([...numbers.list])
    expect(vain.hasLeft(any, 'a', numbers, 1, 20, 1)).toBe(true)
    expect(vain.hasLeft(any, 'a', numbers, 4, 20, 1)).toBe(false)
    expect(vain.hasLeft(any, 'b', numbers, 4, 20, 1)).toBe(true)
    vain.add(any, 'a', 3, 4, 1.5 * HOUR_MS)
    expect(vain.left(any, 'a', numbers, 1.5 * HOUR_MS).count).toBe(0)
    expect(vain.left(any, 'a', numbers, 2 * HOUR_MS).list).toEqual([
      { from: 4, to: 6 },
      { from: 10, to: 11 },
    ])
    expect(vain.left(any, 'a', numbers, 9 * HOUR_MS).list).toEqual([...numbers.list])
  })

  test('in whatever pieces costs a few looks each time it is offered', () => {
    const vain = new VainAsks()
    const many = new Watched(Array.from({ length: 5_000 }, (_, at) => ({ from: at * 2, to: at * 2 + 1 })))
    for (const { from, to } of many.list) vain.add(any, 'a', from, to, 0)
    expect(vain.hasLeft(any, 'a', many, 0, 10_000, 1)).toBe(false)
    expect(many.looks).toBeLessThan(50)
  })
})

test('a neighbour that names one feed again and again, of which much was taken out, costs next to nothing', () => {
  const { bench, author, from, feed: named } = feed()
  const gone = bench.node['replication']['backfilling']['gone']
  const chance = seededRng(1)
  for (let at = 1; at <= 16_384; at++) gone.add(named, at * 2, chance.bytes(32))
  const [peerKey] = [...bench.node['links'].neighbours.keys()]
  gone.asked(named, peerKey!, 1, 40_000, bench.nowMs)
  const beganMs = performance.now()
  for (let handle = 2; handle <= 200; handle++) nameFeed(from.peer, handle, author, 1, 6)
  // Looking through all of it each time takes ten times that.
  expect(performance.now() - beganMs).toBeLessThan(300)
})
