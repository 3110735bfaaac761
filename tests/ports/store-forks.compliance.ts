import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FORK_BYTES_MAX, FORK_EVENTS_MAX } from '../../src/core/history/fork-set.ts'
import type { KeepBundle, Store, StoredMessage, StoreOperation } from '../../src/ports/store.ts'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { withoutBody } from '../../src/wire/bundle-gone.ts'
import { kept } from './store.compliance.ts'
import { asFork, GENERAL, idOf, message, START_MS, textsOf, Writer } from './store-writer.ts'

const EVERYTHING = 1_000_000

/** What every store must do with two histories of one feed. */
export function forksCompliance(name: string, makeStore: () => Store): void {
  const open: Store[] = []
  const fresh = (): Store => {
    const store = makeStore()
    open.push(store)
    return store
  }
  afterEach(() => {
    for (const store of open.splice(0)) store.close()
  })
  const goneIn = (bytes: Uint8Array): boolean[] => decodeBundle(bytes)!.events.map(({ gone }) => gone)

  describe(`${name} keeps both histories of an author who signed two`, () => {
    test('beside one another: the second is shown among the first, both with a mark from where they part', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const one = ann.say('one')
      const other = ann.fork()
      const [two, three] = [ann.say('two'), ann.say('three')]
      const [twoToo, threeToo] = [other.say('two too'), other.say('three too')]
      kept(store, one, bob.say('bob', { ms: START_MS, counter: 0 }), two, three)
      expect(store.last(GENERAL, 9).some(({ isForked }) => isForked)).toBe(false)
      kept(store, asFork(twoToo), asFork(threeToo, 2))
      const shown = store.last(GENERAL, 9)
      expect(shown.map(({ text, isForked }) => [text, isForked])).toEqual([
        ['bob', false],
        ['one', false],
        ...[two, twoToo].sort(byId).map((op) => [textOf(op), true]),
        ...[three, threeToo].sort(byId).map((op) => [textOf(op), true]),
      ])
      expect(store.feeds().find(({ key }) => key.id.toHex() === ann.feed.id.toHex())).toMatchObject({
        forkedSince: 2,
        next: 4,
        tip: three.lastId,
        ranges: [{ from: 1, to: 4 }],
      })
      expect(textsOf(store.search({ words: 'too', limit: 9 }).map((hit) => hit.message)).sort()).toEqual([
        'three too',
        'two too',
      ])
      expect(store.unread(GENERAL, bob.feed.author, []).count).toBe(5)
      const plain = ({ first, count, previous, bytes }: KeepBundle) => ({ first, count, previous, bytes })
      expect(store.forks(ann.feed)).toEqual([plain(twoToo), plain(threeToo)])
      expect(store.forks(bob.feed)).toEqual([])
      expect(store.forks(new Writer(9).feed)).toEqual([])
      expect(store.bundles(ann.feed, 1, 9, EVERYTHING)).toEqual([one, two, three].map(plain))
      const bytes = [...[one, two, three, twoToo, threeToo].map((op) => op.bytes.length)].reduce((a, b) => a + b)
      expect(store.rooms()[0]).toMatchObject({ messages: 6, bundles: 6 })
      expect(store.rooms()[0]!.bytes).toBeGreaterThan(bytes)
    })

    test('once, however often it comes, and the mark only ever moves back', () => {
      const store = fresh()
      const ann = new Writer(1)
      const one = ann.say('one')
      const other = ann.fork()
      const [two, twoToo] = [ann.say('two'), other.say('two too')]
      kept(store, one, two, asFork(twoToo, 2))
      kept(store, asFork(twoToo, 2), asFork(other.say('three too'), 3))
      expect(store.forks(ann.feed).length).toBe(2)
      expect(store.last(GENERAL, 9).length).toBe(4)
      expect(store.feeds()[0]!.forkedSince).toBe(2)
    })

    test('but of a feed of which nothing is held there is no second', () => {
      const store = fresh()
      kept(store, asFork(new Writer(1).say('one')))
      expect(store.feeds()).toEqual([])
      expect(store.last(GENERAL, 9)).toEqual([])
    })

    test('as far as 256 events and a mebibyte, and no further', () => {
      const [many, large] = [fresh(), fresh()]
      const ann = new Writer(1, GENERAL, 1, true)
      const other = ann.fork()
      const one = ann.say('one')
      const words = Array.from({ length: 300 }, (_, i) => asFork(other.say(`${i}`), 1))
      kept(many, one, ...words)
      expect(many.forks(ann.feed).length).toBe(FORK_EVENTS_MAX)
      expect(many.last(GENERAL, 1_000).length).toBe(FORK_EVENTS_MAX + 1)
      const another = new Writer(1, GENERAL, 1, true)
      const texts = Array.from({ length: 100 }, () => asFork(another.say('x'.repeat(16_000)), 1))
      kept(large, one, ...texts)
      const bytes = large.forks(ann.feed).reduce((sum, bundle) => sum + bundle.bytes.length, 0)
      expect(bytes).toBeLessThanOrEqual(FORK_BYTES_MAX)
      expect(bytes).toBeGreaterThan(FORK_BYTES_MAX - 17_000)
    })

    test('gives way where its own history turns out to have it', () => {
      const store = fresh()
      const ann = new Writer(1)
      const one = ann.say('one')
      const other = ann.fork()
      const [two, twoToo] = [ann.say('two'), other.say('two too')]
      const threeToo = other.say('three too')
      kept(store, one, two, asFork(twoToo), asFork(threeToo, 2))
      kept(store, threeToo)
      expect(store.forks(ann.feed).map(({ first }) => first)).toEqual([2])
      expect(store.rooms()[0]).toMatchObject({ messages: 4, bundles: 4 })
    })
  })

  describe(`${name} does the same with what is said of either history`, () => {
    test('edits, reactions and answers name an id, and find it', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const other = ann.fork()
      const [one, oneToo] = [ann.say('one'), other.say('one too')]
      kept(store, one, asFork(oneToo))
      kept(store, ann.bundle({ tells: { what: 'edit', target: idOf(oneToo), text: 'edited by the first' } }))
      kept(store, asFork(other.bundle({ tells: { what: 'edit', target: idOf(one), text: 'edited by the second' } }), 1))
      kept(store, bob.bundle({ tells: { what: 'reaction', target: idOf(oneToo), emoji: '👍', on: true } }))
      kept(store, bob.bundle({ tells: message('yes', idOf(oneToo)) }))
      expect(store.message(idOf(one))).toMatchObject({ state: 'edited', text: 'edited by the second' })
      expect(store.message(idOf(oneToo))).toMatchObject({ state: 'edited', text: 'edited by the first' })
      expect(store.message(idOf(oneToo))!.reactions.length).toBe(1)
      expect(store.last(GENERAL, 1)[0]!.reply!.to!.text).toBe('edited by the first')
    })

    test('a deletion takes the words of the one it names, and leaves those of the other alone', () => {
      const store = fresh()
      const ann = new Writer(1)
      const other = ann.fork()
      const [one, oneToo] = [ann.say('one'), other.say('one too')]
      const edit = ann.bundle({ tells: { what: 'edit', target: idOf(oneToo), text: 'from here' } })
      const editToo = other.bundle({ tells: { what: 'edit', target: idOf(oneToo), text: 'from there' } })
      kept(store, one, asFork(oneToo), edit, asFork(editToo, 1))
      kept(store, ann.bundle({ tells: { what: 'delete', target: idOf(oneToo) } }))
      expect(store.message(idOf(oneToo))).toMatchObject({ state: 'deleted', text: '' })
      expect(store.message(idOf(one))).toMatchObject({ state: 'whole', text: 'one' })
      expect(store.bundles(ann.feed, 1, 3, EVERYTHING).map(({ bytes }) => goneIn(bytes))).toEqual([[false], [true]])
      expect(store.forks(ann.feed).map(({ bytes }) => goneIn(bytes))).toEqual([[true], [true]])
      kept(store, asFork(other.bundle({ tells: { what: 'delete', target: idOf(one) } }), 1))
      expect(goneIn(store.bundles(ann.feed, 1, 2, EVERYTHING)[0]!.bytes)).toEqual([true])
      const bytes = [...store.bundles(ann.feed, 1, 9, EVERYTHING), ...store.forks(ann.feed)]
      expect(store.rooms()[0]!.bytes).toBe(bytes.reduce((sum, bundle) => sum + bundle.bytes.length, 0))
    })

    test('a body that was only missing is taken from whoever has it, and not one that was deleted', () => {
      const store = fresh()
      const ann = new Writer(1)
      const other = ann.fork()
      const one = ann.say('one')
      const too = other.bundle({ tells: message('back again') }, { tells: message('deleted') })
      const bytes = withoutBody(withoutBody(too.bytes, 1)!, 2)!
      const gone = { ...too, bytes, events: too.events.map((event) => ({ ...event, tells: message(null) })) }
      kept(store, one, asFork(gone))
      kept(store, ann.bundle({ tells: { what: 'delete', target: too.events[1]!.id } }))
      kept(store, asFork(too), asFork(gone))
      expect(too.events.map(({ id }) => store.message(id)!.state)).toEqual(['whole', 'deleted'])
      expect(store.forks(ann.feed)[0]!.bytes).toEqual(withoutBody(too.bytes, 2)!)
    })

    test('retention takes the second with the first', () => {
      const store = fresh()
      const ann = new Writer(1)
      const one = ann.say('one')
      const other = ann.fork()
      const [two, three] = [ann.say('two'), ann.say('three', { ms: START_MS + 100_000, counter: 0 })]
      const [twoToo, threeToo] = [other.say('two too'), other.say('three too')]
      kept(store, one, two, three, asFork(twoToo), asFork(threeToo, 2))
      const drop = (beforeMs: number): StoreOperation => ({
        what: 'drop',
        room: GENERAL,
        beforeMs,
        bytesMax: EVERYTHING,
      })
      kept(store, drop(START_MS + 50_000))
      expect(textsOf(store.last(GENERAL, 9)).sort()).toEqual(['three', 'three too'])
      kept(store, asFork(twoToo))
      expect(store.forks(ann.feed).length).toBe(1)
      kept(store, drop(START_MS + 200_000))
      expect(store.last(GENERAL, 9)).toEqual([])
      expect(store.forks(ann.feed)).toEqual([])
      expect(store.rooms()[0]).toMatchObject({ messages: 0, bundles: 0, bytes: 0 })
    })

    const step = fc.record({
      side: fc.nat(1),
      what: fc.constantFrom('said', 'said', 'edit', 'delete', 'on', 'off', 'name'),
      target: fc.nat(50),
      ms: fc.nat(3),
    })

    test('whichever history came first and in whatever order, the same is shown', () => {
      fc.assert(
        fc.property(
          fc.array(step, { minLength: 2, maxLength: 20 }),
          fc.infiniteStream(fc.nat(100)),
          (steps, chance) => {
            const ann = new Writer(1, GENERAL, 1, true)
            const common = ann.say('common')
            const sides = [ann, ann.fork()]
            const said = [common]
            const ops: KeepBundle[][] = [[], []]
            steps.forEach(({ side, what, target, ms }, i) => {
              const op = sides[side]!.bundle({
                tells: tellsOf(what, idOf(said[target % said.length]!), i),
                time: { ms: START_MS + 2_000 + ms, counter: 0 },
              })
              if (what === 'said') said.push(op)
              ops[side]!.push(op)
            })
            if (ops.some((side) => side.length === 0)) return
            const shownBy = (first: number): StoredMessage[] => {
              const store = fresh()
              const main = [common, ...ops[first]!]
              kept(store, ...main)
              // The second side comes in any order.
              const order = ops[1 - first]!.map((op) => ({ op, at: chance.next().value! })).sort((a, b) => a.at - b.at)
              for (const { op } of order) kept(store, asFork(op, 2))
              const shown = [...store.export(GENERAL)].flat()
              store.close()
              open.splice(open.indexOf(store), 1)
              return shown
            }
            expect(shownBy(1)).toEqual(shownBy(0))
          },
        ),
        { numRuns: 60, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: true },
      )
    })
  })
}

function tellsOf(what: string, target: Uint8Array, i: number): KeepBundle['events'][number]['tells'] {
  if (what === 'said') return message(`word ${i}`)
  if (what === 'name') return { what: 'profile', name: `name ${i}` }
  if (what === 'edit') return { what, target, text: `word ${i}` }
  return what === 'delete' ? { what, target } : { what: 'reaction', target, emoji: '👍', on: what === 'on' }
}

function byId(a: KeepBundle, b: KeepBundle): number {
  return Buffer.compare(a.lastId, b.lastId)
}

function textOf({ events }: KeepBundle): string {
  const { tells } = events[0]!
  return tells.what === 'message' ? (tells.text ?? '') : ''
}
