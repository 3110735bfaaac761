import { describe, expect, test } from 'bun:test'
import { EVENT_NUMBER_MAX } from '../../src/wire/limits.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { FAR, firstsHeard, gapsHeard, Holder, have, history, want } from './holder.ts'
import { join } from './joined.ts'
import { openPeer, type Peer } from './peer.ts'

function listener(): Bench {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  return bench
}

describe('what a peer asks for', () => {
  function holding(windowBytesMax?: number): { bench: Bench; author: Author; brings: Peer } {
    const bench = windowBytesMax === undefined ? new Bench() : new Bench(1, { windowBytesMax })
    const author = new Author(7)
    const brings = openPeer(bench)
    nameFeed(brings, 1, author, 1, 1)
    for (const made of history(author)) push(brings, 1, made)
    return { bench, author, brings }
  }

  test('is sent from there on, and again when it asks again', () => {
    const { bench, author } = holding()
    const asks = openPeer(bench, { seed: 101 })
    nameFeed(asks, 1, author, 1, 1)
    want(asks, 1, 8)
    expect(firstsHeard(asks)).toEqual([8, 9, 10])
    want(asks, 1, 1)
    expect(firstsHeard(asks).slice(3)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('beyond the end is nothing, and what comes later is pushed when that number is reached', () => {
    for (const from of [11, 12, 1_000, FAR, EVENT_NUMBER_MAX]) {
      const { bench, author, brings } = holding()
      const asks = openPeer(bench, { seed: 101 })
      nameFeed(asks, 1, author, 1, 1)
      want(asks, 1, from)
      expect(firstsHeard(asks)).toEqual([])
      push(brings, 1, author.say('eleven'))
      push(brings, 1, author.say('twelve'))
      expect(firstsHeard(asks)).toEqual([11, 12].filter((first) => first >= from))
    }
  })

  test('below the window begins with word of where that begins', () => {
    // Some 300 bytes a bundle: four are held.
    const { bench, author } = holding(1_300)
    const asks = openPeer(bench, { seed: 101 })
    nameFeed(asks, 1, author, 1, 1)
    want(asks, 1, 1)
    const firsts = firstsHeard(asks)
    expect(firsts.at(-1)).toBe(10)
    expect(firsts[0]).toBeGreaterThan(1)
    expect(gapsHeard(asks).at(-1)).toMatchObject({ to: firsts[0]! })
  })

  test('of a feed whose every bundle has left the window is told just that', () => {
    const { bench, author, brings } = holding(1_300)
    const loud = new Author(8)
    nameFeed(brings, 2, loud, 1, 1)
    push(brings, 2, loud.say('x'.repeat(1_000)))
    const asks = openPeer(bench, { seed: 101 })
    nameFeed(asks, 1, author, 1, 1)
    want(asks, 1, 1)
    expect(firstsHeard(asks)).not.toContain(1)
    expect(gapsHeard(asks).some(({ to }) => to === 11)).toBe(true)
    expect(asks.up).toBe(true)
  })

  test('while it does not read, and the window moves past it: it is told where to go on', () => {
    const { bench, author, brings } = holding(1_300)
    const slow = openPeer(bench, { seed: 101 })
    nameFeed(slow, 1, author, 1, 1)
    bench.blocked.add(slow.link!)
    want(slow, 1, 1)
    const loud = new Author(8)
    nameFeed(brings, 2, loud, 1, 1)
    push(brings, 2, loud.say('x'.repeat(1_000)))
    bench.blocked.delete(slow.link!)
    bench.settle()
    expect(slow.up).toBe(true)
    push(brings, 1, author.say('eleven'))
    expect(firstsHeard(slow)).toContain(11)
  })

  test('across a hole in what we hold, it is told of the hole', () => {
    const bench = listener()
    const author = new Author(7)
    const made = history(author)
    const early = openPeer(bench)
    nameFeed(early, 1, author, 1, 1)
    for (const one of made.slice(0, 3)) push(early, 1, one)
    bench.vanish(early.link!)
    const late = openPeer(bench, { seed: 101 })
    nameFeed(late, 1, author, 7, 11)
    new Holder(late, 1, made.slice(6)).serve(1_000)
    expect(bench.texts()).toEqual(['event 1', 'event 2', 'event 3', 'event 7', 'event 8', 'event 9', 'event 10'])
    const asks = openPeer(bench, { seed: 102 })
    nameFeed(asks, 1, author, 1, 1)
    want(asks, 1, 1)
    expect(firstsHeard(asks)).toEqual([1, 2, 3, 7, 8, 9, 10])
    expect(gapsHeard(asks)).toMatchObject([{ to: 7 }])
  })

  test('a second node takes what the first holds, hole and all, and then is done', () => {
    const first = listener()
    const author = new Author(7)
    const made = history(author)
    const early = openPeer(first)
    nameFeed(early, 1, author, 1, 1)
    for (const one of made.slice(0, 3)) push(early, 1, one)
    first.vanish(early.link!)
    const late = openPeer(first, { seed: 101 })
    nameFeed(late, 1, author, 7, 11)
    new Holder(late, 1, made.slice(6)).serve(1_000)
    const second = new Bench(2)
    second.run((node, now) => node.join('general', now))
    const bytes = join(first, second)
    expect(second.texts()).toEqual(first.texts())
    expect(second.tellings('gap')).toMatchObject([{ missing: 3 }])
    const settled = bytes()
    for (let i = 0; i < 50; i++) for (const bench of [first, second]) bench.pass(100)
    expect(bytes() - settled).toBeLessThan(2_000)
  })

  test('of feeds nobody named, or handles out of range, does nothing or ends the link', () => {
    const bench = listener()
    const peer = openPeer(bench)
    want(peer, 7, 1)
    have(peer, 7, FAR)
    expect(peer.up).toBe(true)
    want(peer, 65_537, 1)
    expect(peer.up).toBe(false)
  })
})
