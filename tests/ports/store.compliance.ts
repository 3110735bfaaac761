import { afterEach, describe, expect, test } from 'bun:test'
import type { Place } from '../../src/core/room/timeline.ts'
import type { KeepBundle, Store, StoreOperation } from '../../src/ports/store.ts'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { withoutBody } from '../../src/wire/bundle-gone.ts'
import { EventKind } from '../../src/wire/event.ts'
import { DEV, GENERAL, idOf, message, START_MS, textsOf, Writer } from './store-writer.ts'

const EVERYTHING = 1_000_000

export function kept(store: Store, ...batch: readonly StoreOperation[]): readonly Uint8Array[] {
  const outcome = store.commit(batch)
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.changed
}

/** What every store must do. `makeStore` answers an empty one; each test closes its own. */
export function storeCompliance(name: string, makeStore: () => Store): void {
  const open: Store[] = []
  const fresh = (): Store => {
    const store = makeStore()
    open.push(store)
    return store
  }
  afterEach(() => {
    for (const store of open.splice(0)) store.close()
  })

  describe(`${name} keeps bundles`, () => {
    test('byte for byte, in order or from the newest, within the bytes that were asked for', () => {
      const store = fresh()
      const ann = new Writer(1)
      const all = [ann.say('one'), ann.bundle({ tells: message('two') }, { tells: message('three') }), ann.say('four')]
      kept(store, ...all)
      const plain = (list: readonly KeepBundle[]) =>
        list.map(({ first, count, previous, bytes }) => ({ first, count, previous, bytes }))
      expect(store.bundles(ann.feed, 1, 100, EVERYTHING)).toEqual(plain(all))
      expect(store.bundles(ann.feed, 1, 100, EVERYTHING, true)).toEqual(plain(all.toReversed()))
      // Whole bundles that have a part in the range, and one at least.
      expect(store.bundles(ann.feed, 3, 4, EVERYTHING)).toEqual(plain([all[1]!]))
      expect(store.bundles(ann.feed, 2, 5, 1)).toEqual(plain([all[1]!]))
      expect(store.bundles(ann.feed, 1, 5, all[0]!.bytes.length + all[1]!.bytes.length)).toEqual(plain(all.slice(0, 2)))
      expect(store.bundles(ann.feed, 4, 4, EVERYTHING)).toEqual([])
      expect(store.bundles(new Writer(2).feed, 1, 100, EVERYTHING)).toEqual([])
    })

    test('in any order, and tells what it holds of each feed', () => {
      const store = fresh()
      const ann = new Writer(1)
      const all = ['1', '2', '3', '4', '5', '6'].map((text) => ann.say(text))
      kept(store, all[5]!, all[1]!)
      kept(store, all[0]!)
      const [held, ...others] = store.feeds()
      expect(others).toEqual([])
      expect(held).toEqual({
        key: ann.feed,
        own: false,
        next: 7,
        tip: all[5]!.lastId,
        floor: 1,
        forkedSince: null,
        ranges: [
          { from: 1, to: 3 },
          { from: 6, to: 7 },
        ],
        unproven: [],
      })
      kept(store, all[3]!, all[2]!, all[4]!)
      expect(store.feeds(GENERAL)[0]!.ranges).toEqual([{ from: 1, to: 7 }])
      expect(store.feeds(DEV)).toEqual([])
      expect(textsOf(store.last(GENERAL, 10))).toEqual(['1', '2', '3', '4', '5', '6'])
    })

    test('once, however often they come; and what is ours stays ours', () => {
      const store = fresh()
      const ann = new Writer(1)
      const said = ann.say('hello')
      kept(store, said, said)
      expect(kept(store, { ...said, own: true })).toEqual([])
      kept(store, said)
      expect(store.feeds()[0]!.own).toBe(true)
      expect(store.last(GENERAL, 10).length).toBe(1)
      expect(store.rooms()[0]).toMatchObject({ messages: 1, bundles: 1, bytes: said.bytes.length })
    })

    test('of one author in several rooms and epochs apart', () => {
      const store = fresh()
      const feeds = [new Writer(1), new Writer(1, DEV), new Writer(1, GENERAL, 2)]
      kept(store, ...feeds.map((writer) => writer.say('hello')))
      expect(store.feeds().map(({ key }) => key)).toEqual(feeds.map(({ feed }) => feed))
      expect(store.feeds(GENERAL).length).toBe(2)
    })

    test('but not more than 1,024 pieces of one feed: an author full of holes ends there', () => {
      const store = fresh()
      const ann = new Writer(1, GENERAL, 1, true)
      const all = Array.from({ length: 2_400 }, (_, i) => ann.say(`${i}`))
      const odd = all.filter((_, i) => i % 2 === 0)
      kept(store, ...odd)
      expect(store.feeds()[0]!.ranges.length).toBe(1_024)
      expect(store.rooms()[0]!.bundles).toBe(1_024)
      kept(store, ...all)
      expect(store.feeds()[0]!.ranges).toEqual([{ from: 1, to: 2_401 }])
    })
  })

  describe(`${name} forgets bodies`, () => {
    test('and the rest of the bundle stays as it was signed', () => {
      const store = fresh()
      const ann = new Writer(1)
      const said = ann.bundle({ tells: message('mine') }, { tells: message('secret') })
      kept(store, said)
      kept(store, { what: 'forget', feed: ann.feed, number: 2 })
      kept(
        store,
        { what: 'forget', feed: ann.feed, number: 2 },
        { what: 'forget', feed: new Writer(9).feed, number: 1 },
      )
      const bytes = store.bundles(ann.feed, 1, 3, EVERYTHING)[0]!.bytes
      expect(bytes).toEqual(withoutBody(said.bytes, 2)!)
      expect(store.rooms()[0]!.bytes).toBe(bytes.length)
    })

    test('of a deleted message and of everything it was edited to, whichever comes first', () => {
      const ann = new Writer(1)
      const said = ann.say('first words')
      const edit = ann.bundle({ tells: { what: 'edit', target: idOf(said), text: 'second words' } })
      const deletion = ann.bundle({ tells: { what: 'delete', target: idOf(said) } })
      const orders = [
        [said, edit, deletion],
        [deletion, edit, said],
        [said, deletion, edit],
        [edit, deletion, said],
      ]
      for (const order of orders) {
        const store = fresh()
        for (const op of order) kept(store, op)
        const bodies = store
          .bundles(ann.feed, 1, 10, EVERYTHING)
          .map(({ bytes }) => decodeBundle(bytes)!.events[0]!.gone)
        expect(bodies).toEqual([true, true, false])
        expect(store.message(idOf(said))).toMatchObject({ state: 'deleted', text: '' })
        expect(store.search({ words: 'words', limit: 10 })).toEqual([])
      }
    })

    test('and takes a body back that was only missing, but not one that was deleted', () => {
      const store = fresh()
      const ann = new Writer(1)
      const whole = ann.bundle({ tells: message('here again') }, { tells: message('deleted') })
      const [, second] = whole.events
      const gone = whole.events.map((event) => ({ ...event, tells: message(null) }))
      const stripped = { ...whole, bytes: withoutBody(withoutBody(whole.bytes, 1)!, 2)!, events: gone }
      kept(store, stripped)
      expect(store.last(GENERAL, 5).map(({ state }) => state)).toEqual(['gone', 'gone'])
      kept(store, ann.bundle({ tells: { what: 'delete', target: second!.id } }))
      expect(kept(store, whole)).toEqual([whole.events[0]!.id])
      expect(store.last(GENERAL, 5).map(({ state, text }) => [state, text])).toEqual([
        ['whole', 'here again'],
        ['deleted', ''],
      ])
      expect(store.bundles(ann.feed, 1, 2, EVERYTHING)[0]!.bytes).toEqual(withoutBody(whole.bytes, 2)!)
      kept(store, stripped)
      expect(store.last(GENERAL, 5)[0]!.state).toBe('whole')
    })

    test('and says at each start which are missing without having been deleted', () => {
      const store = fresh()
      const ann = new Writer(1)
      const whole = ann.bundle({ tells: message('one') }, { tells: message('two') }, { tells: message('three') })
      const events = whole.events.map((event) => (event.number === 2 ? event : { ...event, tells: message(null) }))
      kept(store, { ...whole, bytes: withoutBody(withoutBody(whole.bytes, 1)!, 3)!, events })
      const [first, , third] = whole.events.map(({ id }) => id)
      expect(store.feeds(GENERAL)[0]!.unproven).toEqual([
        { number: 1, id: first! },
        { number: 3, id: third! },
      ])
      expect(store.feeds()[0]!.unproven.length).toBe(2)
      expect(store.feeds(DEV)).toEqual([])
      kept(store, ann.bundle({ tells: { what: 'delete', target: first! } }))
      expect(store.feeds(GENERAL)[0]!.unproven).toEqual([{ number: 3, id: third! }])
      kept(store, whole)
      expect(store.feeds(GENERAL)[0]!.unproven).toEqual([])
    })

    test('and puts the bodies together that come apart', () => {
      const store = fresh()
      const ann = new Writer(1)
      const whole = ann.bundle({ tells: message('one') }, { tells: message('two') })
      const without = (number: number): KeepBundle => ({
        ...whole,
        bytes: withoutBody(whole.bytes, number)!,
        events: whole.events.map((event) => (event.number === number ? { ...event, tells: message(null) } : event)),
      })
      kept(store, without(1))
      kept(store, without(2))
      expect(store.bundles(ann.feed, 1, 3, EVERYTHING)[0]!.bytes).toEqual(whole.bytes)
      expect(textsOf(store.last(GENERAL, 5))).toEqual(['one', 'two'])
    })
  })

  describe(`${name} keeps a bundle that`, () => {
    test('is as large as bundles may be, whatever of it is deleted', () => {
      const store = fresh()
      const ann = new Writer(1)
      const long = message('x'.repeat(16_300))
      const texts = [long, long, long, message('y'), message('z'.repeat(12_347))]
      const said = ann.bundle(...texts.map((tells, i) => ({ tells, time: { ms: START_MS + i, counter: 0 } })))
      expect(said.bytes.length).toBeGreaterThan(61_330)
      kept(store, said)
      for (const at of [3, 4, 0, 1, 2]) {
        const target = said.events[at]!.id
        kept(store, ann.bundle({ tells: { what: 'delete', target }, time: { ms: START_MS + 10, counter: 0 } }))
        expect(store.message(target)!.state).toBe('deleted')
        const { bytes } = store.bundles(ann.feed, 1, 2, EVERYTHING)[0]!
        expect(decodeBundle(bytes)!.events[at]!.gone).toBe(true)
      }
      expect(store.bundles(ann.feed, 1, 2, EVERYTHING)[0]!.bytes.length).toBeLessThan(300)
    })

    test('is none any more, by the rules of today: a deletion takes it as a whole, and it is not missed', () => {
      const store = fresh()
      const ann = new Writer(1)
      const said = ann.bundle({ tells: message('one') }, { tells: message('two') })
      const after = ann.say('after')
      kept(store, { ...said, bytes: said.bytes.slice(1) }, after)
      kept(store, ann.bundle({ tells: { what: 'delete', target: said.events[0]!.id } }))
      expect(store.message(said.events[0]!.id)!.state).toBe('deleted')
      expect(store.bundles(ann.feed, 1, 7, EVERYTHING).map(({ first }) => first)).toEqual([3, 4])
      expect(store.feeds()[0]!.ranges).toEqual([{ from: 1, to: 5 }])
      kept(store, said)
      expect(store.rooms()[0]!.bundles).toBe(2)
    })
  })

  describe(`${name} drops what is old`, () => {
    test('by age: bundles, messages and words, and does not take them back', () => {
      const store = fresh()
      const ann = new Writer(1)
      const bob = new Writer(2)
      const old = [ann.call('ann'), ann.say('ancient'), bob.say('ancient too', { ms: START_MS + 5, counter: 0 })]
      const late = [ann.say('recent', { ms: START_MS + 100_000, counter: 0 })]
      kept(store, ...old, ...late)
      kept(store, { what: 'drop', room: GENERAL, beforeMs: START_MS + 50_000, bytesMax: EVERYTHING })
      kept(store, ...old)
      expect(textsOf(store.last(GENERAL, 10))).toEqual(['recent'])
      expect(store.last(GENERAL, 1)[0]!.name).toBe('ann')
      expect(store.search({ words: 'ancient', limit: 10 })).toEqual([])
      const held = store.feeds().map(({ floor, next, ranges }) => ({ floor, next, ranges }))
      expect(held).toEqual([
        { floor: 3, next: 4, ranges: [{ from: 3, to: 4 }] },
        { floor: 2, next: 2, ranges: [] },
      ])
      expect(store.rooms()[0]).toMatchObject({ messages: 1, bundles: 1, bytes: late[0]!.bytes.length })
    })

    test('by size, the oldest first, a share at a time', () => {
      const store = fresh()
      const ann = new Writer(1, GENERAL, 1, true)
      const all = Array.from({ length: 1_200 }, (_, i) => ann.say(`message ${i}`))
      kept(store, ...all)
      const bytesMax = 10_000
      const drop: StoreOperation = { what: 'drop', room: GENERAL, beforeMs: 0, bytesMax }
      let rounds = 1
      for (let more = true; more; rounds++) {
        const outcome = store.commit([drop])
        more = outcome.ok && outcome.more
      }
      expect(rounds).toBeGreaterThan(2)
      const [room] = store.rooms()
      expect(room!.bytes).toBeLessThanOrEqual(bytesMax)
      expect(room!.bytes).toBeGreaterThan(bytesMax - 200)
      expect(store.last(GENERAL, 1)[0]!.text).toBe('message 1199')
      expect(store.last(GENERAL, 1_000).length).toBe(room!.messages)
    })

    test('so that what comes in its place has nothing of it', () => {
      const store = fresh()
      const [ann, later] = [new Writer(1), new Writer(1, GENERAL, 2)]
      const said = ann.say('hello')
      const time = { ms: said.time.ms + 1, counter: 0 }
      const edit = later.bundle({ tells: { what: 'edit', target: idOf(said), text: 'hullo' }, time })
      const like = later.bundle({ tells: { what: 'reaction', target: idOf(said), emoji: '👍', on: true }, time })
      kept(store, said, edit, like)
      kept(store, { what: 'drop', room: GENERAL, beforeMs: time.ms, bytesMax: EVERYTHING })
      const next = new Writer(1, GENERAL, 3)
      const other = next.say('other', said.time)
      kept(store, other)
      expect(store.message(idOf(other))).toMatchObject({ state: 'whole', text: 'other', reactions: [] })
      kept(store, new Writer(2).bundle({ tells: { what: 'reaction', target: idOf(other), emoji: '🎉', on: true } }))
      expect(store.message(idOf(other))!.reactions.map(({ emoji }) => emoji)).toEqual(['🎉'])
      // The former's edit is no edit of this one, whose deletion leaves its body alone.
      kept(store, next.bundle({ tells: { what: 'delete', target: idOf(other) }, time }))
      expect(store.bundles(later.feed, 1, 2, EVERYTHING)[0]!.bytes).toEqual(edit.bytes)
    })

    test('with all that was said about it, and leaves the other rooms alone', () => {
      const store = fresh()
      const ann = new Writer(1)
      const said = ann.say('hello')
      kept(store, said, new Writer(1, DEV).say('elsewhere'))
      kept(store, new Writer(2).bundle({ tells: { what: 'reaction', target: idOf(said), emoji: '👍', on: true } }))
      kept(store, ann.bundle({ tells: { what: 'edit', target: idOf(said), text: 'hullo' } }))
      kept(store, { what: 'drop', room: GENERAL, beforeMs: 2 ** 48, bytesMax: EVERYTHING })
      expect(store.last(GENERAL, 10)).toEqual([])
      expect(store.message(idOf(said))).toBeNull()
      expect(textsOf(store.last(DEV, 10))).toEqual(['elsewhere'])
      expect(store.rooms().map(({ bundles }) => bundles)).toEqual([0, 1])
    })
  })

  describe(`${name} knows what was read`, () => {
    const place = (op: KeepBundle): Place => ({
      time: op.time,
      author: op.feed.author,
      number: op.first,
      id: idOf(op),
    })
    const me = new Writer(0).feed.author

    test('counts what the others said after the mark, and who named us', () => {
      const store = fresh()
      const [ann, own] = [new Writer(1), new Writer(0)]
      const all = [ann.say('one'), ann.say('two'), ann.say('hey Zoë, you there?'), ann.say('zoëlogy')]
      kept(store, ...all, { ...own.say('mine'), own: true })
      expect(store.unread(GENERAL, me, ['Zoë'])).toEqual({ count: 4, mentions: 1 })
      kept(store, { what: 'read', room: GENERAL, upTo: place(all[1]!) })
      expect(store.unread(GENERAL, me, ['someone else'])).toEqual({ count: 2, mentions: 0 })
      kept(store, { what: 'read', room: GENERAL, upTo: place(all[0]!) })
      expect(store.unread(GENERAL, me, []).count).toBe(2)
      kept(store, { what: 'read', room: GENERAL, upTo: place(all[3]!) })
      expect(store.unread(GENERAL, me, ['zoe'])).toEqual({ count: 0, mentions: 0 })
      expect(store.rooms()[0]!.readTo).toEqual(place(all[3]!))
    })

    test('what was taken back is nobody’s to be read, nor an offer to us alone, which waits for an answer', () => {
      const store = fresh()
      const tells = {
        what: 'message',
        kind: EventKind.file,
        name: null,
        text: 'offered a (1 B)',
        answers: null,
      } as const
      for (const [room, unread] of [
        [GENERAL, 2],
        [DEV, 1],
      ] as const) {
        const ann = new Writer(1, room)
        const all = [ann.say('one'), ann.say('two, Zoë'), ann.bundle({ tells })]
        const peer = room === DEV ? ann.feed.author : null
        const settings = { name: 'dev', peer, joined: true, ageMsMax: null, bytesMax: null }
        kept(store, { what: 'room', room, settings }, ...all)
        kept(store, ann.bundle({ tells: { what: 'delete', target: idOf(all[1]!) } }))
        expect(store.unread(room, me, ['Zoë'])).toEqual({ count: unread, mentions: 0 })
      }
    })

    test('what comes late takes its place and is unread all the same; what was read stays read', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const [early, late] = [ann.say('early'), ann.say('late')]
      kept(store, early, late, { what: 'read', room: GENERAL, upTo: place(late) })
      kept(store, bob.say('@zoe in between', { ms: early.time.ms + 1, counter: 0 }))
      expect(textsOf(store.last(GENERAL, 10))).toEqual(['early', '@zoe in between', 'late'])
      expect(store.unread(GENERAL, me, ['Zoe'])).toEqual({ count: 1, mentions: 1 })
      const ignored = [bob.feed.author, new Writer(7).feed.author]
      expect(store.unread(GENERAL, me, ['Zoe'], undefined, ignored)).toEqual({ count: 0, mentions: 0 })
      kept(store, { what: 'read', room: GENERAL, upTo: place(late) })
      expect(store.unread(GENERAL, me, ['Zoe'])).toEqual({ count: 0, mentions: 0 })
    })

    test('without those who are ignored', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      kept(store, ann.say('Zoe?'), bob.say('Zoe!'), bob.say('more'))
      expect(store.unread(GENERAL, me, ['Zoe'])).toEqual({ count: 3, mentions: 2 })
      expect(store.unread(GENERAL, me, ['Zoe'], undefined, [bob.feed.author])).toEqual({ count: 1, mentions: 1 })
    })

    test('and of rooms what was set', () => {
      const store = fresh()
      const settings = { name: '', peer: new Writer(3).feed.author, joined: true, ageMsMax: 86_400_000, bytesMax: null }
      kept(store, { what: 'room', room: DEV, settings })
      const nothing = { messages: 0, bundles: 0, bytes: 0, oldestMs: null, newestMs: null, readTo: null }
      expect(store.rooms()).toEqual([{ room: DEV, settings, ...nothing }])
      const left = { name: 'dev', peer: null, joined: false, ageMsMax: null, bytesMax: 5_000 }
      kept(store, { what: 'room', room: DEV, settings: left })
      expect(store.rooms()[0]!.settings).toEqual(left)
      expect(store.unread(GENERAL, me, ['x'])).toEqual({ count: 0, mentions: 0 })
    })
  })
}
