import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { findMessage } from '../../../src/app/history/finding.ts'
import type { History } from '../../../src/app/history/service.ts'
import type { VirtualTime } from '../../sim/time.ts'
import { GENERAL, OWN, start, type Trying } from './kept-history.ts'
import { type Given, Writer } from './written.ts'

const textsOf = (history: History) => history.read.last(GENERAL, 1_000).map(({ text }) => text)

/** The last thing we said, as far as it may be changed. */
function meant(history: History): string {
  const found = findMessage(history, null, 'own', 'general')
  return found.ok ? found.message.text : found.code
}

/** Gives messages that the disk does not take, several pieces of them; answers their texts. */
function waitingFor(disk: Trying, give: (...given: Given[]) => void, time: VirtualTime): string[] {
  const bob = new Writer(2)
  const all = Array.from({ length: 900 }, (_, i) => `${i} ${'.'.repeat(300)}`)
  disk.fault = 'full'
  give(...all.map((text) => bob.text(text)))
  time.pass(1_000)
  return all
}

describe('a full disk', () => {
  test('is told once; talk goes on, and all of it is kept when there is room again', () => {
    const { time, disk, said, kept, give, history } = start()
    const alice = new Writer(1, 'general', true)
    disk.fault = 'full'
    give(alice.text('a'))
    time.pass(0)
    expect(kept).toEqual([1])
    give(alice.text('b'), new Writer(2).text('c'))
    time.pass(20_000)
    expect(kept.at(-1)).toBe(3)
    expect(said).toEqual(['error history-full'])
    disk.fault = null
    time.pass(5_000)
    expect(said).toEqual(['error history-full', 'notice history-kept'])
    expect(
      history.read
        .last(GENERAL, 10)
        .map(({ text }) => text)
        .sort(),
    ).toEqual(['a', 'b', 'c'])
  })

  test('hides nothing: what waits is read, counted, found and meant like what is written', () => {
    const { time, disk, give, history } = start()
    const [alice, bob] = [new Writer(1, 'general', true), new Writer(2)]
    const older = bob.text('an older one')
    give(older)
    time.pass(100)
    disk.fault = 'full'
    const last = alice.text('the last mesage', { ms: older.keep.time.ms + 1 })
    give(bob.text('hello Alice', { ms: older.keep.time.ms - 1 }), last)
    expect(textsOf(history)).toEqual(['hello Alice', 'an older one', 'the last mesage'])
    time.pass(0)
    expect(meant(history)).toBe('the last mesage')
    expect(history.read.search({ words: 'mesage', limit: 5 }).length).toBe(1)
    expect(history.read.unread(GENERAL, OWN, ['Alice'])).toEqual({ count: 2, mentions: 1 })
    give(alice.edit(last.id, 'the last message'), bob.remove(older.id))
    expect(textsOf(history)).toEqual(['hello Alice', '', 'the last message'])
    expect(history.read.search({ words: 'mesage', limit: 5 })).toEqual([])
    const isWaiting = () => [history.isWaiting(last.id), history.isWaiting(older.id)]
    expect(isWaiting()).toEqual([true, false])
    // Nothing of it is written.
    disk.real.letGo()
    expect(disk.real.last(GENERAL, 9).map(({ text }) => text)).toEqual(['an older one'])
    disk.fault = null
    time.pass(5_000)
    expect(textsOf(history)).toEqual(['hello Alice', '', 'the last message'])
    expect(isWaiting()).toEqual([false, false])
  })

  test('lets nobody change an older message for the last one, where that cannot be read either', () => {
    const { time, disk, give, history } = start()
    const alice = new Writer(1, 'general', true)
    give(alice.text('older'))
    time.pass(0)
    disk.fault = 'full'
    disk.isBlind = true
    give(alice.text('last'))
    time.pass(0)
    expect(meant(history)).toBe('history-behind')
    disk.fault = null
    time.pass(5_000)
    expect(meant(history)).toBe('last')
  })

  test('that has room again gets what waited in pieces, in order, with time between them', () => {
    const { time, disk, give, history, kept } = start()
    const all = waitingFor(disk, give, time)
    disk.fault = null
    time.pass(4_000)
    expect(disk.sizes.length).toBe(1)
    time.pass(10)
    expect(disk.sizes.length).toBe(2)
    time.pass(10_000)
    expect(disk.sizes.length).toBeGreaterThan(4)
    expect(disk.sizes.reduce((sum, size) => sum + size)).toBe(all.length)
    expect(Math.max(...disk.sizes)).toBeLessThan(all.length / 3)
    expect(disk.real.feeds(GENERAL)[0]!.ranges).toEqual([{ from: 1, to: all.length + 1 }])
    expect(textsOf(history)).toEqual(all)
    expect(kept.at(-1)).toBe(all.length)
  })

  test('is waited for to the end by who reads in the middle of that', () => {
    const { time, disk, give, history, said } = start()
    const all = waitingFor(disk, give, time)
    disk.fault = null
    time.pass(4_000)
    const late = new Writer(3).text('meanwhile', { ms: Date.UTC(2100, 0) })
    give(late)
    // What others cause does not wait, nor is it told before it can be read.
    let isTold = false
    history.settled(() => (isTold = true))
    expect(history.glance.message(late.id)).toBeNull()
    expect(isTold).toBe(false)
    expect(textsOf(history)).toEqual([...all, 'meanwhile'])
    expect(isTold).toBe(true)
    expect(said).toEqual(['error history-full', 'notice history-kept'])
  })

  test('that is full again in the middle loses nothing, and is not tried more and more', () => {
    const { time, disk, give, history, said, kept } = start()
    const all = waitingFor(disk, give, time)
    disk.fault = null
    disk.left = 2
    time.pass(5_100)
    const written = disk.real.feeds(GENERAL)[0]!.ranges
    expect(disk.sizes.length).toBe(2)
    expect(written).toEqual([{ from: 1, to: all.length + 1 }])
    expect(textsOf(history)).toEqual(all)
    give(new Writer(3).text('goes on', { ms: Date.UTC(2100, 0) }))
    time.pass(0)
    expect(kept.at(-1)).toBe(all.length + 1)
    disk.real.letGo()
    const safe = disk.sizes.reduce((sum, size) => sum + size)
    expect(disk.real.feeds(GENERAL)[0]!.ranges).toEqual([{ from: 1, to: safe + 1 }])
    const tries = disk.tries
    time.pass(600_000)
    expect(disk.tries - tries).toBeLessThan(15)
    disk.left = Number.POSITIVE_INFINITY
    time.pass(61_000)
    expect(textsOf(history)).toEqual([...all, 'goes on'])
    expect(disk.real.last(GENERAL, 1).length).toBe(1)
    expect(said).toEqual(['error history-full', 'notice history-kept'])
  })

  test('that has room when the program ends gets all of it', () => {
    const { time, disk, give, history } = start()
    const all = waitingFor(disk, give, time)
    disk.fault = null
    let there: readonly string[] = []
    disk.real.close = () => {
      there = disk.real.last(GENERAL, 1_000).map(({ text }) => text)
    }
    history.close()
    expect(there).toEqual(all)
  })

  test('lets old things be dropped, which makes room', () => {
    const { time, disk, give, history } = start()
    const bob = new Writer(2)
    give(bob.text('long ago', { ms: 1_000 }), bob.text('old', { ms: 2_000 }))
    time.pass(100)
    disk.fault = 'full'
    give(bob.text('new'))
    time.pass(100)
    const drop = () => history.run({ what: 'drop', room: GENERAL, beforeMs: 3_000, bytesMax: 1e9 }).ok
    expect(drop()).toBe(false)
    expect(textsOf(history)).toEqual(['long ago', 'old', 'new'])
    disk.fault = null
    expect(drop()).toBe(true)
    time.pass(5_000)
    expect(textsOf(history)).toEqual(['new'])
  })

  test('does not fill the memory instead: the oldest is given up, and that is said', () => {
    const { time, disk, said, give, history } = start({ batchBytesMax: 100_000 })
    const bob = new Writer(2)
    disk.fault = 'full'
    for (let i = 0; i < 200; i++) give(bob.text('x'.repeat(1_000)))
    time.pass(100)
    // What is let go of is seen no more, either.
    expect(textsOf(history).length).toBeLessThan(50)
    disk.fault = null
    time.pass(5_000)
    const there = history.read.feeds(GENERAL)[0]!.ranges
    expect(there).toEqual([{ from: there[0]!.from, to: 201 }])
    expect(there[0]!.from).toBeGreaterThan(150)
    expect(said).toEqual(['error history-full', 'error history-overflow', 'notice history-kept'])
  })

  test('keeps what was read marked until it can be written', () => {
    const { time, disk, history, give } = start()
    const given = new Writer(2).text('a')
    give(given)
    time.pass(100)
    disk.fault = 'full'
    const { time: at, first: number, feed } = given.keep
    history.add({ what: 'read', room: GENERAL, upTo: { time: at, number, author: feed.author, id: given.id } })
    time.pass(100)
    disk.fault = null
    time.pass(5_000)
    expect(history.read.unread(GENERAL, OWN, [])).toEqual({ count: 0, mentions: 0 })
  })

  test('runs what waits for the commit all the same', () => {
    const { time, disk, history, give } = start()
    disk.fault = 'full'
    give(new Writer(2).text('a'))
    let ran = 0
    history.settled(() => ran++)
    expect(ran).toBe(0)
    time.pass(20)
    expect(ran).toBe(1)
    history.settled(() => ran++)
    expect(ran).toBe(2)
  })
})

