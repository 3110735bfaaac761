import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXECUTABLE, freePort, temporaryHome } from './program.ts'
import { Stage } from './stage.ts'

/** `hearsay listen` and `hearsay connect`, with each other and with the older program. */

setDefaultTimeout(30_000)

/** One end, driven as a person drives it. */
class End {
  text = ''
  readonly folder = temporaryHome()
  private readonly child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  private readonly waiters = new Set<() => void>()

  constructor(args: readonly string[]) {
    const io = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const
    this.child = Bun.spawn([EXECUTABLE, ...args], { cwd: this.folder, env: { HOME: this.folder }, ...io })
    void this.read()
  }

  type(line: string): void {
    this.child.stdin.write(`${line}\n`)
    this.child.stdin.flush()
  }

  ends(): void {
    this.child.stdin.end()
  }

  shows(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!this.text.includes(text)) return
        clearTimeout(timer)
        this.waiters.delete(check)
        resolve()
      }
      const timer = setTimeout(() => reject(new Error(`waited for ${text} in vain:\n${this.text}`)), 10_000)
      this.waiters.add(check)
      check()
    })
  }

  async errors(): Promise<string> {
    return new Response(this.child.stderr).text()
  }

  get exited(): Promise<number> {
    return this.child.exited
  }

  close(): void {
    this.child.kill('SIGKILL')
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of this.child.stdout) {
      this.text += decoder.decode(chunk, { stream: true })
      for (const check of [...this.waiters]) check()
    }
  }
}

const stage = new Stage()
const ends: End[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) end.close()
  await stage.close()
})

function run(...args: string[]): End {
  const end = new End(args)
  ends.push(end)
  return end
}

function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
}

describe('two hearsays', () => {
  test('talk, send files both ways, and one leaving ends both', async () => {
    const port = String(await freePort())
    const ann = run('listen', '--host', '127.0.0.1', '--port', port, '--name', 'Ann')
    await ann.shows(`Listening on 127.0.0.1:${port}`)
    const ben = run('connect', '127.0.0.1', port, '--name', 'Ben')
    await ben.shows('Connected with')
    ben.type('hello')
    await ann.shows('[Ben] hello')
    ann.type('hello yourself')
    await ben.shows('[Ann] hello yourself')

    const big = content(3_000_000)
    writeFileSync(join(ben.folder, 'my big file.bin'), big)
    ben.type('/send my big file.bin')
    await ann.shows('Ben sends my_big_file.bin (3000000 bytes)')
    expect(existsSync(join(ann.folder, 'received_files'))).toBe(false)
    ann.type('/accept')
    await ann.shows(`my_big_file.bin is in received_files`)
    await ben.shows('It goes by the name my_big_file.bin')
    expect(Buffer.from(big).equals(readFileSync(join(ann.folder, 'received_files/my_big_file.bin')))).toBe(true)

    writeFileSync(join(ann.folder, 'small.txt'), 'small')
    ann.type('/send small.txt')
    await ben.shows('small.txt (5 bytes)')
    ben.type('/decline')
    await ben.shows('small.txt was not taken')
    ann.type('after it')
    await ben.shows('[Ann] after it')
    expect(existsSync(join(ben.folder, 'received_files'))).toBe(false)

    ann.type('/quit')
    await ben.shows('Ann has left the chat.')
    expect(await Promise.all([ann.exited, ben.exited])).toEqual([0, 0])
  })
})

describe('with the older program', () => {
  test('listening to it: words, a file each way, and leaving', async () => {
    const port = await freePort()
    const us = run('listen', '--host', '127.0.0.1', '--port', String(port), '--name', 'Ulla')
    await us.shows('Listening')
    const lou = await stage.original('line', ['connect', '127.0.0.1', port, '--name', 'Lou'])
    lou.do({ do: 'send', msg: 'hi' })
    await us.shows('[Lou] hi')
    us.type('hi Lou')
    await lou.until('message', { name: 'Ulla', text: 'hi Lou' })
    const bytes = content(200_000)
    writeFileSync(join(us.folder, 'cat.png'), bytes)
    us.type('/send cat.png')
    us.type('that was a cat')
    us.type('a fat cat')
    const file = await lou.until('file', { name: 'cat.png', size: 200_000, whole: true })
    await lou.until('message', { text: 'a fat cat' })
    // What was typed behind it comes behind it.
    const order = lou.reports.flatMap(({ event, name, text }) =>
      event === 'file' ? [name] : event === 'message' ? [text] : [],
    )
    expect(order).toEqual(['hi Lou', 'cat.png', 'that was a cat', 'a fat cat'])
    expect(lou.of('bad-header')).toEqual([])
    writeFileSync(join(us.folder, 'dog.png'), bytes)
    lou.do({ do: 'file', path: join(us.folder, 'dog.png') })
    await us.shows('Lou sends dog.png (200000 bytes)')
    us.type('/accept')
    await us.shows('dog.png is in')
    expect(Buffer.from(bytes).equals(readFileSync(join(us.folder, 'received_files/dog.png')))).toBe(true)
    expect(String(file['path'])).toContain('cat.png')
    lou.do({ do: 'quit' })
    await us.shows('Lou has left the chat.')
    expect(await us.exited).toBe(0)
  })

  test('dialling it, and leaving as it does', async () => {
    const port = await freePort()
    const lou = await stage.original('line', ['listen', '--port', port, '--name', 'Lou'])
    const us = run('connect', '127.0.0.1', String(port), '--name', 'Ulla')
    await lou.until('connected')
    us.type('hello')
    await lou.until('message', { name: 'Ulla', text: 'hello' })
    us.type('/quit')
    await lou.until('message', { name: 'Ulla', text: 'has left the chat.' })
    expect(await us.exited).toBe(0)
  })
})

