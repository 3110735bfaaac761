import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { TrackerStatus } from '../../src/node/tracking.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { SimTracker } from './sim-tracker.ts'
import { Violation } from './witness.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Whole nodes that were given a tracker and nothing else. All listen on one port: the highest id is to stand in. */

const LOSS = { loss: 0.01 }
const STEP_MS = 50

/** A world in which trackers may be missing, as they are here. */
function lossy(seed: number, options = LOSS): World {
  const world = new World(seed, options)
  world.witness.expected.add('no-tracker')
  return world
}

/** Lets time pass, and in between lets the promises of the code under test be kept: listening is one. */
async function pass(world: World, durationMs: number, isOver: () => boolean = () => false): Promise<void> {
  for (const endMs = world.time.nowMs + durationMs; world.time.nowMs < endMs && !isOver(); ) {
    world.pass(STEP_MS)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function until(world: World, what: string, met: () => boolean, durationMs: number): Promise<void> {
  await pass(world, durationMs, met)
  if (!met()) throw new Violation(`${what}: not within ${durationMs} ms`)
}

function tracked(world: World, count: number): { tracker: SimTracker; nodes: SimNode[] } {
  const tracker = new SimTracker(world).start()
  return { tracker, nodes: nodesOf(world, count, tracker) }
}

function nodesOf(world: World, count: number, tracker: { readonly address: SimTracker['address'] }): SimNode[] {
  return world.addAll(count, ['general'], { isChoosing: true, trackers: [tracker.address] })
}

function status(node: SimNode): TrackerStatus {
  return node.node.trackers()[0]!
}

const running = (nodes: readonly SimNode[]): SimNode[] => nodes.filter((node) => node.isRunning)
const serving = (nodes: readonly SimNode[]): SimNode[] => nodes.filter((node) => status(node).state === 'serving')

function highest(nodes: readonly SimNode[]): SimNode {
  return nodes.reduce((best, node) => (node.key > best.key ? node : best))
}

/** One of them keeps the list, and the others are on it. */
function oneKeeps(nodes: readonly SimNode[], keeper = serving(nodes)[0]): boolean {
  if (keeper === undefined) return false
  return nodes.every((node) => {
    const { state, by } = status(node)
    return state === (node === keeper ? 'serving' : 'following') && by === keeper.key
  })
}

function allFollow(nodes: readonly SimNode[], tracker: SimTracker): boolean {
  return nodes.every((node) => {
    const { state, address } = status(node)
    return state === 'following' && address.host === tracker.address.host && address.port === tracker.address.port
  })
}

async function settled(world: World, count: number): Promise<{ tracker: SimTracker; nodes: SimNode[] }> {
  const { tracker, nodes } = tracked(world, count)
  await until(world, 'all are on the list', () => allFollow(nodes, tracker), 10_000)
  await until(world, 'all have neighbours', () => nodes.every((node) => node.node.peers().length > 1), 30_000)
  await pass(world, 10_000)
  return { tracker, nodes }
}

async function allHear(world: World, nodes: readonly SimNode[], what: string): Promise<void> {
  const texts = nodes.map((node) => `${what} of ${node.name}`)
  for (const [i, node] of nodes.entries()) node.say('general', texts[i]!)
  await until(world, `all have ${what}`, () => nodes.every((node) => texts.every((text) => node.has(text))), 60_000)
}

describe('nodes with a tracker', () => {
  test('find each other, forty by lists that name them all, and talk', async () => {
    await overSeeds(import.meta.path, 3, async (seed) => {
      const world = lossy(seed)
      const { nodes } = await settled(world, 40)
      await allHear(world, nodes, 'a word')
    })
  })

  test('lose it: one stands in within five seconds, and it is the highest', async () => {
    await overSeeds(import.meta.path, 10, async (seed) => {
      const world = lossy(seed)
      const { tracker, nodes } = await settled(world, 20)
      tracker.kill()
      await until(world, 'one keeps the list', () => oneKeeps(nodes, highest(nodes)), 5_000)
      await pass(world, 30_000)
      expect(serving(nodes)).toEqual([highest(nodes)])
      const changes = nodes.flatMap((node) => node.tellings).filter((telling) => telling.kind === 'tracker')
      expect(changes.filter(({ state }) => state === 'serving')).toHaveLength(1)
      await allHear(world, nodes, 'a word after')
    })
  })

  test('are more than any of them has heard of, and choose one all the same, and at once', async () => {
    await overSeeds(import.meta.path, 2, async (seed) => {
      const world = lossy(seed)
      const { tracker, nodes } = await settled(world, 150)
      tracker.kill()
      await until(world, 'one keeps the list', () => oneKeeps(nodes, highest(nodes)), 5_000)
      tracker.start()
      await until(world, 'all are back', () => allFollow(nodes, tracker), 15_000)
      const changes = nodes.flatMap((node) => node.tellings).filter((telling) => telling.kind === 'tracker')
      expect(changes.filter(({ state }) => state === 'serving')).toHaveLength(1)
    })
  })

  test('lose it with the power of its machine: nobody hears of that, and one stands in all the same', async () => {
    await overSeeds(import.meta.path, 5, async (seed) => {
      const world = lossy(seed)
      const { tracker, nodes } = await settled(world, 20)
      tracker.kill('power')
      await until(world, 'one keeps the list', () => oneKeeps(nodes, highest(nodes)), 15_000)
      tracker.start()
      await until(world, 'all are back', () => allFollow(nodes, tracker), 15_000)
      expect(serving(nodes)).toEqual([])
    })
  })

  test('lose it and a third of themselves at once', async () => {
    await overSeeds(import.meta.path, 5, async (seed) => {
      const world = lossy(seed)
      const { tracker, nodes } = await settled(world, 24)
      tracker.kill()
      for (const node of [...nodes].sort((a, b) => (a.key < b.key ? 1 : -1)).slice(0, 8)) node.kill()
      const left = running(nodes)
      await until(world, 'one keeps the list', () => oneKeeps(left), 10_000)
      await allHear(world, left, 'a word of those left')
    })
  })

  test('are cut in two without it, choose one in each half, and have one when the halves meet', async () => {
    await overSeeds(import.meta.path, 5, async (seed) => {
      const world = lossy(seed, { loss: 0 })
      const { tracker, nodes } = await settled(world, 24)
      const [left, right] = [nodes.slice(0, 12), nodes.slice(12)]
      tracker.kill()
      const cut = world.network.cut(
        left.map((node) => node.host),
        0.5,
      )
      const both = (): boolean => oneKeeps(left) && oneKeeps(right)
      await until(world, 'each half has one', both, 60_000)
      await pass(world, 20_000)
      expect([...serving(left), ...serving(right)]).toHaveLength(2)
      world.network.heal(cut)
      await until(world, 'there is one', () => oneKeeps(nodes, highest(nodes)), 180_000)
      await allHear(world, nodes, 'a word together')
    })
  })

  test('of which the one on the tracker’s machine starts last become no tracker, and it does', async () => {
    await overSeeds(import.meta.path, 5, async (seed) => {
      const world = lossy(seed)
      const last = world.add({ isChoosing: true, trackers: [{ host: '10.0.0.0', port: 5_000 }] })
      expect(last.host.address).toBe('10.0.0.0')
      const nodes = nodesOf(world, 8, { address: { host: last.host.address, port: 5_000 } })
      await pass(world, 20_000)
      expect(serving(nodes)).toEqual([])
      last.start()
      await until(world, 'it keeps the list', () => oneKeeps([last, ...nodes], last), 20_000)
    })
  })

  test('through a storm of kills and starts, of themselves and of the tracker, end with one and not two', async () => {
    await overSeeds(import.meta.path, 5, async (seed) => {
      const world = lossy(seed)
      const { tracker, nodes } = await settled(world, 16)
      const chance = world.rngFor('storm')
      for (let i = 0; i < 60; i++) {
        await pass(world, 200 + chance.float() * 4_000)
        const what = chance.below(8)
        const victim = nodes[chance.below(nodes.length)]!
        if (what === 0 && tracker.isRunning) tracker.kill(chance.below(2) === 0 ? 'process' : 'power')
        else if (what === 1 && !tracker.isRunning) tracker.start()
        else if (victim.isRunning && running(nodes).length > 6) victim.kill(chance.below(2) === 0 ? 'process' : 'power')
        else if (!victim.isRunning) victim.start()
      }
      const left = running(nodes)
      // Who was started while there was no tracker knows of nobody, and nobody of it.
      const linked = (): SimNode[] => left.filter((node) => node.node.peers().length > 0)
      const isOne = (): boolean => (tracker.isRunning ? allFollow(left, tracker) : oneKeeps(linked()))
      await until(world, 'there is one', isOne, 90_000)
      expect(serving(left)).toHaveLength(tracker.isRunning ? 0 : 1)
      if (!tracker.isRunning) tracker.start()
      await until(world, 'all are back', () => allFollow(left, tracker), 90_000)
      expect(serving(left)).toEqual([])
    })
  })
})
