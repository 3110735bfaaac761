import { expect, setDefaultTimeout, test } from 'bun:test'
import { TreeBroadcast } from '../../src/core/gossip/tree.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** How far the trees save what flooding costs, and how soon they are mended. */
const NODES = 40
const WARM_UP = 30
const MEASURED = 60

/** Copies of bundles that came, over all nodes: the first of each, and those that were not needed. */
interface Copies {
  first: number
  duplicate: number
}

class Counting extends TreeBroadcast {
  constructor(private readonly copies: Copies) {
    super()
  }

  override arrived(link: number, feed: string, hops: number, duplicate: boolean): number | null {
    if (duplicate) this.copies.duplicate++
    else this.copies.first++
    return super.arrived(link, feed, hops, duplicate)
  }
}

function overlay(world: World, copies: Copies): SimNode[] {
  const chance = world.rngFor('overlay')
  const nodes = world.addAll(NODES, ['general'], { broadcast: () => new Counting(copies) })
  for (const [i, node] of nodes.entries()) {
    node.connect(nodes[(i + 1) % NODES]!)
    node.connect(nodes[(i + 2 + chance.below(NODES - 3)) % NODES]!)
  }
  world.pass(5_000)
  return nodes
}

/** Milliseconds until everybody has what `speaker` says now. */
function spreadMs(world: World, nodes: readonly SimNode[], speaker: SimNode, text: string): number {
  const saidAtMs = world.time.nowMs
  speaker.say('general', text)
  world.until('everybody hears it', () => nodes.every((node) => !node.isRunning || node.has(text)), 10_000)
  return world.time.nowMs - saidAtMs
}

test('once a tree has grown, hardly anything is sent twice, and everybody has it in the time of a few links', async () => {
  await overSeeds(import.meta.path, 3, (seed) => {
    const copies: Copies = { first: 0, duplicate: 0 }
    const world = new World(seed)
    const nodes = overlay(world, copies)
    const speakers = nodes.slice(0, 3)
    for (let i = 0; i < WARM_UP; i++) spreadMs(world, nodes, speakers[i % 3]!, `warm-up ${i}`)
    copies.first = 0
    copies.duplicate = 0
    const delays: number[] = []
    for (let i = 0; i < MEASURED; i++) {
      delays.push(spreadMs(world, nodes, speakers[i % 3]!, `measured ${i}`))
      world.pass(200)
    }
    expect(copies.first).toBe(MEASURED * (NODES - 1))
    expect(copies.duplicate / copies.first).toBeLessThan(0.05)
    expect(Math.max(...delays)).toBeLessThan(600)
  })
})

test('when nodes of a tree vanish, it is mended so quickly that those who talk hardly notice', async () => {
  await overSeeds(import.meta.path, 3, (seed) => {
    const world = new World(seed)
    const chance = world.rngFor('story')
    const nodes = overlay(world, { first: 0, duplicate: 0 })
    const speaker = nodes[0]!
    for (let i = 0; i < WARM_UP; i++) spreadMs(world, nodes, speaker, `warm-up ${i}`)
    const delays: number[] = []
    for (let i = 0; i < 20; i++) {
      const victim = nodes[1 + chance.below(NODES - 1)]!
      speaker.say('general', `while ${i} is going`)
      world.pass(chance.float() * 100)
      victim.kill()
      delays.push(spreadMs(world, nodes, speaker, `after ${i} has gone`))
      victim.start()
      world.pass(3_000)
    }
    expect(Math.max(...delays)).toBeLessThan(1_000)
    // Without asking all other neighbours at once it is 215.
    expect(delays.reduce((sum, delay) => sum + delay) / delays.length).toBeLessThan(170)
  })
})
