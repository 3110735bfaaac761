import { describe, expect, spyOn, test } from 'bun:test'
import { PassThrough, Writable } from 'node:stream'
import fc from 'fast-check'
import { LineEditor } from '../../src/ui/prompt/editor.ts'
import { endOf, shownPart } from '../../src/ui/prompt/layout.ts'
import { Screen } from './screen.ts'

class Terminal {
  readonly screen: Screen
  readonly lines: string[] = []
  readonly input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  readonly output: Writable & { isTTY: boolean; columns: number; rows: number }
  readonly editor: LineEditor
  interrupts = 0
  ends = 0
  given: ((isOurs: boolean) => Promise<void>) | null = null

  constructor(columns: number, rows = 60) {
    this.screen = new Screen(columns, rows)
    const stream = new Writable({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        this.screen.write(chunk)
        done()
      },
    })
    this.output = Object.assign(stream, { isTTY: true, columns, rows })
    this.editor = new LineEditor({
      input: this.input,
      output: this.output,
      prompt: () => '\x1b[36m[general]\x1b[39m > ',
      line: (line) => this.lines.push(line),
      interrupt: () => this.interrupts++,
      end: () => this.ends++,
      given: (isOurs) => this.given?.(isOurs),
    })
  }

  /** Keys, and the time to act on them. */
  async type(keys: string): Promise<void> {
    this.input.write(keys)
    await settled()
  }

  say(text: string): void {
    this.output.write(this.editor.frame(`${text}\n`))
  }

  async resize(columns: number): Promise<void> {
    this.screen.resize(columns)
    this.output.columns = columns
    this.output.emit('resize')
    await settled()
  }

  close(): void {
    this.editor.close()
    this.input.destroy()
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const LEFT = '\x1b[D'
const UP = '\x1b[A'
const HOME = '\x01'

describe('a half-typed line', () => {
  test('stands below what comes in, with the cursor where it was', async () => {
    const terminal = new Terminal(40)
    await terminal.type(`send hello${LEFT}${LEFT}`)
    terminal.say('Bob: hi')
    expect(terminal.screen.text).toEqual(['Bob: hi', '[general] > send hello'])
    expect(terminal.screen.cursor).toEqual({ row: 1, column: 20 })
    await terminal.type('XY')
    expect(terminal.screen.text).toEqual(['Bob: hi', '[general] > send helXYlo'])
    await terminal.type('\r')
    expect(terminal.lines).toEqual(['send helXYlo'])
    expect(terminal.screen.text).toEqual(['Bob: hi', '[general] > send helXYlo', '[general] >'])
    terminal.close()
  })

  test('may have line breaks in it: Alt-Enter makes one, and the up key brings them back', async () => {
    const terminal = new Terminal(40)
    await terminal.type('send one\x1b\rtwo')
    expect(terminal.screen.text).toEqual(['[general] > send one⏎two'])
    await terminal.type('\r')
    expect(terminal.lines).toEqual(['send one\ntwo'])
    await terminal.type(`${UP}${LEFT}\x1b\n\r`)
    expect(terminal.lines[1]).toBe('send one\ntw\no')
    terminal.close()
  })

  test('comes through at any width, with any text, whatever comes in or is resized meanwhile', async () => {
    const step = fc.oneof(
      fc.record({ key: fc.constantFrom('left', 'right', 'home', 'end', 'rubout') }),
      fc.record({ typed: fc.constantFrom('x', ' ', '漢字', 'é', 'word '.repeat(9), '漢'.repeat(11), 'o'.repeat(17)) }),
      fc.record({ said: fc.constantFrom('short', 'a much longer message, '.repeat(3).trim(), '漢'.repeat(30)) }),
      fc.record({ columns: fc.integer({ min: 20, max: 50 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: 50 }), fc.array(step, { maxLength: 25 }), async (first, steps) => {
        const terminal = new Terminal(first, 400)
        const line = { chars: [] as string[], cursor: 0 }
        let above = ''
        let columns = first
        for (const step of steps) {
          if ('key' in step) {
            await terminal.type(KEYS[step.key]!)
            press(line, step.key)
          } else if ('typed' in step) {
            await terminal.type(step.typed)
            line.chars.splice(line.cursor, 0, ...step.typed)
            line.cursor += step.typed.length
          } else if ('said' in step) {
            terminal.say(step.said)
            above += `${step.said}\n`
          } else {
            columns = step.columns
            await terminal.resize(columns)
          }
          const whole = new Screen(columns, 400)
          whole.write(`${above}[general] > ${line.chars.join('')}`)
          expect(terminal.screen.all).toEqual(whole.all)
          expect(terminal.screen.cursor).toEqual(cursorIn(line, above, columns))
        }
        terminal.close()
      }),
      { numRuns: 300 },
    )
  }, 30_000)

  test('longer than the screen shows the part around the cursor, and is whole when it is sent', async () => {
    const terminal = new Terminal(30, 6)
    const long = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ')
    await terminal.type(`send ${long}`)
    for (let count = 0; count < 4; count++) terminal.say(`message ${count}`)
    expect(terminal.screen.text.length).toBeLessThanOrEqual(6)
    expect(terminal.screen.text.at(-1)).toEndWith('word59')
    await terminal.type(HOME)
    expect(terminal.screen.text.join('')).toContain('[general] > send word0 ')
    await terminal.type('\r')
    expect(terminal.lines).toEqual([`send ${long}`])
    expect(terminal.screen.all.filter((row) => row.startsWith('message')).length).toBe(4)
    terminal.close()
  })

  test('shows nothing that could steer the terminal, however it got there', async () => {
    const terminal = new Terminal(40)
    await terminal.type('a\tb\x16\u009bc')
    terminal.say('hi')
    expect(terminal.screen.text.at(-1)).toStartWith('[general] > a·b')
    terminal.close()
  })
})

describe('the line editor', () => {
  test('takes a paste of many lines that nothing marks as so many lines', async () => {
    const terminal = new Terminal(40)
    await terminal.type('one\rtwo\rthr')
    expect(terminal.lines).toEqual(['one', 'two'])
    expect(terminal.screen.text).toEqual(['[general] > one', '[general] > two', '[general] > thr'])
    terminal.close()
  })

  test('brings earlier lines back', async () => {
    const terminal = new Terminal(40)
    await terminal.type('one\rtwo\r')
    await terminal.type(UP)
    expect(terminal.screen.text.at(-1)).toBe('[general] > two')
    await terminal.type(UP)
    expect(terminal.screen.text.at(-1)).toBe('[general] > one')
    terminal.close()
  })

  test('clears the screen with Ctrl-L and keeps what is being typed', async () => {
    const terminal = new Terminal(40)
    terminal.say('old')
    await terminal.type('half')
    await terminal.type('\x0c')
    expect(terminal.screen.text).toEqual(['[general] > half'])
    expect(terminal.screen.cursor).toEqual({ row: 0, column: 16 })
    terminal.close()
  })

  test('tells of Ctrl-C, and can throw the half-typed line away', async () => {
    const terminal = new Terminal(40)
    await terminal.type(`half typed, long enough to wrap${LEFT}`)
    await terminal.type('\x03')
    expect(terminal.interrupts).toBe(1)
    expect(terminal.editor.clearLine()).toBe(true)
    await settled()
    expect(terminal.screen.text).toEqual(['[general] >'])
    expect(terminal.editor.clearLine()).toBe(false)
    terminal.close()
  })

  test('tells of Ctrl-D on an empty line only', async () => {
    const terminal = new Terminal(40)
    await terminal.type(`ab${LEFT}`)
    await terminal.type('\x04')
    expect(terminal.ends).toBe(0)
    expect(terminal.screen.text).toEqual(['[general] > a'])
    await terminal.type('\x7f')
    await terminal.type('\x04')
    expect(terminal.ends).toBe(1)
  })

  test('leaves nothing of itself behind when it is closed', async () => {
    const terminal = new Terminal(30)
    terminal.say('hi')
    await terminal.type('half typed, long enough to wrap')
    terminal.close()
    expect(terminal.screen.text).toEqual(['hi'])
    expect(terminal.screen.cursor).toEqual({ row: 1, column: 0 })
    expect(terminal.editor.frame('plain\n')).toBe('plain\n')
  })
})

describe('the layout of a line', () => {
  test('wraps where a terminal does', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', ' ', '漢', 'é', 'e\u0301', '🎉', '·'), maxLength: 80 })
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 30 }), (text, columns) => {
        const screen = new Screen(columns, 200)
        screen.write(text)
        expect(endOf(text, columns)).toEqual(screen.cursor)
      }),
    )
  })

  test('keeps the cursor inside the part that is shown, at the same character', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', ' ', '漢', '🎉'), minLength: 1, maxLength: 80 })
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 8, max: 60 }), (text, at, cells) => {
        const starts = [...text].map((_, index) => [...text].slice(0, index).join('').length)
        const cursor = starts[at % starts.length]!
        const part = shownPart(text, cursor, cells)
        expect(Bun.stringWidth(part.text)).toBeLessThanOrEqual(cells)
        expect(part.text.isWellFormed()).toBe(true)
        expect(part.text.codePointAt(part.cursor)).toBe(text.codePointAt(cursor))
      }),
    )
  })
})

