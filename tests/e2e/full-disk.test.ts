import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { opened } from '../adapters/sqlite-processes.ts'
import { type Line, Program, removeHomes, temporaryHome } from './program.ts'
import { allTheSame, sayMany, troubles, wholeRecord } from './record.ts'
import { diskTests, SmallDisk } from './small-disk.ts'

/** The disk with the history fills up while the program runs: people talk on, and what can be kept again is. */

setDefaultTimeout(60_000)

const DISK_BYTES = 4 * 1024 * 1024
/** The program tries again every five seconds. */
const KEPT_MS_MAX = 15_000

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(name: string, args: readonly string[], home = temporaryHome()): Promise<Program> {
  const program = await Program.start(['--static', '--username', name, ...args], { home })
  running.push(program)
  return program
}

/** Its history is on the small disk, everything else is not. */
async function launchOn(disk: SmallDisk, home: string, ...args: readonly string[]): Promise<Program> {
  const env = { XDG_DATA_HOME: disk.folder }
  const program = await Program.start(['--static', '--username', 'Alice', ...args], { home, env, via: disk.via })
  running.push(program)
  return program
}

const told = (code: string) => (line: Line) => (line.event === 'error' || line.event === 'notice') && line.code === code

const texts = async (program: Program) => (await wholeRecord(program)).map(({ text }) => text)

/** What the file itself holds at this moment, were the machine to stop; every piece of it whole. */
function onDisk(disk: SmallDisk): string[] {
  const copy = temporaryHome()
  cpSync(disk.seen('hearsay'), copy, { recursive: true })
  const store = opened(join(copy, 'history.db'), { distrust: true })
  try {
    expect(store.setAside).toBeNull()
    const [room] = store.rooms()
    return [...store.export(room!.room)].flat().map(({ text }) => text)
  } finally {
    store.close()
  }
}

describe.skipIf(!diskTests)('when the disk is full', () => {
  test('talk goes on, the user is told once, and all of it is kept as soon as there is room', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    const home = temporaryHome()
    const bob = await launch('Bob', [])
    const alice = await launchOn(disk, home, '--connect', bob.address)
    await alice.peerUp(bob.id)
    const before = ['one', 'two', 'three']
    for (const text of before) await alice.say(text)
    disk.fill()
    const during = Array.from({ length: 500 }, (_, i) => `into the void ${i} ${'.'.repeat(200)}`)
    await sayMany(alice, during)
    expect(await alice.until(told('history-full'))).toMatchObject({
      event: 'error',
      message: expect.stringContaining('The disk is full'),
    })
    await bob.hears(during.at(-1)!)
    await bob.say('I hear you')
    await alice.hears('I hear you')
    // A beginning of it, and nothing by half.
    const safe = onDisk(disk)
    expect(safe).toEqual([...before, ...during].slice(0, safe.length))
    expect(safe.length).toBeGreaterThanOrEqual(before.length)
    expect(safe.length).toBeLessThan(before.length + during.length)
    disk.makeRoom()
    await alice.until(told('history-kept'), KEPT_MS_MAX)
    expect(alice.lines.filter(told('history-full'))).toHaveLength(1)
    await alice.say('there is room again')
    await bob.hears('there is room again')
    const all = [...before, ...during, 'I hear you', 'there is room again']
    expect(await texts(alice)).toEqual(all)
    await alice.kill()
    const again = await launchOn(disk, home, '--connect', bob.address)
    await again.say('and after a restart')
    await bob.hears('and after a restart')
    expect(await texts(again)).toEqual([...all, 'and after a restart'])
    allTheSame([await wholeRecord(bob), await wholeRecord(again)])
    expect(troubles(bob)).toEqual([])
  })

  test('what waits for it is in the record, found, and edited like anything else', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    const alice = await launchOn(disk, temporaryHome())
    await alice.say('an old message')
    disk.fill()
    const during = Array.from({ length: 300 }, (_, i) => `${i} ${'.'.repeat(300)}`)
    await sayMany(alice, during)
    await alice.until(told('history-full'))
    await alice.say('the last mesage')
    expect(await texts(alice)).toEqual(['an old message', ...during, 'the last mesage'])
    const search = async (words: string) => (await alice.do({ do: 'search', words }))['hits'] as unknown[]
    expect(await search('mesage')).toHaveLength(1)
    expect(await alice.do({ do: 'edit', text: 'the last message' })).toMatchObject({ was: 'the last mesage' })
    expect([await search('mesage'), await search('message')]).toEqual([[], [expect.anything(), expect.anything()]])
    const last = async () => (await wholeRecord(alice)).at(-1)
    expect(await last()).toMatchObject({ text: 'the last message', standing: { state: 'unsaved' } })
    expect(onDisk(disk)).not.toContain('the last message')
    disk.makeRoom()
    await alice.until(told('history-kept'), KEPT_MS_MAX)
    expect(await last()).toMatchObject({ text: 'the last message', standing: { state: 'waiting' } })
    expect(onDisk(disk)).toEqual(['an old message', ...during, 'the last message'])
  })

  test('and the program ends in the middle of it, what was not kept comes back from the others', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    const home = temporaryHome()
    const bob = await launch('Bob', [])
    const alice = await launchOn(disk, home, '--connect', bob.address)
    await alice.peerUp(bob.id)
    await alice.say('one')
    disk.fill()
    const lost = Array.from({ length: 300 }, (_, i) => `nowhere to put it ${i} ${'.'.repeat(300)}`)
    await sayMany(alice, lost)
    await alice.until(told('history-full'))
    await bob.hears(lost.at(-1)!)
    await alice.kill()
    // Nor is there room when it comes back: it says so, and talks and hears all the same.
    const second = await launchOn(disk, home, '--connect', bob.address)
    await second.hears(lost.at(-1)!)
    await second.say('still no room')
    await second.until(told('history-full'))
    await bob.hears('still no room')
    await second.kill()
    disk.makeRoom()
    const third = await launchOn(disk, home, '--connect', bob.address)
    await third.hears('still no room')
    await third.say('room at last')
    await bob.hears('room at last')
    const all = ['one', ...lost, 'still no room', 'room at last']
    expect(await texts(third)).toEqual(all)
    await third.kill()
    expect(await texts(await launchOn(disk, home))).toEqual(all)
    expect(await texts(bob)).toEqual(all)
    expect(troubles(bob)).toEqual([])
  })

  test('from the first start on, it is told, and begins a history as soon as there is room', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    const home = temporaryHome()
    disk.fill()
    const alice = await launchOn(disk, home)
    await alice.say('hello?')
    expect(await alice.until(told('history-full'))).toMatchObject({
      message: expect.stringContaining('The disk is full'),
    })
    await alice.kill()
    disk.makeRoom()
    const again = await launchOn(disk, home)
    await again.say('hello!')
    await again.kill()
    expect(await texts(await launchOn(disk, home))).toEqual(['hello!'])
  })
})
