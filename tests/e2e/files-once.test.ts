import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRng } from '../../src/base/rng.ts'
import { Once } from './once.ts'
import { EXECUTABLE, freePort, type Line, Program, removeHomes, temporaryHome } from './program.ts'
import { diskTests, SmallDisk } from './small-disk.ts'
import { makeFolder, treeOf } from './transfers.ts'

/** `hearsay send` and `hearsay receive`, as scripts use them. */

afterAll(removeHomes)

const REFUSED = 'hearsay: Ben does not want plan.pdf (1.0 kB). Ask, and send it again if that changes.\n'

const bytesOf = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  const block = seededRng(size).bytes(Math.min(size, 70_001))
  for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at)
  return bytes
}

interface Pair {
  readonly send: Once
  readonly receive: Once
}

interface Asked {
  readonly send: readonly string[]
  readonly receive?: readonly string[]
  /** Makes what is to be sent, in the folder the sender stands in. */
  readonly fill?: (home: string) => void
  /** Where the receiver stands. */
  readonly into?: string
}

async function pair({
  send: sends,
  receive: receives = [],
  fill = () => {},
  into = temporaryHome(),
}: Asked): Promise<Pair> {
  const home = temporaryHome()
  fill(home)
  const port = String(await freePort())
  const send = new Once(['send', ...sends, '--port', port, '--username', 'Anna'], home)
  const receive = new Once(['receive', ...receives, '--connect', `127.0.0.1:${port}`, '--username', 'Ben'], into)
  return { send, receive }
}

const large = (home: string): void => writeFileSync(join(home, 'large.bin'), bytesOf(300_000_000))

async function bothWell({ send, receive }: Pair): Promise<string> {
  const [sent, received] = await Promise.all([send.ended(), receive.ended()])
  expect(sent).toEqual({ status: 0, output: '', errors: '' })
  expect(received).toMatchObject({ status: 0, errors: '' })
  return received.output
}

/** Resolves when something in a folder has been received so far. */
async function grown(path: string, bytes: number): Promise<void> {
  while (!existsSync(path) || Bun.file(path).size < bytes) await Bun.sleep(5)
}

