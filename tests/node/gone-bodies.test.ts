import { describe, expect, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { encodeRemoval } from '../../src/wire/amendment.ts'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { withoutBody } from '../../src/wire/bundle-gone.ts'
import { EventKind } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { Author, type Made, nameFeed, push } from './author.ts'
import { keeper, said } from './behind.ts'
import { Bench } from './bench.ts'
import { FetchPeer, fetchesHeard, filledHeard } from './fetch-peer.ts'
import { firstsHeard, want } from './holder.ts'
import { KeepingBench } from './keeping-bench.ts'
import { openPeer } from './peer.ts'

/** The same without the bodies of these of its events, or of all that people see. */
function stripped(made: Made, numbers?: readonly number[]): Made {
  let { bytes } = made.bundle
  made.bundle.events.forEach(({ kind }, i) => {
    const number = made.bundle.first + i
    if (numbers?.includes(number) ?? kind === EventKind.text) bytes = withoutBody(bytes, number)!
  })
  return { ...made, bundle: decodeBundle(bytes)! }
}

const remove = (author: Author, target: Uint8Array) =>
  author.say({ kind: EventKind.remove, body: encodeRemoval(target) })

/** What was given to be kept of one event, the last time. */
function keptOf(bench: KeepingBench, number: number) {
  return bench.kept.flatMap(({ events }) => events).findLast((event) => event.number === number)
}

const others = (texts: readonly string[]) => texts.filter((text) => text.startsWith('event'))

describe('a message that its author deleted', () => {
  test('is told of who was away by its place alone, and nobody is asked for its words', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = said(author, 5)
    made[2] = stripped(made[2]!)
    made.push(remove(author, made[2]!.ids[0]!))
    const from = new FetchPeer(bench, author, made)
    const other = new FetchPeer(bench, author, made, { seed: 101 })
    from.serve(2_000)
    other.serve(2_000)
    expect(others(bench.texts())).toEqual(['event 2', 'event 4', 'event 5'])
    expect(keptOf(bench, 3)).toMatchObject({ kind: EventKind.text, body: null })
    expect([...fetchesHeard(from.peer), ...fetchesHeard(other.peer)]).toEqual([])
    expect(bench.node['replication']['backfilling']['gone'].feeds().size).toBe(0)
  })

  test('long ago, too: its deletion comes first, since the newest does', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = said(author, 1_000)
    made[2] = stripped(made[2]!)
    made.push(remove(author, made[2]!.ids[0]!))
    const from = new FetchPeer(bench, author, made)
    const other = new FetchPeer(bench, author, made, { seed: 101 })
    for (let turn = 0; turn < 20; turn++) for (const peer of [from, other]) peer.answer()
    expect(others(bench.texts()).length).toBe(998)
    expect(keptOf(bench, 3)).toMatchObject({ body: null })
    expect(
      [...fetchesHeard(from.peer), ...fetchesHeard(other.peer)].filter(
        ({ from: first, to }) => to === first + 1 && first !== 1,
      ),
    ).toEqual([])
  })

  test('is passed on without its words to who asks', () => {
    const bench = keeper()
    const author = new Author(7)
    const made = said(author, 5)
    made[2] = stripped(made[2]!)
    made.push(remove(author, made[2]!.ids[0]!))
    new FetchPeer(bench, author, made).serve(1_000)
    const asks = openPeer(bench, { seed: 102 })
    nameFeed(asks, 1, author, 1, 1)
    want(asks, 1, 1)
    expect(firstsHeard(asks)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('by another than its author is not: his word proves nothing', () => {
    const bench = keeper()
    const author = new Author(7)
    const stranger = new Author(8)
    const whole = said(author, 5)
    const bad = openPeer(bench, { seed: 103 })
    nameFeed(bad, 9, stranger, 1, 1)
    push(bad, 9, remove(stranger, whole[2]!.ids[0]!))
    const from = new FetchPeer(
      bench,
      author,
      whole.map((made) => stripped(made, [3])),
    )
    const other = new FetchPeer(bench, author, whole, { seed: 101 })
    from.serve(1_000)
    // The one who never answers is asked too, and given up.
    other.serve(5_000)
    expect(fetchesHeard(other.peer)).toMatchObject([{ from: 3, to: 4 }])
    expect(others(bench.texts()).sort()).toEqual(['event 2', 'event 3', 'event 4', 'event 5'])
  })
})

describe('a neighbour that takes bodies out', () => {
  test('of what is being said is not listened to: whole copies are on their way', () => {
    const bench = keeper()
    const author = new Author(7)
    const [bad, good] = [openPeer(bench), openPeer(bench, { seed: 101 })]
    for (const peer of [bad, good]) nameFeed(peer, 1, author, 1, 1)
    for (const made of said(author, 20)) {
      push(bad, 1, stripped(made))
      push(good, 1, made)
      bench.pass(20)
    }
    expect(others(bench.texts()).length).toBe(19)
    expect(bench.kept.every(({ events }) => events.every(({ body }) => body !== null))).toBe(true)
  })

  test('of all that we missed silences nobody as long as another has the whole: that takes its place, and is told', () => {
    const bench = keeper()
    const author = new Author(7)
    const whole = said(author, 1_000)
    const bad = new FetchPeer(
      bench,
      author,
      whole.map((made) => stripped(made)),
    )
    for (let turn = 0; turn < 20; turn++) bad.answer()
    bench.pass(1_000)
    expect(bench.texts()).toEqual([])
    expect(keptOf(bench, 500)).toMatchObject({ body: null })
    const asks = openPeer(bench, { seed: 102 })
    bench.forget()
    const good = new FetchPeer(bench, author, whole, { seed: 101 })
    for (let turn = 0; turn < 30; turn++) good.answer()
    expect(others(bench.texts()).length).toBe(999)
    expect(new Set(bench.texts()).size).toBe(999)
    expect(bench.tellings('event').every(({ backlog, name }) => backlog && name === 'Bob')).toBe(true)
    expect(new TextDecoder().decode(keptOf(bench, 500)!.body!)).toBe('event 500')
    // Pieces of consecutive ones, not one after the other.
    expect(fetchesHeard(good.peer).length).toBeLessThan(30)
    // And who lacks them too is told.
    bench.pass(2_000)
    expect(filledHeard(asks)).toMatchObject([{ from: 2, to: 1_001 }])
    // What memory held without bodies is whole as well.
    nameFeed(asks, 1, author, 1, 1)
    want(asks, 1, 990)
    const bodies = asks.heardOf(FrameType.bundle).map((body) => decodeBundle(body.slice(body[0]! >= 0x80 ? 34 : 2))!)
    expect(bodies.length).toBe(11)
    expect(bodies.every(({ events }) => events.every(({ gone }) => !gone))).toBe(true)
  })

  test('is found out after a restart, too: the store says what is missing', () => {
    const author = new Author(7)
    const whole = said(author, 5)
    const before = keeper()
    new FetchPeer(
      before,
      author,
      whole.map((made) => stripped(made, [3])),
    ).serve(1_000)
    const [held] = before.store.held(toHex(author.room))
    const bench = new KeepingBench()
    const unproven = [{ number: 3, id: whole[2]!.ids[0]! }]
    bench.store.commit(before.kept)
    bench.run((node, now) => node.join('general', now, [{ ...held!, unproven }]))
    const good = new FetchPeer(bench, author, whole, { seed: 101 })
    good.serve(8_000)
    expect(fetchesHeard(good.peer)[0]).toMatchObject({ from: 3, to: 4 })
    expect(bench.texts()).toEqual(['event 3'])
  })

  test('and says that it has them again is asked so often and no more', () => {
    const bench = keeper()
    const author = new Author(7)
    const bad = new FetchPeer(
      bench,
      author,
      said(author, 5).map((made) => stripped(made)),
    )
    const worse = new FetchPeer(bench, author, bad.held, { seed: 101 })
    bad.serve(1_000)
    worse.serve(2_000)
    expect(fetchesHeard(worse.peer)).toMatchObject([{ from: 2, to: 6 }])
    bench.pass(60_000)
    expect(fetchesHeard(worse.peer).length).toBeLessThan(3)
    expect(worse.peer.up).toBe(true)
    expect(bench.texts()).toEqual([])
  })

  test('is not asked again each time it comes, but when it may have come to have them', () => {
    const bench = keeper()
    const author = new Author(7)
    const held = said(author, 5).map((made) => stripped(made, [3]))
    new FetchPeer(bench, author, held).serve(1_000)
    const asked = (): number => {
      const peer = new FetchPeer(bench, author, held, { seed: 101 })
      peer.serve(5_000)
      bench.vanish(peer.peer.link!)
      return fetchesHeard(peer.peer).length
    }
    expect(asked()).toBeWithin(1, 3)
    expect([asked(), asked()]).toEqual([0, 0])
    const other = new FetchPeer(bench, author, held, { seed: 102 })
    other.serve(5_000)
    expect(fetchesHeard(other.peer)[0]).toMatchObject({ from: 3, to: 4 })
    bench.pass(7_200_000)
    expect(asked()).toBeWithin(1, 3)
  })

  test('each of some has others: all come together', () => {
    const bench = keeper()
    const author = new Author(7)
    const whole = [author.say({ kind: EventKind.profile, body: 'Bob' }, 'event 2', 'event 3', 'event 4', 'event 5')]
    const first = new FetchPeer(
      bench,
      author,
      whole.map((made) => stripped(made, [2, 3])),
    )
    const second = new FetchPeer(
      bench,
      author,
      whole.map((made) => stripped(made, [4, 5])),
      { seed: 101 },
    )
    first.serve(1_000)
    second.serve(2_000)
    expect(others(bench.texts()).sort()).toEqual(['event 2', 'event 3', 'event 4', 'event 5'])
  })

  test('from more messages than can be remembered is not believed beyond that', () => {
    const bench = keeper()
    const author = new Author(7)
    const whole = [author.say({ kind: EventKind.profile, body: 'Bob' })]
    for (let at = 0; at < 140; at++)
      whole.push(author.say(...Array.from({ length: 128 }, (_, i) => `event ${at} ${i}`)))
    const few = { chunk: 12 }
    const bad = new FetchPeer(
      bench,
      author,
      whole.map((made) => stripped(made)),
      few,
    )
    for (let turn = 0; turn < 20; turn++) {
      bad.answer()
      bench.pass(100)
    }
    const { gone } = bench.node['replication']['backfilling'] as unknown as { gone: { unproven: Map<string, unknown> } }
    expect(gone.unproven.size).toBeLessThan(16_384 + 256)
    const good = new FetchPeer(bench, author, whole, { seed: 101, ...few })
    for (let turn = 0; turn < 400; turn++) {
      good.answer()
      bench.pass(10)
    }
    expect(new Set(others(bench.texts())).size).toBe(140 * 128)
    expect(gone.unproven.size).toBe(0)
  })

  test('goes on being passed by where nothing is kept: the whole is asked of another, if there is one', () => {
    const bench = new Bench()
    bench.run((node, now) => node.join('general', now))
    const author = new Author(7)
    const whole = said(author, 5)
    const bad = new FetchPeer(
      bench,
      author,
      whole.map((made) => stripped(made)),
      { claims: 100 },
    )
    const good = new FetchPeer(bench, author, whole, { seed: 101 })
    for (let passed = 0; passed < 5_000; passed += 100) {
      bad.answer()
      good.serve(100)
    }
    expect(others(bench.texts())).toEqual(['event 2', 'event 3', 'event 4', 'event 5'])
  })
})
