import { describe, expect, test } from 'bun:test'
import { ByteReader, utf8 } from '../../src/base/bytes.ts'
import { EventKind } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { EVENT_NUMBER_MAX } from '../../src/wire/limits.ts'
import { readFeed, writeFeed } from '../../src/wire/replication.ts'
import { Author, type Made, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { fetch, fetchedHeard, filled, partsHeard } from './fetch-peer.ts'
import { FAR, firstsHeard, Holder, history, want } from './holder.ts'
import { KeepingBench } from './keeping-bench.ts'
import { openPeer, type Peer } from './peer.ts'

/** A node that holds so much of an author, and one who asks. */
function holding(
  made: readonly Made[],
  author: Author,
  bench: Bench = new KeepingBench(),
): { bench: Bench; asks: Peer } {
  bench.run((node, now) => node.join('general', now))
  const brings = openPeer(bench)
  nameFeed(brings, 1, author, made[0]!.bundle.first, made[0]!.bundle.first)
  for (const one of made) push(brings, 1, one)
  const asks = openPeer(bench, { seed: 101 })
  nameFeed(asks, 1, author, 1, 1)
  return { bench, asks }
}

const LARGE = 'x'.repeat(10_000)
const largeOnes = (author: Author, count: number) => Array.from({ length: count }, () => author.say(LARGE))

describe('who is asked for a piece of history', () => {
  test('sends it from the newest event down, and says how far it has come', () => {
    const author = new Author(7)
    const { asks } = holding(history(author), author)
    fetch(asks, 1, 3, 9)
    expect(partsHeard(asks)).toEqual(['8', '7', '6', '5', '4', '3', 'down to 3'])
  })

  test('sends some 64 KiB at a time', () => {
    const author = new Author(7)
    const { asks } = holding(largeOnes(author, 20), author)
    fetch(asks, 1, 1, 21)
    expect(partsHeard(asks)).toEqual(['20', '19', '18', '17', '16', '15', 'down to 15'])
    fetch(asks, 1, 1, 15)
    expect(partsHeard(asks).slice(7)).toEqual(['14', '13', '12', '11', '10', '9', 'down to 9'])
  })

  test('sends a bundle that lies across either end whole', () => {
    const author = new Author(7)
    const made = [author.say('1', '2', '3'), author.say('4', '5', '6'), author.say('7', '8', '9')]
    const { asks } = holding(made, author)
    fetch(asks, 1, 3, 5)
    expect(partsHeard(asks)).toEqual(['4', '1', 'down to 3'])
  })

  test('says at once that it has nothing there, of whatever is asked for', () => {
    const author = new Author(7)
    const { asks } = holding(history(author), author)
    for (const [from, to] of [
      [11, 12],
      [500, EVENT_NUMBER_MAX],
      [FAR, FAR + 1],
    ] as const) {
      asks.heard.length = 0
      fetch(asks, 1, from, to)
      expect(partsHeard(asks)).toEqual([`down to ${from}`])
    }
    asks.heard.length = 0
    fetch(asks, 7, 1, 5)
    expect(partsHeard(asks)).toEqual(['down to 1'])
  })

  test('answers for what it only passes on out of its window', () => {
    const author = new Author(7)
    const bench = new Bench(1, { windowBytesMax: 65_000 })
    const asks = openPeer(bench, { seed: 101 })
    const brings = openPeer(bench)
    nameFeed(brings, 1, author, 1, 1)
    for (const one of largeOnes(author, 20)) push(brings, 1, one)
    nameFeed(asks, 1, author, 1, 1)
    fetch(asks, 1, 1, 21)
    expect(partsHeard(asks)).toEqual(['20', '19', '18', '17', '16', '15', 'down to 1'])
    fetch(asks, 1, 16, 18)
    expect(partsHeard(asks).slice(7)).toEqual(['17', '16', 'down to 16'])
  })

  test('across a hole of its own says that there is nothing in it', () => {
    const author = new Author(7)
    const made = history(author, 30)
    const { bench, asks } = holding(made.slice(0, 10), author)
    const late = openPeer(bench, { seed: 102 })
    nameFeed(late, 1, author, 21, 31)
    new Holder(late, 1, made.slice(20)).serve(1_000)
    fetch(asks, 1, 1, 25)
    expect(partsHeard(asks)).toEqual(['24', '23', '22', '21', 'down to 11'])
    fetch(asks, 1, 9, 11)
    expect(partsHeard(asks).slice(5)).toEqual(['10', '9', 'down to 9'])
  })

  test('whose store has lost it says so, once it knows', () => {
    const author = new Author(7)
    const bench = new Bench(1, { isKeeping: true })
    const { asks } = holding(history(author), author, bench)
    fetch(asks, 1, 1, 11)
    const [load] = bench.loads
    expect(load).toMatchObject({ from: 1, to: 11, newestFirst: true })
    bench.run((node, now) => node.loaded(load!.request, [], now))
    expect(partsHeard(asks)).toEqual(['down to 1'])
  })

  test('who asks again before the end of the answer is at fault', () => {
    const author = new Author(7)
    const bench = new Bench(1, { isKeeping: true })
    const { asks } = holding(history(author), author, bench)
    fetch(asks, 1, 1, 11)
    expect(asks.up).toBe(true)
    fetch(asks, 1, 1, 11)
    expect(asks.bye).toBe(ByeCode.protocolFault)
    expect(bench.loads.length).toBe(1)
  })

  test('who has gone meanwhile costs nothing more', () => {
    const author = new Author(7)
    const bench = new Bench(1, { isKeeping: true })
    const { asks } = holding(history(author), author, bench)
    fetch(asks, 1, 1, 11)
    bench.vanish(asks.link!)
    const [load] = bench.loads
    bench.run((node, now) => node.loaded(load!.request, [], now))
    bench.pass(10_000)
    expect(bench.node['replication']['fetchSender']['answers'].size).toBe(0)
  })

  test('who asks for the same again and again has it so often, and then is told that there is nothing', () => {
    const author = new Author(7)
    const { asks } = holding(largeOnes(author, 6), author)
    let bytes = 0
    let turns = 0
    for (let isGiven = true; isGiven && turns < 10_000; turns++) {
      asks.heard.length = 0
      fetch(asks, 1, 1, 7)
      isGiven = fetchedHeard(asks).length > 1
      for (const part of fetchedHeard(asks)) if (part.kind === 'bundle') bytes += part.bytes.length
    }
    expect(asks.up).toBe(true)
    expect(bytes).toBeGreaterThan(60 * 1024 * 1024)
    expect(bytes).toBeLessThan(70 * 1024 * 1024)
  })

  test('who asks for a million pieces is dropped as a flood', () => {
    const author = new Author(7)
    const { asks } = holding(history(author), author)
    let turns = 0
    for (; asks.up && turns < 1_000_000; turns++) {
      fetch(asks, 1, 100, 101)
      asks.heard.length = 0
    }
    expect(asks.up).toBe(false)
    expect(turns).toBeLessThan(400_000)
  }, 60_000)
})

describe('an author whose words somebody passes over to have the newest first', () => {
  function talker(): { bench: KeepingBench; asks: Peer } {
    const bench = new KeepingBench()
    bench.run((node, now) => node.join('general', now))
    for (let at = 0; at < 40; at++) {
      bench.run((node, now) => {
        for (let i = 0; i < 10; i++) node.say('general', EventKind.text, utf8(`${at} ${i}`), 1, now)
      })
    }
    const asks = openPeer(bench, { seed: 101 })
    bench.pass(6_000)
    const { handle, author, room, epoch, next } = readFeed(new ByteReader(asks.heardOf(FrameType.feed)[0]!))!
    expect([handle, next]).toEqual([1, 402])
    asks.send(FrameType.feed, (out) => writeFeed(out, { handle: 1, author, room, epoch, base: 1, next: 1 }))
    return { bench, asks }
  }

  test('knows that they are not in other hands before the rest was fetched too', () => {
    const { bench, asks } = talker()
    expect(bench.node.ownDelivered).toBe(false)
    want(asks, 1, 342)
    expect(firstsHeard(asks)[0]).toBe(342)
    expect(bench.node.ownDelivered).toBe(false)
    fetch(asks, 1, 100, 342)
    expect(bench.node.ownDelivered).toBe(false)
    // Asking again for what comes now changes nothing of that.
    want(asks, 1, 402)
    expect(bench.node.ownDelivered).toBe(false)
    fetch(asks, 1, 1, 100)
    expect(bench.node.ownDelivered).toBe(true)
  })

  test('or had from others, as it says', () => {
    const { bench, asks } = talker()
    want(asks, 1, 342)
    filled(asks, 1, 1, 342)
    expect(bench.node.ownDelivered).toBe(true)
  })
})

describe('live talk and history on one link', () => {
  const order = (peer: Peer) =>
    peer.heard.filter(({ type }) => type === FrameType.bundle || type === FrameType.fetched).map(({ type }) => type)

  test('live talk goes first', () => {
    const author = new Author(7)
    const { bench, asks } = holding(largeOnes(author, 6), author)
    bench.blocked.add(asks.link!)
    fetch(asks, 1, 1, 7)
    for (let at = 0; at < 5; at++)
      bench.run((node, now) => node.say('general', EventKind.text, new Uint8Array(9_000).fill(97), 1, now))
    asks.heard.length = 0
    bench.blocked.clear()
    bench.settle()
    expect(order(asks).slice(0, 5)).toEqual(Array.from({ length: 5 }, () => FrameType.bundle))
    expect(order(asks).slice(5)).toEqual(Array.from({ length: 7 }, () => FrameType.fetched))
  })

  test('but history is not starved by it: after some records its turn comes', () => {
    const author = new Author(7)
    const { bench, asks } = holding([author.say(...Array.from({ length: 3 }, () => 'x'.repeat(16_000)))], author)
    const loud = new Author(8)
    const brings = openPeer(bench, { seed: 102 })
    nameFeed(brings, 1, loud, 1, 1)
    bench.blocked.add(asks.link!)
    for (let at = 0; at < 40; at++) push(brings, 1, loud.say('x'.repeat(16_000), 'x'.repeat(16_000)))
    nameFeed(asks, 2, loud, 1, 1)
    want(asks, 2, 1)
    fetch(asks, 1, 1, 4)
    asks.heard.length = 0
    bench.blocked.clear()
    bench.settle()
    const at = order(asks).indexOf(FrameType.fetched)
    expect(order(asks).length).toBe(42)
    expect(at).toBeGreaterThan(5)
    expect(at).toBeLessThan(20)
  })
})
