import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, Program, removeHomes, temporaryHome } from './program.ts'
import { Tmux, tmuxTests } from './tmux.ts'

/** The full screen in a terminal with opinions of its own: what changes leave there is what drawing it anew shows. */

setDefaultTimeout(60_000)

let closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
  removeHomes()
})

async function pair(
  size: { columns: number; rows: number },
  port = 0,
  home = temporaryHome(),
): Promise<[Program, Tmux]> {
  const bob = await Program.start(['--static', '--username', 'Bob', '--port', String(port)], { home })
  closing.push(() => bob.close())
  const ann = new Tmux(['--static', '--username', 'Ann', '--connect', bob.address], temporaryHome(), size)
  closing.push(() => ann.close())
  await ann.until((screen) => screen.includes('1 link'))
  await bob.until((line) => line.event === 'member' && line.name === 'Ann')
  return [bob, ann]
}

/** Each row, every character with how it looks; blanks at the end of one are there or not, depending on what was there before. */
function looks(ann: Tmux): string[] {
  let look: string[] = []
  return ann
    .capture(true)
    .split('\n')
    .map((row) => {
      let cells = ''
      for (const [, codes, char] of row.matchAll(/\x1b\[([\d;]*)m|([^\x1b])/gu)) {
        if (codes !== undefined) look = changed(look, codes)
        else cells += seen(look, char ?? '')
      }
      return cells.replace(/(?:\{7\}| )+$/, '')
    })
}

/** A blank has no colour of its own to be seen. */
function seen(look: readonly string[], char: string): string {
  const visible = char === ' ' ? look.filter((code) => /^(?:4.*|7)$/.test(code)) : look
  return visible.length === 0 ? char : `{${visible.join(' ')}}${char}`
}

/** tmux gives several codes, and codes for the default, where one would do. */
function changed(look: readonly string[], codes: string): string[] {
  const parts = codes.match(/38;5;\d+|48;5;\d+|\d+/g) ?? ['0']
  return parts.reduce<string[]>(
    (before, part) => {
      if (part === '0') return []
      const colour = /^(?:3[0-9]|9[0-7])/.test(part) ? /^(?:3[0-9]|9[0-7])/ : /^4[0-9]/.test(part) ? /^4[0-9]/ : null
      const others = before.filter((each) => each !== part && colour?.test(each) !== true)
      return part === '39' || part === '49' ? others : [...others, part].sort()
    },
    [...look],
  )
}

/** Nothing is left that should not be there, and nothing is missing. */
async function isClean(ann: Tmux): Promise<void> {
  const before = looks(ann)
  // A mark that comes after the drawing: what is typed is drawn after all that went before.
  ann.press('C-l')
  ann.type('~')
  await ann.until((screen) => screen.trimEnd().endsWith('~'))
  ann.press('BSpace')
  await ann.until((screen) => !screen.trimEnd().endsWith('~'))
  expect(looks(ann)).toEqual(before)
}

const TEXTS = [
  'plain words',
  'ünïcödé жж ελλ 日本語 한국어',
  '👍 👍🏽 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪 1️⃣ ☺️ ☺',
  'עברית and العربية and हिन्दी क्षि',
  `tower a${'\u0301'.repeat(50)} end`,
  '\x1b[31mred\x1b[2J \x1b]0;title\x07 \x9bH',
  `${'wide 漢字 '.repeat(20)}`,
  'see https://example.org/path?query=1 and more',
]

/** Each with where its borders are: tmux takes a while before it tells the program of its size. */
const SIZES = [
  { columns: 40, rows: 10, isDrawn: (screen: string) => !screen.includes('│') },
  { columns: 120, rows: 40, isDrawn: (screen: string) => /^.{22}│.*│/m.test(screen) },
  { columns: 60, rows: 20, isDrawn: (screen: string) => /^.{14}│/m.test(screen) && !/│.*│/.test(screen) },
  { columns: 80, rows: 24, isDrawn: (screen: string) => /^.{14}│.*│/m.test(screen) },
]

describe.skipIf(!tmuxTests)('in tmux', () => {
  test('talk of every kind, scrolling, resizing, completing and pasting leave no wrong cell', async () => {
    const [bob, ann] = await pair({ columns: 80, rows: 24 })
    for (const text of TEXTS) await bob.say(text)
    await bob.say('the last of them')
    await ann.until((screen) => screen.includes('the last of them'))
    await isClean(ann)
    ann.type('Bo')
    ann.press('Tab')
    ann.type('hello')
    await ann.until((screen) => screen.includes('> Bob: hello'))
    await isClean(ann)
    ann.press('Enter')
    await bob.hears('Bob: hello')
    await ann.until((screen) => screen.includes('hello ✓✓'))
    for (let round = 0; round < 3; round++) for (const text of TEXTS) await bob.say(`${round} ${text}`)
    await ann.until((screen) => screen.includes('2 see https'))
    ann.press('PPage')
    await ann.until((screen) => screen.includes('↓ more'))
    await isClean(ann)
    ann.press('PPage', 'NPage', 'Escape')
    await ann.until((screen) => !screen.includes('↓'))
    await isClean(ann)
    for (const { columns, rows, isDrawn } of SIZES) {
      ann.resize(columns, rows)
      await ann.until((screen) => screen.split('\n')[rows - 2]!.startsWith(' general') && isDrawn(screen))
      await isClean(ann)
    }
    ann.paste(Array.from({ length: 9 }, (_, i) => `pasted ${i}`).join('\n'))
    await ann.until((screen) => screen.includes('9 lines.'))
    ann.press('Escape')
    await ann.until((screen) => !screen.includes('9 lines.'))
    await isClean(ann)
  })

  test('a file that comes, and a network that goes and comes back, leave no wrong cell', async () => {
    const port = await freePort()
    const home = temporaryHome()
    const [bob, ann] = await pair({ columns: 80, rows: 24 }, port, home)
    const path = join(bob.home, '写真 of us.jpg')
    writeFileSync(path, new Uint8Array(3_000_000).fill(7))
    await bob.do({ do: 'send', path })
    await ann.until((screen) => screen.includes('/accept 1 takes it') && screen.includes('Bob joined.'))
    await isClean(ann)
    ann.type('/accept')
    ann.press('Enter')
    await ann.until((screen) => screen.includes('here: ') && !screen.includes('↓'))
    await isClean(ann)
    await bob.kill('SIGKILL')
    // All that is told of it: nothing comes in while it is looked whether all is clean.
    await ann.until((screen) => screen.includes('nothing listens there'))
    ann.type('into the gap')
    ann.press('Enter')
    await ann.until((screen) => screen.includes('into the gap …') && screen.includes('nobody connected'))
    await isClean(ann)
    const again = await Program.start(['--static', '--username', 'Bob', '--port', String(port)], { home })
    closing.push(() => again.close())
    await again.hears('into the gap')
    await ann.until((screen) => screen.includes('into the gap ✓✓') && screen.includes('1 link'))
    await isClean(ann)
  })

  test('who is written to while they look elsewhere is notified by the terminal around tmux, and hears the bell', async () => {
    const [bob, ann] = await pair({ columns: 80, rows: 24 })
    const around = ann.attach([
      ['focus-events', 'on'],
      ['allow-passthrough', 'on'],
    ])
    closing.push(() => around.close())
    await around.gets('general>')
    around.type('\x1b[O')
    // What is typed is drawn after what came before it.
    around.type('~')
    await ann.until((screen) => screen.trimEnd().endsWith('~'))
    around.type('\x1b[O')
    await bob.do({ do: 'msg', peer: 'Ann', text: 'are you; there?' })
    await around.gets('\x1b]9;Bob: are you, there?\x1b\\')
    expect(around.raw).toContain('\x07')
    await ann.until((screen) => screen.includes('2 @Bob       1'))
  })

  test.each(['80x24', '200x50'])(
    'three of them play a conversation on %s, and everybody hears everything',
    async (size) => {
      const command = [join(import.meta.dir, '../../scripts/demo'), '--check', size]
      const demo = Bun.spawn(command, { stdout: 'pipe', stderr: 'pipe' })
      closing.push(() => demo.kill())
      const [said, errors, status] = await Promise.all([demo.stdout.text(), demo.stderr.text(), demo.exited])
      expect({ said, errors, status }).toEqual({ said: 'demo: everybody heard everything\n', errors: '', status: 0 })
    },
  )

  test('the terminal is given back as it was', async () => {
    const [, ann] = await pair({ columns: 80, rows: 24 })
    ann.type('/quit')
    ann.press('Enter')
    const screen = await ann.until((all) => all.includes('LEFT WITH'))
    expect(screen.trim()).toBe('LEFT WITH 0')
  })
})
