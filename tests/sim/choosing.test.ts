import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { ACTIVE_MAX } from '../../src/core/gossip/hyparview-parameters.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Whole nodes that choose their neighbours: one address is all that each is given. */

const CHOOSING = { isChoosing: true }

function givenOne(world: World, count: number): SimNode[] {
  world.witness.expected.add('neighbours-enough')
  const nodes = world.addAll(count, ['general'], CHOOSING)
  for (const node of nodes.slice(1)) node.connect(nodes[0]!)
  return nodes
}

const links = (node: SimNode): number => node.node.peers().length

/** Has each of `speakers` say one thing and waits until all `hearers` have all of it. */
function allHear(
  world: World,
  speakers: readonly SimNode[],
  hearers: readonly SimNode[],
  what: string,
  withinMs = 20_000,
): void {
  const texts = speakers.map((node) => `${what} of ${node.name}`)
  for (const [i, node] of speakers.entries()) node.say('general', texts[i]!)
  world.until(`everybody has ${what}`, () => hearers.every((node) => texts.every((text) => node.has(text))), withinMs)
}

describe('nodes that choose their neighbours', () => {
  test('up to six are a full mesh within two seconds of the last start, though they were given but one address', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const nodes = givenOne(world, 6)
      world.until('a full mesh', () => nodes.every((node) => links(node) === 5), 2_000)
      allHear(world, nodes, nodes, 'a word')
    })
  })

  test('sixty have a handful of links each, and everybody hears everybody, each thing once', async () => {
    await overSeeds(import.meta.path, 2, (seed) => {
      const world = new World(seed, { loss: 0.01 })
      const nodes = givenOne(world, 60)
      world.pass(20_000)
      for (const node of nodes) expect(links(node)).toBeWithin(1, ACTIVE_MAX + 1)
      allHear(world, nodes, nodes, 'a word')
    })
  })

  test('half of them vanish at once, and the rest goes on as one network that misses nothing', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const nodes = givenOne(world, 40)
      world.pass(60_000)
      const chance = world.rngFor('victims')
      const victims = new Set(nodes.filter((_, i) => i % 2 === 0))
      for (const node of victims) node.kill(chance.float() < 0.5 ? 'process' : 'power')
      const left = nodes.filter((node) => !victims.has(node))
      allHear(world, left, left, 'what was said right then', 60_000)
      allHear(world, left, left, 'what was said later')
      world.until('links are made good', () => left.every((node) => links(node) >= 3), 60_000)
    })
  })

  test('cut in two for minutes, each half talks on; rejoined they are one again and hear what they missed', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const nodes = givenOne(world, 24)
      world.pass(60_000)
      const [left, right] = [nodes.slice(0, 12), nodes.slice(12)]
      const cut = world.network.cut(
        left.map((node) => node.host),
        0,
      )
      world.pass(150_000)
      allHear(world, left, left, 'what the left said', 60_000)
      allHear(world, right, right, 'what the right said', 60_000)
      world.network.heal(cut)
      world.until(
        'each has what the other half said',
        () =>
          nodes.every((node) =>
            nodes.every((other) =>
              node.has(`what the ${left.includes(other) ? 'left' : 'right'} said of ${other.name}`),
            ),
          ),
        120_000,
      )
      allHear(world, nodes, nodes, 'what was said together')
    })
  })

  test('the one whose address everybody was given goes for good, and newcomers come in through others', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const nodes = givenOne(world, 20)
      world.pass(30_000)
      nodes[0]!.kill()
      const late = world.add(CHOOSING)
      late.join('general')
      late.connect(nodes[7]!)
      late.start()
      const rest = [...nodes.slice(1), late]
      allHear(world, rest, rest, 'a word without the first', 60_000)
    })
  })

  test('those who keep their links as given are heard through those who choose, and the other way', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const choosing = givenOne(world, 20)
      const fixed = world.addAll(4)
      fixed[0]!.connect(choosing[3]!)
      fixed[1]!.connect(fixed[0]!)
      choosing[5]!.connect(fixed[2]!)
      fixed[3]!.connect(choosing[5]!)
      world.pass(30_000)
      const all = [...choosing, ...fixed]
      allHear(world, all, all, 'a word', 60_000)
    })
  })

  test('that nobody can dial, all but one or a few, are one network that keeps its links', async () => {
    for (const [count, reachable] of [
      [8, 1],
      [12, 1],
      [12, 3],
      [30, 1],
    ] as const) {
      await overSeeds(import.meta.path, 1, (seed) => {
        const world = new World(seed)
        const open = givenOne(world, reachable)
        const hidden = world.addAll(count - reachable, ['general'], { ...CHOOSING, isTranslated: true })
        for (const node of hidden) node.connect(open[0]!)
        const nodes = [...open, ...hidden]
        world.pass(60_000)
        allHear(world, nodes, nodes, 'a word')
        world.pass(90_000 - world.time.nowMs)
        const gone = (): number =>
          nodes.flatMap(({ tellings }) => tellings.filter((told) => told.kind === 'peer' && told.state === 'down'))
            .length
        const before = gone()
        world.pass(60_000)
        expect(gone()).toBe(before)
        allHear(world, nodes, nodes, 'a later word')
      })
    }
  })

  test('who is hung up on is not dialled again, though others go on naming it', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const [a, b, c] = givenOne(world, 3) as [SimNode, SimNode, SimNode]
      world.until('a mesh', () => [a, b, c].every((node) => links(node) === 2), 5_000)
      b.driver.run((node, instant) => node.disconnect(c.key, null, instant))
      world.pass(300_000)
      expect(b.isLinkedTo(c)).toBe(false)
      allHear(world, [b, c], [a, b, c], 'what goes the long way')
      c.connect(b)
      world.until('they are linked again', () => b.isLinkedTo(c), 10_000)
    })
  })
})
