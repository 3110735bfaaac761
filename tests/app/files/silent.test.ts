import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { ASK, bytesOf, DeskRoom, type Person } from './desk-room.ts'

// That nothing comes is said after ten seconds.
setDefaultTimeout(40_000)

let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

/** From then on nothing that it reads comes to an end. */
function stall({ files }: Person): () => void {
  const open = files.source.bind(files)
  let isStalled = false
  files.source = async (path) => {
    const source = await open(path)
    if (!source.ok) return source
    return { ...source, read: (at, length) => (isStalled ? new Promise(() => {}) : source.read(at, length)) }
  }
  return () => {
    isStalled = true
  }
}

test('who is linked and sends nothing is told apart from who is not there, and is told of anew when he has gone', async () => {
  const [anna, ben, cleo] = [await room.person(ASK), await room.person(ASK), await room.person(ASK)]
  const stalls = stall(anna)
  anna.files.files.set('/out/a', bytesOf(100_000, 1))
  cleo.files.files.set('/out/c', bytesOf(100_000, 2))
  await anna.desk.send('/out/a', 'general')
  await cleo.desk.send('/out/c', 'general')
  cleo.leave()
  stalls()
  await ben.desk.accept('a')
  await ben.desk.accept('c')
  const waiting = await Promise.all(
    ['a', 'c'].map((wanted) => ben.until(({ name, trouble }) => name === wanted && trouble === 'nobody')),
  )
  expect(waiting.map(({ reason }) => reason)).toEqual([
    'Whoever offered it is linked, and sends nothing. It goes on when something comes.',
    'Nobody who has it is here. It goes on when somebody is.',
  ])
  anna.leave()
  await ben.until(({ name, reason }) => name === 'a' && reason === waiting[1]!.reason)
})
