import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fitsInOneRun } from '../../../src/core/history/reconcile-opener.ts'
import { WORDS_PER_CELL } from '../../../src/wire/reconcile-frames.ts'
import { GAPS_MAX, type Holding } from '../../../src/wire/reconcile-holding.ts'
import { converse, End, onTheWire, type Room } from '../../bench/history/link.ts'
import { bytesOf, CELLAR, expected, feedOf, LOBBY, pair, roomOf, SALT, told, upTo } from './reconcile-made.ts'

const FORTY = Array.from({ length: 40 }, (_, i) => i + 2)
/** Of those given, every feed is one event further. */
const further = (nexts: readonly number[], which: (at: number) => boolean): number[] =>
  nexts.map((next, at) => (which(at) ? next + 1 : next))

function agree(ours: readonly Room[], theirs: readonly Room[]) {
  const [a, b] = pair(ours, theirs)
  const traffic = converse(a, b)
  expect(told(a)).toEqual(expected(ours, theirs))
  expect(told(b)).toEqual(expected(theirs, ours))
  for (const end of [a, b]) expect([end.machine.isOpen, end.machine.isAnswering]).toEqual([false, false])
  return { a, b, ...traffic }
}

describe('two that link up', () => {
  test('and hold the same are done in one round trip of less than 100 bytes', () => {
    const { bytes, kinds, a, b } = agree([roomOf(LOBBY, FORTY)], [roomOf(LOBBY, FORTY)])
    expect(kinds).toEqual(['open', 'differ'])
    expect(bytes).toBeLessThan(100)
    for (const { findings } of [a, b]) expect(findings.shared.map(({ id }) => id)).toEqual([LOBBY])
  })

  test('find the one feed in which one of them is an event ahead with what they open with', () => {
    const { bytes, kinds } = agree(
      [roomOf(LOBBY, FORTY)],
      [
        roomOf(
          LOBBY,
          further(FORTY, (at) => at === 17),
        ),
      ],
    )
    expect(kinds).toEqual(['open', 'differ', 'answer'])
    expect(bytes).toBeLessThan(100)
  })

  test('need a second round trip for ten feeds', () => {
    const { kinds } = agree(
      [roomOf(LOBBY, FORTY)],
      [
        roomOf(
          LOBBY,
          further(FORTY, (at) => at % 4 === 0),
        ),
      ],
    )
    expect(kinds).toEqual(['open', 'more', 'cells', 'differ', 'answer'])
  })

  test('list everything where everything differs', () => {
    const { kinds } = agree(
      [roomOf(LOBBY, FORTY)],
      [
        roomOf(
          LOBBY,
          further(FORTY, () => true),
        ),
      ],
    )
    expect(kinds).toEqual(['open', 'more', 'list', 'differ', 'answer'])
  })

  test('hear the names of what only the other holds', () => {
    const ours = FORTY.with(3, 0)
    const theirs = FORTY.with(9, 0)
    const { a, b } = agree([roomOf(LOBBY, ours)], [roomOf(LOBBY, theirs)])
    expect(a.findings.named.map(({ author }) => author)).toEqual([bytesOf(4)])
    expect(b.findings.named.map(({ author }) => author)).toEqual([bytesOf(10)])
  })

  test.each([
    ['opens', [], FORTY],
    ['answers', FORTY, []],
  ])('when a newcomer %s it is named everything at once', (_, ours, theirs) => {
    const { kinds } = agree([roomOf(LOBBY, ours)], [roomOf(LOBBY, theirs)])
    expect(kinds).toEqual(['open', 'differ', 'answer'])
  })

  test('and hold nothing of a room agree that they share it', () => {
    const { a, kinds } = agree([roomOf(LOBBY, [])], [roomOf(LOBBY, [])])
    expect(kinds).toEqual(['open', 'differ'])
    expect(a.findings.shared).toHaveLength(1)
  })

  test('speak only of the rooms both are in', () => {
    const attic = bytesOf(77)
    const ours = [roomOf(attic, FORTY), roomOf(LOBBY, FORTY), roomOf(CELLAR, [5, 6])]
    const theirs = [
      roomOf(CELLAR, [5, 7]),
      roomOf(
        LOBBY,
        further(FORTY, (at) => at % 3 === 0),
      ),
    ]
    const { a, b } = agree(ours, theirs)
    for (const { findings } of [a, b]) expect(findings.shared.map(({ id }) => id)).toEqual([LOBBY, CELLAR])
    expect(b.findings.named).toEqual([])
  })

  test('know nothing of each other when they share no room', () => {
    const { a, b, kinds } = agree([roomOf(LOBBY, FORTY)], [roomOf(CELLAR, FORTY)])
    expect(kinds).toEqual(['open', 'differ'])
    for (const { findings } of [a, b]) expect(findings.shared).toEqual([])
  })

  test('can both open at once', () => {
    const ours = [roomOf(LOBBY, FORTY)]
    const theirs = [
      roomOf(
        LOBBY,
        further(FORTY, (at) => at === 5),
      ),
    ]
    const [a, b] = pair(ours, theirs)
    b.machine.open(theirs)
    converse(a, b)
    expect(told(a)).toEqual(expected(ours, theirs))
    expect(told(b)).toEqual(expected(theirs, ours))
    expect(a.findings.shared).toHaveLength(2)
  })

  test('can do so again when one has joined another room', () => {
    const [a, b] = pair([roomOf(LOBBY, FORTY)], [roomOf(LOBBY, FORTY)])
    converse(a, b)
    converse(b, a)
    expect(a.findings.shared).toHaveLength(2)
  })
})

