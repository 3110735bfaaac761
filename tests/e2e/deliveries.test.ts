import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import type { DeliveryEvent } from '../../src/app/events.ts'
import type { MessageView } from '../../src/app/messages.ts'
import { type Line, Program, removeHomes, temporaryHome } from './program.ts'

/** Three real programs: who speaks is told how far it has come, and history shows it. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(...args: string[]): Promise<Program> {
  return launchAt(temporaryHome(), ...args)
}

async function launchAt(home: string, ...args: string[]): Promise<Program> {
  const program = await Program.start(['--static', ...args], { home })
  running.push(program)
  return program
}

const isDelivery = (line: Line, id: string, state: DeliveryEvent['state'], of: number): boolean =>
  line.event === 'delivery' && line.id === id && line.state === state && line.of === of

test('what is said alone waits, reaches those who come, also through others, and history says so', async () => {
  const a = await launch('--username', 'Alice')
  const first = String((await a.do({ do: 'say', text: 'anybody?' }))['id'])
  await a.until((line) => isDelivery(line, first, 'waiting', 0))
  const b = await launch('--username', 'Bob', '--connect', a.address)
  await a.until((line) => isDelivery(line, first, 'everyone', 1))
  const c = await launch('--username', 'Carol', '--connect', b.address)
  await c.hears('anybody?')
  await a.until((line) => line.event === 'member' && line.name === 'Carol')
  const second = String((await a.do({ do: 'say', text: 'both of you' }))['id'])
  const told = await a.until((line) => isDelivery(line, second, 'everyone', 2))
  expect(told).toEqual({ event: 'delivery', id: second, room: 'general', state: 'everyone', reached: 2, of: 2 })
  const direct = String((await a.do({ do: 'msg', peer: c.id, text: 'psst' }))['id'])
  await a.until((line) => isDelivery(line, direct, 'everyone', 1))
  const history = (await a.do({ do: 'history' }))['messages'] as MessageView[]
  expect(history.find(({ id }) => id === second)?.standing).toEqual({ state: 'everyone', reached: 2, members: 2 })
  expect([...b.lines, ...c.lines].filter((line) => line.event === 'delivery')).toEqual([])
})

test('how far it came is in the history after a restart, with nobody there to ask', async () => {
  const home = temporaryHome()
  const a = await launchAt(home, '--username', 'Alice')
  const alone = String((await a.do({ do: 'say', text: 'anybody?' }))['id'])
  await a.until((line) => isDelivery(line, alone, 'waiting', 0))
  const b = await launch('--username', 'Bob', '--connect', a.address)
  await a.until((line) => isDelivery(line, alone, 'everyone', 1))
  await b.quit()
  await a.until((line) => line.event === 'member' && line.state === 'left')
  const later = String((await a.do({ do: 'say', text: 'still there?' }))['id'])
  await a.until((line) => isDelivery(line, later, 'waiting', 0))
  await a.quit()
  const again = await launchAt(home, '--username', 'Alice')
  const history = (await again.do({ do: 'history' }))['messages'] as MessageView[]
  expect(history.map(({ id, standing }) => [id, standing])).toEqual([
    [alone, { state: 'everyone', reached: 1, members: 1 }],
    [later, { state: 'waiting', reached: 0, members: 0 }],
  ])
})
