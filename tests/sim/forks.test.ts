import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Authors whose disk was lost and came back from an older copy: what they said is signed, and what they say now stands at the same numbers. */

const KEEPING = { isKeeping: true }

function all(world: World, count: number): SimNode[] {
  return world.addAll(count, ['general'], KEEPING)
}

function say(world: World, node: SimNode, count: number, what: string): string[] {
  const texts = Array.from({ length: count }, (_, i) => `${what} ${i}`)
  for (const text of texts) {
    node.say('general', text)
    world.pass(40)
  }
  return texts
}

/** What a node shows, or had shown before it was started again. */
const has = (node: SimNode, text: string): boolean => {
  const id = node.world.witness.said.get(text)!.id
  return node.has(text) || (id !== null && node.knownAtStart.has(id))
}
const hasAll = (nodes: readonly SimNode[], texts: readonly string[]): boolean =>
  nodes.every((node) => texts.every((text) => has(node, text)))
const troubles = (node: SimNode): string[] =>
  node.tellings.flatMap((telling) => (telling.kind === 'trouble' ? [telling.code] : []))

function linked(world: World, from: SimNode, ...others: SimNode[]): void {
  for (const other of others) from.connect(other)
  world.until('they are linked', () => others.every((other) => from.isLinkedTo(other)), 60_000)
}

/** Stops a node, and gives it back an older disk. */
function restored(world: World, node: SimNode, backup: SimNode['store']): void {
  world.pass(1_000)
  node.kill()
  node.store.become(backup)
}

describe('an author whose history came back from a copy', () => {
  test('and who hears so before saying anything begins anew, has the lost words back, and forks nothing', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const chance = world.rngFor('story')
      const [a, b, c] = all(world, 3) as [SimNode, SimNode, SimNode]
      world.witness.expected.add('restored')
      linked(world, b, a)
      linked(world, c, a, b)
      const early = say(world, a, 1 + chance.below(5), 'early')
      world.pass(1_000)
      const backup = a.store.copy()
      const lost = say(world, a, 1 + chance.below(400), 'lost')
      restored(world, a, backup)
      a.start()
      world.until('they are linked again', () => a.isLinkedTo(b) || a.isLinkedTo(c), 60_000)
      world.until('what was lost is back', () => hasAll([a], [...early, ...lost]), 20_000)
      const late = say(world, a, 3, 'late')
      world.until('all have all', () => hasAll([a, b, c], [...early, ...lost, ...late]), 20_000)
      expect(troubles(a)).toEqual(['restored'])
      for (const other of [b, c]) expect(troubles(other)).toEqual([])
      // And at the next start the old feed is not gone on with either, whatever the disk has of it.
      restored(world, a, a.store.copy())
      a.start()
      const last = say(world, a, 2, 'last')
      world.until('they are linked once more', () => a.isLinkedTo(b) || a.isLinkedTo(c), 60_000)
      world.until('all have that too', () => hasAll([a, b, c], last), 20_000)
      expect(troubles(a)).toEqual([])
    })
  })

  test('and who says something first has signed two histories: everybody has both', async () => {
    await overSeeds(import.meta.path, 20, (seed) => {
      const world = new World(seed, { loss: seed % 2 === 0 ? 0.02 : 0 })
      const chance = world.rngFor('story')
      const [a, b, c, d] = all(world, 4) as [SimNode, SimNode, SimNode, SimNode]
      for (const code of ['restored', 'fork', 'gap']) world.witness.expected.add(code)
      linked(world, b, a)
      linked(world, c, b)
      linked(world, d, c)
      const early = say(world, a, 1 + chance.below(5), 'early')
      world.pass(1_000)
      const backup = a.store.copy()
      const first = say(world, a, 1 + chance.below(40), 'first')
      restored(world, a, backup)
      a.start()
      // Nobody is there to hear it yet.
      const second = Array.from({ length: 1 + chance.below(40) }, (_, i) => `second ${i}`)
      for (const text of second) a.say('general', text)
      const texts = [...early, ...first, ...second]
      world.until('all have both', () => hasAll([a, b, c, d], texts), 90_000)
      const late = say(world, a, 3, 'late')
      world.until('what comes then is whole', () => hasAll([a, b, c, d], late), 20_000)
      expect(troubles(a)).toContain('restored')
      for (const other of [b, c, d]) expect(troubles(other).filter((code) => code === 'fork')).toEqual(['fork'])
    })
  })
})

