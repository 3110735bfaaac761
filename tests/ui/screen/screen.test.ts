import { afterEach, describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { endOf } from '../../output-end.ts'
import { Emulator } from './emulator.ts'

/** The screen as a process, over a chat with nobody behind it. */
class Person {
  readonly emulator = new Emulator(80, 24)
  /** What was written when the screen was not there. */
  plain = ''
  private readonly decoder = new TextDecoder()
  private readonly watchers = new Set<() => void>()
  private readonly output = Promise.withResolvers<void>()
  private readonly child = Bun.spawn([process.execPath, resolve(import.meta.dir, 'screen-entry.ts')], {
    env: { ...process.env, TERM: 'xterm-256color', TZ: 'UTC', NO_COLOR: '' },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_, bytes) => this.hear(this.decoder.decode(bytes, { stream: true })),
      exit: () => this.output.resolve(),
    },
  })

  /** Resolves when all is read of what it wrote. */
  get exited(): Promise<number> {
    return endOf(this.child.exited, this.output.promise)
  }

  type(keys: string): void {
    this.child.terminal?.write(keys)
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  async shows(text: string): Promise<void> {
    while (!this.emulator.text.join('\n').includes(text)) await new Promise<void>((wake) => this.watchers.add(wake))
  }

  end(): void {
    this.child.kill('SIGKILL')
  }

  private hear(text: string): void {
    const [screen = '', after] = text.split(/(?<=\x1b\[23;0t)/)
    if (this.plain === '' && !this.isOver) this.emulator.write(screen)
    else this.plain += screen
    if (after !== undefined || text.includes('\x1b[23;0t')) this.isOver = true
    this.plain += after ?? ''
    for (const wake of this.watchers) wake()
    this.watchers.clear()
  }

  private isOver = false
}

let person: Person
afterEach(() => person.end())

async function sit(): Promise<Person> {
  person = new Person()
  await person.shows('general>')
  await person.shows('  Bob')
  return person
}

describe('the screen', () => {
  test('gives the terminal back when something happens that nobody expected, and the error can be read', async () => {
    await sit()
    person.signal('SIGUSR1')
    expect(await person.exited).toBe(1)
    expect([...person.emulator.modes].sort()).toEqual(['25', '7'])
    expect(person.plain).toContain('nobody expected this')
  })

  test('leaves nothing of itself on a terminal that has no other screen to go back to', async () => {
    await sit()
    person.signal('SIGTERM')
    expect(await person.exited).toBe(0)
    expect(person.emulator.text.join('').trim()).toBe('')
    expect(person.emulator.cursor).toMatchObject({ x: 0, y: 0 })
  })

  test('lists who writes directly, goes there, and forgets it with /leave', async () => {
    await sit()
    person.signal('SIGUSR2')
    await person.shows('2 @Bob')
    person.type('\x1b2')
    await person.shows('@Bob>')
    await person.shows('Bob: between us')
    person.type('/leave\r')
    await person.shows('general>')
    await person.shows('You left @Bob')
    expect(person.emulator.text.some((row) => row.startsWith('2 '))).toBe(false)
  })

  test.each(['/keys', '/help keys'])('shows its keys, asked by %s', async (asked) => {
    await sit()
    person.type(`${asked}\r`)
    await person.shows('┌─ Keys')
    person.type('x')
    await person.shows('general> x')
  })

  test('says what is wrong with a command in the talk', async () => {
    await sit()
    person.type('/jion dev\r')
    await person.shows('no such command')
    person.type('/connect nowhere.example:1\r')
    await person.shows('Nobody listens at')
  })
})
