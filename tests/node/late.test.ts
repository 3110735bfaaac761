import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { peekBundle } from '../../src/wire/bundle.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { BUNDLE_LATE, BUNDLE_WITH_PREVIOUS } from '../../src/wire/replication.ts'
import { Author, type Made, nameFeed } from './author.ts'
import { keeper, said } from './behind.ts'
import { Bench } from './bench.ts'
import { history, want } from './holder.ts'
import { openPeer, type Peer } from './peer.ts'

/** Sends a bundle with flags and hops of the test's own. */
function pushWith(peer: Peer, head: number, { bundle, previous }: Made): void {
  peer.send(FrameType.bundle, (out) => {
    out.u8(head | BUNDLE_WITH_PREVIOUS).varint(1)
    out.bytes(previous).bytes(bundle.bytes)
  })
}

/** By the first number of each bundle a peer was sent: whether it is said to be late. */
function lateHeard(peer: Peer): Map<number, boolean> {
  return new Map(
    peer.heardOf(FrameType.bundle).map((body) => {
      const reader = new ByteReader(body)
      const head = reader.u8()
      reader.varint()
      if ((head & BUNDLE_WITH_PREVIOUS) !== 0) reader.take(32)
      return [peekBundle(reader.take(reader.left))!.first, (head & BUNDLE_LATE) !== 0]
    }),
  )
}

/** A bench with one peer that has named a feed of which nothing has come. */
function fed(bench: Bench): { author: Author; from: Peer } {
  const author = new Author(7)
  const from = openPeer(bench)
  nameFeed(from, 1, author, 1, 1)
  return { author, from }
}

describe('what is said to come late', () => {
  test('is told as said before, and what is not is told as live', () => {
    const bench = keeper()
    const { author, from } = fed(bench)
    const made = history(author, 4)
    for (const [at, one] of made.entries()) pushWith(from, at % 2 === 0 ? BUNDLE_LATE : 0, one)
    expect(bench.tellings('event').map(({ backlog }) => backlog)).toEqual([true, false, true, false])
  })

  test('is no talk of now, and what is not late is, also for those who are not in the room', () => {
    for (const bench of [keeper(), new Bench(2)]) {
      const { author, from } = fed(bench)
      const made = history(author, 4)
      expect(bench.node.talkedAtMs()).toBe(Number.NEGATIVE_INFINITY)
      for (const [at, one] of made.entries()) {
        bench.pass(100)
        pushWith(from, at === 1 ? 0 : BUNDLE_LATE, one)
      }
      expect(bench.node.talkedAtMs()).toBe(bench.nowMs - 200)
    }
  })

  test('is said so to those it is passed on to, by members and by those who are not in the room', () => {
    for (const bench of [keeper(), new Bench(2)]) {
      const { author, from } = fed(bench)
      const other = openPeer(bench, { seed: 101 })
      const made = history(author, 4)
      for (const [at, one] of made.entries()) pushWith(from, at % 2 === 0 ? BUNDLE_LATE : 0, one)
      expect([...lateHeard(other)]).toEqual([
        [1, true],
        [2, false],
        [3, true],
        [4, false],
      ])
    }
  })

  test('with a bit that means nothing is a broken bundle', () => {
    for (const bit of [0x10, 0x20]) {
      const bench = keeper()
      const { author, from } = fed(bench)
      pushWith(from, bit, author.say('hello'))
      expect(from.bye).toBe(ByeCode.protocolFault)
      expect(bench.texts()).toEqual([])
    }
  })
})

describe('what somebody asks for', () => {
  function asked(bench: Bench, afterMs: number): Map<number, boolean> {
    const { author, from } = fed(bench)
    for (const one of said(author, 3)) pushWith(from, 0, one)
    bench.pass(afterMs)
    const other = openPeer(bench, { seed: 101 })
    nameFeed(other, 1, author, 1, 1)
    want(other, 1, 1)
    return lateHeard(other)
  }

  test('is late where it was here for ten seconds, and not before', () => {
    expect([...asked(new Bench(2), 9_900).values()]).toEqual([false, false, false])
    expect([...asked(new Bench(2), 10_100).values()]).toEqual([true, true, true])
  })

  test('is late where it comes from the store', () => {
    const bench = keeper()
    const { author, from } = fed(bench)
    for (const one of said(author, 3)) pushWith(from, 0, one)
    const [feed] = [...bench.node['feeds'].all.values()]
    bench.node['feeds'].window.empty(feed!.log)
    const other = openPeer(bench, { seed: 101 })
    nameFeed(other, 1, author, 1, 1)
    want(other, 1, 1)
    // It is read at the next turn.
    bench.settle()
    expect([...lateHeard(other).values()]).toEqual([true, true, true])
  })
})