describe('two halves of a network that heard different histories', () => {
  test('come to have both when they meet, and whoever comes later too', async () => {
    await overSeeds(import.meta.path, 20, (seed) => {
      const world = new World(seed)
      const chance = world.rngFor('story')
      const [a, b, c, d, late] = all(world, 5) as [SimNode, SimNode, SimNode, SimNode, SimNode]
      for (const code of ['restored', 'fork', 'gap']) world.witness.expected.add(code)
      late.kill()
      // B and C with the first, D with the second.
      linked(world, b, a)
      linked(world, c, b)
      const early = say(world, a, 1 + chance.below(5), 'early')
      linked(world, d, a)
      world.until('d has the beginning', () => hasAll([d], early), 10_000)
      const backup = a.store.copy()
      const cutD = world.network.cut([d.host], 1)
      world.pass(60_000)
      const first = say(world, a, 1 + chance.below(30), 'first')
      world.until('b and c have the first', () => hasAll([b, c], first), 10_000)
      restored(world, a, backup)
      world.network.heal(cutD)
      const cutBC = world.network.cut([b.host, c.host], 1)
      world.pass(60_000)
      a.start()
      // As many as the first, or fewer, or more.
      const more = [first.length, chance.below(30), 30 + chance.below(30)][seed % 3]!
      const second = Array.from({ length: Math.max(1, more) }, (_, i) => `second ${i}`)
      for (const text of second) a.say('general', text)
      world.until('d has the second', () => hasAll([d], second), 60_000)
      a.kill()
      world.network.heal(cutBC)
      linked(world, d, c)
      const texts = [...early, ...first, ...second]
      world.until('both halves have both', () => hasAll([b, c, d], texts), 60_000)
      late.start()
      linked(world, late, b)
      world.until('and one who was never there', () => hasAll([late], texts), 60_000)
      for (const one of [b, c, d, late]) {
        expect(one.texts().length + [...one.knownAtStart].length).toBe(texts.length)
        expect(troubles(one).filter((code) => code === 'fork')).toEqual(['fork'])
      }
      // Nothing is asked again by those who have the same.
      b.kill()
      b.start()
      world.until('they are linked once more', () => c.isLinkedTo(b), 60_000)
      world.pass(5_000)
      expect(b.texts()).toEqual([])
    })
  })
})

