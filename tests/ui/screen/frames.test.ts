import { describe, expect, test } from 'bun:test'
import type { Voice } from '../../../src/ui/screen/model/model.ts'
import { ALICE, BOB, CAROL, file, MINUTE, NOON, note, Stage, said } from './stage.ts'

/** What is to be seen in each state, at the sizes that matter: the smallest, the usual, and a large one. */

const SIZES = [
  { columns: 40, rows: 10 },
  { columns: 80, rows: 24 },
  { columns: 200, rows: 60 },
]

/** The same story in each state, told to a screen of a size. */
const STATES: Readonly<Record<string, (stage: Stage) => Stage>> = {
  'nobody there': (stage) => stage.enter('general').with([ALICE], 0),

  'nobody can come': (stage) => stage.enter('general').with([ALICE], 0).secluded(),
  'linked, and alone in the room': (stage) => stage.enter('dev').with([ALICE], 2),
  'unread from before the start, and an older program': (stage) =>
    talk(stage)
      .tell({ kind: 'listed', room: `@${BOB.id}`, label: '@Bob', unread: 3 })
      .with([ALICE, BOB, CAROL, { ...BOB, id: 'mesh:1', name: 'Ann (mesh)', verified: false, network: 'mesh' }], 3),
  'a conversation': (stage) =>
    stage
      .enter('general')
      .tell(
        {
          kind: 'opened',
          room: `@${BOB.id}`,
          label: '@Bob',
          entries: [],
          hasOlder: false,
          unreadFrom: null,
          unread: 0,
          mentions: 0,
        },
        { kind: 'entered', room: `@${BOB.id}`, label: '@Bob' },
      )
      .with([ALICE, BOB]),

  'a talk': (stage) =>
    talk(stage)
      .hear('dev', said(BOB, 'news'), said(CAROL, 'Alice?', { mentions: true }))
      .press('half a li'),

  'scrolled back': (stage) => {
    talk(stage)
    for (let index = 0; index < 100; index++)
      stage.hear('general', said(index % 3 === 0 ? BOB : CAROL, `line ${index}`))
    stage.press('{pageup}{pageup}')
    return stage.hear('general', said(BOB, 'one more'), said(BOB, 'and another'))
  },

  'where one stopped reading': (stage) => {
    const old = [
      said(BOB, 'read before', { at: NOON - 24 * 60 * MINUTE }),
      said(CAROL, 'not read'),
      said(CAROL, 'nor this'),
    ]
    return stage.enter('general', old, { unreadFrom: 'id2', unread: 2 }).with([ALICE, BOB, CAROL])
  },

  'files and voice': (stage) => {
    stage.enter('general').with([ALICE, BOB, CAROL])
    const voice: Voice = {
      state: 'muted',
      room: 'general',
      isHeld: false,
      key: null,
      speaking: new Set([BOB.id]),
      muted: new Set([ALICE.id]),
    }
    const counts = [{ room: 'general', count: 2 }]
    stage.tell({ kind: 'voice', voice, microphoneDb: null, counts })
    stage.model = { ...stage.model, files: '1 file ↓ 42%' }
    return stage.hear(
      'general',
      file(BOB, {}),
      file(BOB, { name: 'a very long name of a photograph.jpeg', size: 8_000_000, done: 3_400_000, state: 'progress' }),
      file(ALICE, { name: 'notes.txt', size: 900, done: 900, state: 'done', remark: '~/Downloads' }),
      file(CAROL, { state: 'failed', remark: 'its hash is another' }),
    )
  },

  'hostile text': (stage) =>
    stage
      .enter('general')
      .with([ALICE, BOB, { ...CAROL, name: '\u202eolraC\x1b[31m' }])
      .hear(
        'general',
        said(BOB, 'red \x1b[31malert\x1b]0;title\x07 \x9b2J\r\b end'),
        said(BOB, `a${'\u0301'.repeat(10_000)}b`),
        said(CAROL, 'family 👨‍👩‍👧‍👦 flag 🇩🇪 keycap 1️⃣ tone 👍🏽 日本語 עברית العربية'),
        said(CAROL, `${'x'.repeat(300)} ${'漢'.repeat(50)}`),
      ),

  'the keys': (stage) => talk(stage).press('{f1}'),
  'where to': (stage) => talk(stage).hear('dev', said(BOB, 'news')).press('{ctrl-k}o'),
  'a long paste': (stage) =>
    talk(stage).tell({
      kind: 'input',
      now: NOON,
      input: { kind: 'paste', text: Array.from({ length: 30 }, (_, i) => `pasted ${i}`).join('\n'), isCut: false },
    }),
  'many lines typed': (stage) => talk(stage).press(`one{alt-enter}two{alt-enter}${'three '.repeat(20)}`),
  'an error': (stage) =>
    talk(stage).tell({ kind: 'alert', text: 'Nobody listens at b.example:1. It is tried again with growing pauses.' }),
  'the commands': (stage) =>
    stage
      .enter('general')
      .with([ALICE, BOB])
      .hear(
        'general',
        note(
          'Talking\n  /say <text>       say it in the current room; //x says /x\n  /me <text>        say what you do: /me waves\nAnd a line that is long enough to go on in another row of the screen, whatever it is',
          'plain',
        ),
      ),
  'no room': (stage) => stage,
}

function talk(stage: Stage): Stage {
  return stage
    .enter('general')
    .enter('dev')
    .enter('general')
    .with([ALICE, BOB, CAROL], 2)
    .hear(
      'general',
      note('Bob connected from 10.0.0.2:5000.'),
      said(BOB, 'hello there'),
      said(
        BOB,
        'second of a group, and long enough that it goes on in another row of whatever screen that is, perhaps',
      ),
      said(ALICE, 'see https://example.org/a_(b)?c=d.', { standing: 'everyone' }),
      said(CAROL, 'waves', { how: 'action' }),
      said(CAROL, 'yes', { answers: { which: '#id2', name: 'Bob', text: 'hello there' }, state: 'edited' }),
      said(BOB, 'Alice: look', {
        mentions: true,
        reactions: [{ emoji: '👍', by: [{ id: CAROL.id, name: 'Carol' }, ALICE] }],
      }),
      said(BOB, '', { state: 'deleted' }),
      said(ALICE, 'on its way', { standing: 'waiting' }),
    )
}

describe.each(SIZES)('at %j', (size) => {
  test.each(Object.entries(STATES))('%s', (_, state) => {
    const { rows } = state(new Stage(size))
    expect(rows).toHaveLength(size.rows)
    expect(rows.join('\n')).toMatchSnapshot()
  })
})