describe('one file', () => {
  test('is sent and received, its path is told, and both end when it is verified', async () => {
    const fill = (home: string) => writeFileSync(join(home, 'photo of us.jpg'), bytesOf(5_000_000))
    const both = await pair({ send: ['photo of us.jpg'], fill })
    const output = await bothWell(both)
    const path = join(both.receive.home, 'photo of us.jpg')
    expect(output).toBe(`${path}\n`)
    expect(readFileSync(path).equals(bytesOf(5_000_000))).toBe(true)
    expect(readdirSync(both.receive.home).filter((name) => name.includes('.part'))).toEqual([])
  }, 30_000)

  test('of nothing at all is one, too', async () => {
    const both = await pair({ send: ['empty'], fill: (home) => writeFileSync(join(home, 'empty'), '') })
    await bothWell(both)
    expect(readFileSync(join(both.receive.home, 'empty'))).toHaveLength(0)
  }, 30_000)

  test('goes from standard input to standard output, byte for byte', async () => {
    const bytes = bytesOf(40_000_123)
    const both = await pair({ send: ['-', '--name', 'src.tar'], receive: ['-'] })
    both.send.child.stdin.write(bytes)
    await both.send.child.stdin.end()
    const [sent, received] = await Promise.all([both.send.ended(), both.receive.ended()])
    expect(sent).toEqual({ status: 0, output: '', errors: '' })
    expect(received).toMatchObject({ status: 0, errors: '' })
    expect(Buffer.from(await both.receive.output).equals(bytes)).toBe(true)
    // What was kept of it is gone with it.
    expect(readdirSync(both.send.home).filter((name) => name.startsWith('hearsay-'))).toEqual([])
  }, 30_000)

  test('is taken back by an interrupt: the other hears of it, keeps what came, and goes on from there', async () => {
    const into = temporaryHome()
    const home = temporaryHome()
    writeFileSync(join(home, 'large.bin'), bytesOf(300_000_000))
    const port = String(await freePort())
    const first = new Once(['send', 'large.bin', '--port', port], home)
    const ben = new Once(['receive', '--connect', `127.0.0.1:${port}`], into)
    await grown(join(into, 'large.bin.part'), 1_000_000)
    first.child.kill('SIGINT')
    expect(await first.ended()).toMatchObject({ status: 130, output: '', errors: '' })
    const received = await ben.ended()
    expect(received).toMatchObject({ status: 1, output: '' })
    expect(received.errors).toMatch(/large\.bin .* has been taken back by .*What came is kept as \.part/)
    const second = new Once(['send', 'large.bin', '--port', port], home)
    const again = new Once(['receive', '--connect', `127.0.0.1:${port}`], into)
    expect(await bothWell({ send: second, receive: again })).toBe(`${join(into, 'large.bin')}\n`)
    expect(readFileSync(join(into, 'large.bin')).equals(bytesOf(300_000_000))).toBe(true)
  }, 60_000)

  test('whose receiver was killed goes on when it is received again, from the same giver', async () => {
    const both = await pair({ send: ['large.bin'], receive: [], fill: large })
    await grown(join(both.receive.home, 'large.bin.part'), 1_000_000)
    both.receive.child.kill('SIGKILL')
    await both.receive.ended()
    const again = new Once(both.receive.args, both.receive.home)
    expect(await bothWell({ send: both.send, receive: again })).toBe(`${join(again.home, 'large.bin')}\n`)
    expect(readFileSync(join(again.home, 'large.bin')).equals(bytesOf(300_000_000))).toBe(true)
  }, 60_000)

  test('whose receiver was killed goes on when it is sent and received again', async () => {
    const both = await pair({ send: ['large.bin'], receive: [], fill: large })
    await grown(join(both.receive.home, 'large.bin.part'), 1_000_000)
    both.receive.child.kill('SIGKILL')
    both.send.child.kill('SIGKILL')
    await Promise.all([both.receive.ended(), both.send.ended()])
    const second = new Once(both.send.args, both.send.home)
    const again = new Once(both.receive.args, both.receive.home)
    expect(await bothWell({ send: second, receive: again })).toBe(`${join(again.home, 'large.bin')}\n`)
    expect(readFileSync(join(again.home, 'large.bin')).equals(bytesOf(300_000_000))).toBe(true)
    expect(readdirSync(again.home).filter((name) => name.startsWith('large'))).toEqual(['large.bin'])
  }, 60_000)

  test('is offered by a person and taken by a script', async () => {
    const anna = await Program.start(['--username', 'Anna'])
    const path = join(anna.home, 'plan.pdf')
    writeFileSync(path, bytesOf(1_000_000))
    await anna.do({ do: 'send', path })
    const ben = new Once(['receive', '--connect', anna.address, '--from', '@Anna'])
    expect(await ben.ended()).toMatchObject({ status: 0, output: `${join(ben.home, 'plan.pdf')}\n`, errors: '' })
    await anna.until((line) => line.event === 'file' && line.taken?.length === 1)
    await anna.quit()
  }, 30_000)

  test('is offered by a script to a person alone, who may not want it', async () => {
    const ben = await Program.start(['--username', 'Ben'])
    const home = temporaryHome()
    writeFileSync(join(home, 'plan.pdf'), bytesOf(1_000))
    const anna = new Once(['send', 'plan.pdf', '--to', '@Ben', '--connect', ben.address], home)
    await ben.until((line) => line.event === 'file' && line.state === 'offered')
    await ben.do({ do: 'decline' })
    const ended = await anna.ended()
    expect(ended).toMatchObject({
      status: 1,
      output: '',
      errors: REFUSED,
    })
    await ben.quit()
  }, 30_000)
})

test('several files and a folder come together, each under its name', async () => {
  const into = temporaryHome()
  mkdirSync(join(into, 'in'))
  const both = await pair({
    ...{ send: ['a', 'tree', 'b'], receive: ['in'], into },
    fill(home) {
      writeFileSync(join(home, 'a'), bytesOf(100_000))
      writeFileSync(join(home, 'b'), bytesOf(200_000))
      mkdirSync(join(home, 'tree', 'deep'), { recursive: true })
      writeFileSync(join(home, 'tree', 'deep', 'c'), bytesOf(300_000))
    },
  })
  const output = await bothWell(both)
  expect(output.trimEnd().split('\n').sort()).toEqual(['a', 'b', 'tree'].map((name) => join(into, 'in', name)))
  expect(readFileSync(join(into, 'in', 'b')).equals(bytesOf(200_000))).toBe(true)
  expect(readFileSync(join(into, 'in', 'tree', 'deep', 'c')).equals(bytesOf(300_000))).toBe(true)
}, 30_000)