test('the peer may open again as soon as it has heard the end', () => {
  const [a, b] = pair([roomOf(LOBBY, FORTY)], [roomOf(LOBBY, FORTY)])
  for (let run = 0; run < 2; run++) {
    a.machine.open(a.rooms)
    const [open] = [...a.frames()]
    expect(b.hear(open!)).toBeNull()
    // The one frame that ends it is taken, and it is not asked whether there are more.
    expect(a.hear(b.machine.nextFrame()!)).toBeNull()
    expect([...a.frames()]).toEqual([])
  }
})

describe('a feed', () => {
  const around = (holding: Holding, history = 0): Room[] => [
    { id: LOBBY, feeds: [...roomOf(LOBBY, FORTY).feeds, feedOf(LOBBY, 900, holding, history)] },
  ]

  test('whose beginning one has let go of is no difference', () => {
    const { kinds } = agree(around(upTo(500)), around(upTo(500, [], 400)))
    expect(kinds).toEqual(['open', 'differ'])
  })

  test('of which a relay holds less and not further back is told with where it begins', () => {
    const { b } = agree(around(upTo(600, [], 550)), around(upTo(500)))
    expect(b.findings.differs.map(({ theirs }) => theirs)).toEqual([upTo(600), upTo(600, [], 550)])
  })

  test('with holes is told with them, whoever has them', () => {
    const holes = [
      { from: 3, to: 5 },
      { from: 40, to: 41 },
    ]
    agree(around(upTo(50)), around(upTo(50, holes)))
    agree(around(upTo(50, holes)), around(upTo(50)))
    agree(around(upTo(50, holes)), around(upTo(50, holes.slice(1))))
    agree(around(upTo(50, holes)), around(upTo(50, holes)))
  })

  test('with more holes than fit is told with fewer and larger ones', () => {
    const gaps = Array.from({ length: GAPS_MAX * 2 }, (_, i) => ({ from: 2 * i + 2, to: 2 * i + 3 }))
    const [a, b] = pair(around(upTo(9_999)), around(upTo(9_999, gaps)))
    converse(a, b)
    expect(a.findings.differs[0]!.theirs.gaps).toHaveLength(GAPS_MAX)
  })

  test('held as far by both with another history shows as different and equally far', () => {
    const { a, b } = agree(around(upTo(50), 1), around(upTo(50), 2))
    for (const { findings } of [a, b]) expect(findings.differs.map(({ theirs }) => theirs)).toEqual([upTo(50)])
  })

  test('that is a million events apart is told right in the end', () => {
    agree(around(upTo(5)), around(upTo(3_000_000)))
    agree(around(upTo(3_000_000)), around(upTo(5)))
    agree(around(upTo(2 ** 20 + 3)), around(upTo(2 ** 20 - 3)))
    agree(around(upTo(2 ** 48)), around(upTo(2 ** 48 - 1)))
  })

  test('of which nothing has ever been held is as good as unknown', () => {
    const { kinds } = agree(around(upTo(1)), [roomOf(LOBBY, FORTY)])
    expect(kinds).toEqual(['open', 'differ'])
  })
})

