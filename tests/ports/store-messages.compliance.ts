import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Amendment, comparePlaces, shown } from '../../src/core/room/timeline.ts'
import type { Told } from '../../src/core/room/told.ts'
import type { KeepBundle, Store } from '../../src/ports/store.ts'
import { kept } from './store.compliance.ts'
import { DEV, GENERAL, idOf, message, START_MS, textsOf, Writer } from './store-writer.ts'

const ROOMS = [GENERAL, DEV]
/** Every try opens a store of its own: making a failing story short is given so long. */
const TRYING = { interruptAfterTimeLimit: 10_000, markInterruptAsFailure: true }

/** What every store must do with what people see. */
export function messagesCompliance(name: string, makeStore: () => Store): void {
  let open: Store | null = null
  const fresh = (): Store => {
    open?.close()
    open = makeStore()
    return open
  }
  afterEach(() => {
    open?.close()
    open = null
  })

  describe(`${name} shows messages`, () => {
    test('in the order of the room, whoever came first, page by page from any place', () => {
      const event = fc.record({ author: fc.nat(2), ms: fc.nat(3), counter: fc.nat(1) })
      fc.assert(
        fc.property(fc.array(event, { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 6 }), (list, limit) => {
          const store = fresh()
          const writers = [new Writer(1), new Writer(2), new Writer(3)]
          const ops = list.map(({ author, ms, counter }, i) =>
            writers[author]!.say(`${i}`, { ms: START_MS + ms, counter }),
          )
          for (const op of ops.toReversed()) kept(store, op)
          const inOrder = store.last(GENERAL, 100)
          expect(inOrder.length).toBe(list.length)
          expect(inOrder.toSorted(comparePlaces)).toEqual(inOrder)
          expect([...store.export(GENERAL)].flat()).toEqual(inOrder)
          inOrder.forEach((middle, at) => {
            expect(store.page(GENERAL, 'before', middle, limit)).toEqual(inOrder.slice(Math.max(0, at - limit), at))
            expect(store.page(GENERAL, 'after', middle, limit)).toEqual(inOrder.slice(at + 1, at + 1 + limit))
            expect(store.around(middle.id, 1)).toEqual(inOrder.slice(Math.max(0, at - 1), at + 2))
          })
          expect(store.last(GENERAL, limit)).toEqual(inOrder.slice(-limit))
        }),
        { numRuns: 20, ...TRYING },
      )
    })

    test('of who is heard alone where somebody is not, in both directions, however much that one has said', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const at = (second: number) => ({ ms: START_MS + second * 1_000, counter: 0 })
      const [first, last] = [ann.say('a1', at(0)), ann.say('a2', at(5_000))]
      kept(store, first, ann.say('a0', at(1)), last)
      for (let second = 2; second < 3_000; second++) kept(store, bob.say(`b${second}`, at(second)))
      const unheard = { authors: [bob.feed.author, new Writer(7).feed.author], strangers: [] }
      const place = (op: KeepBundle) => store.message(idOf(op))!
      expect(textsOf(store.page(GENERAL, 'before', place(last), 9, unheard))).toEqual(['a1', 'a0'])
      expect(textsOf(store.page(GENERAL, 'before', place(last), 1, unheard))).toEqual(['a0'])
      expect(textsOf(store.page(GENERAL, 'after', place(first), 9, unheard))).toEqual(['a0', 'a2'])
      expect(textsOf(store.page(GENERAL, 'after', place(first), 2))).toEqual(['a0', 'b2'])
      expect(store.page(GENERAL, 'before', place(first), 9, unheard)).toEqual([])
    })

    test('of a stranger who is not heard none, whoever passed them on, and of a bridge that is not what it passed on', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const origin = (n: number) => new Uint8Array(16).fill(n)
      const from = (name: string, n: number) => ({
        tells: { ...message(`${name} ${n}`, null, name), origin: origin(n) },
      })
      kept(
        store,
        ann.call('Ann'),
        bob.call('Bob'),
        ann.bundle(from('eve (mesh)', 1)),
        bob.bundle(from('joe (mesh)', 2)),
      )
      kept(store, bob.bundle(from('eve (line) (mesh)', 3)), ann.bundle(from('eve (line)', 4)), bob.say('mine'))
      const all = (authors: Uint8Array[], strangers: { network: 'mesh'; name: string }[]) => {
        const behind = { ...store.last(GENERAL, 1)[0]!, time: { ms: START_MS + 1e9, counter: 0 } }
        return textsOf(store.page(GENERAL, 'before', behind, 9, { authors, strangers })).toSorted()
      }
      const eve = { network: 'mesh', name: 'eve' } as const
      expect(all([], [eve])).toEqual(['eve (line) 4', 'joe (mesh) 2', 'mine'])
      expect(all([bob.feed.author], [])).toEqual([
        'eve (line) (mesh) 3',
        'eve (line) 4',
        'eve (mesh) 1',
        'joe (mesh) 2',
      ])
      expect(all([bob.feed.author], [eve])).toEqual(['eve (line) 4', 'joe (mesh) 2'])
    })

    test('passed on from another network by several nodes once, where the first stands, whatever order they come in', () => {
      const origin = new Uint8Array(16).fill(7)
      const other = new Uint8Array(16).fill(8)
      const relayed = (text: string, from: Uint8Array) => ({ ...message(text, null, 'ann (tracker)'), origin: from })
      const make = () => {
        const [ann, bob, eve] = [new Writer(1), new Writer(2), new Writer(3)]
        const first = ann.bundle({ tells: relayed('hi', origin), time: { ms: START_MS, counter: 0 } })
        const again = bob.bundle({ tells: relayed('hi', origin), time: { ms: START_MS + 900, counter: 0 } })
        const more = bob.bundle({ tells: relayed('hi', other), time: { ms: START_MS + 1_000, counter: 0 } })
        const like = (target: Uint8Array, emoji: string) =>
          eve.bundle({ tells: { what: 'reaction', target, emoji, on: true } })
        return { ann, ops: [first, again, more, like(idOf(first), '👍'), like(idOf(again), '👎')], first, again, more }
      }
      const orders = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 })
      fc.assert(
        fc.property(orders, fc.boolean(), (order, together) => {
          const store = fresh()
          const { ann, ops, first, again, more } = make()
          if (together) kept(store, ...order.map((at) => ops[at]!))
          else for (const at of order) kept(store, ops[at]!)
          const all = store.last(GENERAL, 10)
          expect(all.map(({ id }) => id)).toEqual([idOf(first), idOf(more)])
          expect(all[0]).toMatchObject({ author: ann.feed.author, name: 'ann (tracker)', text: 'hi' })
          expect(all[0]!.reactions.map(({ emoji }) => emoji).sort()).toEqual(['👍', '👎'])
          expect(store.message(idOf(again))!.id).toEqual(idOf(first))
          expect(store.rooms()[0]!.messages).toBe(2)
          expect(store.search({ words: 'hi', limit: 10 })).toHaveLength(2)
        }),
        { numRuns: 20, ...TRYING },
      )
    })

    test('that come 5,000 in one second, or at the ends of time', () => {
      const store = fresh()
      const ann = new Writer(1, GENERAL, 1, true)
      const burst = Array.from({ length: 5_000 }, (_, i) => ann.say(`${i}`, { ms: START_MS, counter: i }))
      kept(store, ...burst.toReversed())
      const bob = new Writer(2)
      const [first, last] = [
        bob.say('first', { ms: 0, counter: 0 }),
        bob.say('last', { ms: 2 ** 48 - 1, counter: 65_535 }),
      ]
      kept(store, last, first)
      const all = [...store.export(GENERAL)].flat()
      expect(textsOf(all)).toEqual(['first', ...burst.map((_, i) => `${i}`), 'last'])
      expect(store.rooms()[0]).toMatchObject({ oldestMs: 0, newestMs: 2 ** 48 - 1 })
    })

    test('under the name their author went by then, also when that is learnt later', () => {
      const store = fresh()
      const ann = new Writer(1)
      const ops = [ann.call('ann'), ann.say('one'), ann.call('anna'), ann.say('two'), ann.call('ann'), ann.say('three')]
      for (const op of ops.toReversed()) kept(store, op)
      expect(store.last(GENERAL, 5).map(({ name }) => name)).toEqual(['ann', 'anna', 'ann'])
      expect(store.authorsNamed('Anna')).toEqual([ann.feed.author])
      expect(store.authorsNamed('bob')).toEqual([])
    })

    test('under the names they tell themselves, whatever order they come in', () => {
      const names = fc.array(fc.constantFrom('ann', 'bob'), { minLength: 1, maxLength: 7 })
      const shuffled = names.chain((list) =>
        fc.tuple(
          fc.constant(list),
          fc.shuffledSubarray(
            list.map((_, i) => i),
            { minLength: list.length },
          ),
        ),
      )
      fc.assert(
        fc.property(shuffled, ([list, order]) => {
          const store = fresh()
          const ann = new Writer(1)
          const ops = list.map((each) => ann.bundle({ tells: message('x', null, each) }))
          for (const at of order) kept(store, ops[at]!)
          expect(store.last(GENERAL, 10).map((each) => each.name)).toEqual(list)
        }),
        { numRuns: 30, ...TRYING },
      )
    })

    test('with what they answer, known or not, and what became of it', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const question = ann.say('tea?')
      const reply = bob.bundle({ tells: message('yes', idOf(question)) })
      kept(store, reply)
      expect(store.message(idOf(reply))!.reply).toEqual({ id: idOf(question), to: null })
      kept(store, question)
      const to = { author: ann.feed.author, name: '', text: 'tea?', state: 'whole' as const }
      expect(store.message(idOf(reply))!.reply).toEqual({ id: idOf(question), to })
      kept(store, ann.bundle({ tells: { what: 'delete', target: idOf(question) } }))
      expect(store.message(idOf(reply))!.reply!.to).toEqual({ ...to, text: '', state: 'deleted' })
      // Nobody sees through an answer what was said in another room.
      const pry = new Writer(2, DEV).bundle({ tells: message('and here?', idOf(reply)) })
      kept(store, pry)
      expect(store.message(idOf(pry))!.reply!.to).toBeNull()
    })

    test('and tells which of them a batch changed', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const [one, two] = [ann.say('one'), ann.say('two')]
      expect(kept(store, one, two)).toEqual([])
      const edit = ann.bundle({ tells: { what: 'edit', target: idOf(one), text: 'uno' } })
      const like = bob.bundle({ tells: { what: 'reaction', target: idOf(one), emoji: '👍', on: true } })
      const three = ann.say('three')
      const own = ann.bundle({ tells: { what: 'edit', target: idOf(three), text: 'tre' } })
      expect(kept(store, like, edit, three, own)).toEqual([idOf(one)])
      expect(textsOf(store.last(GENERAL, 5))).toEqual(['uno', 'two', 'tre'])
    })
  })

  describe(`${name} agrees with the timeline`, () => {
    const author = fc.nat(2)
    const told = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('said', 'gone') },
      { weight: 7, arbitrary: fc.constantFrom('edit', 'edit', 'delete', 'on', 'on', 'off') },
    )
    const step = fc.record({
      author,
      room: fc.integer({ min: 0, max: 9 }).map((n) => (n === 0 ? 1 : 0)),
      ms: fc.nat(2),
      target: fc.nat(100),
      emoji: fc.constantFrom('👍', '❤️', '🏳️‍🌈'),
      what: told,
    })
    const story = fc.array(step, { minLength: 2, maxLength: 40 }).chain((steps) =>
      fc.record({
        steps: fc.constant(steps),
        order: fc.shuffledSubarray(
          steps.map((_, i) => i),
          { minLength: steps.length },
        ),
        batch: fc.integer({ min: 1, max: 8 }),
      }),
    )

    test('whatever is said, edited, deleted and reacted to, and in whatever order it arrives', () => {
      fc.assert(
        fc.property(story, ({ steps, order, batch }) => {
          const store = fresh()
          const writers = ROOMS.map((room) => [0, 1, 2].map((seed) => new Writer(seed, room, 1, true)))
          const messages: { room: Uint8Array; author: Uint8Array; text: string | null; id: Uint8Array }[] = []
          const amendments: (Amendment & { target: Uint8Array })[] = []
          const ops = steps.map((each, i): KeepBundle => {
            const room = ROOMS[each.room]!
            const writer = writers[each.room]![each.author]!
            const target = messages[each.target % Math.max(1, messages.length)]?.id ?? new Uint8Array(32)
            const tells = tellsOf(each.what, each.emoji, target, i)
            const op = writer.bundle({ tells, time: { ms: START_MS + each.ms, counter: 0 } })
            const common = { room, author: writer.feed.author, id: idOf(op) }
            if (tells.what === 'message') messages.push({ ...common, text: tells.text })
            else if (tells.what !== 'profile') {
              amendments.push({ ...common, number: op.first, time: op.time, change: tells, target })
            }
            return op
          })
          const arriving = order.map((at) => ops[at]!)
          for (let at = 0; at < arriving.length; at += batch) kept(store, ...arriving.slice(at, at + batch))
          for (const said of messages) {
            const own = amendments.filter(({ target }) => target.toHex() === said.id.toHex())
            const { state, text, reactions } = store.message(said.id)!
            expect({ state, text, reactions }).toEqual(shown(said, own))
            // And its words are found exactly while it says them.
            const found = store.search({ words: 'word', room: said.room, limit: 100 })
            expect(found.some(({ message: { id } }) => id.toHex() === said.id.toHex())).toBe(text !== '')
          }
        }),
        { numRuns: 60, ...TRYING },
      )
    })

    test('on the sixteen emoji that one person may choose, whatever order they come in', () => {
      const many = Array.from({ length: 20 }, (_, i) => String.fromCodePoint(0x1f600 + i))
      const order = fc.shuffledSubarray(
        many.map((_, i) => i),
        { minLength: many.length },
      )
      fc.assert(
        fc.property(order, (arrival) => {
          const store = fresh()
          const said = new Writer(1).say('hello')
          const bob = new Writer(2, GENERAL, 1, true)
          const ops = many.map((emoji) =>
            bob.bundle({ tells: { what: 'reaction', target: idOf(said), emoji, on: true } }),
          )
          kept(store, said, ...arrival.map((at) => ops[at]!))
          const emoji = store.message(idOf(said))!.reactions.map((reaction) => reaction.emoji)
          expect(emoji.toSorted()).toEqual(many.slice(4).toSorted())
        }),
        { numRuns: 5, ...TRYING },
      )
    })

    test('and lets 10,000 amendments of one author wait, the newest', () => {
      const store = fresh()
      const ann = new Writer(1, GENERAL, 1, true)
      const [first, second] = [ann.say('first'), ann.say('second')]
      const early = ann.bundle({ tells: { what: 'edit', target: idOf(first), text: 'forgotten' } })
      kept(store, early)
      for (let at = 0; at < 10; at++) {
        const edits = Array.from({ length: 1_000 }, (_, i) => `edit ${at * 1_000 + i}`)
        kept(store, ...edits.map((text) => ann.bundle({ tells: { what: 'edit', target: idOf(second), text } })))
      }
      kept(store, first, second)
      expect(textsOf(store.last(GENERAL, 5))).toEqual(['first', 'edit 9999'])
    })
  })
}

function tellsOf(what: string, emoji: string, target: Uint8Array, i: number): Told {
  if (what === 'said' || what === 'gone') return message(what === 'gone' ? null : `word ${i}`)
  if (what === 'edit') return { what, target, text: `word ${i}` }
  return what === 'delete' ? { what, target } : { what: 'reaction', target, emoji, on: what === 'on' }
}
