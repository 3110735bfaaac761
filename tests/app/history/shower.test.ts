import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { AppEvent } from '../../../src/app/events.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { EventKind, openRoomId } from '../../../src/wire/event.ts'
import { encodeRelayed } from '../../../src/wire/relayed.ts'
import { WALL_START_MS } from '../../sim/time.ts'
import { KeptRoom, memoryStore } from './kept-room.ts'
import { asFork, type Given, hexOf, Writer } from './written.ts'

const GENERAL = openRoomId('general')

/** What somebody knows who follows the events: texts and reactions of the messages that are there. */
function followed(events: readonly AppEvent[]): Record<string, { text: string; reactions: string[] }> {
  const known = new Map<string, { text: string; reactions: Set<string> }>()
  for (const event of events) {
    if (event.event === 'message') known.set(event.id, { text: event.text, reactions: new Set() })
    const message = 'id' in event ? known.get(event.id) : undefined
    if (message === undefined) continue
    if (event.event === 'edit') message.text = event.text
    if (event.event === 'delete') known.delete(event.id)
    if (event.event === 'reaction') {
      const which = `${event.from.id} ${event.emoji}`
      if (event.on) message.reactions.add(which)
      else message.reactions.delete(which)
    }
  }
  return Object.fromEntries(
    [...known].map(([id, { text, reactions }]) => [id, { text, reactions: [...reactions].sort() }]),
  )
}

/** The same, as the store has it. */
function stored(room: KeptRoom): ReturnType<typeof followed> {
  const { messages } = room.side
  const listed = messages.history('general', 1_000, null)
  if (!listed.ok) throw new Error(listed.message)
  return Object.fromEntries(
    listed.messages
      .filter(({ state }) => state !== 'deleted')
      .map(({ id, text, reactions }) => [
        id,
        { text, reactions: reactions.flatMap(({ emoji, by }) => by.map((person) => `${person.id} ${emoji}`)).sort() },
      ]),
  )
}

describe('words of one author', () => {
  test('are told in turn, also where the end of a catching up and live talk fall into one commit', () => {
    const room = new KeptRoom()
    const bob = new Writer(2)
    const late = ['one', 'two', 'three'].map((text) => bob.text(text, { backlog: true }))
    room.hear(...late, bob.text('four'), bob.text('five'))
    room.settle()
    room.hear(bob.text('six'))
    const texts = room.events.flatMap((event) => (event.event === 'message' ? [event.text] : []))
    // The last one waits for nothing.
    expect(texts).toEqual(['one', 'two', 'three', 'four', 'five', 'six'])
  })
})

describe('what is done with a message is told', () => {
  test('to whoever heard it, with the room, the message and who did it', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const said = bob.text('helo', { name: 'Bob' })
    room.hear(said, bob.edit(said.id, 'hello'), carol.react(said.id, '👍', true), bob.remove(said.id))
    room.settle()
    const about = { room: 'general', id: hexOf(said), self: false }
    // All of it came within one commit: what counts by then is told, and no more.
    expect(room.events).toMatchObject([
      { event: 'message', text: 'helo' },
      { event: 'delete', ...about },
    ])
  })

  test('one after the other', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const said = bob.text('helo', { name: 'Bob' })
    for (const given of [
      ...[said, bob.edit(said.id, 'hello'), carol.react(said.id, '👍', true)],
      ...[carol.react(said.id, '👍', false), bob.remove(said.id)],
    ]) {
      room.hear(given)
      room.settle()
    }
    const about = { room: 'general', id: hexOf(said), self: false }
    expect(room.events.slice(1)).toMatchObject([
      { event: 'edit', ...about, text: 'hello', from: { name: 'Bob' } },
      { event: 'reaction', ...about, emoji: '👍', on: true },
      { event: 'reaction', ...about, emoji: '👍', on: false },
      { event: 'delete', ...about },
    ])
  })

  test('not where somebody else tries, or in another room', () => {
    const room = new KeptRoom()
    const [bob, carol, elsewhere] = [new Writer(2), new Writer(3), new Writer(2, 'dev')]
    room.side.joining('dev')
    const said = bob.text('hello')
    room.hear(said)
    room.hear(carol.edit(said.id, 'mine'), carol.remove(said.id))
    room.hear(elsewhere.edit(said.id, 'other'), elsewhere.remove(said.id), elsewhere.react(said.id, '👍', true))
    room.settle()
    expect(room.events.map(({ event }) => event)).toEqual(['message'])
    expect(stored(room)[hexOf(said)]?.text).toBe('hello')
  })

  test('not where a later edit counts', () => {
    const room = new KeptRoom()
    const bob = new Writer(2)
    const said = bob.text('one')
    const [early, late] = [bob.edit(said.id, 'two'), bob.edit(said.id, 'three')]
    for (const given of [said, late, early]) {
      room.hear(given)
      room.settle()
    }
    expect(room.events.map((event) => ('text' in event ? event.text : ''))).toEqual(['one', 'three'])
  })
})

