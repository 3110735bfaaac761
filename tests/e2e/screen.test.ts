import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeWav } from '../voice/wav.ts'
import { freePort, Program, removeHomes, temporaryHome } from './program.ts'
import { ScreenTerminal } from './screen-terminal.ts'

/** The full screen of the compiled program: what a person does at it, and what is to be seen then. */

setDefaultTimeout(60_000)

/** As much of a shell as stopping and `fg` need, that shows nothing but `stopped`, and has lines typed to it as shells do. */
const SHELL = 'set -m; exec 2>/dev/null; stty -echo; "$@"; stty sane -echo; printf stopped; read -r line; fg >/dev/null'

/** The terminal puts its title aside, and takes it back. */
const KEPT_TITLE = /\x1b\[22;0t/g
const TITLE_BACK = /\x1b\[23;0t/g

let closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
  removeHomes()
})

async function launch(args: readonly string[], home = temporaryHome()): Promise<Program> {
  const program = await Program.start(['--static', ...args], { home })
  closing.push(() => program.close())
  return program
}

function sit(
  args: readonly string[],
  options?: ConstructorParameters<typeof ScreenTerminal>[2],
  home = temporaryHome(),
): ScreenTerminal {
  const screen = new ScreenTerminal(['--static', '--username', 'Ann', ...args], home, options)
  closing.push(() => screen.close())
  return screen
}

/** Bob as a bot, and Ann at her screen, linked. */
async function pair(options?: ConstructorParameters<typeof ScreenTerminal>[2]): Promise<[Program, ScreenTerminal]> {
  const bob = await launch(['--username', 'Bob'])
  const ann = sit(['--connect', bob.address], options)
  await ann.shows('general>')
  await bob.peerUp()
  await ann.shows('1 link')
  await bob.until((line) => line.event === 'member' && line.name === 'Ann')
  await ann.shows('  Bob')
  return [bob, ann]
}

/** The terminal as it was found: every mode as before, the ordinary screen, the cursor there. */
function isGivenBack(screen: ScreenTerminal): void {
  expect([...screen.emulator.modes].sort()).toEqual(['25', '7'])
}

