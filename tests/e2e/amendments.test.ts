import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { Program, removeHomes, temporaryHome } from './program.ts'

/** Edits, deletions, replies and reactions between real programs. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(args: string[]): Promise<Program> {
  const program = await Program.start(['--static', ...args], { home: temporaryHome() })
  running.push(program)
  return program
}

async function pair(): Promise<[Program, Program]> {
  const a = await launch(['--username', 'Alice'])
  const b = await launch(['--username', 'Bob', '--connect', a.address])
  await Promise.all([a.peerUp(b.id), b.peerUp(a.id)])
  return [a, b]
}

test('what is done with a message reaches the other, in a room and in a conversation', async () => {
  const [a, b] = await pair()
  for (const room of ['general', `@${b.id}`]) {
    const there = room.startsWith('@') ? `@${a.id}` : room
    const { id } = await a.say(`helo ${room}`, room)
    await b.hears(`helo ${room}`)
    await a.do({ do: 'edit', id, text: 'hello' })
    const about = { id, room: there, from: { id: a.id, name: 'Alice' }, self: false }
    expect(await b.until((line) => line.event === 'edit' && line.id === id)).toMatchObject({ ...about, text: 'hello' })
    await b.do({ do: 'react', id, emoji: '👍' })
    const reaction = await a.until((line) => line.event === 'reaction' && line.id === id && !line.self)
    expect(reaction).toMatchObject({ room, from: { id: b.id }, emoji: '👍', on: true })
    await b.do({ do: 'reply', id, text: `yes ${room}` })
    const answers = { id, from: { id: a.id, name: 'Alice' }, text: 'hello' }
    expect(await a.hears(`yes ${room}`)).toMatchObject({ room, answers })
    await a.do({ do: 'delete', id })
    await b.until((line) => line.event === 'delete' && line.id === id)
    const history = await b.do({ do: 'history', room: there })
    expect(history['messages']).toMatchObject([{ id, state: 'deleted', text: '' }, { text: `yes ${room}` }])
  }
})

test('who comes later sees what is left of it, and never what was taken back', async () => {
  const [a, b] = await pair()
  const first = await a.say('secret')
  const second = await a.say('helo')
  await a.do({ do: 'edit', id: second['id'], text: 'hello' })
  await a.do({ do: 'delete', id: first['id'] })
  await b.until((line) => line.event === 'delete' && line.id === first['id'])
  const c = await launch(['--username', 'Carol', '--connect', b.address])
  expect(await c.hears('hello')).toMatchObject({ edited: true, backlog: true })
  expect(c.texts()).toEqual(['hello'])
})
