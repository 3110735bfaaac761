import { Database } from 'bun:sqlite'
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Program, removeHomes, temporaryHome } from './program.ts'
import { allTheSame, troubles, wholeRecord } from './record.ts'

/** What the program does about a history file that it cannot use, and how it comes to have everything again. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(name: string, args: readonly string[] = [], home = temporaryHome(), env = {}): Promise<Program> {
  const program = await Program.start(['--static', '--username', name, ...args], { home, env })
  running.push(program)
  return program
}

const folderOf = (home: string) => join(home, '.local', 'share', 'hearsay')
const fileOf = (home: string) => join(folderOf(home), 'history.db')
const texts = async (program: Program) => (await wholeRecord(program)).map(({ text }) => text)

/** What the user is told under this code. */
async function noticeOf(program: Program, code: string): Promise<string> {
  const line = await program.until((line) => line.event === 'notice' && line.code === code)
  return 'message' in line ? `${line.message}` : ''
}

/** Alice and Bob have talked, and both have gone. */
async function talkedBefore(): Promise<{ alice: Program; bob: Program; said: string[] }> {
  const alice = await launch('Alice')
  const bob = await launch('Bob', ['--connect', alice.address])
  await bob.peerUp(alice.id)
  const said: string[] = []
  for (let i = 0; i < 20; i++) {
    const [speaker, listener] = i % 3 === 0 ? [bob, alice] : [alice, bob]
    said.push(`${i} of our talk`)
    await speaker.say(said.at(-1)!)
    await listener.hears(said.at(-1)!)
  }
  await Promise.all([alice.quit(), bob.quit()])
  return { alice, bob, said }
}

interface Harm {
  readonly what: string
  readonly code: 'history-damaged' | 'history-foreign'
  do(path: string): void
}

const HARMS: readonly Harm[] = [
  {
    what: 'has another content in the middle',
    code: 'history-damaged',
    do: (path) => writeFileSync(path, readFileSync(path).fill(0x5a, 8_192, 40_960)),
  },
  { what: 'was cut off', code: 'history-damaged', do: (path) => truncateSync(path, 20_000) },
  {
    what: 'is no database',
    code: 'history-foreign',
    do: (path) => writeFileSync(path, 'Dear diary,\n'.repeat(1_000)),
  },
  {
    what: 'is the database of something else',
    code: 'history-foreign',
    do(path) {
      rmSync(path)
      const db = new Database(path)
      db.exec('CREATE TABLE recipes (id INTEGER PRIMARY KEY, name TEXT)')
      db.exec(`INSERT INTO recipes (name) VALUES ('Bread'), ('Soup')`)
      db.close()
    },
  },
]

describe('a history file', () => {
  for (const { what, code, do: harm } of HARMS) {
    test(`that ${what} is named, set aside whole, and another is filled by the others`, async () => {
      const { alice, bob, said } = await talkedBefore()
      harm(fileOf(alice.home))
      const harmed = readFileSync(fileOf(alice.home))
      const again = await launch('Alice', [], alice.home)
      const message = await noticeOf(again, code)
      const [aside] = readdirSync(folderOf(alice.home)).filter((file) => /^history\.db\.(damaged|foreign)-/.test(file))
      expect(message).toStartWith(`The file ${fileOf(alice.home)} `)
      expect(message).toContain(join(folderOf(alice.home), aside!))
      const put = readFileSync(join(folderOf(alice.home), aside!))
      expect(put.equals(harmed)).toBe(true)
      await again.say('where is everything?')
      const left = await texts(again)
      expect(left).toEqual([...said.filter((text) => left.includes(text)), 'where is everything?'])
      const other = await launch('Bob', ['--connect', again.address], bob.home)
      await other.hears('where is everything?')
      await again.when(() => new Set([...left, ...again.texts()]).size === said.length + 1)
      expect(await texts(again)).toEqual([...said, 'where is everything?'])
      allTheSame([await wholeRecord(again), await wholeRecord(other)])
      expect(troubles(other)).toEqual([])
      await again.quit()
      const third = await launch('Alice', [], alice.home)
      expect(await texts(third)).toEqual([...said, 'where is everything?'])
      expect(troubles(third)).toEqual([])
    })
  }

  test('that is lost leads to no number used twice, though nobody there has all that was said before', async () => {
    const alice = await launch('Alice')
    const bob = await launch('Bob', ['--connect', alice.address])
    const carol = await launch('Carol', ['--connect', alice.address])
    await Promise.all([bob.peerUp(alice.id), carol.peerUp(alice.id)])
    await alice.say('to both')
    await Promise.all([bob.hears('to both'), carol.hears('to both')])
    await bob.quit()
    await alice.say('to Carol alone')
    await carol.hears('to Carol alone')
    await Promise.all([alice.quit(), carol.quit()])
    rmSync(fileOf(alice.home))
    // Bob brings back the beginning of what Alice said, and she goes on.
    const second = await launch('Alice', [], alice.home)
    const bob2 = await launch('Bob', ['--connect', second.address], bob.home)
    await second.hears('to both')
    await second.quit()
    await bob2.quit()
    const third = await launch('Alice', [], alice.home)
    await third.say('once more')
    const bob3 = await launch('Bob', ['--connect', third.address], bob.home)
    const carol3 = await launch('Carol', ['--connect', third.address], carol.home)
    await Promise.all([bob3, carol3].map((program) => program.hears('once more')))
    await Promise.all([bob3, third].map((program) => program.hears('to Carol alone')))
    const everyone = [third, bob3, carol3]
    expect(await texts(third)).toEqual(['to both', 'to Carol alone', 'once more'])
    allTheSame(await Promise.all(everyone.map((program) => wholeRecord(program))))
    for (const program of everyone) expect(troubles(program)).toEqual([])
  })

  test('that another process has is left alone: who has it is told, and nothing of it is lost', async () => {
    const folder = { XDG_DATA_HOME: temporaryHome() }
    const first = await launch('Alice', [], temporaryHome(), folder)
    await first.say('mine')
    // Another identity, so that it is the history itself that is in use.
    const second = await launch('Bob', ['--connect', first.address], temporaryHome(), folder)
    expect(second.id).not.toBe(first.id)
    expect(await noticeOf(second, 'history-held')).toContain(`in use by process ${first.pid}`)
    await second.hears('mine')
    await second.say('and mine')
    await first.hears('and mine')
    expect(await texts(second)).toEqual(['mine', 'and mine'])
    await second.quit()
    expect(await texts(first)).toEqual(['mine', 'and mine'])
    // One that was killed holds it no more, though its name still stands there.
    await first.kill()
    expect(existsSync(join(folder.XDG_DATA_HOME, 'hearsay', 'history.db.pid'))).toBe(true)
    const third = await launch('Alice', [], first.home, folder)
    expect(await texts(third)).toEqual(['mine', 'and mine'])
    expect(troubles(third)).toEqual([])
  })
})
