import { expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

function talkers(world: World, windowBytesMax?: number): [SimNode, SimNode, SimNode] {
  const options = windowBytesMax === undefined ? {} : { windowBytesMax }
  const nodes = world.addAll(3, ['general'], options) as [SimNode, SimNode, SimNode]
  const [a, b, c] = nodes
  b.connect(a)
  c.connect(b)
  world.until('they are linked', () => b.isLinkedTo(a) && c.isLinkedTo(b), 5_000)
  return nodes
}

function converse(world: World, nodes: readonly SimNode[], count: number): void {
  const chance = world.rngFor('conversation')
  for (let i = 0; i < count; i++) {
    nodes[chance.below(nodes.length)]!.say('general', `${i} ${'x'.repeat(100)}`)
    world.pass(chance.float() * 300)
  }
  world.pass(5_000)
}

test('who comes late is shown what was said before, in its order and marked as said before', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed, { loss: 0.05 })
    const nodes = talkers(world)
    converse(world, nodes, 100)
    const late = world.add()
    late.join('general')
    late.connect(nodes[2])
    late.start()
    world.until('the late one has it', () => late.shown.orders.size === 100, 10_000)
    expect([...late.shown.orders.keys()]).toEqual(nodes[0].texts())
    expect(late.shown.backlog.size).toBe(100)
    nodes[0].say('general', 'said after')
    world.until('it hears what is said now', () => late.has('said after'), 5_000)
    expect(late.shown.backlog.has('said after')).toBe(false)
  })
})

test('who passed a room on without being in it has its past when it joins', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const nodes = talkers(world)
    const relay = world.add()
    relay.start()
    relay.connect(nodes[0])
    converse(world, nodes, 50)
    expect(relay.shown.orders.size).toBe(0)
    relay.join('general')
    expect([...relay.shown.orders.keys()]).toEqual(nodes[0].texts())
    expect(relay.shown.backlog.size).toBe(50)
  })
})

test('where the window has moved on, a late joiner is told how much is missing and shown all the rest', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    world.witness.expected.add('gap')
    const nodes = talkers(world, 6_000)
    converse(world, nodes, 100)
    const late = world.add()
    late.join('general')
    late.connect(nodes[2])
    late.start()
    world.pass(10_000)
    const all = nodes[0].texts()
    const shown = [...late.shown.orders.keys()]
    expect(shown.length).toBeGreaterThan(5)
    expect(shown.length).toBeLessThan(100)
    expect(shown).toEqual(all.filter((text) => late.has(text)))
    expect(late.has(all.at(-1)!)).toBe(true)
    // Of an author whose every word is gone nobody speaks until the next one.
    for (const node of nodes) {
      node.say('general', `and on, says ${node.name}`)
      world.until('it hears what is said now', () => late.has(`and on, says ${node.name}`), 5_000)
    }
    // Each author's profile, the first event of a feed, is missing too.
    const gaps = late.tellings.filter((telling) => telling.kind === 'gap')
    const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0)
    expect(missing).toBe(100 - shown.length + gaps.length)
  })
})

test('a neighbour that hangs in the middle of catching up is given up for another', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed, { bufferBytes: [8 * 1024, 8 * 1024] })
    const [a, b, c] = talkers(world)
    for (let i = 0; i < 100; i++) {
      a.say('general', `${i} ${'x'.repeat(1_000)}`)
      world.pass(50)
    }
    world.pass(1_000)
    const late = world.add()
    late.join('general')
    late.start()
    for (const neighbour of [b, c]) {
      world.network.throttle(neighbour.host, late.host, 100)
      late.connect(neighbour)
    }
    world.until('it has some', () => late.node['feeds'].all.size > 0 && late.node.peers().length === 2, 5_000)
    const [feed] = [...late.node['feeds'].all.values()]
    world.until('it has some of the feed', () => feed!.log.next > 10, 5_000)
    expect(feed!.log.next).toBeLessThan(90)
    const source = feed!.source?.peerKey === b.key ? b : c
    source.freeze()
    world.until('the other one brings the rest', () => late.shown.orders.size === 100, 5_000)
  })
})
