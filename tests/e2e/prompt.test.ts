import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { EXECUTABLE, Program, removeHomes, temporaryHome } from './program.ts'

/** The prompt of the compiled program, through a real pseudo-terminal and through pipes. */

setDefaultTimeout(60_000)

let closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
  removeHomes()
})

async function launch(args: string[]): Promise<Program> {
  const program = await Program.start(args)
  closing.push(() => program.close())
  return program
}

/** A person at a terminal: what the program writes, and keys to press. */
class Terminal {
  output = ''
  private readonly child: Bun.Subprocess
  private readonly watchers = new Set<() => void>()

  constructor(args: readonly string[], home = temporaryHome()) {
    const decoder = new TextDecoder()
    this.child = Bun.spawn([EXECUTABLE, ...args], {
      cwd: home,
      env: { HOME: home, TERM: 'xterm-256color' },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, data) => {
          this.output += decoder.decode(data, { stream: true })
          for (const watch of [...this.watchers]) watch()
        },
      },
    })
    closing.push(async () => {
      this.child.kill('SIGKILL')
      await this.child.exited
    })
  }

  get exited(): Promise<number> {
    return this.child.exited
  }

  press(keys: string): void {
    this.child.terminal?.write(keys)
  }

  /** Resolves once the text has appeared after position `from` of the output. */
  shows(text: string, from = 0): Promise<void> {
    const there = (): boolean => this.output.indexOf(text, from) >= 0
    if (there()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`never showed ${text}:\n${JSON.stringify(this.output)}`)), 15_000)
      const watch = (): void => {
        if (!there()) return
        clearTimeout(timer)
        this.watchers.delete(watch)
        resolve()
      }
      this.watchers.add(watch)
    })
  }
}

describe('at a terminal', () => {
  test('a half-typed line survives what arrives meanwhile, and is said whole', async () => {
    const hub = await launch(['--username', 'Hub'])
    const person = new Terminal(['--plain', '--ephemeral', '--username', 'Ann', '--connect', hub.address])
    await person.shows('[general]')
    await hub.peerUp()
    person.press('send half a line, ')
    await person.shows('half a line')
    await hub.say('an interruption')
    await person.shows('an interruption')
    // The prompt is drawn again after the interruption, with what was typed.
    await person.shows('send half a line, ', person.output.indexOf('an interruption'))
    person.press('and the rest\r')
    await hub.hears('half a line, and the rest')
    person.press('/room dev\r')
    await person.shows('[dev]')
    person.press('exit\r')
    expect(await person.exited).toBe(0)
  })

  test('what is pasted waits for Enter, is said as one message, and no mark of it is left to the shell', async () => {
    const hub = await launch(['--username', 'Hub'])
    const person = new Terminal(['--plain', '--ephemeral', '--username', 'Ann', '--connect', hub.address])
    await person.shows('[general]')
    expect(person.output).toContain('\x1b[?2004h')
    await hub.peerUp()
    const lines = Array.from({ length: 8 }, (_, index) => `pasted ${index}`)
    person.press('send ')
    const pasted = `\x1b[200~${lines.join('\r')}\r\x1b[201~`
    person.press(pasted.slice(0, 40))
    await person.shows('send ')
    person.press(pasted.slice(40))
    await person.shows('8 lines: Enter sends them as one message, Ctrl-C empties the line.')
    await person.shows('pasted 6⏎pasted 7')
    person.press('\r')
    const said = await hub.until((line) => line.event === 'message')
    expect(said).toMatchObject({ text: lines.join('\n') })
    person.press('exit\r')
    expect(await person.exited).toBe(0)
    expect(person.output.lastIndexOf('\x1b[?2004l')).toBeGreaterThan(person.output.lastIndexOf('\x1b[?2004h'))
  })

  test('/next goes to who wrote in private and to the room with news, and what was read there is news no more', async () => {
    const hub = await launch(['--username', 'Hub'])
    const person = new Terminal(['--plain', '--username', 'Ann', '--connect', hub.address])
    await person.shows('[general]')
    await hub.peerUp()
    await hub.until((line) => line.event === 'member' && line.name === 'Ann')
    person.press('/join dev\r')
    await person.shows('[dev]')
    await hub.say('news in general')
    await person.shows('news in general')
    await hub.do({ do: 'msg', peer: 'Ann', text: 'for you alone' })
    await person.shows('for you alone')
    person.press('/next\r')
    await person.shows('[@Hub]')
    const before = person.output.length
    person.press('/next\r')
    await person.shows('You are in general now', before)
    person.press('/next\r')
    await person.shows('There is nothing new anywhere else.')
    person.press('/switch hu\r')
    await person.shows('You are in @Hub now', before)
    person.press('exit\r')
    expect(await person.exited).toBe(0)
  })

  test('the newcomer is asked, the answers are kept, and the second start asks nothing', async () => {
    const home = temporaryHome()
    const first = new Terminal([], home)
    for (const [question, keys] of [
      ['What shall others call you?', 'Zoe\r'],
      ['Who may reach you?', '\r'],
      ['Keep your identity', '\r'],
      ['A peer to connect to', '\r'],
      ['older programs', '\r'],
    ] as const) {
      await first.shows(question)
      first.press(keys)
    }
    // Only a build with sound asks about it.
    await Promise.race([first.shows('headphones now?').then(() => first.press('\r')), first.shows('call you    Zoe')])
    await first.shows('call you    Zoe')
    first.press('\r')
    await first.shows('general> ')
    first.press('/quit\r')
    expect(await first.exited).toBe(0)
    const second = new Terminal([], home)
    await second.shows('general> ')
    expect(second.output).not.toContain('Welcome to hearsay')
    second.press('/quit\r')
    expect(await second.exited).toBe(0)
  })

  test('Ctrl-C on an empty line leaves with 130', async () => {
    const person = new Terminal(['--plain', '--ephemeral'])
    await person.shows('[general]')
    person.press('\x03')
    expect(await person.exited).toBe(130)
  })
})

describe('through pipes', () => {
  test('lines in and lines out, no prompt, and the end of input quits', async () => {
    const hub = await launch(['--username', 'Hub'])
    const child = Bun.spawn([EXECUTABLE, '--ephemeral', '--username', 'Pipe', '--connect', hub.address], {
      env: { HOME: temporaryHome() },
      stdin: 'pipe',
      stdout: 'pipe',
    })
    await hub.peerUp()
    await hub.say('to the pipe')
    const decoder = new TextDecoder()
    let heard = ''
    let answered = false
    for await (const part of child.stdout) {
      heard += decoder.decode(part, { stream: true })
      if (answered || !heard.includes('to the pipe')) continue
      answered = true
      child.stdin.write('send from the pipe\nnonsense\n')
      child.stdin.end()
    }
    expect(await child.exited).toBe(0)
    await hub.hears('from the pipe')
    expect(heard).toContain('Hub')
    expect(heard).toContain('help')
    expect(heard).not.toContain('\x1b')
  })
})
