import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { NodeTelling } from '../../src/node/outputs.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Histories that are filled from the newest down, from whoever has a part of them. */

const KEEPING = { isKeeping: true, windowBytesMax: 20_000 }
/** Remembers its last fifty messages, and nothing after it ends. */
const FORGETFUL = { windowBytesMax: 20_000 }

const has = (node: SimNode, texts: readonly string[]): boolean => texts.every((text) => node.has(text))
const hasOnDisk = (node: SimNode, texts: readonly string[]): boolean =>
  texts.every((text) => node.store.ids.has(node.world.witness.said.get(text)!.id ?? ''))

function sayMany(world: World, node: SimNode, count: number, what: string, everyMs = 5): string[] {
  const texts = Array.from({ length: count }, (_, i) => `${what} ${i}`)
  for (const text of texts) {
    node.say('general', text)
    world.pass(everyMs)
  }
  return texts
}

function keeper(world: World): SimNode {
  return world.addAll(1, ['general'], KEEPING)[0]!
}

/** Starts it and notes the texts it shows, in the order it shows them, and when. */
function startNoting(node: SimNode): { text: string; atMs: number }[] {
  const shown: { text: string; atMs: number }[] = []
  const decoder = new TextDecoder()
  node.start((telling: NodeTelling) => {
    if (telling.kind === 'event') shown.push({ text: decoder.decode(telling.body), atMs: node.world.time.nowMs })
  })
  return shown
}

const gapsOf = (node: SimNode): number[] =>
  node.tellings.filter((telling) => telling.kind === 'gap').map(({ missing }) => missing)

describe('a node that was away for 10,000 messages', () => {
  test('sees the newest first and the oldest last, each once', async () => {
    await overSeeds(import.meta.path, 1, (seed) => {
      const world = new World(seed, { loss: 0.01 })
      const [a, b] = [keeper(world), keeper(world)]
      b.connect(a)
      world.until('they are linked', () => b.isLinkedTo(a), 5_000)
      b.kill()
      const texts = sayMany(world, a, 10_000, 'while you were away', 1)
      const shown = startNoting(b)
      world.until('b has all of it', () => has(b, texts), 120_000)
      const order = shown.map(({ text }) => texts.indexOf(text))
      // The end comes first; then one piece after the other, each before those that were said before it.
      expect(Math.max(...order.slice(0, 64))).toBe(9_999)
      // With it what the author said first of all, for in that bundle he says who he is.
      expect(order.slice(0, 70).filter((number) => number < 9_900)).toEqual([0])
      const places = new Map(order.map((number, place) => [number, place]))
      for (let number = 1; number + 1_000 < 10_000; number += 500) {
        expect(places.get(number + 1_000)!).toBeLessThan(places.get(number)!)
      }
      expect(order.length).toBe(10_000)
      expect(b.texts()).toEqual(texts)
    })
  })

  test('hears what is said meanwhile with hardly any delay', async () => {
    await overSeeds(import.meta.path, 2, (seed) => {
      const world = new World(seed, { latencyMs: [20, 20] })
      const [a, b] = [keeper(world), keeper(world)]
      b.connect(a)
      world.until('they are linked', () => b.isLinkedTo(a), 5_000)
      b.kill()
      const texts = sayMany(world, a, 6_000, 'while you were away', 1)
      const shown = startNoting(b)
      world.until('they are linked again', () => b.isLinkedTo(a), 60_000)
      world.until('the newest is there', () => b.has(texts.at(-1)!), 5_000)
      const saidAtMs = new Map<string, number>()
      for (let i = 0; !b.has(texts[1]!); i++) {
        const text = `live ${i}`
        saidAtMs.set(text, world.time.nowMs)
        a.say('general', text)
        world.pass(40)
      }
      world.pass(1_000)
      expect(saidAtMs.size).toBeGreaterThan(5)
      const delays = shown.flatMap(({ text, atMs }) => {
        const saidAt = saidAtMs.get(text)
        return saidAt === undefined ? [] : [atMs - saidAt]
      })
      expect(delays.length).toBe(saidAtMs.size)
      // A commit of 20 ms and 20 ms on the way.
      expect(Math.max(...delays)).toBeLessThan(50)
    })
  })
})

