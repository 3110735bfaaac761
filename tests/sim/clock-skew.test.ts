import { expect, setDefaultTimeout, test } from 'bun:test'
import { CLOCK_FOLLOW_MAX_MS } from '../../src/base/hlc.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { WALL_START_MS } from './time.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

const MINUTE_MS = 60_000
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS

function ring(world: World, skews: readonly number[]): SimNode[] {
  const nodes = skews.map((skewMs) => {
    const node = world.add({ skewMs })
    node.join('general')
    node.start()
    return node
  })
  for (const [i, node] of nodes.entries()) node.connect(nodes[(i + 1) % nodes.length]!)
  world.until('the ring is linked', () => nodes.every((node) => node.node.peers().length === 2), 10_000)
  return nodes
}

/** The time that the last of a node's own messages bears, less the true time. */
function driftMs(node: SimNode, text: string): number {
  const order = node.shown.orders.get(text)!
  return Number.parseInt(order.slice(0, 12), 16) - (WALL_START_MS + node.world.time.nowMs)
}

test('clocks that are off by minutes still give one order, and an answer always stands after its question', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed)
    const chance = world.rngFor('story')
    const skews = Array.from({ length: 5 }, () => Math.floor((chance.float() * 4 - 2) * MINUTE_MS))
    const nodes = ring(world, skews)
    let last = 'question 0'
    nodes[0]!.say('general', last)
    for (let i = 1; i <= 20; i++) {
      const node = nodes[chance.below(nodes.length)]!
      world.until('the question is there', () => node.has(last), 10_000)
      last = `answer ${i}`
      node.say('general', last)
      if (chance.float() < 0.5) world.pass(chance.float() * 5_000)
    }
    world.until('all is there', () => nodes.every((node) => node.shown.orders.size === 21), 10_000)
    const expected = ['question 0', ...Array.from({ length: 20 }, (_, i) => `answer ${i + 1}`)]
    for (const node of nodes) expect(node.texts()).toEqual(expected)
  })
})

test('clocks that are further apart than is followed, and nearer than is disbelieved, still give one order', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const chance = world.rngFor('story')
    const nodes = ring(world, [-4 * MINUTE_MS, 0, 4 * MINUTE_MS])
    for (let i = 0; i < 30; i++) {
      nodes[chance.below(nodes.length)]!.say('general', `message ${i}`)
      world.pass(chance.float() * 2_000)
    }
    world.until('all is there', () => nodes.every((node) => node.shown.orders.size === 30), 10_000)
    for (const node of nodes) expect(node.texts()).toEqual(nodes[0]!.texts())
  })
})

test('a clock nine minutes ahead is believed and drags no other clock that far', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const nodes = ring(world, [0, 0, 9 * MINUTE_MS])
    const [a, b, ahead] = nodes as [SimNode, SimNode, SimNode]
    ahead.say('general', 'early')
    world.until('the others hear it', () => a.has('early') && b.has('early'), 5_000)
    b.say('general', 'in time')
    world.until('the others hear that', () => a.has('in time') && ahead.has('in time'), 5_000)
    expect(driftMs(b, 'in time')).toBeLessThan(CLOCK_FOLLOW_MAX_MS)
  })
})

test('a clock that is set back by an hour in mid-sentence costs no message', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const nodes = ring(world, [0, 0, 0])
    const [a, b, c] = nodes as [SimNode, SimNode, SimNode]
    a.say('general', 'before')
    a.setClock(-60 * MINUTE_MS)
    a.say('general', 'after, in the same breath')
    world.pass(5_000)
    a.say('general', 'later')
    world.until('all hear all', () => b.shown.orders.size === 3 && c.shown.orders.size === 3, 5_000)
    for (const node of [b, c]) expect(node.texts()).toEqual(a.texts())
  })
})

test('what comes from a clock a year ahead is held back and reported once, and drags no other clock along', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    world.witness.expected.add('clock-ahead')
    const nodes = ring(world, [0, 0, YEAR_MS, 0])
    const [a, b, ahead, d] = nodes as [SimNode, SimNode, SimNode, SimNode]
    ahead.say('general', 'from next year')
    ahead.say('general', 'from next year again')
    world.pass(5_000)
    for (const node of [a, b, d]) {
      expect(node.has('from next year')).toBe(false)
      const troubles = node.tellings.filter((telling) => telling.kind === 'trouble')
      expect(troubles).toMatchObject([
        { code: 'clock-ahead', user: true, message: expect.stringContaining(ahead.name) },
      ])
    }
    b.say('general', 'of today')
    world.until('the others hear it', () => a.has('of today') && d.has('of today') && ahead.has('of today'), 5_000)
    expect(Math.abs(driftMs(b, 'of today'))).toBeLessThan(1_000)
  })
})

test('who is behind by a year and sets the clock right is then shown what was held back, in order', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    world.witness.expected.add('clock-ahead')
    const nodes = ring(world, [0, 0, -YEAR_MS])
    const [a, b, behind] = nodes as [SimNode, SimNode, SimNode]
    for (let i = 0; i < 5; i++) {
      a.say('general', `a ${i}`)
      world.pass(1_000)
      b.say('general', `b ${i}`)
      world.pass(1_000)
    }
    expect(behind.shown.orders.size).toBe(0)
    behind.setClock(0)
    world.until('what was held back is shown', () => behind.shown.orders.size === 10, 40_000)
    expect([...behind.shown.orders.keys()]).toEqual(behind.texts())
    expect(behind.texts()).toEqual(a.texts())
    behind.say('general', 'set right')
    world.until('it is heard', () => a.has('set right') && b.has('set right'), 5_000)
  })
})
