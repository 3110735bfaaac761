import { expect, setDefaultTimeout, test } from 'bun:test'
import { Hearsay } from '../../src/app/hearsay.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

function membersOf(node: SimNode, room = 'general'): string[] {
  return node.node
    .members(room)
    .map((member) => member.name)
    .sort()
}

function namesBut(nodes: readonly SimNode[], one: SimNode): string[] {
  return nodes
    .filter((node) => node !== one)
    .map((node) => node.name)
    .sort()
}

function line(world: World, count: number): SimNode[] {
  const nodes = world.addAll(count)
  for (const [i, node] of nodes.entries()) if (i > 0) node.connect(nodes[i - 1]!)
  return nodes
}

test('everybody comes to know everybody in the room, however far, and nobody from other rooms', async () => {
  await overSeeds(import.meta.path, 15, (seed) => {
    const world = new World(seed, { loss: 0.05 })
    const nodes = line(world, 8)
    const other = world.add()
    other.join('elsewhere')
    other.start()
    other.connect(nodes[4]!)
    const known = (node: SimNode): boolean => membersOf(node).join() === namesBut(nodes, node).join()
    world.until('the lists are the same', () => nodes.every(known), 10_000)
    world.pass(300_000)
    expect(nodes.every(known)).toBe(true)
    expect(membersOf(other, 'elsewhere')).toEqual([])
  })
})

test('a new name and a left room are known everywhere within a second', async () => {
  await overSeeds(import.meta.path, 15, (seed) => {
    const world = new World(seed)
    const nodes = line(world, 5)
    const [first, , , fourth, last] = nodes as [SimNode, SimNode, SimNode, SimNode, SimNode]
    world.until('all know all', () => nodes.every((node) => membersOf(node).length === 4), 10_000)
    last.driver.run((node, instant) => node.rename('somebody else', instant))
    world.until('the name is known', () => membersOf(first).includes('somebody else'), 1_000)
    const renamed = first.tellings.findLast((telling) => telling.kind === 'member')
    expect(renamed).toMatchObject({ state: 'renamed', name: 'somebody else', was: last.name })
    last.leave('general')
    world.until('it has left', () => !membersOf(first).includes('somebody else'), 1_000)
    expect(fourth.isLinkedTo(last)).toBe(true)
    world.pass(300_000)
    for (const node of nodes.slice(0, 4)) expect(membersOf(node)).toHaveLength(3)
  })
})

test('who leaves says goodbye: neighbours know why, the room knows at once, and what was said last arrives', async () => {
  await overSeeds(import.meta.path, 15, async (seed) => {
    const world = new World(seed, { loss: 0.05 })
    const nodes = line(world, 3)
    const [first, middle] = nodes as [SimNode, SimNode, SimNode]
    const leaving = world.add()
    leaving.join('general')
    const chat = new Hearsay(leaving.id, { log() {} })
    leaving.start((telling) => chat.hear(telling))
    chat.attach(leaving.driver)
    leaving.connect(nodes[2]!)
    world.until('all know it', () => membersOf(first).includes(leaving.name), 10_000)
    leaving.say('general', 'so long')
    await world.settle(chat.close(), 20_000)
    world.until('the last words arrive', () => first.has('so long') && middle.has('so long'), 5_000)
    world.until('all know that it left', () => !membersOf(first).includes(leaving.name), 5_000)
    const down = nodes[2]!.tellings.findLast((telling) => telling.kind === 'peer' && telling.state === 'down')
    expect(down).toMatchObject({ reason: 'left' })
  })
})

test('a neighbour whose machine lost power is given up after 40 seconds of silence', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const [first, last] = line(world, 2) as [SimNode, SimNode]
    world.until('they are linked', () => first.isLinkedTo(last), 5_000)
    last.kill('power')
    world.pass(25_000)
    expect(first.isLinkedTo(last)).toBe(true)
    world.until('it is given up', () => !first.isLinkedTo(last), 30_000)
    const down = first.tellings.findLast((telling) => telling.kind === 'peer')
    expect(down).toMatchObject({ state: 'down', reason: 'has been silent for 40 seconds' })
  })
})

test('who vanishes without a word is missed within two minutes and a half, and shown again when back', async () => {
  await overSeeds(import.meta.path, 5, (seed) => {
    const world = new World(seed)
    const nodes = line(world, 4)
    const [first, , , last] = nodes as [SimNode, SimNode, SimNode, SimNode]
    world.until('all know all', () => nodes.every((node) => membersOf(node).length === 3), 10_000)
    last.kill('power')
    world.pass(60_000)
    expect(membersOf(first)).toContain(last.name)
    world.until('it is missed', () => !membersOf(first).includes(last.name), 90_000)
    last.start()
    world.until('it is back', () => membersOf(first).includes(last.name), 5_000)
  })
})
