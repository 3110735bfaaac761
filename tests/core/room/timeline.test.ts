import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Amendment,
  type Change,
  comparePlaces,
  EMOJI_PER_PERSON_MAX,
  isEmoji,
  type Said,
  shown,
} from '../../../src/core/room/timeline.ts'

const [ROOM, OTHER_ROOM] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
const person = (seed: number): Uint8Array => new Uint8Array(32).fill(seed)
const [ANN, BOB] = [person(10), person(20)]
const SAID: Said = { room: ROOM, author: ANN, text: 'hello' }

let ids = 0
function amendment(author: Uint8Array, change: Change, place: Partial<Amendment> = {}): Amendment {
  const id = new Uint8Array(32)
  id[0] = ++ids
  return { id, room: ROOM, author, number: 1, time: { ms: 1, counter: 0 }, change, ...place }
}
const edit = (text: string, ms: number, author = ANN, more: Partial<Amendment> = {}): Amendment =>
  amendment(author, { what: 'edit', text }, { time: { ms, counter: 0 }, ...more })
const react = (emoji: string, on: boolean, ms: number, author = BOB): Amendment =>
  amendment(author, { what: 'reaction', emoji, on }, { time: { ms, counter: 0 } })
const deletion = (author = ANN): Amendment => amendment(author, { what: 'delete' })

describe('what is shown of a message', () => {
  test('is what was said, while nothing is said about it', () => {
    expect(shown(SAID, [])).toEqual({ state: 'whole', text: 'hello', reactions: [] })
    expect(shown({ ...SAID, text: null }, [])).toEqual({ state: 'gone', text: '', reactions: [] })
    expect(shown({ ...SAID, text: '' }, []).state).toBe('whole')
  })

  test('is its author’s last edit, by time, then number, whichever came first', () => {
    const edits = [edit('a', 5), edit('b', 9), edit('c', 7), edit('d', 9, ANN, { number: 2 }), edit('e', 9)]
    expect(shown(SAID, edits)).toEqual({ state: 'edited', text: 'd', reactions: [] })
    expect(shown({ ...SAID, text: null }, [edit('known again', 1)])).toMatchObject({ text: 'known again' })
    const counted = [edit('late', 3, ANN, { time: { ms: 3, counter: 1 } }), edit('early', 3, ANN, { number: 9 })]
    expect(shown(SAID, counted).text).toBe('late')
  })

  test('is not for others to change, nor from another room', () => {
    const foreign = [edit('x', 9, BOB), deletion(BOB), edit('x', 9, ANN, { room: OTHER_ROOM })]
    const elsewhere = amendment(BOB, { what: 'reaction', emoji: '👍', on: true }, { room: OTHER_ROOM })
    expect(shown(SAID, [...foreign, elsewhere])).toEqual(shown(SAID, []))
  })

  test('is nothing once it is deleted, whatever is said before and after', () => {
    const all = [react('👍', true, 1), deletion(), edit('again', 99)]
    expect(shown(SAID, all)).toEqual({ state: 'deleted', text: '', reactions: [] })
  })

  test('has everybody’s last choice of each emoji, the most chosen first', () => {
    const all = [
      react('👍', true, 3),
      react('👍', false, 2),
      react('❤️', true, 1),
      react('❤️', true, 1, ANN),
      react('🎉', false, 5),
      react('🎉', true, 4),
    ]
    expect(shown(SAID, all).reactions).toEqual([
      { emoji: '❤️', authors: [ANN, BOB] },
      { emoji: '👍', authors: [BOB] },
    ])
  })

  test('has of one person the newest sixteen emoji, those taken back counted in', () => {
    const many = Array.from({ length: EMOJI_PER_PERSON_MAX + 3 }, (_, i) => String.fromCodePoint(0x1f600 + i))
    const all = many.map((emoji, ms) => react(emoji, true, ms))
    const emoji = (list: Amendment[]) =>
      shown(SAID, list)
        .reactions.map((reaction) => reaction.emoji)
        .toSorted()
    expect(emoji(all)).toEqual(many.slice(3).toSorted())
    expect(emoji([...all, react(many[4]!, false, 50)])).toEqual([...many.slice(3, 4), ...many.slice(5)].toSorted())
    expect(emoji([...all, react(many[0]!, true, 50)])).toEqual([...many.slice(0, 1), ...many.slice(4)].toSorted())
  })

  test('is the same in whatever order it is heard, and however often', () => {
    const author = fc.constantFrom(ANN, BOB, person(30))
    const change: fc.Arbitrary<Change> = fc.oneof(
      { weight: 3, arbitrary: fc.record({ what: fc.constant('edit' as const), text: fc.string() }) },
      { weight: 1, arbitrary: fc.constant({ what: 'delete' as const }) },
      {
        weight: 9,
        arbitrary: fc.record({
          what: fc.constant('reaction' as const),
          emoji: fc.constantFrom('👍', '❤️', '🎉'),
          on: fc.boolean(),
        }),
      },
    )
    const any = fc
      .record({ author, change, ms: fc.nat(3), number: fc.nat(3) })
      .map(({ author: by, change: what, ms, number }) => amendment(by, what, { number, time: { ms, counter: 0 } }))
    const heard = fc.array(any, { maxLength: 12 }).chain((list) =>
      fc.record({
        list: fc.constant(list),
        again: fc.shuffledSubarray([...list, ...list], { minLength: list.length }),
      }),
    )
    fc.assert(
      fc.property(heard, ({ list, again }) => {
        const all = [...again, ...list.filter((each) => !again.includes(each))]
        expect(shown(SAID, all)).toEqual(shown(SAID, list))
      }),
    )
  })
})

test('the room’s order is time, counter, author, number, then id: a total one', () => {
  const base = { time: { ms: 5, counter: 5 }, author: BOB, number: 5, id: person(5) }
  const later = [
    { ...base, id: person(6) },
    { ...base, number: 6, id: person(1) },
    { ...base, author: person(21), number: 1 },
    { ...base, time: { ms: 5, counter: 6 }, author: ANN },
    { ...base, time: { ms: 6, counter: 0 } },
  ]
  let before = base
  for (const next of later) {
    expect(comparePlaces(before, next)).toBeLessThan(0)
    expect(comparePlaces(next, before)).toBeGreaterThan(0)
    before = next
  }
  expect(comparePlaces(base, { ...base })).toBe(0)
})

test('an emoji has 1 to 32 bytes', () => {
  for (const emoji of ['👍', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', ':+1:']) {
    expect(isEmoji(emoji)).toBe(true)
  }
  for (const emoji of ['', 'x'.repeat(33)]) expect(isEmoji(emoji)).toBe(false)
})
