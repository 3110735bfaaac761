import { describe, expect, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { EventKind } from '../../src/wire/event.ts'
import { Author, push } from './author.ts'
import { behind, gapsTold, keeper, SETTLED_MS, said } from './behind.ts'
import { Bench } from './bench.ts'
import { FetchPeer, fetchesHeard, filled, filledHeard } from './fetch-peer.ts'
import { history, numbered, wantsHeard } from './holder.ts'
import { join } from './joined.ts'
import { KeepingBench } from './keeping-bench.ts'
import { openPeer } from './peer.ts'
import { compareRoom } from './room-mate.ts'

describe('a node that is far behind a neighbour', () => {
  test('asks for the end first and for the rest from there down, and tells it as what was said before', () => {
    const { bench, author, from } = behind()
    bench.forget()
    from.answer()
    expect([...bench.texts()].sort()).toEqual(numbered(2, 936).sort())
    expect(bench.texts().slice(0, 100)).toEqual(numbered(837, 936).reverse())
    expect(bench.texts().at(-1)).toBe('event 2')
    expect(bench.tellings('event').every(({ backlog }) => backlog)).toBe(true)
    const asked = fetchesHeard(from.peer)
    expect(asked.map(({ to }) => to)).toEqual([2, 937, 837, 737, 637, 537, 437, 337, 237, 137, 37])
    // All of it is kept, and one piece.
    expect(bench.store.held(Buffer.from(author.room).toString('hex'))[0]!.ranges).toEqual([{ from: 1, to: 1_001 }])
    bench.pass(10_000)
    expect(gapsTold(bench)).toEqual([])
  })

  test('asks in order where little is missing, and where nothing is kept', () => {
    const bench = keeper()
    const author = new Author(7)
    const near = new FetchPeer(bench, author, history(author, 256))
    expect(wantsHeard(near.peer)).toMatchObject([{ from: 1, full: false }])
    const forgetful = new Bench(2)
    forgetful.run((node, now) => node.join('general', now))
    const far = new Author(8)
    const peer = new FetchPeer(forgetful, far, history(far, 1_000))
    expect(wantsHeard(peer.peer)).toMatchObject([{ from: 1, full: false }])
    const relay = new KeepingBench(3)
    const strange = new FetchPeer(relay, far, history(new Author(8), 1_000))
    expect(wantsHeard(strange.peer)).toMatchObject([{ from: 1, full: false }])
  })

  test('asks one in order that only passes it on, and the next for the end that keeps it', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = said(author, 1_000)
    const relay = new FetchPeer(bench, author, made, { isStranger: true })
    expect(wantsHeard(relay.peer)).toMatchObject([{ from: 1, full: false }])
    expect(fetchesHeard(relay.peer)).toEqual([])
    for (const one of made.slice(0, 300)) push(relay.peer, 1, one)
    const member = new FetchPeer(bench, author, made, { seed: 101 })
    expect(wantsHeard(member.peer)).toMatchObject([{ from: 1_001 - 64, full: true }])
    // The first goes on meanwhile.
    for (const one of made.slice(300, 400)) push(relay.peer, 1, one)
    member.serve(2_000)
    expect(bench.texts().length).toBe(999)
    expect(new Set(bench.texts()).size).toBe(999)
    expect(bench.texts().slice(399, 463)).toEqual(numbered(937, 1_000))
    expect(bench.store.held(toHex(author.room))[0]!.ranges).toEqual([{ from: 1, to: 1_001 }])
  })

  test('asks one for the end as soon as it says that it is in the room, though it has named the feed before', () => {
    const bench = keeper()
    const author = new Author(7)
    const from = new FetchPeer(bench, author, said(author, 1_000), { isStranger: true })
    expect(wantsHeard(from.peer)).toMatchObject([{ from: 1, full: false }])
    compareRoom(from.peer)
    expect(wantsHeard(from.peer)[1]).toMatchObject({ from: 1_001 - 64, full: true })
    from.serve(2_000)
    expect([...bench.texts()].sort()).toEqual(numbered(2, 1_000).sort())
  })

  test('goes on with live talk meanwhile, whoever brings it', () => {
    const { bench, author, from } = behind()
    bench.forget()
    push(from.peer, 1, author.say('live'))
    expect(bench.tellings('event').map(({ backlog }) => backlog)).toEqual([false])
    from.answer()
    push(from.peer, 1, author.say('live too'))
    expect(bench.texts().at(-1)).toBe('live too')
    expect(bench.texts().length).toBe(937)
  })

  test('asks the next neighbour where one has a part, and tells others what has come', () => {
    const { bench, author, made, from } = behind()
    const other = new FetchPeer(bench, author, made.slice(0, 500), { seed: 101 })
    other.answer()
    const asks = openPeer(bench, { seed: 102 })
    // The first has let go of what is below 600.
    from.held.splice(0, 599)
    for (let turn = 0; turn < 20; turn++) for (const peer of [from, other]) peer.answer()
    bench.pass(SETTLED_MS)
    expect(gapsTold(bench)).toEqual([99])
    expect(fetchesHeard(other.peer)[0]).toMatchObject({ from: 2, to: 501 })
    expect(bench.texts().length).toBe(900)
    expect(filledHeard(asks)).toMatchObject([{ from: 2, to: 937 }])
    // To each, what came from others; who has not come so far will ask.
    expect(filledHeard(other.peer)).toEqual([])
    expect(filledHeard(from.peer)).toMatchObject([{ from: 2, to: 501 }])
  })

  test('says once that nobody present has it, asks again who says to have it now, and says that it has come', () => {
    const { bench, made, from } = behind()
    from.held.splice(0, 936)
    from.answer()
    bench.pass(60_000)
    expect(gapsTold(bench)).toEqual([935])
    expect(fetchesHeard(from.peer).length).toBe(2)
    from.held.unshift(...made.slice(0, 936))
    filled(from.peer, 1, 1, 937)
    expect(fetchesHeard(from.peer).length).toBe(3)
    from.answer()
    expect(gapsTold(bench)).toEqual([935, 0])
    expect(bench.texts().length).toBe(999)
  })

  test('asks for nothing that its store drops on purpose', () => {
    const { bench, author, from } = behind()
    const [held] = bench.store.held(toHex(author.room))
    bench.run((node, now) => node.dropped([{ ...held!, floor: 900 }], now))
    from.answer()
    bench.pass(SETTLED_MS)
    // What was on its way is let in; no more is asked for.
    expect(fetchesHeard(from.peer).length).toBe(2)
    expect(gapsTold(bench)).toEqual([])
  })

  test('waits with asking while the disk is behind', () => {
    const { bench, from } = behind(4_000)
    bench.isStuck = true
    from.answer()
    const before = fetchesHeard(from.peer).length
    expect(before).toBeLessThan(25)
    bench.pass(5_000)
    expect(fetchesHeard(from.peer).length).toBe(before)
    bench.isStuck = false
    bench.run((node, now) => node.kept(bench.kept.at(-1)!.seq, now))
    from.answer()
    expect(bench.texts().length).toBe(3_999)
  })

  test('keeps calling people by their newest name, and what they said before by the name of then where that came with it', () => {
    const bench = keeper()
    const author = new Author(7)
    const old = author.say({ kind: EventKind.profile, body: 'Old' }, 'as Old')
    const middle = Array.from({ length: 300 }, (_, at) => author.say(`event ${at}`))
    const renamed = author.say({ kind: EventKind.profile, body: 'New' }, 'as New')
    const from = new FetchPeer(bench, author, [old, ...middle, renamed])
    from.answer()
    push(from.peer, 1, author.say('still New'))
    const names = new Map(bench.tellings('event').map(({ body, name }) => [new TextDecoder().decode(body), name]))
    expect(names.size).toBe(303)
    expect(names.get('as Old')).toBe('Old')
    expect(names.get('event 299')).toBe('New')
    expect(names.get('event 200')).toBe('New')
    expect(names.get('still New')).toBe('New')
  })
})

describe('a store that has lost what it had', () => {
  test.each([
    ['in the middle', 3, 6],
    ['at the end', 6, 11],
    ['all of', 1, 11],
  ])('%s it is filled again from a neighbour, and nothing is told again', (_what, from, to) => {
    const [bench, other] = [keeper(1), keeper(2)]
    const author = new Author(7)
    const made = said(author, 10)
    for (const each of [bench, other]) new FetchPeer(each, author, made).serve(1_000)
    bench.pass(5_000)
    const feed = [...bench.node['feeds'].all.values()].find(({ log }) => log.next === 11)!
    feed.lose(from, to)
    bench.kept.length = 0
    bench.forget()
    join(bench, other)
    for (let i = 0; i < 100; i++) for (const each of [bench, other]) each.pass(100)
    for (const each of [bench, other]) {
      expect(each.tellings('trouble')).toEqual([])
      expect(each.node.peers().length).toBe(2)
    }
    expect(feed.held!.list).toEqual([{ from: 1, to: 11 }])
    expect(bench.kept.map(({ first }) => first).sort((a, b) => a - b)).toEqual(
      Array.from({ length: to - from }, (_, i) => from + i),
    )
    expect(bench.texts()).toEqual([])
  })
})
