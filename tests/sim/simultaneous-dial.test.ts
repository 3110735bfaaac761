import { expect, setDefaultTimeout, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { Violation } from './witness.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** The link that `node` has with `other`, by the handshake that both ends share. */
function linkBetween(node: SimNode, other: SimNode): string {
  const links = node.node.peers().filter((link) => link.peerKey === other.key)
  expect(links).toHaveLength(1)
  return toHex(links[0]!.hash)
}

function ups(node: SimNode): number {
  return node.tellings.filter((telling) => telling.kind === 'peer').length
}

/** Violated when two that have been linked are not, be it for a moment. */
function neverParted(world: World, a: SimNode, b: SimNode): void {
  let met = false
  world.time.watch(() => {
    const linked = a.isLinkedTo(b)
    if (met && !linked) throw new Violation(`${a.name} has lost every link with ${b.name}`)
    met ||= linked
  })
}

test('two that dial each other at once are left with one link, the same for both, and keep it', async () => {
  await overSeeds(import.meta.path, 150, (seed) => {
    const lossless = seed % 2 === 0
    const world = new World(seed, { loss: lossless ? 0 : 0.1 })
    const [a, b] = world.addAll(2) as [SimNode, SimNode]
    if (lossless) {
      // With loss, word that one link is superfluous may come before the other link is through.
      neverParted(world, a, b)
      neverParted(world, b, a)
    }
    a.connect(b)
    b.connect(a)
    world.pass(10_000)
    const link = linkBetween(a, b)
    expect(linkBetween(b, a)).toBe(link)
    const [toldA, toldB] = [ups(a), ups(b)]
    world.pass(120_000)
    expect(linkBetween(a, b)).toBe(link)
    expect(linkBetween(b, a)).toBe(link)
    expect([ups(a), ups(b)]).toEqual([toldA, toldB])
    for (const node of [a, b]) expect(node.node['links'].all.size).toBe(1)
  })
})

test('a full mesh in which everybody dials everybody settles to one link a pair, and all of them talk', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed, { loss: 0.05 })
    const nodes = world.addAll(5)
    for (const node of nodes) for (const other of nodes) if (other !== node) node.connect(other)
    for (const node of nodes) node.say('general', `from ${node.name}, into the turmoil`)
    world.pass(15_000)
    for (const node of nodes) {
      for (const other of nodes) if (other !== node) expect(linkBetween(node, other)).toBe(linkBetween(other, node))
      expect(node.node['links'].all.size).toBe(4)
      expect(node.texts()).toHaveLength(5)
    }
    const told = nodes.map(ups)
    world.pass(60_000)
    expect(nodes.map(ups)).toEqual(told)
  })
})

test('a node that is given its own address says so and does not dial it again', async () => {
  await overSeeds(import.meta.path, 5, (seed) => {
    const world = new World(seed)
    const [node] = world.addAll(1) as [SimNode]
    world.witness.expected.add('self')
    node.connect(node)
    world.pass(60_000)
    const results = node.tellings.filter((telling) => telling.kind === 'dial-result')
    expect(results).toMatchObject([{ code: 'self', peer: null, retryMs: null }])
    expect(node.node.peers()).toEqual([])
  })
})
