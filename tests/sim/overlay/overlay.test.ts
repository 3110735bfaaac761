import { expect, setDefaultTimeout, test } from 'bun:test'
import { poisonAttack, sybilAttack } from './attacks.ts'
import { deepCopy } from './copy.ts'
import { flood } from './flood.ts'
import { living, shapeOf } from './graph.ts'
import { FeedReplication } from './replication.ts'
import { SimRng } from './sim-rng.ts'
import { spread } from './trees.ts'
import { scattered, World } from './world.ts'

/** Membership and trees at the size of a small town, the machines alone: no cryptography, no sockets, virtual time. */

setDefaultTimeout(120_000)

const NODES = 400
const CYCLE_MS = 30_000
const SEED = 1

const grown: World = (() => {
  const rng = new SimRng(SEED)
  const world = new World(rng, [10, 90])
  world.addHonest()
  for (let i = 1; i < NODES; i++) {
    world.join(world.addHonest(), rng.below(i))
    world.run(10)
  }
  world.run(20 * CYCLE_MS)
  return world
})()

function copy(seed: number): World {
  const world = deepCopy(grown)
  world.rng.reseed(seed)
  return world
}

test('one network in which everybody has the links it may have, and the way to anybody is short', () => {
  const shape = shapeOf(copy(1), new SimRng(5), 100)
  expect(shape).toMatchObject({ nodes: NODES, connected: 1, notFull: 0 })
  expect(shape.averagePath).toBeLessThan(5)
  expect(shape.diameter).toBeLessThanOrEqual(8)
})

test('most of it dies at once: the next messages reach nearly all who are left, and soon everybody again', () => {
  for (const [percent, atLeast] of [
    [30, 0.97],
    [50, 0.95],
    // Eighty are left of four hundred, and each view knew thirty: the first three seconds are spent finding each other (0.76 seen).
    [80, 0.7],
  ] as const) {
    const world = copy(percent)
    world.kill(world.rng.draw([...Array(NODES).keys()], (NODES * percent) / 100))
    expect(living(world)).toHaveLength(NODES - (NODES * percent) / 100)
    expect(flood(world, 100, 30).reliability).toBeGreaterThan(atLeast)
    world.run(2 * CYCLE_MS)
    expect(flood(world, 20, 30)).toMatchObject({ reliability: 1, worst: 1 })
  }
})

test('settled trees carry each message to everybody, hardly anything twice, in few hops', () => {
  const world = copy(2)
  const feeds = new FeedReplication(world)
  const senders = world.rng.draw([...Array(NODES).keys()], 5)
  spread(world, feeds, senders, 5, 100)
  const settled = spread(world, feeds, senders, 5, 100)
  expect(settled.reliability).toBe(1)
  expect(settled.redundancy).toBeLessThan(0.05)
  expect(settled.lastHopMax).toBeLessThanOrEqual(14)
})

test('half of it dies under the trees: they grow together again and nothing is missed', () => {
  const world = copy(3)
  const feeds = new FeedReplication(world)
  const [sender] = world.rng.draw([...Array(NODES).keys()], 1) as [number]
  spread(world, feeds, [sender], 10, 100)
  const others = [...Array(NODES).keys()].filter((node) => node !== sender)
  world.kill(world.rng.draw(others, NODES / 2))
  world.run(10_000)
  expect(spread(world, feeds, [sender], 5, 100).reliability).toBe(1)
})

test('two hundred sybils from one block do not take a node from its honest neighbours', () => {
  const result = sybilAttack(copy(4), 200, 120, (i) => `9.9.9.${1 + (i % 254)}`, 0)
  expect(result.honestMin).toBeGreaterThanOrEqual(2)
  expect(result.heard).toBe(1)
  expect(result.said).toBe(1)
})

test('nor do as many from anywhere', () => {
  const result = sybilAttack(copy(5), 200, 120, (i) => scattered(5_000 + i), 0)
  expect(result.honestMin).toBeGreaterThanOrEqual(2)
  expect(result.heard).toBe(1)
})

test('shuffles of one poisoner cannot fill the views of others', () => {
  const result = poisonAttack(copy(6), 5, 10, CYCLE_MS)
  // Seen: 0.16 of what is known leads nowhere, and nobody's neighbours are touched.
  expect(result.share).toBeLessThan(0.2)
  expect(result.healed).toBeGreaterThan(0.99)
})