describe('an author’s two histories', () => {
  test('are told and shown like any words, with a mark from where they part; what is done with them finds them', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    room.hear(bob.text('begin'))
    const twin = bob.fork()
    const [ours, theirs] = [bob.text('ours'), twin.text('theirs')]
    room.hear(ours)
    room.settle()
    room.hear(asFork(theirs, 2), carol.react(theirs.id, '👍', true), asFork(twin.edit(theirs.id, 'theirs, edited'), 2))
    room.settle()
    const told = room.events.flatMap((event) =>
      event.event === 'message' ? [[event.text, event.forked ?? false]] : [],
    )
    expect(told).toEqual([
      ['begin', false],
      ['ours', false],
      ['theirs, edited', true],
    ])
    expect(followed(room.events)).toEqual(stored(room))
    const listed = room.side.messages.history('general', 9, null)
    expect(listed.ok && listed.messages.map(({ forked }) => forked ?? false)).toEqual([false, true, true])
    room.hear(asFork(twin.remove(theirs.id), 2))
    room.settle()
    expect(room.events.at(-1)).toMatchObject({ event: 'delete', id: hexOf(theirs) })
    expect(
      room.side.messages.search({ words: 'theirs', from: null, room: null, before: null, limit: 9 }),
    ).toMatchObject({
      hits: [],
    })
  })
})

describe('what comes late', () => {
  test('is told as it stands, after what was done with it came first', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const said = bob.text('helo')
    room.hear(bob.edit(said.id, 'hello'), carol.react(said.id, '👍', true))
    room.settle()
    expect(room.events).toEqual([])
    room.hear(said)
    room.settle()
    expect(room.events).toMatchObject([
      { event: 'message', text: 'hello', edited: true },
      { event: 'reaction', emoji: '👍', on: true },
    ])
  })

  test('is never heard where it was taken back', () => {
    for (const backlog of [true, false]) {
      const room = new KeptRoom()
      const bob = new Writer(2)
      const said = bob.text('secret', { backlog })
      room.hear(bob.remove(said.id))
      room.settle()
      room.hear(said)
      room.settle()
      expect(room.events).toEqual([])
    }
  })

  test('is told before what was done with it, also where that came first and all of it falls into one commit', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const said = bob.text('helo', { backlog: true })
    room.hear(bob.edit(said.id, 'hello'), carol.react(said.id, '!', true), said, carol.react(said.id, '👍', true))
    room.settle()
    expect(room.events).toMatchObject([
      { event: 'message', text: 'hello', edited: true },
      { event: 'reaction', emoji: '!', on: true },
      { event: 'reaction', emoji: '👍', on: true },
    ])
  })

  test('is told with what was done with it, and what is done again later is told again', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const said = bob.text('helo', { backlog: true })
    room.hear(bob.edit(said.id, 'hello'), carol.react(said.id, '👍', true))
    room.settle()
    room.hear(said)
    room.settle()
    const before = room.events.length
    for (const given of [
      ...[carol.react(said.id, '👍', false), carol.react(said.id, '👍', true)],
      ...[bob.edit(said.id, 'hello!'), bob.edit(said.id, 'hello')],
    ]) {
      room.hear(given)
      room.settle()
    }
    expect(room.events.slice(before)).toMatchObject([
      { event: 'reaction', emoji: '👍', on: false },
      { event: 'reaction', emoji: '👍', on: true },
      { event: 'edit', text: 'hello!' },
      { event: 'edit', text: 'hello' },
    ])
  })

  test('by catching up is told once with what was done with it', () => {
    const room = new KeptRoom()
    const bob = new Writer(2)
    const said = bob.text('helo', { backlog: true })
    room.hear(said, bob.edit(said.id, 'hello', { backlog: true }), bob.react(said.id, '!', true, { backlog: true }))
    room.settle()
    expect(room.events.map((event) => event.event)).toEqual(['message', 'reaction'])
    expect(room.events[0]).toMatchObject({ text: 'hello', edited: true, backlog: true })
  })
})