describe('for any two sets of rooms', () => {
  const gapLists = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 })), {
    maxLength: 3,
  })
  const holdings = fc.tuple(fc.nat(60), gapLists, fc.integer({ min: 1, max: 90 })).map(([start, pieces, more]) => {
    const gaps = []
    let end = 1 + start
    for (const [held, missing] of pieces) {
      gaps.push({ from: end + held, to: end + held + missing })
      end += held + missing
    }
    return upTo(end + more, gaps, 1 + start)
  })
  /** A feed as one side has it and as the other has it: mostly alike. */
  const feeds = fc.tuple(holdings, fc.option(holdings, { freq: 1, nil: null }), fc.nat(9))
  const rooms = fc.array(fc.tuple(fc.nat(5), fc.array(feeds, { maxLength: 60, size: 'max' })), {
    minLength: 1,
    maxLength: 4,
  })

  test('both ends know exactly their own feeds that differ, and how', () => {
    fc.assert(
      fc.property(rooms, fc.nat(), (made, seed) => {
        const sides: [Room[], Room[]] = [[], []]
        for (const [number, [inRoom, members]] of made.entries()) {
          const id = bytesOf(5_000 + number)
          for (const [side, list] of sides.entries()) {
            // One in six rooms each is only one side's.
            if (inRoom === side) continue
            const held = members.map(([own, other, who], at) => {
              const holding = side === 0 || other === null ? own : other
              return who === side ? null : feedOf(id, 10 + at, holding)
            })
            list.push({ id, feeds: held.filter((feed) => feed !== null) })
          }
        }
        const [ours, theirs] = sides
        const salt = bytesOf(seed)
        const [a, b] = [new End(salt, ours), new End(salt, theirs.toReversed())]
        converse(a, b)
        expect(told(a)).toEqual(expected(ours, theirs))
        expect(told(b)).toEqual(expected(theirs, ours))
        expect([a.machine.isOpen, b.machine.isAnswering]).toEqual([false, false])
      }),
      { numRuns: 100 },
    )
  })
})

describe('one run', () => {
  test.each([
    ['has room for 256 rooms', new Array<Room>(256).fill(roomOf(LOBBY, [])), true],
    ['is too small for 257 rooms', new Array<Room>(257).fill(roomOf(LOBBY, [])), false],
    ['is too small for 65,537 feeds', [{ id: LOBBY, feeds: new Array(65_537).fill(feedOf(LOBBY, 1, upTo(2))) }], false],
  ])('%s', (_, rooms, fits) => {
    expect(fitsInOneRun(rooms)).toBe(fits)
    const { machine } = new End(SALT, [])
    if (fits) machine.open(rooms)
    else expect(() => machine.open(rooms)).toThrow(RangeError)
    expect(machine.isOpen).toBe(fits)
  })

  test('of our own goes on at a time', () => {
    const { machine } = new End(SALT, [])
    machine.open([])
    expect(() => machine.open([])).toThrow()
  })
})

describe('what a salt does', () => {
  test('another one makes other tags and cells of the same feeds', () => {
    const openings = [SALT, bytesOf(3)].map((salt) => {
      const end = new End(salt, [roomOf(LOBBY, FORTY)])
      end.machine.open(end.rooms)
      return onTheWire(end.machine.nextFrame()!)
    })
    const [one, other] = openings as [Uint8Array, Uint8Array]
    // Header, kind and two counts are alike; the tag and the cells are not, word by word.
    const words = (bytes: Uint8Array) =>
      Array.from({ length: WORDS_PER_CELL * 4 }, (_, i) =>
        bytes
          .slice(-4 * i - 4)
          .slice(0, 4)
          .toHex(),
      )
    expect(one.slice(0, 8)).toEqual(other.slice(0, 8))
    expect(words(one).filter((word, i) => word === words(other)[i])).toEqual([])
  })
})
