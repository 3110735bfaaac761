import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import fc from 'fast-check'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { PASTE_CHARS_MAX } from '../../src/ui/pasted.ts'
import type { Paste } from '../../src/ui/prompt/editor.ts'
import { PasteFilter } from '../../src/ui/prompt/paste-filter.ts'
import { pasteNotes } from '../../src/ui/prompt/paste-notes.ts'
import { LineEditing } from './line-editing.ts'

const BEGIN = '\x1b[200~'
const END = '\x1b[201~'

const marked = (text: string): string => BEGIN + text + END

/** A line being edited, and what became of it. */
class Editing extends LineEditing {
  readonly pastes: Paste[] = []
  readonly keys: string[] = []

  constructor() {
    super({
      keys: (chunk) => {
        this.keys.push(String(chunk))
        return chunk
      },
      pasted: (paste) => this.pastes.push(paste),
    })
    closing.push(() => this.close())
  }
}

let closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

describe('what is pasted into the prompt', () => {
  test('is in the line with its line breaks, and nothing is sent before Enter', async () => {
    const editing = new Editing()
    await editing.type(`send !\x1b[D${marked('one\r\ntwo\rthree\n\r\n')}`)
    expect(editing.lines).toEqual([])
    await editing.type('\r')
    expect(editing.lines).toEqual(['send one\ntwo\nthree!'])
    expect(editing.pastes).toEqual([{ hasBreaks: true, isCut: false, line: 'send one\ntwo\nthree!' }])
  })

  test('comes through whole however it is cut into reads, between keys typed before and after', async () => {
    const bytes = Buffer.from(`send ${marked('día\r漢字\r\x1b[2')}!\r`)
    for (let at = 1; at < bytes.length; at++) {
      const editing = new Editing()
      await editing.type(bytes.subarray(0, at), bytes.subarray(at))
      expect([at, editing.lines]).toEqual([at, ['send día\n漢字\n[2!']])
    }
  })

  test('steers nothing: no escape codes, no key of ours, no line end of any kind sends', async () => {
    const editing = new Editing()
    await editing.type(`send ${marked('a\x1b[A\x03\x04\x1b]0;t\x07b\tc\0\x1b[19~\u2028d\u2029e\u0085\ufdd0f')}`)
    expect([editing.lines, editing.keys]).toEqual([[], ['send ']])
    await editing.type('\r')
    expect(editing.lines).toEqual(['send a[A]0;tb    c[19~\nd\nef'])
  })

  test('has the length that the screen allows, and says so of more', async () => {
    const editing = new Editing()
    const read = 'x'.repeat(PASTE_CHARS_MAX / 4)
    await editing.type(BEGIN, ...Array<string>(5).fill(read), END, '\r')
    expect(editing.lines).toEqual(['x'.repeat(PASTE_CHARS_MAX)])
    expect(editing.pastes.map(({ isCut }) => isCut)).toEqual([true])
    expect(pasteNotes(COMMANDS, editing.pastes[0]!)).toEqual(['What was pasted is too long: the end of it is missing.'])
  })

  test('is remarked on from six lines on, counted as Enter would send them', () => {
    const notesOf = (line: string, hasBreaks = true) => pasteNotes(COMMANDS, { hasBreaks, isCut: false, line })
    expect(notesOf('send 1\n2\n3\n4\n5')).toEqual([])
    expect(notesOf('send 1\n2\n3\n4\n5\n6')).toEqual([
      '6 lines: Enter sends them as one message, Ctrl-C empties the line.',
    ])
    expect(notesOf('send 1\n2\n3\n4\n5\n6 and a word', false)).toEqual([])
    expect(notesOf('1\n2\n3\n4\n5\n6')).toEqual([
      '6 lines: no command stands before them; with send before them (Ctrl-A goes there) Enter sends them as one message, Ctrl-C empties the line.',
    ])
  })
})

