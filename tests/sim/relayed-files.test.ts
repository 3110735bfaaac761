import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Content } from '../core/transfer/swarm.ts'
import { FilePerson } from './file-person.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

const MIB = 1024 * 1024

/** Two people at the ends, and so many between them in a row. */
function row(world: World, between: number, content: Content) {
  const anna = new FilePerson(member(world), content)
  const relays = Array.from({ length: between }, () => started(world))
  const ben = new FilePerson(member(world), content)
  const all = [anna.sim, ...relays, ben.sim]
  for (const [i, node] of all.entries()) if (i > 0) node.connect(all[i - 1]!)
  know(world, anna, ben)
  return { anna, relays, ben }
}

function member(world: World): SimNode {
  const node = world.add()
  node.join('general')
  return node
}

function started(world: World): SimNode {
  const node = member(world)
  node.start()
  return node
}

function know(world: World, ...[anna, ben]: [FilePerson, FilePerson]): void {
  const knows = ({ sim }: FilePerson, other: FilePerson): boolean => sim.node.circuits.isThere(other.sim.key)
  world.until('they know each other', () => knows(anna, ben) && knows(ben, anna), 120_000)
}

describe('a file goes through others', () => {
  test('from neighbour to neighbour, and is the same', async () => {
    await overSeeds(import.meta.path, 6, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      const { anna, relays, ben } = row(world, 1 + (seed % 4), new Content(2 * MIB + seed))
      anna.give()
      ben.fetch(anna)
      world.until('he has it', () => ben.doneAtMs !== null, 120_000)
      expect(ben.isSame).toBe(true)
      expect(ben.throughs).toEqual([relays.at(-1)!.key])
      // What nobody needs any more is let go everywhere.
      world.pass(120_000)
      for (const { node } of [anna.sim, ...relays, ben.sim]) {
        expect(node.circuits['ends'].size).toBe(0)
        expect(node.circuits['relayed']).toBe(0)
        for (const { legs } of node.circuits['board']['places'].values()) expect(legs.size).toBe(0)
      }
    })
  })

  test('to four at once through one, and comes to all', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const content = new Content(MIB)
      const carol = started(world)
      const [anna, ...others] = Array.from({ length: 5 }, () => new FilePerson(member(world), content))
      for (const { sim } of [anna!, ...others]) sim.connect(carol)
      for (const other of others) know(world, anna!, other)
      anna!.give()
      for (const other of others) other.fetch(anna!)
      world.until('all have it', () => others.every(({ doneAtMs }) => doneAtMs !== null), 60_000)
      expect(others.every(({ isSame }) => isSame)).toBe(true)
    })
  })

  test('and through another when one between goes, at the cost of next to nothing', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const chance = world.rngFor('cuts')
      const content = new Content(12 * MIB)
      const [anna, ben] = [new FilePerson(member(world), content), new FilePerson(member(world), content)]
      const relays = Array.from({ length: 3 }, () => started(world))
      for (const relay of relays) for (const { sim } of [anna, ben]) sim.connect(relay)
      know(world, anna, ben)
      anna.give()
      ben.fetch(anna)
      const cuts = 6
      for (let cut = 0; cut < cuts && ben.doneAtMs === null; cut++) {
        const aim = ben.receivedBytes + MIB * (0.5 + chance.float())
        world.until('it goes on', () => ben.receivedBytes >= aim || ben.doneAtMs !== null, 120_000)
        const through = relays.find(({ key }) => ben.throughs.includes(key))
        through?.kill()
        world.pass(100 + 2_000 * chance.float())
        through?.start()
      }
      world.until('he has it', () => ben.doneAtMs !== null, 300_000)
      expect(ben.isSame).toBe(true)
      expect(ben.losses).toBeGreaterThan(2)
      expect(ben.receivedBytes - content.bytes.length).toBeLessThanOrEqual(cuts * MIB)
    })
  })
})

test('talk on a slow line is at most twice as late while a file goes over it', async () => {
  await overSeeds(import.meta.path, 4, (seed) => {
    const world = new World(seed, { latencyMs: [15, 15], jitter: 0.1 })
    const { anna, relays, ben } = row(world, 2, new Content(8 * MIB))
    const [carol, dora] = [relays[0]!, relays[1]!]
    // A megabyte a second each.
    world.network.throttle(anna.sim.host, carol.host, 1_000)
    world.network.throttle(carol.host, dora.host, 1_000)
    world.network.throttle(dora.host, ben.sim.host, 1_000)
    const chance = world.rngFor('talk')
    const delays = (count: number): number[] => {
      const tookMs: number[] = []
      for (let i = 0; i < count; i++) {
        const text = `${world.time.nowMs} ${i}`
        const [from, to] = i % 2 === 0 ? [anna.sim, ben.sim] : [ben.sim, anna.sim]
        const saidAtMs = world.time.nowMs
        from.say('general', text)
        world.until('it is heard', () => to.has(text), 10_000)
        tookMs.push(world.time.nowMs - saidAtMs)
        world.pass(20 * chance.float())
      }
      return tookMs.sort((a, b) => a - b)
    }
    const p99 = (of: readonly number[]): number => of[Math.ceil(0.99 * of.length) - 1]!
    const idle = delays(100)
    anna.give()
    ben.fetch(anna)
    world.until('it has begun', () => ben.receivedBytes > 0, 30_000)
    const busy = delays(100)
    expect(ben.doneAtMs).toBeNull()
    expect(p99(busy)).toBeLessThanOrEqual(2 * p99(idle))
    const begunAtMs = world.time.nowMs
    const before = ben.receivedBytes
    world.until('he has it', () => ben.doneAtMs !== null, 120_000)
    const bytesPerMs = (ben.receivedBytes - before) / (world.time.nowMs - begunAtMs)
    console.log(
      `seed ${seed}: talk p99 ${p99(idle).toFixed(1)} → ${p99(busy).toFixed(1)} ms, file ${Math.round(bytesPerMs)} kB/s of 1000`,
    )
    expect(bytesPerMs).toBeGreaterThan(300)
  })
})