describe('somebody says no', () => {
  test('to the only one who offers in a room: he need not wait', async () => {
    const ben = await Program.start(['--username', 'Ben'])
    const home = temporaryHome()
    writeFileSync(join(home, 'plan.pdf'), bytesOf(1_000))
    const anna = new Once(['send', 'plan.pdf', '--connect', ben.address], home)
    await ben.until((line) => line.event === 'file' && line.state === 'offered')
    await ben.do({ do: 'decline' })
    expect(await anna.ended()).toEqual({
      ...{ status: 1, output: '', errors: REFUSED },
    })
    await ben.quit()
  }, 30_000)

  test('beforehand, as who takes nothing: what is for him alone is answered at once', async () => {
    const ben = await Program.start(['--username', 'Ben', '--accept-files', 'none'])
    const home = temporaryHome()
    writeFileSync(join(home, 'plan.pdf'), bytesOf(1_000))
    const anna = new Once(['send', 'plan.pdf', '--to', '@Ben', '--connect', ben.address], home)
    expect(await anna.ended()).toMatchObject({ status: 1, errors: REFUSED })
    await ben.quit()
  }, 30_000)

  test('of two: the other may still want it', async () => {
    const ben = await Program.start(['--username', 'Ben'])
    const cleo = await Program.start(['--username', 'Cleo', '--connect', ben.address])
    await ben.until((line) => line.event === 'member' && line.state === 'joined' && line.name === 'Cleo')
    const home = temporaryHome()
    writeFileSync(join(home, 'plan.pdf'), bytesOf(1_000))
    const anna = new Once(['send', 'plan.pdf', '--connect', ben.address], home)
    const isOffered = (line: Line): boolean => line.event === 'file' && line.state === 'offered'
    await Promise.all([ben.until(isOffered), cleo.until(isOffered)])
    await ben.do({ do: 'decline' })
    await cleo.do({ do: 'accept' })
    expect(await anna.ended()).toEqual({ status: 0, output: '', errors: '' })
    await Promise.all([ben.quit(), cleo.quit()])
  }, 30_000)

  test('at the question of receive: both end, the giver with a sentence', async () => {
    const home = temporaryHome()
    writeFileSync(join(home, 'plan.pdf'), bytesOf(1_000))
    const port = String(await freePort())
    const anna = new Once(['send', 'plan.pdf', '--port', port], home)
    const into = temporaryHome()
    const env = { HOME: into, XDG_CONFIG_HOME: join(into, 'config'), TMPDIR: into, TERM: 'xterm' }
    let shown = ''
    const terminal = {
      data(_: unknown, bytes: Uint8Array) {
        shown += new TextDecoder().decode(bytes)
        if (shown.includes('[Y/n]') && !isAnswered) {
          isAnswered = true
          ben.terminal?.write('n\r')
        }
      },
    }
    let isAnswered = false
    const ben = Bun.spawn([EXECUTABLE, 'receive', '--username', 'Ben', '--connect', `127.0.0.1:${port}`], {
      ...{ cwd: into, env, terminal },
    })
    const ended = await anna.ended()
    expect(ended).toMatchObject({ status: 1, errors: REFUSED })
    expect(await ben.exited).toBe(1)
  }, 30_000)
})

describe('a folder at the question of receive', () => {
  test('is listed to the end for who wants that, and then taken', async () => {
    const home = temporaryHome()
    makeFolder(join(home, 'tree'), 300)
    const port = String(await freePort())
    const anna = new Once(['send', 'tree', '--port', port], home)
    const into = temporaryHome()
    const env = { HOME: into, XDG_CONFIG_HOME: join(into, 'config'), TMPDIR: into, TERM: 'xterm' }
    const answers = ['m', 'l', 'y']
    let shown = ''
    const pages: string[] = []
    const terminal = {
      ...{ cols: 80, rows: 24 },
      data(_: unknown, bytes: Uint8Array) {
        shown += new TextDecoder().decode(bytes)
        if (!/Take it\? \[.*\] $/.test(shown) || answers.length === 0) return
        pages.push(shown)
        shown = ''
        ben.terminal?.write(`${answers.shift()}\r`)
      },
    }
    const ben = Bun.spawn([EXECUTABLE, 'receive', '--username', 'Ben', '--connect', `127.0.0.1:${port}`], {
      ...{ cwd: into, env, terminal },
    })
    expect(await anna.ended()).toMatchObject({ status: 0 })
    expect(await ben.exited).toBe(0)
    const listed = pages.map((page) => [...page.matchAll(/ B {2}(\d\/\d+\.txt)\r/g)].map(([, path]) => path!))
    expect(listed.map(({ length }) => length)).toEqual([19, 19, 262])
    expect(new Set(listed.flat())).toEqual(new Set(treeOf(join(home, 'tree')).keys()))
    expect(treeOf(join(into, 'tree'))).toEqual(treeOf(join(home, 'tree')))
  }, 30_000)
})

