import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { CellRow } from '../../../src/core/history/reconcile-cells.ts'
import { ReconcileItems, ReconcileKey } from '../../../src/core/history/reconcile-items.ts'
import { FRAME_HEADER_BYTES, RECORD_BYTES_MAX } from '../../../src/wire/limits.ts'
import {
  CELLS_MAX,
  LIST_ENTRY_BYTES,
  type ListFrame,
  type NamedEntry,
  type OpenFrame,
  RECONCILE_FEEDS_MAX,
  type ReconcileFrame,
  type ReportFrame,
  RoomStatus,
  SURVEY_BYTES,
  WORDS_PER_CELL,
} from '../../../src/wire/reconcile-frames.ts'
import { End, onTheWire } from '../../bench/history/link.ts'
import { bytesOf, feedOf, LOBBY, roomOf, SALT, upTo } from './reconcile-made.ts'

const HUNDRED = Array.from({ length: 100 }, (_, i) => i + 2)
const KEY = new ReconcileKey(SALT)

/** An end that a liar talks to. */
class Honest extends End {
  readonly sent: ReconcileFrame[] = []
  sentBytes = 0

  constructor(nexts: readonly number[] = HUNDRED) {
    super(SALT, [roomOf(LOBBY, nexts)])
  }

  static opening(nexts?: readonly number[]): Honest {
    const honest = new Honest(nexts)
    honest.machine.open(honest.rooms)
    honest.flush()
    return honest
  }

  /** What it says of a frame, once it has sent all it had to. */
  override hear(frame: ReconcileFrame): string | null {
    return this.hearBytes(onTheWire(frame).slice(FRAME_HEADER_BYTES))
  }

  hearBytes(body: Uint8Array): string | null {
    const fault = this.machine.receive(new ByteReader(body))
    if (fault === null) this.flush()
    return fault
  }

  get last(): ReconcileFrame {
    return this.sent.at(-1)!
  }

  private flush(): void {
    for (const frame of this.frames()) {
      const { length } = onTheWire(frame)
      expect(length).toBeLessThan(RECORD_BYTES_MAX)
      this.sent.push(frame)
      this.sentBytes += length
    }
  }
}

function opening(feeds: number, cells: Uint32Array = new Uint32Array(WORDS_PER_CELL).fill(5)): OpenFrame {
  return {
    kind: 'open',
    cellsEach: cells.length / WORDS_PER_CELL,
    rooms: [{ tag: KEY.tagOf(LOBBY), feeds, cells }],
  }
}

const rng = seededRng(8)
const randomCells = (count: number): ReconcileFrame => ({
  kind: 'cells',
  cells: Uint32Array.from({ length: count * WORDS_PER_CELL }, () => rng.u32()),
})
const report = (kind: 'differ' | 'answer', what: Partial<ReportFrame>): ReportFrame => ({
  kind,
  last: true,
  statuses: kind === 'differ' ? Uint8Array.of(RoomStatus.differs) : null,
  held: [],
  named: [],
  ...what,
})
const list = (references: readonly number[], last = true): ListFrame => ({
  kind: 'list',
  last,
  references,
  words: references.map(() => 77),
})
const first = (survey = new Uint8Array(SURVEY_BYTES).fill(0xff), statuses = Uint8Array.of(RoomStatus.differs)) =>
  ({ kind: 'more', list: false, first: { statuses, feeds: 100, survey } }) as const
const again = { kind: 'more', list: false, first: null } as const
const stranger = (author: number): NamedEntry => {
  const { author: key, epoch, holding } = feedOf(LOBBY, author, upTo(9))
  return { room: 0, author: key, epoch, holding }
}
const referenceOf = (author: number): number => KEY.referenceOf(feedOf(LOBBY, author, upTo(9)).id)