describe('before anybody has come', () => {
  test.each([
    ['/quit', (end: End) => end.type('/quit')],
    ['the end of its input', (end: End) => end.ends()],
    ['/quit behind an empty line', (end: End) => end.type('\n/quit')],
  ])('%s ends it at once, and the port is free', async (_, leave) => {
    const port = String(await freePort())
    const us = run('listen', '--host', '127.0.0.1', '--port', port)
    await us.shows('Listening')
    leave(us)
    expect(await us.exited).toBe(0)
    expect(us.text).not.toContain('left')
    const next = run('listen', '--host', '127.0.0.1', '--port', port)
    await next.shows(`Listening on 127.0.0.1:${port}`)
  })

  test('what a script says is kept for the first who comes, its leaving too', async () => {
    const port = String(await freePort())
    const us = run('listen', '--host', '127.0.0.1', '--port', port, '--name', 'Ann')
    await us.shows('Listening')
    us.type('hello\nyou there\n/quit')
    us.ends()
    const ben = run('connect', '127.0.0.1', port, '--name', 'Ben')
    await ben.shows('[Ann] hello\n[Ann] you there\nAnn has left the chat.')
    expect(await Promise.all([us.exited, ben.exited])).toEqual([0, 0])
  })
})

describe('a path in quotation marks', () => {
  test.each(['"my cat.txt"', "'my cat.txt'", 'my cat.txt', ' "my cat.txt" '])('%s is the file', async (typed) => {
    const port = String(await freePort())
    const ann = run('listen', '--host', '127.0.0.1', '--port', port, '--name', 'Ann')
    await ann.shows('Listening')
    const ben = run('connect', '127.0.0.1', port, '--name', 'Ben')
    writeFileSync(join(ben.folder, 'my cat.txt'), 'a cat')
    ben.type(`/send ${typed}`)
    await ann.shows('sends my_cat.txt (5 bytes)')
  })
})

describe('whose standard input ends', () => {
  test('sends the file that was asked for, whatever was said around it, and leaves by name', async () => {
    const port = await freePort()
    const ann = run('listen', '--host', '127.0.0.1', '--port', String(port), '--name', 'Ann')
    await ann.shows('Listening')
    const ben = run('connect', '127.0.0.1', String(port), '--name', 'Ben')
    writeFileSync(join(ben.folder, 'cat.png'), content(200_000))
    ben.type('/send nowhere.png')
    ben.type('/send cat.png')
    ben.ends()
    await ann.shows('sends cat.png (200000 bytes)')
    ann.type('/accept')
    await ann.shows('cat.png is in')
    await ann.shows('Ben has left the chat.')
    expect(await Promise.all([ann.exited, ben.exited])).toEqual([0, 0])
  })
})

describe('leaving while a file is being sent', () => {
  async function sending() {
    const port = String(await freePort())
    const ann = run('listen', '--host', '127.0.0.1', '--port', port, '--name', 'Ann')
    await ann.shows('Listening')
    const ben = run('connect', '127.0.0.1', port, '--name', 'Ben')
    await ben.shows('Connected with')
    const bytes = content(3_000_000)
    writeFileSync(join(ben.folder, 'cat.png'), bytes)
    ben.type('/send cat.png\nthat was a cat\n/quit')
    await ben.shows('cat.png is still being sent: this ends with it. /quit again ends both at once.')
    return { ann, ben, bytes }
  }

  test('waits for its end, and says goodbye behind it', async () => {
    const { ann, ben, bytes } = await sending()
    await ann.shows('sends cat.png (3000000 bytes)')
    ann.type('/accept')
    await ann.shows('[Ben] that was a cat\nBen has left the chat.')
    expect(await Promise.all([ann.exited, ben.exited])).toEqual([0, 0])
    expect(bytes.length === readFileSync(join(ann.folder, 'received_files/cat.png')).length).toBe(true)
  })

  test('does not wait where that is said twice', async () => {
    const { ben } = await sending()
    ben.type('/quit')
    expect(await ben.exited).toBe(0)
  })
})

describe('what cannot be', () => {
  test.each([
    [['connect', '127.0.0.1'], 2, 'the port is missing'],
    [['listen', '--prot', '1'], 2, 'did you mean --port?'],
    [['listen', '--name', ''], 2, '--name: a value is missing'],
    [['connect', '127.0.0.1', '1'], 1, 'refused the connection'],
  ])('%j is told', async (args, status, reason) => {
    const end = run(...args)
    expect(await end.errors()).toContain(reason)
    expect(await end.exited).toBe(status)
  })
})
