import { ACTIVE_MAX } from '../../../src/core/gossip/hyparview-parameters.ts'
import { living, Search, shapeOf } from './graph.ts'
import { SimRng } from './sim-rng.ts'
import { World } from './world.ts'

/** One cycle of the membership protocol. */
export const CYCLE_MS = 30_000

/** A network of `nodes` that joined one after another, each through any that was there, and then lived for `cycles`. */
export function grow(nodes: number, seed: number, cycles: number): World {
  const rng = new SimRng(seed)
  const world = new World(rng, [10, 90])
  world.addHonest()
  for (let i = 1; i < nodes; i++) {
    world.join(world.addHonest(), rng.below(i))
    world.run(10)
  }
  world.run(cycles * CYCLE_MS)
  return world
}

export interface Burst {
  /** Seconds until all were one network, and until nineteen of twenty places were taken; null: not within a minute. */
  readonly connectedS: number | null
  readonly fullS: number | null
  /** Of everybody, how many a message reaches after one more cycle. */
  readonly reached: number
  /** Of one node, most and on average, up to when all were full or a minute had passed. */
  readonly dialsMax: number
  readonly dials: number
  readonly messagesMax: number
  readonly messages: number
}

const BURST_MS_MAX = 60_000

/** `count` nodes join at the same moment: through one contact, or each through any. */
export function burst(world: World, count: number, through: 'one' | 'any'): Burst {
  const before = world.actors.length
  const startMs = world.nowMs
  const dials = [...world.dialsOf]
  const messages = [...world.messagesOf]
  const contact = world.rng.below(before)
  for (let i = 0; i < count; i++) {
    const node = world.addHonest()
    world.join(node, through === 'one' ? contact : world.rng.below(before))
  }
  const all = world.actors.length
  let connectedS: number | null = null
  let fullS: number | null = null
  while (fullS === null && world.nowMs - startMs < BURST_MS_MAX) {
    world.run(100)
    const { degree, connected } = shapeOf(world, new SimRng(1), 1)
    if (connected === 1) connectedS ??= (world.nowMs - startMs) / 1_000
    if (degree >= 0.95 * ACTIVE_MAX && connected === 1) fullS = (world.nowMs - startMs) / 1_000
  }
  const made = (now: readonly number[], then: readonly number[]) => now.map((each, i) => each - (then[i] ?? 0))
  const [madeDials, madeMessages] = [made(world.dialsOf, dials), made(world.messagesOf, messages)]
  world.run(CYCLE_MS)
  const reached = new Search(world).from(living(world)[0]!, (_, to) => world.alive[to]!)
  return {
    connectedS,
    fullS,
    reached: reached / all,
    dialsMax: Math.max(...madeDials),
    dials: sum(madeDials) / all,
    messagesMax: Math.max(...madeMessages),
    messages: sum(madeMessages) / all,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