const KEYS: Readonly<Record<string, string>> = { left: LEFT, right: '\x1b[C', home: HOME, end: '\x05', rubout: '\x7f' }

function press(line: { chars: string[]; cursor: number }, key: string): void {
  if (key === 'left') line.cursor = Math.max(0, line.cursor - 1)
  else if (key === 'right') line.cursor = Math.min(line.chars.length, line.cursor + 1)
  else if (key === 'home') line.cursor = 0
  else if (key === 'end') line.cursor = line.chars.length
  else if (line.cursor > 0) line.chars.splice(--line.cursor, 1)
}

/** Where a terminal puts the character under the cursor. */
function cursorIn(line: { chars: string[]; cursor: number }, above: string, columns: number) {
  const screen = new Screen(columns, 400)
  screen.write(`${above}[general] > ${line.chars.slice(0, line.cursor).join('')}`)
  const before = screen.cursor
  screen.write(line.chars[line.cursor] ?? '')
  const { row, column } = screen.cursor
  const wrapped = row > before.row && column === 2
  return wrapped ? { row, column: 0 } : before
}

test('Ctrl-Z stops us once whoever minds the terminal has let go of what they hold, and `fg` gives it back', async () => {
  const terminal = new Terminal(40)
  const kill = spyOn(process, 'kill').mockImplementation(() => {
    expect(terminal.screen.marksPastes).toBe(false)
    return true
  })
  try {
    const told: boolean[] = []
    const letGo = Promise.withResolvers<void>()
    terminal.given = (isOurs) => {
      told.push(isOurs)
      return letGo.promise
    }
    await terminal.type('half\x1a')
    expect([told, kill.mock.calls]).toEqual([[false], []])
    expect(terminal.screen.marksPastes).toBe(true)
    letGo.resolve()
    await settled()
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGTSTP']])
    // What tells that we go on comes late, or never: where there is no shell, nobody has stopped us.
    process.emit('SIGCONT')
    await settled()
    expect([told[0], told.at(-1), terminal.screen.marksPastes]).toEqual([false, true, true])
    expect(terminal.screen.text.at(-1)).toBe('[general] > half')
  } finally {
    kill.mockRestore()
    terminal.close()
  }
})

test('whoever was stopped by somebody else takes the terminal again, and draws the line once', async () => {
  const terminal = new Terminal(40)
  try {
    await terminal.type('half')
    const raw = spyOn(terminal.input, 'setRawMode')
    process.emit('SIGCONT')
    await settled()
    expect(raw.mock.calls as unknown[]).toEqual([[false], [true]])
    expect(terminal.screen.text).toEqual(['[general] > half'])
  } finally {
    terminal.close()
  }
})
