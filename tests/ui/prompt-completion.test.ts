import { afterEach, describe, expect, test } from 'bun:test'
import { COMMANDS } from '../../src/app/commands/table.ts'
import type { World } from '../../src/ui/completion.ts'
import { Completer } from '../../src/ui/prompt/completer.ts'
import { Speakers } from '../../src/ui/prompt/heard.ts'
import { TerminalProcess } from './terminal-process.ts'

const WORLD: World = {
  commands: COMMANDS,
  rooms: () => ['general', 'dev'],
  people: () => ['Carol', 'Bob', 'Bob Jones'],
  elsewhere: () => ['Bob', 'Dan', 'Dan Dee'],
  ignored: () => ['Zoe', 'Zed Z'],
  files: () => ['plan.pdf'],
}

const PATHS: Readonly<Record<string, readonly string[]>> = {
  './ho': ['./holidays/'],
  './holidays/': ['./holidays/a.jpg ', './holidays/b.jpg '],
}

/** What a line becomes by so many keys, `|` being the cursor. */
async function completed(marked: string, ...keys: (1 | -1)[]): Promise<string | null> {
  const completer = new Completer(WORLD, async (word) => PATHS[word] ?? [])
  const cursor = marked.includes('|') ? marked.indexOf('|') : marked.length
  let typed = { text: marked.replace('|', ''), cursor }
  for (const key of keys.length === 0 ? [1 as const] : keys) {
    const next = await completer.next(typed, key)
    if (next === null) return null
    typed = next
  }
  return typed.cursor === typed.text.length
    ? typed.text
    : `${typed.text.slice(0, typed.cursor)}|${typed.text.slice(typed.cursor)}`
}

describe('Tab at the prompt completes', () => {
  test.each([
    ['/jo', '/join '],
    ['/join d', '/join dev '],
    ['/msg ca', '/msg Carol '],
    ['/msg dan', '/msg Dan '],
    ['/send plan.pdf @da', '/send plan.pdf @Dan '],
    // Who is not here does not hear what is said here.
    ['dan', null],
    ['/voice jo', '/voice join '],
    ['/accept pl', '/accept plan.pdf'],
    ['pe', 'peers '],
    ['ro', 'room '],
    ['room d', 'room dev '],
    ['voice jo', 'voice join '],
    ['help pe', 'help peers '],
    ['send ca', 'send Carol: '],
    ['send hi, ca', 'send hi, Carol '],
    ['send see #ge', 'send see #general '],
    ['send ca| is here', 'send Carol: | is here'],
    ['/send ./ho', '/send ./holidays/'],
    ['/unignore zo', '/unignore Zoe '],
    ['/unblock "ze', '/unblock "Zed Z" '],
    ['', 'connect '],
    ['  ', '  connect '],
  ])('%s to %s', async (line, to) => expect(await completed(line)).toBe(to))

  test('one after the other, and back again', async () => {
    expect(await completed('send b', 1, 1)).toBe('send Bob Jones: ')
    expect(await completed('send b', 1, 1, 1)).toBe('send Bob: ')
    expect(await completed('send b', -1)).toBe('send Bob Jones: ')
    expect(await completed('', 1, 1)).toBe('send ')
    expect(await completed('', -1)).toBe('exit ')
    expect(await completed('/send ./ho', 1, 1)).toBe('/send ./holidays/a.jpg ')
    expect(await completed('/send ./ho', 1, 1, 1)).toBe('/send ./holidays/b.jpg ')
  })

  test.each(['zz', 'send zz', 'nonsense b', 'send /jo', '/nonsense', '/join zz', '/unignore ca', '/msg zo'])(
    'nothing of %s',
    async (line) => {
      expect(await completed(line)).toBeNull()
    },
  )
})

test('who spoke last is first, in each room by itself, and nobody is kept in mind without bound', () => {
  const speakers = new Speakers()
  for (const name of ['Bob', 'Carol', 'Bob']) speakers.hear('general', name)
  speakers.hear('dev', 'Dan')
  expect(speakers.of('general')).toEqual(['Bob', 'Carol'])
  for (let index = 0; index < 100; index++) speakers.hear('general', `${index}`)
  expect(speakers.of('general').length).toBe(50)
  for (let index = 0; index < 100; index++) speakers.hear(`${index}`, 'x')
  expect(speakers.of('dev')).toEqual([])
})

describe('on a terminal', () => {
  let terminal: TerminalProcess
  afterEach(() => terminal.end())

  test('a line is completed where the cursor is, and said as it then stands', async () => {
    terminal = new TerminalProcess()
    await terminal.untilLast('[general] >')
    terminal.type('/jo\t')
    await terminal.untilLast('[general] > /join')
    terminal.type('ge\t')
    await terminal.untilLast('[general] > /join general')
    terminal.type('\x15sen\t')
    await terminal.untilLast('[general] > send')
    terminal.type('hi there\r')
    await terminal.until((screen) => screen.text.some((row) => row.endsWith('<Alice> hi there')))
    // What stands behind the cursor stays there.
    terminal.type(`/msg there${'\x1b[D'.repeat(5)}`)
    await terminal.untilLast('[general] > /msg there')
    terminal.type('al\x1b[Z')
    await terminal.untilLast('[general] > /msg althere')
    terminal.type('\x15/h')
    await terminal.untilLast('[general] > /hthere')
    terminal.type('\t')
    await terminal.untilLast('[general] > /history there')
  })
})
