import { expect, setDefaultTimeout, test } from 'bun:test'
import { type Broadcast, FloodBroadcast } from '../../src/core/gossip/broadcast.ts'
import { TreeBroadcast } from '../../src/core/gossip/tree.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Pushes on the links that `eager` picks and announces on all others, whatever comes of it. */
class Fixed implements Broadcast {
  constructor(private readonly eager: (link: number, feed: string) => boolean) {}
  linkUp(): void {}
  linkDown(): readonly string[] {
    return []
  }
  isEager(link: number, feed: string): boolean {
    return this.eager(link, feed)
  }
  arrived(): number | null {
    return null
  }
  silenced(): void {}
  wanted(): boolean {
    return false
  }
  asked(): void {}
  forget(): void {}
}

const POLICIES: Record<string, () => Broadcast> = {
  'no link pushes': () => new Fixed(() => false),
  'every other link pushes': () => new Fixed((link) => link % 2 === 0),
  'a link pushes some feeds': () => new Fixed((link, feed) => (link + feed.charCodeAt(0)) % 3 === 0),
  'every link pushes': () => new FloodBroadcast(),
  'duplicates prune and requests graft': () => new TreeBroadcast(),
}

const NODES = 12
const MESSAGES = 60

/** Says things all over a random graph and waits until all are everywhere. */
function talk(world: World, broadcast: () => Broadcast): SimNode[] {
  const chance = world.rngFor('story')
  const nodes = world.addAll(NODES, ['general'], { broadcast })
  for (const [i, node] of nodes.entries()) {
    node.connect(nodes[(i + 1) % NODES]!)
    node.connect(nodes[(i + 2 + chance.below(NODES - 3)) % NODES]!)
  }
  world.pass(3_000)
  for (let i = 0; i < MESSAGES; i++) {
    nodes[chance.below(NODES)]!.say('general', `message ${i}`)
    world.pass(chance.float() * 500)
  }
  world.until('all is everywhere', () => nodes.every((node) => node.shown.orders.size === MESSAGES), 30_000)
  return nodes
}

for (const [name, broadcast] of Object.entries(POLICIES)) {
  test(`where ${name}, everything still arrives, through announcements and requests`, async () => {
    await overSeeds(import.meta.path, 8, (seed) => {
      const world = new World(seed, { loss: 0.05, reset: 0.001 })
      const nodes = talk(world, broadcast)
      for (const node of nodes) expect(node.texts()).toEqual(nodes[0]!.texts())
    })
  })
}

test('where no link pushes, a link that is lost in mid-request is replaced by another neighbour', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed)
    const [a, b, c, d] = world.addAll(4, ['general'], { broadcast: () => new Fixed(() => false) }) as SimNode[]
    for (const middle of [b!, c!]) {
      middle.connect(a!)
      d!.connect(middle)
    }
    world.pass(3_000)
    for (let i = 0; i < 50; i++) a!.say('general', `message ${i}`)
    world.until('the first have come', () => b!.has('message 0') && c!.has('message 0'), 5_000)
    world.pass(world.rngFor('story').float() * 1_000)
    if (d!.shown.orders.size < 50) b!.kill()
    world.until('the last has all', () => d!.shown.orders.size === 50, 10_000)
  })
})
