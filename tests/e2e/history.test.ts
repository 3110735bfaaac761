import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageView } from '../../src/app/messages.ts'
import { EXECUTABLE, Program, removeHomes, temporaryHome } from './program.ts'

/** What real programs keep, over real disks. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(args: string[] = [], home = temporaryHome()): Promise<Program> {
  const program = await Program.start(['--static', ...args], { home })
  running.push(program)
  return program
}

async function kept(program: Program, more: Record<string, unknown> = {}): Promise<MessageView[]> {
  const reply = await program.do({ do: 'history', limit: 1_000, ...more })
  if (!reply.ok) throw new Error(reply.message)
  return reply['messages'] as MessageView[]
}

const texts = async (program: Program, more = {}) => (await kept(program, more)).map(({ text }) => text)

/** One of hearsay's other commands, from start to end. */
function run(home: string, ...args: string[]): { status: number; output: string; error: string } {
  const done = Bun.spawnSync([EXECUTABLE, ...args], {
    cwd: home,
    env: { HOME: home, XDG_CONFIG_HOME: join(home, 'config') },
  })
  return { status: done.exitCode, output: done.stdout.toString(), error: done.stderr.toString() }
}

const data = (home: string) => join(home, '.local', 'share', 'hearsay')

describe('after a restart', () => {
  test('what was said is there, what we said is ours, and nothing of it is told as new', async () => {
    const a = await launch(['--username', 'Alice'])
    const b = await launch(['--username', 'Bob', '--connect', a.address])
    await b.peerUp(a.id)
    await a.say('one')
    await b.hears('one')
    await b.say('two')
    await a.hears('two')
    expect(await a.quit()).toBe(0)
    const again = await launch(['--username', 'Alice'], a.home)
    const messages = await kept(again)
    expect(messages.map(({ text, self, from }) => [text, self, from.name])).toEqual([
      ['one', true, 'Alice'],
      ['two', false, 'Bob'],
    ])
    expect(again.messages()).toEqual([])
  })

  test('an answered message is there, though the process was killed at once', async () => {
    const home = temporaryHome()
    const said: string[] = []
    for (let round = 0; round < 3; round++) {
      const program = await launch([], home)
      expect(await texts(program)).toEqual(said)
      for (let i = 0; i < 5; i++) {
        await program.say(`${round} ${i}`)
        said.push(`${round} ${i}`)
      }
      await program.kill('SIGKILL')
    }
  })

  test('our last message can still be changed, taken back, and found', async () => {
    const home = temporaryHome()
    const first = await launch([], home)
    await first.say('a red hat')
    await first.say('a blue hta')
    await first.quit()
    const second = await launch([], home)
    expect(await second.do({ do: 'edit', text: 'a blue hat' })).toMatchObject({ ok: true, was: 'a blue hta' })
    expect(await second.do({ do: 'delete', id: '#2' })).toMatchObject({ ok: true, was: 'a red hat' })
    await second.quit()
    const third = await launch([], home)
    expect((await kept(third)).map(({ text, state }) => [text, state])).toEqual([
      ['', 'deleted'],
      ['a blue hat', 'edited'],
    ])
    const hits = async (words: string) => (await third.do({ do: 'search', words }))['hits']
    expect(await hits('hat')).toMatchObject([{ message: { text: 'a blue hat' }, excerpt: 'a blue hat' }])
    expect(await hits('red')).toEqual([])
    await third.quit()
    const bytes = readdirSync(data(home)).map((file) => readFileSync(join(data(home), file), 'latin1'))
    expect(bytes.some((each) => each.includes('a red hat'))).toBe(false)
  })

  test('what was not read is still new, and what was read is not', async () => {
    const a = await launch(['--username', 'Alice'])
    const b = await launch(['--username', 'Bob', '--connect', a.address])
    await b.peerUp(a.id)
    await b.say('one')
    await a.hears('one')
    await a.do({ do: 'read' })
    await b.say('hello Alice')
    await a.hears('hello Alice')
    await a.quit()
    const again = await launch(['--username', 'Alice'], a.home)
    const rooms = await again.do({ do: 'rooms' })
    expect(rooms['rooms']).toMatchObject([{ room: 'general', unread: 1, mentions: 1 }])
  })

  test('a conversation goes on, with both sides in it', async () => {
    const a = await launch(['--username', 'Alice'])
    const b = await launch(['--username', 'Bob', '--connect', a.address])
    await b.peerUp(a.id)
    await a.do({ do: 'msg', peer: b.id, text: 'psst' })
    await b.hears('psst')
    await b.do({ do: 'msg', peer: a.id, text: 'what?' })
    await a.hears('what?')
    await a.quit()
    const again = await launch(['--username', 'Alice'], a.home)
    await again.until((line) => line.event === 'notice' && line.code === 'unread')
    expect(await texts(again, { room: `@${b.id}` })).toEqual(['psst', 'what?'])
  })

  test('somebody is found by name who is away, and has never said a word', async () => {
    const a = await launch(['--username', 'Alice'])
    const b = await launch(['--username', 'Bob', '--connect', a.address])
    await b.peerUp(a.id)
    await a.until((line) => line.event === 'member' && line.id === b.id)
    expect(await a.do({ do: 'msg', peer: 'Bob', text: 'psst' })).toMatchObject({ ok: true })
    await b.hears('psst')
    await Promise.all([a.quit(), b.quit()])
    const again = await launch(['--username', 'Alice'], a.home)
    expect(await again.do({ do: 'query', peer: 'Bob' })).toMatchObject({ ok: true, room: `@${b.id}` })
    await again.quit()
    expect(run(a.home, 'export', '--room', '@bob').output).toContain('<Alice> psst')
    expect(run(a.home, 'export', '--room', 'nowhere').error).toContain('choose one of general\n')
    const late = await launch(['--username', 'Bob'], b.home)
    expect(await late.do({ do: 'query', peer: 'Alice' })).toMatchObject({ ok: true, room: `@${a.id}` })
  })
})