describe('a liar who opens', () => {
  test('with cells that never decode gets a list asked for in the end, and not more', () => {
    const honest = new Honest()
    expect(honest.hear(opening(100))).toBeNull()
    let batches = 0
    while (honest.last.kind === 'more' && !honest.last.list) {
      expect(honest.hear(randomCells(20))).toBeNull()
      batches++
    }
    expect(batches).toBeLessThan(10)
    expect(honest.hear(randomCells(20))).not.toBeNull()
  })

  test('with more cells than there may be is refused', () => {
    const honest = new Honest()
    honest.hear(opening(100))
    expect(honest.hear(randomCells(CELLS_MAX))).not.toBeNull()
  })

  test('with cells of thousands of feeds that do not exist is asked for their names, and the run ends without', () => {
    const invented = new ReconcileItems([roomOf(LOBBY, [...HUNDRED, ...new Array<number>(2_000).fill(3)])], KEY)
    const cells = new Uint32Array(CELLS_MAX * WORDS_PER_CELL)
    new CellRow(invented).write(invented.spans[0]!, cells, CELLS_MAX)
    const honest = new Honest()
    honest.hear(opening(2_100, cells.slice(0, WORDS_PER_CELL)))
    expect(honest.hear({ kind: 'cells', cells: cells.slice(WORDS_PER_CELL) })).toBeNull()
    expect(honest.last).toMatchObject({ kind: 'differ', last: true })
    expect(honest.sentBytes).toBeLessThan(2_000 * 6 + 200)
    expect(honest.hear(report('answer', {}))).toBeNull()
    expect(honest.findings.named).toEqual([])
    expect(honest.machine.isAnswering).toBe(false)
  })

  test('and names what it was not asked for is refused', () => {
    const honest = new Honest()
    honest.hear(opening(100))
    honest.hear(list([referenceOf(500)]))
    expect(honest.hear(report('answer', { named: [stranger(500)], last: false }))).toBeNull()
    expect(honest.findings.named).toHaveLength(1)
    expect(honest.hear(report('answer', { named: [stranger(500)], last: false }))).not.toBeNull()
  })

  test.each([
    ['of a room that is not shared', { ...stranger(500), room: 1 }],
    ['that it did not show', stranger(501)],
  ])('and names a feed %s is refused', (_, entry) => {
    const honest = new Honest()
    honest.hear(opening(100))
    honest.hear(list([referenceOf(500)]))
    expect(honest.hear(report('answer', { named: [entry] }))).not.toBeNull()
    expect(honest.findings.named).toEqual([])
  })

  test('and names more to a newcomer than it said it had is refused', () => {
    const honest = new Honest([])
    honest.hear(opening(2))
    expect(honest.hear(report('answer', { named: [stranger(1), stranger(2)], last: false }))).toBeNull()
    expect(honest.hear(report('answer', { named: [stranger(3)] }))).not.toBeNull()
  })

  test('and tells of feeds that do not differ is refused', () => {
    const honest = new Honest()
    honest.hear(opening(100))
    const own = honest.rooms[0]!.feeds
    honest.hear(list(own.slice(1).map(({ id }) => KEY.referenceOf(id))))
    // The first was not listed, so it has been named in full and the liar is said to hold nothing of it.
    const held = [{ reference: KEY.referenceOf(own[0]!.id), holding: upTo(5) }]
    expect(honest.hear(report('answer', { held }))).not.toBeNull()
  })

  test.each([
    ['is longer than it said', [list(Array.from({ length: 101 }, (_, i) => i))]],
    ['has a feed twice', [list([4, 4])]],
    ['has a feed twice in two frames', [list([4], false), list([4])]],
    ['never ends', [list([4], false), list([], false)]],
  ])('with a list that %s is refused', (_, frames) => {
    const honest = new Honest()
    honest.hear(opening(100))
    const faults = frames.map((frame) => honest.hear(frame))
    expect(faults.at(-1)).not.toBeNull()
  })

  test('and says it has 65,536 feeds costs 13 bytes for each that it lists', () => {
    const honest = new Honest()
    honest.hear(opening(RECONCILE_FEEDS_MAX))
    for (let at = 0; at < RECONCILE_FEEDS_MAX; at += 4_096) {
      const references = Array.from({ length: 4_096 }, (_, i) => at + i)
      expect(honest.hear(list(references, at + 4_096 === RECONCILE_FEEDS_MAX))).toBeNull()
    }
    expect(honest.last).toMatchObject({ kind: 'differ', last: true })
    expect(honest.sentBytes).toBeLessThan(RECONCILE_FEEDS_MAX * 13)
  })

  test('the same room twice, and once more while that goes on, is heard once', () => {
    const honest = new Honest()
    const twice = { ...opening(100), rooms: [...opening(100).rooms, ...opening(100).rooms] }
    expect(honest.hear(twice)).toBeNull()
    expect(honest.last).toMatchObject({ first: { statuses: Uint8Array.of(RoomStatus.differs, RoomStatus.strange) } })
    expect(honest.hear(opening(100))).not.toBeNull()
  })

  test.each([
    ['cells', randomCells(3)],
    ['a list', list([1])],
    ['an answer', report('answer', {})],
  ])('with %s is refused', (_, frame) => expect(new Honest().hear(frame)).not.toBeNull())
})