describe('what goes wrong', () => {
  test('who reads standard output and goes ends it with a sentence, and the giver waits for another', async () => {
    const home = temporaryHome()
    writeFileSync(join(home, 'a'), bytesOf(80_000_000))
    const port = String(await freePort())
    const send = new Once(['send', 'a', '--port', port], home)
    const line = `"$0" receive - --connect 127.0.0.1:${port} | head -c 100000 >head; echo $(( PIPESTATUS[0] ))`
    const into = temporaryHome()
    const env = { HOME: into, PATH: process.env['PATH'] ?? '' }
    const shell = Bun.spawn(['bash', '-c', line, EXECUTABLE], { cwd: into, env, stdout: 'pipe', stderr: 'pipe' })
    expect(await new Response(shell.stdout).text()).toBe('1\n')
    expect(await new Response(shell.stderr).text()).toContain(
      'Nobody reads standard output any more. Start both again.',
    )
    expect(readFileSync(join(into, 'head')).equals(bytesOf(80_000_000).subarray(0, 100_000))).toBe(true)
    const another = new Once(['receive', '-', '--connect', `127.0.0.1:${port}`])
    expect(await another.ended()).toMatchObject({ status: 0, errors: '' })
    expect(Buffer.from(await another.output).equals(bytesOf(80_000_000))).toBe(true)
    expect(await send.ended()).toEqual({ status: 0, output: '', errors: '' })
  }, 60_000)

  test.skipIf(!diskTests)(
    'too little room on the disk is said before anything comes, and it can be received when there is some',
    async () => {
      await using disk = await SmallDisk.open(2_000_000)
      const home = temporaryHome()
      writeFileSync(join(home, 'a'), bytesOf(1_500_000))
      const port = String(await freePort())
      const send = new Once(['send', 'a', '--port', port], home)
      disk.fill()
      const into = temporaryHome()
      const receive = ['receive', disk.folder, '--connect', `127.0.0.1:${port}`]
      const full = await new Once(receive, into, disk.via).ended()
      expect(full).toMatchObject({ status: 1, output: '' })
      expect(full.errors).toMatch(
        /^hearsay: It needs 1\.\d MB more than are free in .*\. Make room, and receive it again\.\n$/,
      )
      disk.makeRoom()
      // It was offered before this run.
      const again = await new Once(receive, into, disk.via).ended()
      expect(again).toEqual({ status: 0, output: `${join(disk.folder, 'a')}\n`, errors: '' })
      expect(readFileSync(disk.seen('a')).equals(bytesOf(1_500_000))).toBe(true)
      expect(await send.ended()).toMatchObject({ status: 0 })
    },
    60_000,
  )

  test('nobody comes, nothing is offered, and what is not there: each is said in a sentence, with status 1', async () => {
    const home = temporaryHome()
    writeFileSync(join(home, 'a'), 'x')
    const alone = await new Once(['send', 'a', '--wait', '1'], home).ended()
    expect(alone).toEqual({ status: 1, output: '', errors: 'hearsay: Nobody has come to take it in 1 s.\n' })
    const unknown = await new Once(['send', 'a', '--wait', '1', '--to', '@Nobody'], home).ended()
    expect(unknown).toMatchObject({ status: 1, errors: 'hearsay: @Nobody has not come in 1 s.\n' })
    const port = await freePort()
    const waiting = await new Once(['receive', '--wait', '1', '--connect', `127.0.0.1:${port}`]).ended()
    expect(waiting.status).toBe(1)
    expect(waiting.errors).toMatch(/^hearsay: Nothing has been offered in 1 s\. .*refused the connection/)
    const missing = await new Once(['send', 'nothing.txt']).ended()
    expect(missing).toMatchObject({
      status: 1,
      errors: 'hearsay: nothing.txt cannot be sent: it is not there. Check the path.\n',
    })
    expect(await new Once(['receive', 'nowhere']).ended()).toMatchObject({ status: 2, output: '' })
  }, 30_000)
})

test('what was offered and not answered is listed after a restart, told in the history, and can be taken', async () => {
  const anna = await Program.start(['--username', 'Anna'])
  const path = join(anna.home, 'photo.jpg')
  writeFileSync(path, bytesOf(3_000_000))
  const connect = ['--username', 'Ben', '--connect', anna.address]
  let ben = await Program.start(connect)
  await ben.peerUp()
  await anna.do({ do: 'send', path })
  const offered = await ben.until((line) => line.event === 'file' && line.state === 'offered')
  expect(await ben.quit()).toBe(0)
  ben = await Program.start(connect, { home: ben.home })
  await ben.until((line) => line.event === 'notice' && line.code === 'files-waiting')
  const id = offered.event === 'file' ? offered.id : ''
  expect(await ben.do({ do: 'files' })).toMatchObject({ files: [{ id, state: 'offered', name: 'photo.jpg' }] })
  const history = await ben.do({ do: 'history' })
  expect(history).toMatchObject({ messages: [{ id, kind: 'action', text: 'offered photo.jpg (3.0 MB)' }] })
  expect(await ben.do({ do: 'accept', file: 'photo.jpg' })).toMatchObject({ ok: true })
  const done = await ben.until((line) => line.event === 'file' && line.state === 'done')
  expect(readFileSync(done.event === 'file' ? done.path! : '').equals(bytesOf(3_000_000))).toBe(true)
  await Promise.all([anna.quit(), ben.quit()])
}, 30_000)
