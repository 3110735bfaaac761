import { expect, setDefaultTimeout, test } from 'bun:test'
import { poisonAttack, sybilAttack } from './attacks.ts'
import { deepCopy } from './copy.ts'
import { veryNext } from './failures.ts'
import { flood } from './flood.ts'
import { living, shapeOf } from './graph.ts'
import { burst, CYCLE_MS, grow } from './growth.ts'
import { MISCHIEFS } from './mischief.ts'
import { relayAttack } from './relay-attack.ts'
import { FeedReplication } from './replication.ts'
import { SimRng } from './sim-rng.ts'
import { spread } from './trees.ts'
import { scattered, type World } from './world.ts'

/** Membership and trees at the size of a small town, the machines alone: no cryptography, no sockets, virtual time. */

setDefaultTimeout(120_000)

const NODES = 400
const SEED = 1

const grown = grow(NODES, SEED, 20)

function copy(seed: number): World {
  const world = deepCopy(grown)
  world.rng.reseed(seed)
  return world
}

test('one network in which everybody has the links it may have, and the way to anybody is short', () => {
  const shape = shapeOf(copy(1), new SimRng(5), 100)
  expect(shape).toMatchObject({ nodes: NODES, connected: 1 })
  // Who lacks one neighbour finds another who does only by chance; it harms nobody (2 seen).
  expect(shape.notFull).toBeLessThanOrEqual(NODES / 50)
  expect(shape.averagePath).toBeLessThan(5)
  expect(shape.diameter).toBeLessThanOrEqual(8)
})

test('most of it dies at once: the next messages reach nearly all who are left, and soon everybody again', () => {
  for (const [percent, atLeast] of [
    [30, 0.99],
    [50, 0.98],
    // Eighty are left of four hundred, and forty: the first second is spent finding each other.
    [80, 0.75],
    [90, 0.65],
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

test('half of it dies under the trees: the very next message gets to all who are left', () => {
  const world = copy(3)
  const [sender] = world.rng.draw([...Array(NODES).keys()], 1) as [number]
  spread(world, new FeedReplication(world), [sender], 10, 100)
  expect(veryNext(world, 50, sender, 1)).toBe(1)
})

test('as many again join at the same moment through one contact: within seconds all are one network', () => {
  const result = burst(copy(7), NODES, 'one')
  expect(result.connectedS).toBeLessThan(10)
  expect(result.reached).toBe(1)
  // Nobody else pays for it (6 seen).
  expect(result.dials).toBeLessThan(20)
})

test('a thousand sybils from one block do not take a node from its honest neighbours', () => {
  const result = sybilAttack(copy(4), 1_000, 60, (i) => `9.9.9.${1 + (i % 254)}`, 0)
  expect(result.honestMin).toBeGreaterThanOrEqual(2)
  expect(result.heard).toBe(1)
  expect(result.said).toBe(1)
})

test('nor do as many from anywhere, while those neighbours die one after another', () => {
  const result = sybilAttack(copy(5), 1_000, 60, (i) => scattered(1_000_000 + i), 15)
  expect(result.honestMin).toBeGreaterThanOrEqual(1)
  expect(result.heard).toBe(1)
})

test('shuffles of one poisoner cannot fill the views of others', () => {
  const result = poisonAttack(copy(6), 5, 10, CYCLE_MS)
  // Seen: 0.16 of what is known leads nowhere, and nobody's neighbours are touched.
  expect(result.share).toBeLessThan(0.2)
  expect(result.healed).toBeGreaterThan(0.99)
})

for (const kind of MISCHIEFS) {
  test(`one of ten relays ${kind}: honest nodes get all there is`, () => {
    const result = relayAttack(copy(8), kind, 0.1)
    expect(result.reliability).toBe(1)
    // Seen: 12.4 hops where the tree leans towards liars, 8 elsewhere.
    expect(result.lastHop).toBeLessThan(15)
    expect(result.lastMs).toBeLessThan(1_500)
  })
}