describe('a liar who answers', () => {
  test('and is never satisfied gets no more than everything once', () => {
    const honest = Honest.opening()
    honest.hear(first(new Uint8Array(SURVEY_BYTES)))
    while (honest.last.kind === 'cells') expect(honest.hear(again)).toBeNull()
    expect(honest.last.kind).toBe('list')
    // Cells for as long as they are fewer bytes than the list, each time, and then the list.
    expect(honest.sentBytes).toBeLessThan(8 * HUNDRED.length * LIST_ENTRY_BYTES)
    expect(honest.hear(again)).not.toBeNull()
  })

  test('that everything differs gets no more than everything once', () => {
    const honest = Honest.opening()
    honest.hear(first())
    expect(honest.last.kind).toBe('list')
    expect(honest.hear(first())).not.toBeNull()
  })

  test.each([
    ['other rooms than it was asked about', first(undefined, Uint8Array.of(1, 1))],
    ['with cells', randomCells(2)],
    ['with a list', list([1])],
    ['for more before it said of which rooms', again],
    ['with a report that does not say of which rooms', report('differ', { statuses: null })],
    ['with a report of nothing that does not end', report('differ', { last: false })],
    ['about a feed that it was not shown', report('differ', { held: [{ reference: 5, holding: upTo(4) }] })],
    ['with a feed of a room that is not shared', report('differ', { named: [{ ...stranger(500), room: 9 }] })],
    ['with a feed of a room it is not in', report('differ', { named: [stranger(500)], statuses: Uint8Array.of(0) })],
  ])('%s is refused', (_, frame) => {
    const honest = Honest.opening()
    expect(honest.hear(frame)).not.toBeNull()
    expect(honest.findings.named).toEqual([])
  })

  test('and reports one feed twice is refused', () => {
    const honest = Honest.opening()
    const held = [{ reference: KEY.referenceOf(honest.rooms[0]!.feeds[7]!.id), holding: upTo(4) }]
    expect(honest.hear(report('differ', { held, last: false }))).toBeNull()
    expect(honest.hear(report('differ', { held, statuses: null }))).not.toBeNull()
    expect(honest.findings.differs).toHaveLength(1)
  })

  test('and names what was shown to it is not believed', () => {
    const honest = Honest.opening()
    const { author, epoch } = honest.rooms[0]!.feeds[7]!
    expect(honest.hear(report('differ', { named: [{ room: 0, author, epoch, holding: upTo(99) }] }))).toBeNull()
    expect(honest.findings).toMatchObject({ named: [], differs: [] })
  })

  test('and names feeds without end is refused at 65,536', () => {
    const honest = Honest.opening()
    const entry = stranger(500)
    let named = 0
    let fault: string | null = null
    for (; fault === null; named += 1_024) {
      const statuses = named === 0 ? Uint8Array.of(RoomStatus.differs) : null
      fault = honest.hear(report('differ', { statuses, named: new Array(1_024).fill(entry), last: false }))
    }
    expect(named).toBe(RECONCILE_FEEDS_MAX + 1_024)
  })

  test('when nothing was opened is refused', () => {
    expect(new Honest().hear(first())).not.toBeNull()
    expect(new Honest().hear(report('differ', {}))).not.toBeNull()
  })

  test('after the end is refused', () => {
    const honest = Honest.opening()
    expect(honest.hear(report('differ', {}))).toBeNull()
    expect(honest.machine.isOpen).toBe(false)
    expect(honest.hear(report('differ', {}))).not.toBeNull()
  })
})

describe('whatever comes', () => {
  const bodies = fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 150 }))
      .map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
    fc
      .constantFrom<ReconcileFrame>(
        opening(100),
        opening(3, new Uint32Array(4 * WORDS_PER_CELL).fill(1)),
        opening(0),
        first(),
        first(new Uint8Array(SURVEY_BYTES), Uint8Array.of(RoomStatus.empty)),
        again,
        { kind: 'more', list: true, first: null },
        randomCells(4),
        randomCells(200),
        list([1, 2, 3]),
        list([referenceOf(3), referenceOf(400)], false),
        report('differ', {}),
        report('differ', { statuses: null, named: [stranger(400)], last: false }),
        report('differ', { held: [{ reference: referenceOf(4), holding: upTo(1) }] }),
        report('answer', {}),
        report('answer', { named: [stranger(400)] }),
      )
      .map((frame) => onTheWire(frame).slice(FRAME_HEADER_BYTES)),
  )

  test('in whatever order, nothing is thrown and what is sent stays within bounds', () => {
    fc.assert(
      fc.property(fc.array(bodies, { maxLength: 40, size: 'max' }), (heard) => {
        const honest = Honest.opening()
        let runs = 1
        for (const body of heard) {
          const before = honest.machine.isAnswering
          if (honest.hearBytes(body) !== null) break
          if (!before) runs++
        }
        // A run sends at most some cells, everything as a list, and everything by name.
        expect(honest.sentBytes).toBeLessThan(runs * HUNDRED.length * (8 * LIST_ENTRY_BYTES + 50))
      }),
      { numRuns: 300 },
    )
  })
})

test('the reference of a feed is no secret of its id: another salt gives another', () => {
  const { id } = feedOf(LOBBY, 1, upTo(4))
  expect(new ReconcileKey(bytesOf(1)).referenceOf(id)).not.toBe(new ReconcileKey(bytesOf(2)).referenceOf(id))
})
