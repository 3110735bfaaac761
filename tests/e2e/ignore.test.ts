import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Glob } from 'bun'
import { type Line, Program, removeHomes, temporaryHome } from './program.ts'

/** Three real programs, one of whom is tired of another. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launchAt(home: string, ...args: string[]): Promise<Program> {
  const program = await Program.start(['--static', ...args], { home })
  running.push(program)
  return program
}

test('who is ignored is heard by others and not by us, also after a restart, until they are heard again', async () => {
  const home = temporaryHome()
  const alice = await launchAt(home, '--username', 'Alice', '--accept-files', 'all')
  const bobsHome = temporaryHome()
  const bob = await launchAt(bobsHome, '--username', 'Bob', '--connect', alice.address)
  const carol = await launchAt(temporaryHome(), '--username', 'Carol', '--connect', alice.address)
  await bob.do({ do: 'say', text: 'before' })
  await alice.hears('before')
  await carol.hears('before')
  expect(await alice.do({ do: 'ignore', peer: 'Bob' })).toMatchObject({ ok: true, person: { id: bob.id, name: 'Bob' } })

  const offer = join(bobsHome, 'unwanted.txt')
  writeFileSync(offer, 'unwanted')
  await bob.do({ do: 'say', text: 'Alice! Alice!' })
  await bob.do({ do: 'msg', peer: alice.id, text: 'only for you' })
  await bob.do({ do: 'send', path: offer })
  await bob.do({ do: 'say', text: 'the last of it' })
  // Carol hears Bob through Alice, who passes on what she does not hear.
  await carol.hears('the last of it')
  await carol.do({ do: 'say', text: 'hello from Carol' })
  await alice.hears('hello from Carol')
  const isBobs = (line: Line): boolean =>
    (line.event === 'message' || line.event === 'file') && JSON.stringify(line.from).includes(bob.id)
  expect(alice.lines.filter(isBobs)).toMatchObject([{ event: 'message', text: 'before' }])
  expect(await alice.do({ do: 'files' })).toMatchObject({ files: [] })
  expect(await alice.do({ do: 'accept' })).toMatchObject({ ok: false, code: 'no-such-file' })
  expect(await alice.do({ do: 'history' })).toMatchObject({ messages: [{ text: 'hello from Carol' }] })
  await alice.quit()

  const again = await launchAt(home, '--username', 'Alice', '--connect', carol.address, '--connect', bob.address)
  expect(await again.do({ do: 'ignore' })).toMatchObject({ ignored: [{ id: bob.id, name: 'Bob' }] })
  await again.until((line) => line.event === 'peer' && line['id'] === bob.id)
  await bob.do({ do: 'say', text: 'and now?' })
  await carol.hears('and now?')
  await carol.do({ do: 'say', text: 'still here' })
  await again.hears('still here')
  expect(again.lines.filter(isBobs)).toEqual([])
  expect(again.lines.filter((line) => line.event === 'notice' && line.code === 'files-waiting')).toEqual([])
  await again.do({ do: 'unignore', peer: 'Bob' })
  await bob.do({ do: 'say', text: 'heard again' })
  await again.hears('heard again')
  const { messages } = await again.do({ do: 'history' })
  expect(JSON.stringify(messages)).toContain('Alice! Alice!')
  expect(await again.do({ do: 'files' })).toMatchObject({ files: [{ name: 'unwanted.txt', state: 'offered' }] })
  expect(await again.do({ do: 'accept', file: 'unwanted.txt' })).toMatchObject({ ok: true })
  const taken = await again.until((line) => line.event === 'file' && line.state === 'done')
  expect(readFileSync(taken.event === 'file' ? taken.path! : '', 'utf8')).toBe('unwanted')
})

test('a list that cannot be kept is said at the start, and in the answer', async () => {
  const home = temporaryHome()
  const before = await launchAt(home, '--username', 'Alice')
  await before.quit()
  const [config] = [...new Glob('**/identity*').scanSync({ cwd: home, dot: true, absolute: true })].map(dirname)
  mkdirSync(join(config!, 'ignored.json'))
  const alice = await launchAt(home, '--username', 'Alice')
  const notice = await alice.until((line) => line.event === 'notice' && line['code'] === 'ignore-list')
  expect(notice).toMatchObject({ message: expect.stringContaining('ignored.json cannot be read: it is not a file.') })
  const answer = await alice.do({ do: 'ignore', peer: 'eve (mesh)' })
  expect(answer).toMatchObject({ ok: true, notice: expect.stringContaining('holds for this run only') })
})