describe('two histories', () => {
  /** A says `firstCount` things that B hears, and from an older copy `secondCount` others that nobody has heard yet; A is alone. */
  function parted(world: World, counts: { early: number; first: number; second: number }, hearers: SimNode[]) {
    const [a, ...others] = hearers as [SimNode, ...SimNode[]]
    for (const code of ['restored', 'fork', 'fork-broken', 'gap']) world.witness.expected.add(code)
    const early = say(world, a, counts.early, 'early')
    world.pass(1_000)
    const backup = a.store.copy()
    const first = say(world, a, counts.first, 'first')
    world.until('the first is heard', () => hasAll(others, [...early, ...first]), 60_000)
    restored(world, a, backup)
    const cut = world.network.cut([a.host], 1)
    world.pass(60_000)
    a.start()
    const second = Array.from({ length: counts.second }, (_, i) => `second ${i}`)
    for (const text of second) {
      a.say('general', text)
      world.pass(25)
    }
    world.pass(1_000)
    return { cut, first, second, texts: [...early, ...first, ...second] }
  }

  test('come through one who is not in the room and keeps nothing', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const chance = world.rngFor('story')
      const [a, c, d] = all(world, 3) as [SimNode, SimNode, SimNode]
      const relay = world.add()
      relay.start()
      for (const node of [a, c, d]) linked(world, node, relay)
      const counts = { early: 3, first: 1 + chance.below(20), second: 1 + chance.below(20) }
      const { cut, texts } = parted(world, counts, [a, c])
      world.until('d has it too', () => hasAll([d], texts.slice(0, counts.early)), 10_000)
      // It may have forgotten everything: then it hears of both as they come.
      if (seed % 2 === 0) {
        relay.kill()
        relay.start()
      }
      world.network.heal(cut)
      world.until('they are linked again', () => a.isLinkedTo(relay), 60_000)
      world.pass(1_000)
      // Who is not in the room does not compare: of two that are equally long it learns when either goes on.
      texts.push(...say(world, a, 2, 'and more'))
      world.until('all have both', () => hasAll([a, c, d], texts), 60_000)
    })
  })

  test('are still there when everybody has been started again, for one who comes then', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const chance = world.rngFor('story')
      const small = { isKeeping: true, windowBytesMax: 5_000 }
      const [a, b, late] = world.addAll(3, ['general'], small) as [SimNode, SimNode, SimNode]
      late.kill()
      linked(world, b, a)
      const counts = { early: 80, first: 1 + chance.below(100), second: 1 + chance.below(100) }
      const { cut, texts } = parted(world, counts, [a, b])
      world.network.heal(cut)
      world.until('both have both', () => hasAll([a, b], texts), 90_000)
      world.pass(1_000)
      a.kill()
      b.kill()
      b.start()
      late.start()
      linked(world, late, b)
      world.until('and the one who comes', () => hasAll([late], texts), 60_000)
      expect(troubles(b)).toEqual([])
    })
  })

  test('of which one goes on far beyond the other are both whole, whichever is the newer', async () => {
    await overSeeds(import.meta.path, 6, (seed) => {
      const world = new World(seed)
      const [a, b, c] = world.addAll(3, ['general'], { isKeeping: true, windowBytesMax: 20_000 }) as [
        SimNode,
        SimNode,
        SimNode,
      ]
      linked(world, b, a)
      linked(world, c, b)
      const [few, many] = [20, 500]
      const counts = seed % 2 === 0 ? { early: 10, first: few, second: many } : { early: 10, first: many, second: few }
      const { cut, texts } = parted(world, counts, [a, b, c])
      world.network.heal(cut)
      world.until('all have both', () => hasAll([a, b, c], texts), 120_000)
      const last = say(world, a, 2, 'last')
      world.until('and what comes then', () => hasAll([a, b, c], last), 20_000)
      for (const node of [b, c]) expect(troubles(node).filter((code) => code !== 'gap')).toEqual(['fork'])
    })
  })

  test('that are both long are kept as far as 256 events of the other go, and that is said once', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const [a, b] = all(world, 2) as [SimNode, SimNode]
      linked(world, b, a)
      const { cut, first } = parted(world, { early: 5, first: 400, second: 400 }, [a, b])
      world.network.heal(cut)
      world.pass(90_000)
      const last = say(world, a, 2, 'last')
      world.until('talk goes on', () => hasAll([a, b], last), 60_000)
      expect(hasAll([b], first)).toBe(true)
      expect(troubles(b).filter((code) => code.startsWith('fork'))).toEqual(['fork', 'fork-broken'])
      const beside = [...world.witness.said.keys()].filter((text) => text.startsWith('second') && has(b, text)).length
      expect(beside).toBeGreaterThan(200)
      expect(beside).toBeLessThanOrEqual(256)
    })
  })

  test('and others, of several authors, through cuts, crashes and copies at any moment: in the end everybody has everything', async () => {
    await overSeeds(import.meta.path, 12, (seed) => {
      const world = new World(seed, { loss: 0.01 })
      const chance = world.rngFor('story')
      for (const code of ['restored', 'fork', 'gap']) world.witness.expected.add(code)
      const nodes = world.addAll(6, ['general'], { isKeeping: true, windowBytesMax: 10_000 })
      nodes.forEach((node, i) => {
        node.connect(nodes[(i + 1) % nodes.length]!)
        if (chance.float() < 0.5) node.connect(nodes[(i + 2) % nodes.length]!)
      })
      const backups = new Map<SimNode, SimNode['store']>()
      let words = 0
      let cut: ReturnType<typeof world.network.cut> | null = null
      for (let step = 0; step < 40; step++) {
        const node = nodes[chance.below(nodes.length)]!
        const what = chance.below(10)
        const speak = (): void => {
          for (let i = chance.below(4); i >= 0; i--) node.say('general', `word ${words++}`)
        }
        if (what < 4) speak()
        else if (what < 6) backups.set(node, node.store.copy())
        else if (what === 6) {
          node.kill(chance.float() < 0.5 ? 'process' : 'power')
          const backup = backups.get(node)
          world.pass(chance.below(5_000))
          if (backup === undefined || nodes.indexOf(node) > 2) node.start()
          else {
            // It speaks before it hears anything.
            node.store.become(backup)
            const alone = world.network.cut([node.host], 1)
            node.start()
            speak()
            world.pass(2_000)
            world.network.heal(alone)
          }
        } else if (what === 7) {
          if (cut !== null) world.network.heal(cut)
          cut = world.network.cut(
            nodes.filter(() => chance.float() < 0.5).map(({ host }) => host),
            0.5,
          )
        }
        world.pass(chance.below(8_000))
      }
      if (cut !== null) world.network.heal(cut)
      // What nobody but its author had when his disk was lost is lost.
      const alive = () => [...world.witness.said.keys()].filter((text) => nodes.some((node) => has(node, text)))
      world.pass(90_000)
      world.until('everybody has everything', () => hasAll(nodes, alive()), 120_000)
      expect(alive().length).toBeGreaterThan(words * 0.4)
    })
  })
})