describe('words that two have passed on from another network', () => {
  const passedOn = (who: number, backlog: boolean, afterMs = 0): Given => {
    const common = { dialect: 'tracker', kind: EventKind.text, name: 'tom', text: 'hi' } as const
    const body = encodeRelayed({ ...common, origin: new Uint8Array(16).fill(7) })!
    return new Writer(who).give(EventKind.relayed, body, { backlog, ms: WALL_START_MS + afterMs })
  }
  const BOOLEANS = [false, true]
  const ways = BOOLEANS.flatMap((firstIsLate) =>
    BOOLEANS.flatMap((secondIsLate) =>
      BOOLEANS.flatMap((isToldOtherwise) =>
        BOOLEANS.flatMap((isBetween) =>
          [-8, 8].map((afterMs) => ({ firstIsLate, secondIsLate, isToldOtherwise, isBetween, afterMs })),
        ),
      ),
    ),
  )

  test.each(ways)('are told once, in whatever order they are kept and told: %j', (way) => {
    const room = new KeptRoom()
    const [bob, carol] = [passedOn(2, way.firstIsLate), passedOn(3, way.secondIsLate, way.afterMs)]
    // What is caught up on by others is told in turn, and so after what was kept later.
    const late = new Writer(4).text('late', { backlog: true })
    room.keep(bob)
    room.keep(carol)
    room.hear(late)
    const [first, second] = way.isToldOtherwise ? [carol, bob] : [bob, carol]
    room.tell(first)
    if (way.isBetween) room.settle()
    room.tell(second)
    room.settle()
    const told = room.events.flatMap((event) => (event.event === 'message' ? [event] : []))
    expect(told.map(({ text }) => text).sort()).toEqual(['hi', 'late'])
    expect(followed(room.events)).toEqual(stored(room))
  })

  test('are not told again where they came before we started', () => {
    const store = memoryStore()
    const before = new KeptRoom(store)
    before.hear(passedOn(2, false))
    before.settle()
    const room = new KeptRoom(store)
    room.hear(passedOn(3, true, 8))
    room.settle()
    expect(room.events).toEqual([])
  })
})

describe('replies', () => {
  test('carry what they answer, as far as it is known', () => {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const said = bob.text('coming?', { name: 'Bob' })
    room.hear(said, carol.reply(said.id, 'yes'))
    const unknown = new Uint8Array(32).fill(9)
    room.hear(carol.reply(unknown, 'what?'))
    room.settle()
    expect(room.events.slice(1)).toMatchObject([
      { event: 'message', text: 'yes', answers: { id: hexOf(said), text: 'coming?' } },
      { event: 'message', text: 'what?', answers: { id: toHex(unknown) } },
    ])
    expect(room.events[2]).not.toHaveProperty('answers.from')
  })

  test('do not bring back what was taken back', () => {
    const room = new KeptRoom()
    const bob = new Writer(2)
    const said = bob.text('secret')
    room.hear(said, bob.remove(said.id))
    room.settle()
    room.hear(new Writer(3).reply(said.id, 'pardon?'))
    expect(room.events.at(-1)).not.toHaveProperty('answers.text')
  })
})

describe('whatever order things come in', () => {
  interface Plan {
    readonly messages: number
    readonly acts: readonly { who: number; on: number; what: number }[]
    readonly order: readonly number[]
    readonly backlog: readonly boolean[]
    readonly pauses: readonly boolean[]
  }
  const plans: fc.Arbitrary<Plan> = fc.record({
    messages: fc.integer({ min: 1, max: 3 }),
    acts: fc.array(fc.record({ who: fc.nat(2), on: fc.nat(2), what: fc.nat(4) }), { maxLength: 10 }),
    order: fc.array(fc.nat(1_000), { minLength: 13, maxLength: 13 }),
    backlog: fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }),
    pauses: fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }),
  })

  /** Each event in a feed of its own: then nothing keeps it from coming first. */
  function write({ messages, acts, backlog }: Plan): Given[] {
    let at = 0
    const told = () => ({ backlog: backlog[at]!, ms: 1_750_000_000_000 + at++ })
    const from = (who: number) => new Writer(2 + who, 'general', false, 100 + at)
    const said = Array.from({ length: messages }, (_, i) => from(i).text(`text ${i}`, told()))
    const done = acts.map(({ who, on, what }) => {
      const { id } = said[on % messages]!
      if (what === 0) return from(who).remove(id, told())
      if (what === 1) return from(who).react(id, '!', true, told())
      return what === 2 ? from(who).react(id, '!', false, told()) : from(who).edit(id, `edit ${at}`, told())
    })
    return [...said, ...done]
  }

  /** Somebody reacts, not any more, and again, beside the message as it came late. */
  const reactedAgain: Plan = {
    messages: 1,
    acts: [0, 2, 2, 0, 2].map((who, i) => ({ who, on: 0, what: i === 2 ? 2 : 1 })),
    order: [107, 0, 0, 107, 0, 107, 0, 0, 0, 0, 0, 0, 0],
    backlog: Array.from({ length: 13 }, () => false),
    pauses: Array.from({ length: 13 }, (_, i) => i === 3 || i === 4),
  }

  test('who follows the events knows in the end what the store has, and it is the same for all', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const given = write(plan)
        const shuffled = given
          .map((each, i) => ({ each, key: plan.order[i]! }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each)
        const straight = new KeptRoom()
        straight.hear(...given)
        straight.settle()
        const room = new KeptRoom()
        shuffled.forEach((each, i) => {
          room.hear(each)
          if (plan.pauses[i]!) room.settle()
        })
        room.settle()
        expect(followed(room.events)).toEqual(stored(room))
        expect(stored(room)).toEqual(stored(straight))
        expect(room.history.read.last(GENERAL, 10).length).toBe(plan.messages)
      }),
      { numRuns: 150, examples: [[reactedAgain]] },
    )
  })
})
