import { expect, setDefaultTimeout, test } from 'bun:test'
import type { Rng } from '../../src/base/rng.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/**
 * Nodes are killed, lose power, hang and come back, while others talk and links break. What a node said may die with it before anybody
 * heard it; but what anybody still has, everybody gets.
 */
const NODES = 16
const STEPS = 60
const CALM_MS = 90_000

function build(world: World, chance: Rng): SimNode[] {
  const nodes = world.addAll(NODES)
  for (const [i, node] of nodes.entries()) {
    node.connect(nodes[(i + 1) % NODES]!)
    node.connect(nodes[(i + 2 + chance.below(NODES - 3)) % NODES]!)
  }
  world.pass(5_000)
  return nodes
}

/** One misfortune, whose end is planned with it. */
function strike(world: World, chance: Rng, node: SimNode): void {
  const backMs = world.time.nowMs + 100 + chance.float() * 45_000
  const kind = chance.below(4)
  if (kind === 0) {
    const cut = world.network.cut([node.host, world.nodes[chance.below(NODES)]!.host], chance.float())
    world.time.at(backMs, () => world.network.heal(cut))
  } else if (kind === 1 && !node.host.process!.frozen) {
    node.freeze()
    world.time.at(backMs, () => {
      if (node.isRunning) node.thaw()
    })
  } else {
    node.kill(kind === 2 ? 'process' : 'power')
    world.time.at(backMs, () => node.start())
  }
}

test('through kills, power failures, hangs and cuts, all that anybody still has is everywhere in the end', async () => {
  await overSeeds(import.meta.path, 12, (seed) => {
    const world = new World(seed, { loss: 0.03, reset: 0.0005 })
    const chance = world.rngFor('story')
    const nodes = build(world, chance)
    for (let i = 0; i < STEPS; i++) {
      const running = nodes.filter((node) => node.isRunning && !node.host.process!.frozen)
      for (let n = 0; n < 3; n++) running[chance.below(running.length)]!.say('general', `${i} ${n}`)
      if (running.length > NODES / 2) strike(world, chance, running[chance.below(running.length)]!)
      world.pass(chance.float() * 3_000)
    }
    world.pass(CALM_MS)
    expect(nodes.every((node) => node.isRunning)).toBe(true)
    const texts = nodes[0]!.texts()
    for (const node of nodes) expect(node.texts()).toEqual(texts)
    for (const said of world.witness.said.values()) {
      if (said.life === said.author.life) expect(texts).toContain(said.text)
    }
    expect(texts.length).toBeGreaterThan((STEPS * 3) / 2)
  })
})
