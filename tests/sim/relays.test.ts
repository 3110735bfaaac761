import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Histories that go through some who are not in the room: they pass on what comes by, and remember the last of it for a while. */

const KEEPING = { isKeeping: true, windowBytesMax: 20_000 }
/** Remembers its last 500 messages or so. */
const RELAYING = { windowBytesMax: 700_000 }

function sayMany(world: World, node: SimNode, count: number, what: string): string[] {
  const texts = Array.from({ length: count }, (_, i) => `${what} ${i} ${'x'.repeat(1_000)}`)
  for (const text of texts) {
    node.say('general', text)
    world.pass(2)
  }
  return texts
}

const isLinked = ({ node }: SimNode): boolean => node.peers().length > 0
const has = (node: SimNode, texts: readonly string[]): boolean => texts.every((text) => node.has(text))
const hasOnDisk = (node: SimNode, texts: readonly string[]): boolean =>
  texts.every((text) => node.store.ids.has(node.world.witness.said.get(text)!.id ?? ''))

describe('more than a relay remembers', () => {
  test.each([1, 3])('comes to a member through %i of them, who arrives in the midst of it', async (between) => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { latencyMs: [60, 60], bufferBytes: [256 * 1024, 256 * 1024] })
      const carol = world.addAll(1, ['general'], KEEPING)[0]!
      const texts = sayMany(world, carol, 1_200, 'while you were away')
      const relays = world.addAll(between, [], RELAYING)
      for (const [at, relay] of relays.slice(1).entries()) relay.connect(relays[at]!)
      world.network.throttle(carol.host, relays[0]!.host, 500)
      relays[0]!.connect(carol)
      const last = relays.at(-1)!
      world.until('a quarter of it has come by', () => passed(last) > 300, 20_000)
      const bob = world.addAll(1, ['general'], KEEPING)[0]!
      bob.connect(last)
      world.until('bob has all of it', () => has(bob, texts), 60_000)
      expect(bob.texts()).toEqual(texts)
      world.pass(20_000)
      expect(bob.tellings.filter(({ kind }) => kind === 'gap')).toEqual([])
    })
  })
})

describe('what comes through relays after a while', () => {
  test.each([1, 3])('is marked as said before at the end of %i, and what is said then is not', async (between) => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.01 })
      const [carol, bob] = world.addAll(2, ['general'], KEEPING) as [SimNode, SimNode]
      const relays = world.addAll(between, [], RELAYING)
      bob.connect(relays.at(-1)!)
      for (const [at, relay] of relays.slice(1).entries()) relay.connect(relays[at]!)
      const texts = sayMany(world, carol, 200, 'while nobody was there')
      world.pass(15_000)
      relays[0]!.connect(carol)
      world.until('bob has all of it', () => has(bob, texts), 60_000)
      expect(texts.filter((text) => !bob.shown.backlog.has(text))).toEqual([])
      const live = sayMany(world, carol, 50, 'live')
      world.until('bob hears that', () => has(bob, live), 20_000)
      expect(live.filter((text) => bob.shown.backlog.has(text))).toEqual([])
    })
  })
})

describe('a member with only strangers between it and the others', () => {
  /** A network of strangers with some of a room among them, each given the address of a stranger. */
  function scattered(world: World, members: number, strangers: number): { members: SimNode[]; strangers: SimNode[] } {
    for (const code of ['gap', 'neighbours-enough']) world.witness.expected.add(code)
    const others = world.addAll(strangers, [], { ...RELAYING, isChoosing: true })
    for (const other of others.slice(1)) other.connect(others[0]!)
    const made = Array.from({ length: members }, (_, i) => {
      const node = world.add({ ...KEEPING, isChoosing: true })
      node.join('general')
      node.connect(others[i + 1]!)
      return node
    })
    world.pass(30_000)
    return { members: made, strangers: others }
  }

  test('comes to be linked with one of them, and has what was said before it came', async () => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.01 })
      const { members } = scattered(world, 2, 24)
      const [carol, bob] = members as [SimNode, SimNode]
      carol.start()
      const texts = sayMany(world, carol, 1_200, 'long ago')
      world.pass(60_000)
      bob.start()
      world.until('bob has all of it', () => has(bob, texts), 180_000)
      expect(bob.texts()).toEqual(texts)
    })
  })

  test('has in the end what others heard who were there while it was not, and they what it heard', async () => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.01 })
      const { members } = scattered(world, 4, 24)
      const [author, early, late, third] = members as [SimNode, SimNode, SimNode, SimNode]
      author.start()
      early.start()
      world.until('they are there', () => isLinked(early) && isLinked(author), 60_000)
      const first = sayMany(world, author, 300, 'first half')
      world.until('it has the first half', () => has(early, first), 180_000)
      early.kill()
      late.start()
      world.until('the other is there', () => isLinked(late), 60_000)
      const second = sayMany(world, author, 300, 'second half')
      world.until('it has the second half', () => has(late, second), 180_000)
      author.kill()
      late.kill()
      world.pass(120_000)
      for (const node of [early, late, third]) node.start()
      const texts = [...first, ...second]
      world.until('all have all', () => [early, late, third].every((node) => hasOnDisk(node, texts)), 900_000)
      expect(third.texts()).toEqual(texts)
    })
  })
})

/** How many events a node has of what has most. */
const passed = ({ node }: SimNode): number => Math.max(0, ...[...node['feeds'].all.values()].map(({ log }) => log.next))