describe('a person at the screen', () => {
  test('talks, and sees who hears it; the other answers, reacts and is seen to', async () => {
    const [bob, ann] = await pair()
    ann.type('hello Bob\r')
    await bob.hears('hello Bob')
    await ann.shows('Ann: hello Bob ✓✓')
    await bob.say('Ann: hi')
    await ann.shows('Bob: Ann: hi')
    await bob.do({ do: 'react', emoji: '👍' })
    await ann.shows('👍 Bob')
    ann.type('/edit hello you\r')
    await bob.until((line) => line.event === 'edit')
    await ann.shows('hello you (edited)')
    ann.type('/nick Zoe\r')
    await ann.shows('You are Zoe#')
    await bob.until((line) => line.event === 'member' && line.state === 'renamed')
    ann.type('/quit\r')
    expect(await ann.exited).toBe(0)
    isGivenBack(ann)
  })

  test('talks, sees who is in voice and who speaks, and mutes by a key', async () => {
    const sound = ['--no-noise-suppression', '--voice-mode', 'open']
    const home = temporaryHome()
    const spoken = join(home, 'spoken.wav')
    writeWav(
      spoken,
      Float32Array.from({ length: 20 * 48_000 }, (_, i) => 0.4 * Math.sin(i / 16)),
      48_000,
    )
    const bob = await launch([
      '--username',
      'Bob',
      '--audio-in',
      spoken,
      '--audio-out',
      join(home, 'bob.wav'),
      ...sound,
    ])
    const ears = ['--audio-in', spoken, '--audio-out', join(home, 'ann.wav')]
    const ann = sit(['--connect', bob.address, ...ears, ...sound])
    await ann.shows('  Bob')
    expect(await bob.do({ do: 'voice', action: 'join' })).toMatchObject({ ok: true })
    await ann.shows('Bob joined voice in general.')
    await ann.until((rows) => rows[0]!.startsWith('1 general   ◂1│'))
    ann.type('/voice jo\t\r')
    await ann.shows('voice on')
    await ann.shows('  Bob ◂))')
    await ann.until((rows) => rows[0]!.startsWith('1 general   ◂2│'))
    await bob.until(
      (line) => line.event === 'voice' && line.peers.some(({ name, speaking }) => name === 'Ann' && speaking),
    )
    ann.type('\x1bv')
    await ann.shows('voice muted')
    await ann.shows('  Ann muted')
    await bob.until((line) => line.event === 'voice' && line.change?.what === 'muted')
    await bob.do({ do: 'voice', action: 'leave' })
    await ann.shows('Bob left voice in general.')
    ann.type('/quit\r')
    expect(await ann.exited).toBe(0)
    isGivenBack(ann)
  })

  test('gets a file, and sees it come', async () => {
    const [bob, ann] = await pair()
    const bytes = new Uint8Array(3_000_000).fill(7)
    const path = join(bob.home, 'photo of us.jpg')
    writeFileSync(path, bytes)
    expect(await bob.do({ do: 'send', path })).toMatchObject({ ok: true })
    await ann.shows('▤ photo of us.jpg  3.0 MB')
    await ann.shows('/accept 1 takes it, /decline 1 does not')
    ann.type('/acc\tph\t\r')
    await ann.shows('here: ')
    expect(readFileSync(join(ann.home, 'Downloads', 'photo of us.jpg')).equals(bytes)).toBe(true)
    ann.type('/files\r')
    await ann.shows('photo of us.jpg  3.0 MB  Bob  done')
  })

  test('completes, goes to another room and back, and is told of news there', async () => {
    const [bob, ann] = await pair()
    ann.type('/jo\tdev\r')
    await ann.shows('dev>')
    await bob.say('are you there?')
    await ann.until((rows) => rows[0]!.startsWith('1 general    1│'))
    ann.type('\x1ba')
    await ann.shows('general>')
    await ann.shows('are you there?')
    ann.type('bo\tyes\r')
    await bob.hears('Bob: yes')
    ann.type('\x0bde\r')
    await ann.shows('dev>')
  })

  test('pastes many lines and is asked; says them as one message', async () => {
    const [bob, ann] = await pair()
    const lines = Array.from({ length: 8 }, (_, i) => `line ${i}`)
    ann.type(`\x1b[200~${lines.join('\r')}\x1b[201~`)
    await ann.shows('8 lines. Enter sends them')
    ann.type('\r')
    await bob.hears(lines.join('\n'))
    await ann.until((rows) => rows.some((row) => row.includes('line 7 ✓')))
  })

  test('pastes many lines where the terminal does not mark that, in pieces, and is asked all the same', async () => {
    const [bob, ann] = await pair()
    const lines = Array.from({ length: 400 }, (_, i) => `line ${i}`)
    ann.type(`${lines.join('\r')}\r`)
    await ann.shows('400 lines. Enter sends them')
    ann.type('\r')
    await bob.hears(lines.join('\n'))
  })

  test('scrolls back through what was said before, resizes, and is at the end again', async () => {
    const [bob, ann] = await pair()
    for (let index = 0; index < 120; index++) await bob.say(`word ${index} of many`)
    await ann.shows('word 119')
    ann.type('\x1b[5~\x1b[5~')
    await ann.shows('↓ more')
    const lowest = ann.rows
      .findLast((row) => row.includes('word'))!
      .replace(/^[^│]*│|│.*$/g, '')
      .trim()
    await bob.say('something new')
    await ann.shows('↓ 1 new')
    for (const [columns, rows] of [
      [40, 10],
      [120, 40],
      [80, 24],
    ] as const) {
      ann.resize(columns, rows)
      await ann.until(
        (all) => all.at(-1)!.includes('>') && all.at(-2)!.startsWith(' general') && !all.join('').includes('#'),
      )
      expect(ann.rows.findLast((row) => row.includes('word'))).toContain(lowest.replace(/^\d\d:\d\d Bob: /, ''))
    }
    ann.type('\x1b')
    await ann.until((_, all) => all.includes('something new') && !all.includes('↓'))
  })

  test('resizes without a flicker: nothing is cleared, and each picture comes in one synchronized update', async () => {
    const ann = sit(['--ephemeral'])
    await ann.shows('general>')
    const drawn = ann.raw.length
    for (const [columns, rows] of [
      [60, 20],
      [120, 40],
      [80, 24],
    ] as const) {
      ann.resize(columns, rows)
      await ann.until(
        (all) =>
          all.at(-1)!.startsWith('general>') && all.at(-2)!.startsWith(' general') && ann.raw.endsWith('\x1b[?2026l'),
      )
    }
    const since = ann.raw.slice(drawn)
    expect(since).not.toMatch(/\x1b\[[23]?J/)
    expect(since.replace(/\x1b\[\?2026h.*?\x1b\[\?2026l/gs, '').replace(/\x1b\]2;[^\x07]*\x07/g, '')).toBe('')
  })

  test('has the keys and the theme of the configuration', async () => {
    const home = temporaryHome()
    mkdirSync(join(home, 'config', 'hearsay'), { recursive: true })
    const config = 'theme = "mono"\nkeys = { alt-j = "jump", f1 = "none" }\n'
    writeFileSync(join(home, 'config', 'hearsay', 'config.toml'), config, { mode: 0o600 })
    const ann = sit(['--ephemeral'], {}, home)
    await ann.shows('general>')
    ann.type('\x1bj')
    await ann.shows('Where to?')
    ann.type('\x1b')
    await ann.until((_, all) => !all.includes('Where to?'))
    ann.type('\x1bOPx')
    await ann.shows('general> x')
    expect(ann.raw).not.toMatch(/\x1b\[[\d;]*(?:[34][0-7]|9[0-7]|38;5)[\d;]*m/)
  })

  test('sees hostile text beside ordinary text, and every other cell is as it was', async () => {
    const [bob, ann] = await pair()
    await bob.say('before')
    await ann.shows('before')
    const border = (rows: readonly string[]) =>
      rows.slice(0, 22).every((row) => row.indexOf('│') === 14 || /[^\x20-\x7e│─]/.test(row.slice(0, 14)))
    for (const text of [
      `x${'\u0301'.repeat(5_000)}y`,
      '\x1b[2J\x1b[H\x1b]0;mine\x07 gone?',
      '\u202Eabc\u2066',
      '👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪1️⃣',
      'ﷺ'.repeat(30),
    ]) {
      await bob.say(`${text} end`)
    }
    await bob.say('after')
    await ann.shows('after')
    expect(border(ann.rows)).toBe(true)
    expect(ann.rows[0]).toStartWith('1 general     │')
    expect(ann.emulator.title).toEndWith('hearsay · general')
    await ann.shows('before')
  })

  test('finds listed who wrote in private before the start, and nothing of it twice', async () => {
    const home = temporaryHome()
    const bob = await launch(['--username', 'Bob'])
    const before = sit(['--connect', bob.address], {}, home)
    await before.shows('  Bob')
    await bob.until((line) => line.event === 'member' && line.name === 'Ann')
    await bob.do({ do: 'msg', peer: 'Ann', text: 'for you alone' })
    await before.shows('2 @Bob       1')
    before.type('\x04')
    expect(await before.exited).toBe(0)
    const ann = sit([], {}, home)
    await ann.shows('2 @Bob       1')
    expect(ann.rows.join('\n')).not.toContain('not read yet')
    ann.type('\x1b2')
    await ann.shows('for you alone')
    await ann.until((rows) => rows.some((row) => row.startsWith('2 @Bob        │')))
  })

  test('loses the network and finds it again', async () => {
    const port = await freePort()
    const home = temporaryHome()
    const bob = await launch(['--username', 'Bob', '--port', String(port)], home)
    const ann = sit(['--connect', bob.address])
    await ann.shows('1 link')
    await bob.kill('SIGKILL')
    await ann.shows('nobody connected')
    ann.type('into the gap\r')
    await ann.shows('into the gap …')
    const again = await launch(['--username', 'Bob', '--port', String(port)], home)
    await again.hears('into the gap')
    await ann.shows('into the gap ✓✓')
  })
})

describe('the terminal is given back', () => {
  test('after Ctrl-C, with 130', async () => {
    const ann = sit(['--ephemeral'])
    await ann.shows('general>')
    ann.type('typed\x03')
    await ann.until((_, all) => !all.includes('typed'))
    ann.type('\x03')
    expect(await ann.exited).toBe(130)
    isGivenBack(ann)
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('after %s', async (signal) => {
    const ann = sit(['--ephemeral'])
    await ann.shows('general>')
    ann.signal(signal)
    expect(await ann.exited).toBe(0)
    isGivenBack(ann)
  })

  test('to nobody where the window is closed: the program ends, and what was typed before was said', async () => {
    const [bob, ann] = await pair()
    ann.type('the last word\r')
    await bob.hears('the last word')
    ann.hangUp()
    expect(await ann.exited).toBe(0)
  })

  test('and taken again where somebody else stopped the program', async () => {
    const ann = sit(['--ephemeral'], { shell: SHELL })
    await ann.shows('general>')
    process.kill(Number(Bun.spawnSync(['pgrep', '-P', String(ann.pid)]).stdout.toString()), 'SIGSTOP')
    await ann.shows('stopped')
    const drawn = ann.raw.length
    ann.type('\r')
    await ann.until(() => ann.raw.slice(drawn).includes('\x1b[?1049h') && ann.raw.slice(drawn).includes('general> '))
    ann.type('a key at a time')
    await ann.shows('> a key at a time')
  })

  test('while the program is stopped, and taken again when it goes on', async () => {
    const ann = sit(['--ephemeral'], { shell: SHELL })
    await ann.shows('general>')
    ann.type('half')
    await ann.shows('> half')
    ann.type('\x1a')
    await ann.shows('stopped')
    isGivenBack(ann)
    ann.type('\r')
    await ann.until((_, all) => ann.emulator.modes.has('1049') && all.includes('> half'))
    ann.type(' more')
    await ann.shows('> half more')
    expect([...ann.raw.matchAll(KEPT_TITLE)]).toHaveLength([...ann.raw.matchAll(TITLE_BACK)].length + 1)
  })

  test.each([
    [60, 15],
    [100, 30],
  ])('and taken again in the size that the window was given meanwhile, %d by %d', async (columns, rows) => {
    const ann = sit(['--ephemeral'], { shell: SHELL })
    await ann.shows('general>')
    ann.type('half\x1a')
    await ann.shows('stopped')
    ann.resize(columns, rows)
    ann.type('\r')
    await ann.until(() => ann.emulator.modes.has('1049') && ann.raw.endsWith('\x1b[?2026l'))
    expect(ann.rows).toHaveLength(rows)
    expect(ann.rows.at(-2)).toStartWith(' general')
    expect(ann.rows.at(-1)).toBe('general> half')
    expect(ann.rows.join('')).not.toContain('#')
  })

  test('and taken again at once where no shell is there that could let it go on', async () => {
    const ann = sit(['--ephemeral'])
    await ann.shows('general>')
    ann.type('half\x1a')
    await ann.until(
      (_, all) => ann.raw.includes('\x1b[?1049l') && ann.emulator.modes.has('1049') && all.includes('> half'),
    )
    ann.type(' more')
    await ann.shows('> half more')
  })
})

describe('where there can be no screen', () => {
  test('a dumb terminal gets the prompt, and one line that says why', async () => {
    const ann = sit(['--ephemeral'], { env: { TERM: 'dumb' } })
    await ann.until(() => ann.raw.includes('[general]') || ann.raw.includes('reachable'))
    expect(ann.raw).toContain('TERM=dumb')
    expect(ann.raw).not.toContain('\x1b[?1049h')
  })

  test('without colours, there are none', async () => {
    const ann = sit(['--ephemeral'], { env: { NO_COLOR: '1' } })
    await ann.shows('general>')
    expect(ann.raw).not.toMatch(/\x1b\[[\d;]*(3|4|9)\d[;m]/)
  })
})
