import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ACTIONS, type Action, keymapOf } from '../../../src/app/keymap.ts'
import type { MessageEntry } from '../../../src/ui/screen/model/entry.ts'
import type { Message } from '../../../src/ui/screen/model/model.ts'
import { frameOf } from '../../../src/ui/screen/views/frame.ts'
import { ALICE, BOB, CAROL, file, NOON, note, Stage, said } from './stage.ts'

/** Whatever happens, in whatever order, at whatever size: there is a screen, and the cursor is on it. */

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'hello',
    'see https://example.org/x',
    '漢字 '.repeat(30),
    '👨‍👩‍👧‍👦🇩🇪',
    'Bob',
    '/join ',
    '?',
    '\n\n',
    'word '.repeat(100),
  ),
)
const room = fc.constantFrom('general', 'dev', `@${BOB.id}`)
const at = fc.integer({ min: NOON - 1e9, max: NOON + 1e9 })
const order = fc.integer({ min: 0, max: 99 }).map((number) => String(number).padStart(2, '0'))
const entry: fc.Arbitrary<MessageEntry> = fc
  .record({
    from: fc.constantFrom(ALICE, BOB, { ...CAROL, name: '\u202e漢\x1b[2J' }),
    text,
    at,
    order,
    how: fc.constantFrom('text', 'action', 'notice'),
    state: fc.constantFrom('whole', 'edited', 'gone', 'deleted'),
    mentions: fc.boolean(),
    emoji: text,
  })
  .map(({ from, text, emoji, ...more }) => {
    const reactions = emoji === '' ? [] : [{ emoji, by: [{ id: BOB.id, name: 'Bob' }] }]
    const answers = more.mentions ? { which: '#id', name: null, text } : null
    return said(from, text, { ...more, id: `e${more.order}`, reactions, answers })
  })

const actions = Object.keys(ACTIONS) as Action[]
const chords = [...keymapOf().keys(), 'x-unknown']
const size = fc.record({ columns: fc.integer({ min: 1, max: 130 }), rows: fc.integer({ min: 1, max: 30 }) })
const point = { x: fc.integer({ min: 0, max: 140 }), y: fc.integer({ min: 0, max: 40 }) }
const input = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...chords).map((chord) => ({ kind: 'key', chord }) as const) },
  { weight: 2, arbitrary: text.filter((each) => each !== '').map((each) => ({ kind: 'text', text: each }) as const) },
  text.map((each) => ({ kind: 'paste', text: each, isCut: false }) as const),
  fc
    .record({ action: fc.constantFrom('press', 'drag', 'release', 'wheel-up', 'wheel-down', 'other'), ...point })
    .map((mouse) => ({ kind: 'mouse', ...mouse }) as const),
  fc.boolean().map((focused) => ({ kind: 'focus', focused }) as const),
)
const message: fc.Arbitrary<Message> = fc.oneof(
  { weight: 6, arbitrary: input.map((each): Message => ({ kind: 'input', input: each, now: NOON })) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        room: fc.option(room),
        entry: fc.oneof(
          entry,
          text.map((each) => note(each)),
          fc
            .record({
              id: fc.constantFrom('f1', 'f2'),
              state: fc.constantFrom('offered', 'accepted', 'progress', 'waiting', 'done', 'failed', 'withdrawn'),
              ...{ name: text, remark: text, size: fc.maxSafeNat(), done: fc.maxSafeNat() },
              files: fc.option(fc.nat()),
            })
            .map((each) => file(BOB, each)),
        ),
      })
      .map((added): Message => ({ kind: 'added', label: 'x', isLive: true, ...added })),
  },
  text.map((words): Message => ({ kind: 'files', words })),
  fc
    .record({
      voice: fc.option(
        fc.record({
          ...{ state: fc.constantFrom('on', 'muted', 'deafened'), room, isHeld: fc.boolean() },
          key: fc.option(fc.constantFrom('f8', 'ctrl-space')),
          speaking: fc.constantFrom(new Set<string>(), new Set([BOB.id, CAROL.id])),
          muted: fc.constantFrom(new Set<string>(), new Set([ALICE.id])),
        }),
      ),
      microphoneDb: fc.option(fc.integer({ min: -127, max: 0 })),
      counts: fc.array(fc.record({ room, count: fc.nat(20_000) }), { maxLength: 3 }),
    })
    .map((voice): Message => ({ kind: 'voice', ...voice })),
  size.map((each): Message => ({ kind: 'resized', size: each })),
  fc.record({ room, entries: fc.array(entry, { maxLength: 5 }), hasOlder: fc.boolean() }).map(
    (opened): Message => ({
      kind: 'opened',
      label: opened.room,
      unreadFrom: 'e05',
      unread: 2,
      mentions: 1,
      ...opened,
    }),
  ),
  fc
    .record({
      room,
      where: fc.constantFrom('before', 'after'),
      entries: fc.array(entry, { maxLength: 5 }),
      more: fc.boolean(),
    })
    .map((paged): Message => ({ kind: 'paged', ...paged })),
  room.map((each): Message => ({ kind: 'entered', room: each, label: each })),
  room.map((each): Message => ({ kind: 'left', room: each })),
  fc.constant<Message>({
    kind: 'network',
    network: { links: 0, names: [], addresses: ['a.example:1'], secluded: 'Nobody can.', hints: ['a hint'] },
    people: [ALICE, BOB, CAROL],
    elsewhere: [BOB],
    ignored: ['Bob'],
    self: ALICE,
    labels: new Map(),
  }),
  text.map((each): Message => ({ kind: 'alert', text: each })),
  fc.constant<Message>({ kind: 'cleared' }),
)

test('there is always a screen of the right size, and the cursor is on it', () => {
  expect(actions.length).toBeGreaterThan(40)
  fc.assert(
    fc.property(size, fc.array(message, { maxLength: 40 }), (first, messages) => {
      const stage = new Stage(first).enter('general').with([ALICE, BOB])
      for (const each of messages) {
        stage.tell(each)
        const { grid, cursor } = frameOf(stage.model)
        expect([grid.columns, grid.rows]).toEqual([stage.model.size.columns, stage.model.size.rows])
        if (cursor !== null) {
          expect(cursor.x).toBeGreaterThanOrEqual(0)
          expect(cursor.x).toBeLessThan(grid.columns)
          expect(cursor.y).toBeGreaterThanOrEqual(0)
          expect(cursor.y).toBeLessThan(grid.rows)
        }
        for (let y = 0; y < grid.rows; y++) expect(grid.row(y)).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
      }
    }),
    { numRuns: 150 },
  )
}, 60_000)
