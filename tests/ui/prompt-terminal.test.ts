import { afterEach, describe, expect, test } from 'bun:test'
import { colourAt, contrast, legibleColours } from '../../src/ui/screen/views/colours.ts'
import { TerminalProcess } from './terminal-process.ts'

let terminal: TerminalProcess

/** Starts the prompt and waits until it stands there. */
async function start(...options: ConstructorParameters<typeof TerminalProcess>): Promise<TerminalProcess> {
  terminal = new TerminalProcess(...options)
  await terminal.untilLast('[general] >')
  return terminal
}

afterEach(() => terminal.end())

const LEFT = '\x1b[D'

describe('the prompt on a terminal', () => {
  test('shows the room, says what is sent, and follows to another room', async () => {
    await start()
    terminal.type('send hi\r')
    await terminal.until((screen) => screen.text.some((row) => row.endsWith('[general] <Alice> hi')))
    terminal.type('room #Dev\r')
    await terminal.until((screen) => screen.text.includes('You are in dev now (1 person).'))
    await terminal.untilLast('[dev] >')
    terminal.type('/query Bob\r')
    await terminal.untilLast('[@bob234bb] >')
  })

  test('keeps a half-typed line, wrapped and with the cursor inside it, while messages come in', async () => {
    await start({ args: ['--heard', 'a message that is longer than one row of this narrow terminal'], columns: 44 })
    terminal.type(`send this is half typed and so long that it wraps${LEFT.repeat(5)}`)
    await terminal.untilLast('ong that it wraps')
    for (const count of [1, 2]) {
      terminal.hear()
      await terminal.until((screen) => screen.text.filter((row) => row.includes('<Bob>')).length === count)
    }
    const message = /^\d\d:\d\d \[general\] <Bob> a message that$/
    const rest = ['      is longer than one row of this narrow', '      terminal']
    expect(terminal.screen.text).toEqual([
      expect.stringMatching(message),
      ...rest,
      expect.stringMatching(message),
      ...rest,
      '[general] > send this is half typed and so l',
      'ong that it wraps',
    ])
    expect(terminal.screen.cursor).toEqual({ row: 7, column: 12 })
    terminal.type('!\r')
    await terminal.until((screen) => screen.text.some((row) => row.includes('that it !wraps')))
    await terminal.untilLast('[general] >')
  })

  test.each(['/keys\r', '/help keys\r', 'help keys\r', '\x1bOP'])('tells its keys, asked by %j', async (asked) => {
    await start({ columns: 120, rows: 40 })
    terminal.type(asked)
    await terminal.until(({ text }) => text.some((row) => row.startsWith('/next goes to')))
    expect(terminal.screen.text.some((row) => /^ {2}Alt-Enter +a line break in what is typed$/.test(row))).toBe(true)
    await terminal.untilLast('[general] >')
  })

  test('is drawn anew when the terminal is resized', async () => {
    await start({ columns: 30 })
    terminal.type('send this line wraps once, but only once')
    await terminal.untilLast('ps once, but only once')
    terminal.resize(70, 20)
    await terminal.until((screen) => screen.cursor.row === 0)
    expect(terminal.screen.text).toEqual(['[general] > send this line wraps once, but only once'])
  })

  test('has colours, unless they are not wanted', async () => {
    await start()
    expect(terminal.raw).toContain('\x1b[38;5;31m[general]')
    terminal.end()
    // Of the 16, the room stands in those that are left on white.
    await start({ env: { TERM: 'xterm' }, args: ['--light'] })
    expect(terminal.raw).toContain('\x1b[34m[general]')
    terminal.end()
    await start({ env: { NO_COLOR: '1' } })
    expect(terminal.raw).not.toContain('m[general]')
  })

  test('has names in colours that can be read on light and on dark, where there are enough', async () => {
    await start({ env: { TERM: 'xterm-256color' }, args: ['--heard', 'hello'] })
    terminal.hear()
    await terminal.until((screen) => screen.text.some((row) => row.endsWith('<Bob> hello')))
    const [, index = '0'] = /\x1b\[38;5;(\d+)mBob/.exec(terminal.raw) ?? []
    expect(legibleColours('auto')).toContain(Number(index))
    for (const name of ['auto', 'dark', 'light'] as const) {
      const ratios = legibleColours(name).map((each) => {
        const { luminance } = colourAt(each)
        return { white: contrast(1, luminance), black: contrast(luminance, 0) }
      })
      // WCAG's 3:1 at least, and 4.5:1 where the background is known.
      const least = name === 'auto' ? 3 : 4.5
      if (name !== 'dark') expect(Math.min(...ratios.map(({ white }) => white))).toBeGreaterThanOrEqual(least)
      if (name !== 'light') expect(Math.min(...ratios.map(({ black }) => black))).toBeGreaterThanOrEqual(least)
      expect(ratios.length).toBeGreaterThan(5)
    }
  })

  test('says of a paste of many lines how many there are and what sends them, and sends them as one', async () => {
    await start({ columns: 100 })
    const pasted = Array.from({ length: 7 }, (_, index) => `line ${index}`)
    terminal.type(`send \x1b[200~${pasted.join('\r')}\r\x1b[201~`)
    await terminal.until(({ text }) => text.length === 2)
    await terminal.untilLast(`[general] > send ${pasted.join('⏎')}`)
    expect(terminal.screen.text).toEqual([
      expect.stringMatching(/^\d\d:\d\d -!- 7 lines: Enter sends them as one message, Ctrl-C empties the line\.$/),
      `[general] > send ${pasted.join('⏎')}`,
    ])
    terminal.type('\r')
    await terminal.until(({ text }) => text.some((row) => row.endsWith('<Alice> line 0')))
    await terminal.untilLast('[general] >')
    const said = terminal.screen.text.slice(2).map((row) => row.trim())
    expect(said).toEqual([expect.stringContaining('<Alice> line 0'), ...pasted.slice(1), '[general] >'])
  })

  test('tells who pastes many lines without send before them what is missing; Ctrl-C empties the line', async () => {
    await start({ columns: 100 })
    terminal.type(`\x1b[200~${'line\r'.repeat(6)}\x1b[201~`)
    await terminal.until(({ text }) => text.length > 1)
    await terminal.untilLast(`[general] > ${Array(6).fill('line').join('⏎')}`)
    expect(terminal.screen.text[0]).toContain('6 lines: no command stands before them; with send before them')
    terminal.type('\x03')
    await terminal.untilLast('[general] >')
  })

  test('clears the screen', async () => {
    await start()
    terminal.type('help join\r')
    await terminal.until((screen) => screen.text.length > 4)
    terminal.type('/clear\r')
    await terminal.until((screen) => screen.text.length === 1)
    expect(terminal.screen.text).toEqual(['[general] >'])
  })

  test('prints no control characters of others', async () => {
    await start({ args: ['--heard', 'red \u001b[31malert\u001b]0;title\u0007\u009b2J'] })
    terminal.hear()
    await terminal.until((screen) => screen.text.some((row) => row.includes('red alert')))
    expect(terminal.raw).not.toMatch(/\x1b\[31malert|\x1b\]|\x07|\x9b/)
  })
})

describe('leaving the prompt on a terminal', () => {
  test('Ctrl-C throws a half-typed line away and stays', async () => {
    await start()
    terminal.type('send half')
    await terminal.untilLast('[general] > send half')
    terminal.type('\x03')
    await terminal.untilLast('[general] >')
    terminal.type('send whole\r')
    await terminal.until((screen) => screen.text.some((row) => row.endsWith('<Alice> whole')))
  })

  test('Ctrl-C on an empty line leaves with 130 and no trace of the prompt', async () => {
    await start()
    terminal.type('\x03')
    expect(await terminal.exited).toBe(130)
    expect(terminal.screen.text).toEqual([])
    expect(terminal.screen.cursor).toEqual({ row: 0, column: 0 })
  })

  test('a second Ctrl-C leaves at once, though the chat cannot close', async () => {
    await start({ args: ['--stuck'] })
    terminal.type('\x03')
    await terminal.until((screen) => screen.text.length === 0)
    terminal.type('\x03')
    expect(await terminal.exited).toBe(130)
  })

  test('Ctrl-D, exit, and SIGTERM leave in order', async () => {
    await start()
    terminal.type('\x04')
    expect(await terminal.exited).toBe(0)
    await start()
    terminal.type('exit\r')
    expect(await terminal.exited).toBe(0)
    await start()
    terminal.signal('SIGTERM')
    expect(await terminal.exited).toBe(0)
  })

  test('whatever the way, the terminal marks pastes no more', async () => {
    const ways: Record<string, () => void> = {
      end: () => terminal.type('\x04'),
      'a signal': () => terminal.signal('SIGTERM'),
      hangup: () => terminal.signal('SIGHUP'),
      'two interrupts, the first of them spent on the line': () => terminal.type('half\x03\x03'),
    }
    for (const [way, leave] of Object.entries(ways)) {
      await start()
      expect([way, terminal.screen.marksPastes]).toEqual([way, true])
      leave()
      await terminal.exited
      expect([way, terminal.screen.marksPastes]).toEqual([way, false])
    }
  })

  test('a terminal that knows nothing is not asked for marks', async () => {
    terminal = new TerminalProcess({ env: { TERM: 'dumb' } })
    terminal.type('send one\r')
    await terminal.until(({ text }) => text.some((row) => row.endsWith('<Alice> one')))
    expect(terminal.raw).not.toContain('\x1b')
  })

  test('a terminal that goes away takes it along', async () => {
    await start()
    terminal.hangUp()
    expect(await terminal.exited).toBe(0)
  })
})