const happens = fc.oneof(
  fc.record({ what: fc.constant('say' as const), count: fc.integer({ min: 1, max: 150 }), own: fc.boolean() }),
  fc.record({ what: fc.constant('pass' as const), ms: fc.constantFrom(0, 5, 20, 1_000, 5_000, 60_000) }),
  fc.record({ what: fc.constant('disk' as const), left: fc.constantFrom(0, 1, 2, 5, 1_000) }),
  fc.record({ what: fc.constantFrom('read' as const, 'glance' as const, 'settled' as const, 'fault' as const) }),
)

test('whatever the disk does when, all that was said can be read, goes out, and is written in the end, once', () => {
  const run = (steps: readonly (typeof happens extends fc.Arbitrary<infer Step> ? Step : never)[]) => {
    const { time, disk, give, history, kept } = start()
    const writers = [new Writer(1, 'general', true), new Writer(2)]
    const said: string[] = []
    let [asked, answered] = [0, 0]
    for (const step of steps) {
      if (step.what === 'say') {
        for (let i = 0; i < step.count; i++) {
          said.push(`${said.length} ${'.'.repeat(400)}`)
          give(writers[step.own ? 0 : 1]!.text(said.at(-1)!, { ms: 1_900_000_000_000 + said.length }))
        }
      } else if (step.what === 'pass') time.pass(step.ms)
      else if (step.what === 'disk') {
        disk.left = step.left
        disk.fault = step.left === 0 ? 'full' : null
      } else if (step.what === 'read') expect(textsOf(history)).toEqual(said.slice(-1_000))
      else if (step.what === 'glance') history.glance.rooms()
      else if (step.what === 'settled') {
        asked++
        const soFar = said.at(-1)
        history.settled(() => {
          answered++
          if (soFar !== undefined) expect(disk.real.search({ words: soFar, limit: 1 }).length).toBe(1)
        })
      } else history.faulty({ ok: false, code: 'failed', message: 'as asked', pid: null, cause: null })
    }
    time.pass(1_000)
    if (said.length > 0) expect(kept.at(-1)).toBe(said.length)
    disk.fault = null
    disk.left = Number.POSITIVE_INFINITY
    time.pass(120_000)
    expect(answered).toBe(asked)
    disk.real.letGo()
    expect(disk.real.last(GENERAL, 1_000).map(({ text }) => text)).toEqual(said.slice(-1_000))
    expect(disk.real.rooms()[0]!.messages).toBe(said.length)
    expect(history.isBehind).toBe(false)
    disk.real.close()
  }
  fc.assert(fc.property(fc.array(happens, { minLength: 3, maxLength: 25 }), run), { numRuns: 40 })
}, 30_000)
