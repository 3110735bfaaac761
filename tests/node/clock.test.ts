import { describe, expect, test } from 'bun:test'
import { CLOCK_AHEAD_MAX_MS, HLC_COUNTER_MAX, HLC_MS_MAX } from '../../src/base/hlc.ts'
import { EventKind } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

const MINUTE_MS = 60_000
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS

function scene(): { bench: Bench; peer: Peer; other: Peer } {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  return { bench, peer: openPeer(bench), other: openPeer(bench, { seed: 101 }) }
}

const reports = (bench: Bench) => bench.tellings('trouble').filter(({ code }) => code === 'clock-ahead')

/** Says `text` by a clock that is so far ahead of the node's. */
function sayAhead(bench: Bench, peer: Peer, handle: number, author: Author, text: string, aheadMs: number): void {
  push(peer, handle, author.say({ body: text, time: { ms: Math.min(bench.wallMs + aheadMs, HLC_MS_MAX), counter: 0 } }))
}

describe('an author whose clock is ahead', () => {
  test.each([YEAR_MS, HLC_MS_MAX])(
    'by %i ms: held back, reported once to the user, passed on all the same',
    (aheadMs) => {
      const { bench, peer, other } = scene()
      const author = new Author(7)
      nameFeed(peer, 1, author, 1, 1)
      push(peer, 1, author.say({ kind: EventKind.profile, body: 'Ann' }))
      for (let i = 0; i < 10; i++) {
        sayAhead(bench, peer, 1, author, `${i}`, aheadMs)
        bench.pass(40_000)
      }
      expect(bench.texts()).toEqual([])
      expect(reports(bench).length).toBe(1)
      expect(reports(bench)[0]?.user).toBe(true)
      expect(reports(bench)[0]?.message).toStartWith("Ann's clock is ")
      expect(other.heardOf(FrameType.bundle).length).toBe(11)
      expect(peer.up).toBe(true)
    },
  )

  test('does not drag ours along', () => {
    const { bench, peer } = scene()
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    for (const aheadMs of [YEAR_MS, CLOCK_AHEAD_MAX_MS, CLOCK_AHEAD_MAX_MS + 1]) {
      sayAhead(bench, peer, 1, author, 'x', aheadMs)
    }
    push(peer, 1, author.say({ body: 'y', time: { ms: HLC_MS_MAX, counter: HLC_COUNTER_MAX } }))
    bench.forget()
    bench.run((node, now) => node.say('general', EventKind.text, Uint8Array.of(65), 1, now))
    expect(bench.tellings('event')[0]!.time.ms).toBe(bench.wallMs)
  })

  test('by eleven minutes: shown when its time has come, and reported once however often', () => {
    const { bench, peer } = scene()
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    for (let i = 0; i < 5; i++) {
      sayAhead(bench, peer, 1, author, `${i}`, 11 * MINUTE_MS)
      expect(bench.texts().length).toBe(i)
      bench.pass(2 * MINUTE_MS)
      expect(bench.texts().length).toBe(i + 1)
    }
    expect(reports(bench).length).toBe(1)
  })

  test('by nine minutes: shown at once, and what an honest one says after stays readable to those who lag', () => {
    const { bench, peer } = scene()
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    sayAhead(bench, peer, 1, author, 'nine', 9 * MINUTE_MS)
    expect(bench.texts()).toEqual(['nine'])
    bench.forget()
    bench.run((node, now) => node.say('general', EventKind.text, Uint8Array.of(65), 1, now))
    expect(bench.tellings('event')[0]!.time.ms - bench.wallMs).toBeLessThanOrEqual(CLOCK_AHEAD_MAX_MS / 2)
  })

  test('by a year, without end, does not crowd out one that is eleven minutes ahead', () => {
    const { bench, peer, other } = scene()
    const flood = new Author(7)
    nameFeed(peer, 1, flood, 1, 1)
    for (let i = 0; i < 500; i++) sayAhead(bench, peer, 1, flood, 'flood', YEAR_MS)
    const author = new Author(8)
    nameFeed(other, 1, author, 1, 1)
    sayAhead(bench, other, 1, author, 'patience', 11 * MINUTE_MS)
    bench.pass(3 * MINUTE_MS)
    expect(bench.texts()).toEqual(['patience'])
  })

  test('and all the made-up friends of it are reported only so often', () => {
    const { bench, peer } = scene()
    for (let i = 0; i < 100; i++) {
      const author = new Author(1_000 + i)
      nameFeed(peer, 1 + i, author, 1, 1)
      sayAhead(bench, peer, 1 + i, author, 'x', YEAR_MS)
    }
    expect(reports(bench).length).toBe(16)
  })

  test('what it said is told once when its room was left and joined again meanwhile', () => {
    const { bench, peer } = scene()
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    sayAhead(bench, peer, 1, author, 'once', 11 * MINUTE_MS)
    bench.run((node, now) => node.leave('general', now))
    bench.pass(5 * MINUTE_MS)
    expect(bench.texts()).toEqual([])
    bench.run((node, now) => node.join('general', now))
    bench.pass(5 * MINUTE_MS)
    expect(bench.texts()).toEqual(['once'])
  })
})

describe('an author whose clock is behind', () => {
  test.each([YEAR_MS, 50 * YEAR_MS])('by %i ms is shown, by its own time', (behindMs) => {
    const { bench, peer } = scene()
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    sayAhead(bench, peer, 1, author, 'late', -behindMs)
    sayAhead(bench, peer, 1, author, 'later', -behindMs)
    expect(bench.texts()).toEqual(['late', 'later'])
  })
})