describe('of six pasted lines it is said what Enter does', () => {
  const ONE_MESSAGE = 'Enter sends them as one message'
  test.each([
    ...['send', 'SEND', '/say', '/me', '/msg Bob', '/w Bob', '/reply', '//x'].map((each) => [each, ONE_MESSAGE]),
    ['/nick', 'Enter runs /nick with all of them, and sends no message'],
    ['/send', 'Enter runs /send with all of them, and sends no message'],
    ['connect', 'Enter runs connect with all of them, and sends no message'],
    ['m', 'Enter runs m with all of them, and sends no message'],
    ['/nothing', 'there is no command /nothing, and Enter sends nothing'],
  ])('behind %s', (begin, does) => {
    const line = `${begin} 1\n2\n3\n4\n5\n6`
    expect(pasteNotes(COMMANDS, { hasBreaks: true, isCut: false, line })).toEqual([
      `6 lines: ${does}, Ctrl-C empties the line.`,
    ])
  })
})

describe('a terminal that loses what marks a paste', () => {
  let told: unknown[]
  let filter: PasteFilter

  beforeEach(() => {
    jest.useFakeTimers()
    told = []
    filter = new PasteFilter({
      keys: (text) => told.push(text),
      pasted: (text, isCut) => told.push(isCut ? { text, isCut } : { text }),
    })
  })
  afterEach(() => {
    filter.stop()
    jest.useRealTimers()
  })

  test('has what came of it shown after a while, and the next key is a key', () => {
    filter.push(`${BEGIN}one\rtwo\r`)
    jest.advanceTimersByTime(999)
    filter.push('three')
    jest.advanceTimersByTime(999)
    expect(told).toEqual([])
    jest.advanceTimersByTime(1)
    expect(told).toEqual([{ text: 'one\ntwo\nthree' }])
    filter.push('\r')
    filter.push('x')
    expect(told.slice(1)).toEqual(['\r', 'x'])
  })

  test('takes arrows for a key too, and half an end for none', () => {
    filter.push(`${BEGIN}one`)
    jest.advanceTimersByTime(1000)
    filter.push('\x1b[D')
    expect(told).toEqual([{ text: 'one' }, '\x1b[D'])
    filter.push(`${BEGIN}two\x1b[2`)
    jest.advanceTimersByTime(1000)
    filter.push('01~\r')
    expect(told.slice(2)).toEqual([{ text: 'two' }, { text: '' }, '\r'])
  })

  test('goes on with a paste that only stalled: nothing of it is a key, and no line break is lost', () => {
    filter.push(`${BEGIN}one\r`)
    jest.advanceTimersByTime(1000)
    filter.push('two\rthree\r')
    filter.push(`four${END}\r`)
    expect(told).toEqual([{ text: 'one\n' }, { text: '\ntwo\nthree\nfour' }, '\r'])
  })

  test('is not kept waiting with the Escape key', () => {
    filter.push('\x1b')
    expect(told).toEqual([])
    jest.advanceTimersByTime(500)
    expect(told).toEqual(['\x1b'])
    filter.push('\x1b')
    filter.push('\r')
    expect(told.slice(1)).toEqual(['\x1b\r'])
  })

  test('waits with the Escape key once, and a key typed after that is a key of its own', async () => {
    const editing = new Editing()
    await editing.type('send a', '\x1b')
    jest.advanceTimersByTime(500)
    jest.advanceTimersByTime(1)
    await editing.type('b\r')
    expect(editing.lines).toEqual(['send ab'])
  })

  test('loses nothing that is typed, whatever comes in whatever pieces', () => {
    const piece = fc.constantFrom('a', 'é', '漢', '\r', '\x1b', '[', '2', '0', '1', '~', BEGIN, END, '\x1b[A')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (pieces, length) => {
        const whole = Buffer.from(pieces.join(''))
        told = []
        filter.stop()
        filter = new PasteFilter({ keys: (text) => told.push(text), pasted: (text) => told.push({ text }) })
        for (let at = 0; at < whole.length; at += length) filter.push(whole.subarray(at, at + length))
        jest.advanceTimersByTime(1000)
        const inOneRead: unknown[] = []
        const other = new PasteFilter({
          keys: (text) => inOneRead.push(text),
          pasted: (text) => inOneRead.push({ text }),
        })
        other.push(whole)
        jest.advanceTimersByTime(1000)
        expect(joined(told)).toEqual(joined(inOneRead))
      }),
    )
  })
})

/** Keys that stand side by side as one. */
function joined(told: readonly unknown[]): unknown[] {
  const all: unknown[] = []
  for (const each of told) {
    const last = all.at(-1)
    if (typeof each === 'string' && typeof last === 'string') all[all.length - 1] = last + each
    else all.push(each)
  }
  return all
}
