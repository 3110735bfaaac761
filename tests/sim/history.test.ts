import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Nodes with a disk: what was said is there for whoever was away, from whoever has it. */

const KEEPING = { isKeeping: true, windowBytesMax: 20_000 }

function all(world: World, count: number): SimNode[] {
  return world.addAll(count, ['general'], KEEPING)
}

const has = (node: SimNode, texts: readonly string[]): boolean => texts.every((text) => node.has(text))

function sayMany(world: World, node: SimNode, count: number, what: string): string[] {
  const texts = Array.from({ length: count }, (_, i) => `${what} ${i}`)
  for (const text of texts) {
    node.say('general', text)
    world.pass(5)
  }
  return texts
}

describe('what was said while somebody was away', () => {
  test('comes from one who was there, far beyond what memory holds, though the author is gone', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      const [a, b, c] = all(world, 3) as [SimNode, SimNode, SimNode]
      b.connect(a)
      c.connect(a)
      world.until('they are linked', () => b.isLinkedTo(a) && c.isLinkedTo(a), 5_000)
      b.kill()
      const texts = sayMany(world, a, 1_000, 'while you were away')
      world.until('c has all of it', () => has(c, texts), 20_000)
      world.pass(1_000)
      a.kill()
      b.connect(c)
      b.start()
      world.until('b has all of it', () => has(b, texts), 30_000)
    })
  })

  test('comes from the disk of one who has been started again, and whose memory holds nothing', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const [a, b] = all(world, 2) as [SimNode, SimNode]
      const texts = sayMany(world, a, 300, 'to myself')
      world.pass(1_000)
      a.kill('power')
      a.start()
      b.connect(a)
      world.until('b has all of it', () => has(b, texts), 30_000)
    })
  })
})

describe('what we said ourselves', () => {
  test('goes on where it ended: a number is never used twice, whenever the power fails', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const [a, b] = all(world, 2) as [SimNode, SimNode]
      const chance = world.rngFor('story')
      b.connect(a)
      a.connect(b)
      for (let life = 0; life < 8; life++) {
        world.until('they are linked', () => a.isLinkedTo(b), 60_000)
        for (let i = 0; i < 5; i++) {
          a.say('general', `life ${life} word ${i}`)
          world.pass(chance.float() * 30)
        }
        a.kill(chance.float() < 0.5 ? 'process' : 'power')
        world.pass(chance.float() * 50_000)
        a.start()
      }
      world.until('they are linked again', () => a.isLinkedTo(b), 60_000)
      a.say('general', 'the last word')
      world.until('it is there', () => b.has('the last word'), 10_000)
      expect(b.tellings.filter((telling) => telling.kind === 'trouble')).toEqual([])
    })
  })

  test('does not set out before it is safe', () => {
    const world = new World(1)
    const [a, b] = all(world, 2) as [SimNode, SimNode]
    b.connect(a)
    world.until('they are linked', () => a.isLinkedTo(b), 5_000)
    world.pass(1_000)
    a.say('general', 'not yet')
    world.pass(19)
    expect(b.has('not yet')).toBe(false)
    world.until('it is there', () => b.has('not yet'), 200)
  })
})
