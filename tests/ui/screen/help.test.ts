import { describe, expect, test } from 'bun:test'
import { ACTIONS, keysByAction } from '../../../src/app/keymap.ts'
import { keyName } from '../../../src/ui/screen/views/format.ts'
import { ALICE, BOB, NOON, Stage } from './stage.ts'

function stage(columns: number, rows: number): Stage {
  return new Stage({ columns, rows }).enter('general').with([ALICE, BOB])
}

/** What stands in the card, without its border. */
function inCard({ rows }: Stage): string[] {
  const top = rows.findIndex((row) => row.includes('┌─'))
  const end = rows.findIndex((row) => row.includes('└─'))
  const [left, right] = [rows[top]!.indexOf('┌'), rows[top]!.indexOf('┐')]
  return rows.slice(top + 1, end).map((row) => row.slice(left + 2, right - 1))
}

/** All lines of the help, as it is scrolled from its first to its last. */
function readThrough(at: Stage): string[] {
  const lines = inCard(at.press('{f1}')).slice(0, -1)
  for (let last = ''; ; ) {
    const now = inCard(at.press('{down}')).slice(0, -1).join('\n')
    if (now === last) return lines
    if (last !== '' || now !== lines.join('\n')) lines.push(now.split('\n').at(-1)!)
    last = now
  }
}

describe.each([
  [40, 10],
  [80, 24],
  [200, 60],
])('the keys on %d columns and %d rows', (columns, rows) => {
  test('are all there, each with all that it does, and none is cut', () => {
    const at = stage(columns, rows)
    const lines = readThrough(at)
    // "Alt-1 … Alt-0" is meant so.
    expect(lines.filter((each) => each.includes('…') && !/Alt-1 …|…\s+room|room …|…$/.test(each))).toEqual([])
    const words = new Set(lines.flatMap((each) => each.split(/\s+/)))
    for (const { action, chords } of keysByAction(at.model.setup.keymap)) {
      if (action.startsWith('room-')) continue
      expect(ACTIONS[action].split(' ').filter((word) => !words.has(word))).toEqual([])
      const names = chords.map(keyName)
      expect(names.filter((name) => !words.has(name) && !words.has(`${name},`))).toEqual([])
    }
  })

  test('scrolled beyond the end, the way back is no longer', () => {
    const at = stage(columns, rows).press(`{f1}${'{pagedown}'.repeat(30)}`)
    const end = inCard(at)
    expect(inCard(at.press('{up}{down}'))).toEqual(end)
    if (rows < 60) expect(inCard(at.press('{pagedown}{up}'))).not.toEqual(end)
  })

  test('stay where they are while the screen is drawn anew', () => {
    const at = stage(columns, rows).press('{f1}{down}')
    const shown = inCard(at)
    at.taken()
    expect(at.press('{ctrl-l}').taken()).toEqual([{ do: 'redraw' }])
    expect(inCard(at)).toEqual(shown)
  })

  test('say how they are closed', () => {
    expect(inCard(stage(columns, rows).press('{f1}')).at(-1)).toMatch(/Esc closes/)
    expect(inCard(stage(columns, rows).press('{f1}')).at(-1)).not.toContain('…')
  })

  test('and a long paste says all that can be done with it', () => {
    const text = Array.from({ length: 1_000 }, (_, index) => `line ${index}`).join('\n')
    const at = stage(columns, rows).tell({ kind: 'input', now: NOON, input: { kind: 'paste', text, isCut: false } })
    const asked = inCard(at).join(' ').replace(/\s+/g, ' ')
    expect(asked).toContain('1000 lines. Enter sends them as one message, E puts them into the line, Esc drops them.')
  })
})