describe('what nobody present has', () => {
  test('is told once, and fills when one who has it arrives', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      world.witness.expected.add('gap')
      const author = world.addAll(1, ['general'], FORGETFUL)[0]!
      const a = keeper(world)
      a.connect(author)
      world.until('they are linked', () => a.isLinkedTo(author), 5_000)
      const texts = sayMany(world, author, 600, 'long ago')
      world.until('a has it', () => hasOnDisk(a, texts), 5_000)
      a.kill()
      const b = keeper(world)
      b.connect(author)
      world.until('b has the end', () => b.has(texts.at(-1)!), 10_000)
      world.until('b says that something is missing', () => gapsOf(b).length > 0, 30_000)
      world.pass(60_000)
      const [missing] = gapsOf(b)
      expect(missing).toBeGreaterThan(400)
      expect(gapsOf(b)).toEqual([missing!])
      a.start()
      b.connect(a)
      world.until('b has all of it', () => has(b, texts), 60_000)
      world.pass(5_000)
      expect(gapsOf(b)).toEqual([missing!, 0])
      expect(b.texts()).toEqual(texts)
    })
  })

  test('does not come to be known again by being started again, but what has come stays', async () => {
    await overSeeds(import.meta.path, 2, (seed) => {
      const world = new World(seed)
      world.witness.expected.add('gap')
      const author = world.addAll(1, ['general'], FORGETFUL)[0]!
      const texts = sayMany(world, author, 600, 'long ago')
      const b = keeper(world)
      b.connect(author)
      world.until('b says that something is missing', () => gapsOf(b).length > 0, 30_000)
      const before = b.store.ids.size
      expect(before).toBeGreaterThan(20)
      b.kill('power')
      b.start()
      world.until('b says so again', () => gapsOf(b).length > 0, 60_000)
      expect(b.store.ids.size).toBe(before)
      expect(b.texts()).toEqual([])
      expect(texts.length).toBe(600)
    })
  })
})

describe('who has only a part', () => {
  /** Two who have a half each of what a third has said, who is gone. */
  function halves(world: World): { early: SimNode; late: SimNode; texts: string[] } {
    world.witness.expected.add('gap')
    const author = world.addAll(1, ['general'], FORGETFUL)[0]!
    const early = keeper(world)
    early.connect(author)
    world.until('they are linked', () => early.isLinkedTo(author), 5_000)
    const first = sayMany(world, author, 400, 'first half')
    world.until('it has the first half', () => hasOnDisk(early, first), 5_000)
    early.kill()
    const late = keeper(world)
    late.connect(author)
    world.until('the other has the end of it', () => late.has(first.at(-1)!), 10_000)
    const second = sayMany(world, author, 400, 'second half')
    world.until('it has the second half', () => hasOnDisk(late, second), 10_000)
    author.kill()
    late.kill()
    expect(hasOnDisk(early, second)).toBe(false)
    expect(hasOnDisk(late, first)).toBe(false)
    return { early, late, texts: [...first, ...second] }
  }

  test('gives that part, and gets the rest from another, directly', async () => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      const { early, late, texts } = halves(world)
      late.connect(early)
      early.start()
      late.start()
      world.until('both have both halves', () => [early, late].every((node) => hasOnDisk(node, texts)), 60_000)
    })
  })

  test.each([1, 3])('the halves meet in a chain of %i who had nothing, and all have the whole', async (between) => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      const { early, late, texts } = halves(world)
      const chain = [early, ...Array.from({ length: between }, () => keeper(world)), late]
      for (const [at, node] of chain.slice(1).entries()) node.connect(chain[at]!)
      early.start()
      late.start()
      world.until('all have all', () => chain.every((node) => hasOnDisk(node, texts)), 120_000)
      for (const node of chain.slice(1, -1)) expect(node.texts()).toEqual(texts)
    })
  })
})

describe('one who is killed again and again while it fetches', () => {
  test('has all of it in the end, and is told nothing again that its disk had', async () => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      const [a, b] = [keeper(world), keeper(world)]
      const chance = world.rngFor('story')
      const texts = sayMany(world, a, 3_000, 'while you were away', 1)
      b.connect(a)
      for (let life = 0; life < 12; life++) {
        world.until('they are linked', () => b.isLinkedTo(a), 60_000)
        world.pass(chance.float() * 600)
        b.kill(chance.float() < 0.5 ? 'process' : 'power')
        world.pass(1_000)
        b.start()
      }
      world.until('b has all of it', () => hasOnDisk(b, texts), 120_000)
    })
  })
})
