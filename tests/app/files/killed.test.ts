import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { ASK, DeskRoom, Person } from './desk-room.ts'
import { LastingFiles, Life } from './mortal.ts'

/** Whoever takes a file is killed at each thing that he writes, before it and after it. */

const SIZE = 150_000
/** More than a file of that size takes. */
const WRITES_MAX = 60

let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

/** Until what was told in this one has been written. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

interface Disk {
  readonly files: LastingFiles
  readonly pending: { list: Person['pending']['list'] }
  readonly taken: { list: Person['taken']['list'] }
}

/** A run of Ben's; `heard`: the states that were told of and have left the process before it was killed. */
async function run(disk: Disk, life: Life): Promise<{ ben: Person; heard: string[] }> {
  disk.files.life = life
  const ben = new Person(room, 2, ASK, disk.files, { list: [] }, life.kept(disk.pending), life.kept(disk.taken))
  const heard: string[] = []
  // As front ends do, at the end of the turn.
  ben.told = ({ state }) => void setImmediate(() => life.isOver || heard.push(state))
  room.people.add(ben)
  await ben.listen()
  return { ben, heard }
}

const files = (disk: Disk, within = '/in/') => [...disk.files.files.keys()].filter((path) => path.startsWith(within))

/** Accepts whatever waits, and resolves when something has come, or is in its place and was told of before. */
async function goOn(ben: Person, hasBeenTold: boolean): Promise<void> {
  ben.desk.recall()
  for (const { number, state } of ben.desk.views) if (state === 'asked') await ben.desk.accept(String(number))
  await ben.desk.goOn()
  if (hasBeenTold && ben.desk.views.length === 0) return
  await ben.until(({ state }) => state === 'done')
}

/** Anna offers something, Ben accepts it and is killed at this write of those that follow; then he comes again. Answers how many writes there were. */
async function killedAt(
  write: number,
  isDone: boolean,
  put: (anna: Person) => Map<string, Uint8Array>,
): Promise<number> {
  room = new DeskRoom()
  const disk: Disk = { files: new LastingFiles(), pending: { list: [] }, taken: { list: [] } }
  const anna = await room.person(ASK, 1)
  const sent = put(anna)
  const before = await run(disk, new Life())
  before.ben.desk.recall()
  await anna.desk.send('/out/x', 'general')
  before.ben.leave()
  expect(disk.pending.list).toHaveLength(1)

  const life = new Life(write, isDone)
  const first = await run(disk, life)
  const going = goOn(first.ben, false)
  await Promise.race([life.end, going])
  await turn()
  first.ben.leave()
  const told = first.heard.filter((state) => state === 'done').length

  const second = await run(disk, new Life())
  await goOn(second.ben, told > 0)
  await turn()
  second.ben.leave()
  const toldAgain = second.heard.filter((state) => state === 'done').length
  const story = `killed ${isDone ? 'after' : 'before'} write ${write}`
  expect([story, ...files(disk)].sort()).toEqual([story, ...sent.keys()].sort())
  for (const [path, bytes] of sent) expect(Buffer.compare(disk.files.files.get(path)!, bytes)).toBe(0)
  expect([story, await disk.files.unfinished('/in')]).toEqual([story, []])
  expect([story, disk.pending.list]).toEqual([story, []])
  expect([story, disk.taken.list.length]).toEqual([story, 1])
  expect([story, Math.max(told, toldAgain)]).toEqual([story, 1])
  room.close()
  return life.writes
}

const bytes = seededRng(3).bytes(SIZE)
const KINDS = [
  [
    'a file',
    (anna: Person) => {
      anna.files.files.set('/out/x', bytes)
      return new Map([['/in/x', bytes]])
    },
  ],
  [
    'a folder',
    (anna: Person) => {
      anna.files.files.set('/out/x/a', bytes)
      anna.files.files.set('/out/x/b', bytes.slice(0, 10))
      return new Map([
        ['/in/x/a', bytes],
        ['/in/x/b', bytes.slice(0, 10)],
      ])
    },
  ],
] as const

describe('killed at any write', () => {
  test.each(KINDS)(
    'of %s: the next run goes on, it comes once, under its own name, and it is told that it is here',
    async (_, put) => {
      for (const isDone of [false, true]) {
        let write = 1
        while ((await killedAt(write, isDone, put)) >= write) {
          write++
          expect(write).toBeLessThan(WRITES_MAX)
        }
        expect(write).toBeGreaterThan(5)
      }
    },
    60_000,
  )
})