describe('what keeps nothing', () => {
  test('--ephemeral has its history while it runs, and writes none', async () => {
    const program = await launch(['--ephemeral'])
    await program.say('one')
    expect(await texts(program)).toEqual(['one'])
    await program.quit()
    expect(existsSync(data(program.home))).toBe(false)
  })

  test('a second one beside the first says so, and leaves the file alone', async () => {
    const home = temporaryHome()
    await launch([], home)
    const second = await launch([], home)
    const notice = await second.until((line) => line.event === 'notice')
    expect(notice).toMatchObject({ message: expect.stringContaining(`pid ${running[0]!.pid}`) })
    await second.say('one')
    expect(await texts(second)).toEqual(['one'])
    expect(await texts(running[0]!)).toEqual([])
  })

  test('a file that is damaged is put out of the way, and the program runs', async () => {
    const home = temporaryHome()
    const first = await launch([], home)
    await first.say('one')
    await first.quit()
    const path = join(data(home), 'history.db')
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0x5a, 4_096, 40_960))
    const second = await launch([], home)
    await second.until((line) => line.event === 'notice' && line.code === 'history-damaged')
    await second.say('two')
    expect(await texts(second)).toEqual(['two'])
    expect(readdirSync(data(home)).some((file) => file.startsWith('history.db.damaged-'))).toBe(true)
  })
})

test('a room goes out as a file and in again elsewhere, where it is verified', async () => {
  const [here, there] = [temporaryHome(), temporaryHome()]
  const program = await launch(['--username', 'Alice'], here)
  for (const text of ['one', 'two', 'three']) await program.say(text)
  const messages = await kept(program)
  expect(run(here, 'export', '--room', 'general')).toMatchObject({
    status: 1,
    error: expect.stringContaining('in use by'),
  })
  await program.quit()
  expect(run(here, 'export', '--room', 'general').output).toContain('<Alice> two\n')
  const file = join(there, 'general.json')
  expect(run(here, 'export', '--room', 'general', '--format', 'json', '--output', file).status).toBe(0)
  expect(run(there, 'import', file)).toMatchObject({
    status: 0,
    output: expect.stringContaining('taken in to general.'),
  })
  const other = await launch([], there)
  const found = await kept(other)
  expect(found.map(({ id, text, from }) => [id, text, from.name])).toEqual(
    messages.map(({ id, text }) => [id, text, 'Alice']),
  )
})
