import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compareHlc, type HlcTime } from '../../../src/base/hlc.ts'
import { type Heard, MEMBERS_MAX, Members, PRESENCE_LASTS_MS } from '../../../src/core/room/members.ts'

const heard = (name: string, time: HlcTime, hops: number, heardAtMs: number): Heard => ({
  name,
  time,
  hops,
  heardAtMs,
  through: '',
})

const id = (key: string) => new TextEncoder().encode(key)
const at = (ms: number, counter = 0): HlcTime => ({ ms, counter })

/** One presence as it arrives: perhaps late, perhaps twice. */
const presences = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom('here', 'left', 'wait'),
    name: fc.constantFrom('Ann', 'Bob'),
    time: fc.record({ ms: fc.nat(30), counter: fc.nat(2) }),
  }),
  { maxLength: 60 },
)

describe('who is in a room', () => {
  test('only the newest word of each counts, in whatever order they come', () => {
    fc.assert(
      fc.property(presences, (list) => {
        const members = new Members()
        const newest = new Map<string, { time: HlcTime; here: boolean; name: string }>()
        for (const { key, state, name, time } of list) {
          if (state === 'wait') continue
          const known = newest.get(key)
          const news = known === undefined || compareHlc(time, known.time) > 0
          const change =
            state === 'here' ? members.here(id(key), key, heard(name, time, 1, 0)) : members.left(key, time)
          if (!news) expect(change).toBeNull()
          else if (state === 'left') expect(change?.kind).toBe(known?.here === true ? 'left' : undefined)
          else if (known?.here !== true) expect(change?.kind).toBe('joined')
          else expect(change?.kind).toBe(known.name === name ? undefined : 'renamed')
          if (news) newest.set(key, { time, here: state === 'here', name })
        }
        const expected = [...newest].filter(([, { here }]) => here).map(([key, { name }]) => `${key} ${name}`)
        expect([...members.list()].map(({ key, name }) => `${key} ${name}`).sort()).toEqual(expected.sort())
        expect(members.size).toBe(expected.length)
      }),
    )
  })

  test('who is not heard of for long enough has left, and a replay of an old word does not bring them back', () => {
    const members = new Members()
    members.here(id('a'), 'a', heard('Ann', at(5), 1, 1_000))
    members.here(id('b'), 'b', heard('Bob', at(5), 1, 2_000))
    expect(members.expire(1_000 + PRESENCE_LASTS_MS)).toEqual([])
    expect(members.expire(1_001 + PRESENCE_LASTS_MS).map((change) => change.member.key)).toEqual(['a'])
    expect(members.here(id('a'), 'a', heard('Ann', at(5), 1, 200_000))).toBeNull()
    expect(members.here(id('a'), 'a', heard('Ann', at(6), 1, 200_000))?.kind).toBe('joined')
  })

  test('a word of leaving that overtakes the word of coming is not undone by it', () => {
    const members = new Members()
    expect(members.left('a', at(9))).toBeNull()
    expect(members.here(id('a'), 'a', heard('Ann', at(8), 1, 0))).toBeNull()
    expect(members.here(id('a'), 'a', heard('Ann', at(10), 1, 0))?.kind).toBe('joined')
  })

  test('a rename tells the name before, and newer hops are kept', () => {
    const members = new Members()
    members.here(id('a'), 'a', heard('Ann', at(1), 3, 0))
    expect(members.here(id('a'), 'a', heard('Anna', at(2), 1, 0))).toMatchObject({ kind: 'renamed', was: 'Ann' })
    expect(members.get('a')).toMatchObject({ name: 'Anna', hops: 1 })
  })

  test('made-up identities fill it up to its bound and no further, there and among the departed', () => {
    const members = new Members()
    for (let i = 0; i < MEMBERS_MAX; i++)
      expect(members.here(id('x'), `${i}`, heard('x', at(1), 1, 0))?.kind).toBe('joined')
    expect(members.here(id('x'), 'one more', heard('x', at(1), 1, 0))).toBeNull()
    // Who is in is still heard.
    expect(members.here(id('x'), '7', heard('y', at(2), 1, 0))?.kind).toBe('renamed')
    for (let i = 0; i < 3 * MEMBERS_MAX; i++) members.left(`gone ${i}`, at(5))
    expect(members.size).toBe(MEMBERS_MAX)
    expect(members.left('7', at(3))?.kind).toBe('left')
    expect(members.here(id('x'), 'one more', heard('x', at(1), 1, 0))?.kind).toBe('joined')
  })

  test('the identity is kept, not a view of the record it came in', () => {
    const members = new Members()
    const record = new Uint8Array(1_000)
    members.here(record.subarray(10, 42), 'a', heard('Ann', at(1), 1, 0))
    expect(members.get('a')?.id.buffer.byteLength).toBe(32)
  })
})
