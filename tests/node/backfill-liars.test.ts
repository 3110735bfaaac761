import { describe, expect, test } from 'bun:test'
import { writeFilled } from '../../src/wire/fetch.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { HAVE_ENTRIES_MAX, writeGap } from '../../src/wire/replication.ts'
import { Author, type Made, nameFeed, push } from './author.ts'
import { behind, gapsTold, keeper, SETTLED_MS, said } from './behind.ts'
import { bring, end, FetchPeer, fetchesHeard, filled } from './fetch-peer.ts'
import { FAR, have, history, wantsHeard } from './holder.ts'
import { openPeer } from './peer.ts'
import { compareRoom } from './room-mate.ts'

describe('who lies about history', () => {
  test('answering what it was not asked costs the link', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = history(author, 3)
    for (const act of [(peer: FetchPeer) => bring(peer.peer, made[0]!), (peer: FetchPeer) => end(peer.peer, 1)]) {
      const peer = new FetchPeer(bench, author, [], { seed: 200 })
      act(peer)
      expect(peer.peer.bye).toBe(ByeCode.protocolFault)
    }
  })

  const faults: [string, (peer: FetchPeer, made: Made[]) => void][] = [
    ['what lies above', ({ peer }, made) => bring(peer, made[940]!)],
    [
      'the same again',
      ({ peer }, made) => {
        bring(peer, made[930]!)
        bring(peer, made[930]!)
      },
    ],
    [
      'it from the bottom up',
      ({ peer }, made) => {
        bring(peer, made[930]!)
        bring(peer, made[931]!)
      },
    ],
    ['an end above all that was asked for', ({ peer }) => end(peer, 937)],
    ['an end below it', ({ peer }) => end(peer, 0)],
    [
      'an end that leaves out what it has brought',
      ({ peer }, made) => {
        bring(peer, made[930]!)
        end(peer, 935)
      },
    ],
    ['nothing, one number at a time', ({ peer }) => end(peer, 936)],
    [
      'no bundle',
      ({ peer }, made) => bring(peer, { ...made[930]!, bundle: { ...made[930]!.bundle, bytes: new Uint8Array(9) } }),
    ],
  ]
  test.each(faults)('being asked and bringing %s costs the link, and the next is asked', (_what, act) => {
    const { bench, author, made, from } = behind()
    const other = new FetchPeer(bench, author, made, { seed: 101 })
    act(from, made)
    expect(from.peer.bye).toBe(ByeCode.protocolFault)
    other.answer()
    expect(bench.texts().length).toBe(999)
    expect(new Set(bench.texts()).size).toBe(999)
  })

  test('an end below what was asked for costs the link', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = history(author, 1_000)
    const low = new FetchPeer(bench, author, made.slice(0, 300))
    low.serve(1_000)
    const high = new FetchPeer(bench, author, made, { seed: 101 })
    high.serve(0)
    expect(bench.texts().length).toBe(1_000)
  })

  test('more than an answer may have costs the link', () => {
    const bench = keeper()
    const author = new Author(7)
    const large = 'x'.repeat(16_000)
    const made = Array.from({ length: 300 }, () => author.say(large))
    const peer = new FetchPeer(bench, author, made)
    for (const one of made.slice(-64)) push(peer.peer, 1, one)
    for (const one of made.slice(0, -64).reverse()) bring(peer.peer, one)
    expect(peer.peer.bye).toBe(ByeCode.protocolFault)
    expect(bench.texts().length).toBeLessThan(64 + 10)
  })

  test('a signature that does not hold costs the link with that reason, and nothing of it is kept', () => {
    const { bench, made, from } = behind()
    const last = made[935]!
    const bytes = last.bundle.bytes.slice()
    bytes[bytes.length - 1]! ^= 1
    bring(from.peer, { ...last, bundle: { ...last.bundle, bytes } })
    expect(from.peer.bye).toBe(ByeCode.badSignature)
    expect(bench.kept.some(({ first }) => first === 936)).toBe(false)
  })

  test('a hash before it that is made up does too: it is what the signature stands for', () => {
    const { made, from } = behind()
    bring(from.peer, { ...made[935]!, previous: new Uint8Array(32).fill(9) })
    expect(from.peer.bye).toBe(ByeCode.badSignature)
  })

  test('another history of the same author is no fault of who brings it: told beside ours, and others are asked', () => {
    const bench = keeper()
    const author = new Author(7)
    const start = said(author, 500)
    const twin = author.fork()
    const ours = [...start, ...history(author, 500)]
    const theirs = [...start, twin.say('something else'), ...history(twin, 435)]
    const honest = new FetchPeer(bench, author, ours)
    for (const one of ours.slice(-64)) push(honest.peer, 1, one)
    honest.answer(1)
    const other = new FetchPeer(bench, author, theirs, { seed: 101 })
    // The one that is asked first goes without a word.
    bench.vanish(honest.peer.link!)
    other.answer()
    expect(other.peer.up).toBe(true)
    expect(bench.tellings('trouble').filter(({ code }) => code === 'fork').length).toBe(1)
    bench.pass(1_000)
    expect(bench.tellings('event').map(({ forked }) => forked === true)).toEqual([
      ...Array.from({ length: 64 }, () => false),
      true,
    ])
    const again = new FetchPeer(bench, author, ours, { seed: 102 })
    again.answer()
    expect(bench.texts().length).toBe(1_000)
    expect(
      bench.kept
        .filter(({ forkedSince }) => forkedSince === undefined)
        .every(({ previous, first }) => first === 1 || ours[first - 2]!.ids[0]!.every((b, i) => b === previous[i])),
    ).toBe(true)
  })

  test('two histories that meet at the bottom of a hole are found out', () => {
    const bench = keeper()
    const author = new Author(7)
    const start = history(author, 100)
    const twin = author.fork()
    const early = new FetchPeer(bench, author, [...start, twin.say('something else'), ...history(twin, 19)])
    early.answer()
    expect(bench.texts().length).toBe(120)
    bench.vanish(early.peer.link!)
    const late = new FetchPeer(bench, author, [...start, ...history(author, 900)], { seed: 101 })
    late.answer()
    expect(bench.tellings('trouble').filter(({ code }) => code === 'fork').length).toBe(1)
    expect(late.peer.up).toBe(true)
  })

  test('who says nothing is given up after two seconds for one who answers, and what it brings late is not told twice', () => {
    const { bench, author, made, from } = behind()
    const other = new FetchPeer(bench, author, made, { seed: 101 })
    bench.pass(1_900)
    other.answer()
    expect(bench.texts().length).toBe(64)
    bench.pass(200)
    other.answer()
    expect(bench.texts().length).toBe(999)
    from.answer()
    expect(from.peer.up).toBe(true)
    expect(new Set(bench.texts()).size).toBe(bench.texts().length)
  })

  test('who brings one piece after the other just in time is given up after fifteen seconds', () => {
    const { bench, author, made, from } = behind()
    const other = new FetchPeer(bench, author, made, { seed: 101 })
    for (let at = 0; at < 8; at++) {
      bring(from.peer, made[935 - at]!)
      bench.pass(1_900)
    }
    expect(fetchesHeard(other.peer)).toMatchObject([{ from: 2, to: 929 }])
    other.answer()
    expect(bench.texts().length).toBe(999)
    expect(from.peer.up).toBe(true)
  })

  test('who says to have all of it again and again and never has is soon not asked', () => {
    const { bench, from } = behind()
    from.held.splice(0, 936)
    for (let turn = 0; turn < 1_000; turn++) {
      filled(from.peer, 1, 1, 937)
      from.answer()
    }
    expect(fetchesHeard(from.peer).length).toBeLessThan(10)
    bench.pass(SETTLED_MS)
    expect(gapsTold(bench)).toEqual([935])
  })

  test('who says so without end is dropped', () => {
    const { from } = behind()
    let turns = 0
    const entries = Array.from({ length: HAVE_ENTRIES_MAX }, () => ({ handle: 1, from: 1, to: 937 }))
    for (; from.peer.up && turns < 100; turns++) from.peer.send(FrameType.filled, (out) => writeFilled(out, entries))
    expect(from.peer.bye).toBe(ByeCode.flooding)
  })

  test('who claims a million million events is asked for their end once in a while, and hinders nobody', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = history(author, 1_000)
    const liar = compareRoom(openPeer(bench, { seed: 300 }))
    nameFeed(liar, 1, author, 1, FAR)
    have(liar, 1, FAR + 1)
    const honest = new FetchPeer(bench, author, made)
    honest.serve(3_000)
    expect(bench.texts().length).toBe(1_000)
    bench.pass(120_000)
    expect(wantsHeard(liar).length).toBeLessThan(12)
    expect(fetchesHeard(liar).length).toBeLessThan(4)
  })

  test('an author who leaves a hole at every second number is followed only so far', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = history(author, 4_000).filter((_, at) => at % 2 === 0)
    const liar = openPeer(bench, { seed: 300 })
    nameFeed(liar, 1, author, 1, 2)
    for (const one of made) {
      const { first } = one.bundle
      nameFeedAgain(liar, first)
      push(liar, 1, one)
    }
    const { ranges } = bench.store.held(Buffer.from(author.room).toString('hex'))[0]!
    expect(ranges.length).toBeLessThan(520)
    expect(liar.up).toBe(true)
  })
})

/** Tells of one event more, and that nothing before it is there. */
function nameFeedAgain(peer: ReturnType<typeof openPeer>, first: number): void {
  have(peer, 1, first + 1)
  peer.bench.pass(200)
  gap(peer, 1, first)
}

function gap(peer: ReturnType<typeof openPeer>, handle: number, to: number): void {
  peer.send(FrameType.gap, (out) => writeGap(out, { handle, to }))
}
