import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Standing } from '../../src/core/room/standings.ts'
import type { Links } from '../../src/node/links.ts'
import type { DeliveryTelling } from '../../src/node/outputs.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { holdersOf, Violation } from './witness.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/**
 * What a node knows of how far its words have come, held against who really has them. After every event of the world it may be no
 * more than that; after a while it must be as much.
 */
class Truth {
  private readonly followed: { readonly text: string; readonly author: SimNode }[] = []

  constructor(readonly world: World) {
    world.time.watch(() => this.look())
  }

  say(author: SimNode, text: string): string {
    this.followed.push({ text, author })
    author.say('general', text)
    return text
  }

  standing(text: string): Standing | null {
    const { author, id } = this.world.witness.said.get(text)!
    return id === null || !author.isRunning ? null : author.node.deliveries.reach(Uint8Array.fromHex(id))
  }

  /** As `3 of 5`. */
  figures(text: string): string {
    const standing = this.standing(text)
    return standing === null ? 'unknown' : `${standing.reached} of ${standing.of}`
  }

  until(text: string, figures: string, durationMs: number): void {
    this.world.until(`"${text}" is known to have reached ${figures}`, () => this.figures(text) === figures, durationMs)
  }

  private look(): void {
    for (const { text } of this.followed) {
      const standing = this.standing(text)
      if (standing === null) continue
      const { size } = holdersOf(this.world.witness.said.get(text)!, this.world.nodes)
      if (standing.reached > size)
        throw new Violation(`"${text}" is said to have reached ${standing.reached}, and ${size} have it`)
    }
  }
}

function chain(world: World, nodes: readonly SimNode[]): void {
  for (const [i, node] of nodes.entries()) if (i > 0) node.connect(nodes[i - 1]!)
  world.until('the chain is linked', () => nodes.every((node, i) => i === 0 || node.isLinkedTo(nodes[i - 1]!)), 10_000)
  world.pass(2_000)
}

function deliveries(node: SimNode): DeliveryTelling[] {
  return node.tellings.filter((telling) => telling.kind === 'delivery')
}

const states = (node: SimNode): string[] =>
  deliveries(node).map(({ state, reached, of }) => `${state} ${reached}/${of}`)

describe('who speaks comes to know', () => {
  test('along a chain, within a fifth of a second for each link, and is told twice at most', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(6)
      chain(world, nodes)
      const truth = new Truth(world)
      truth.until(truth.say(nodes[0]!, 'from the end'), '5 of 5', 1_500)
      truth.until(truth.say(nodes[3]!, 'from within'), '5 of 5', 1_500)
      world.pass(60_000)
      for (const node of [nodes[0]!, nodes[3]!]) {
        expect(deliveries(node).length).toBeLessThanOrEqual(2)
        expect(states(node).at(-1)).toBe('everyone 5/5')
      }
    })
  })

  test('of members alone, whoever passes on to them', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed, { loss: 0.05 })
      const hub = world.add()
      hub.join('elsewhere')
      hub.start()
      const rays = world.addAll(6)
      for (const ray of rays) ray.connect(hub)
      const strangers = world.addAll(2, ['elsewhere'])
      for (const stranger of strangers) stranger.connect(hub)
      world.pass(5_000)
      const truth = new Truth(world)
      truth.until(truth.say(rays[0]!, 'through the hub'), '5 of 5', 5_000)
      world.pass(5_000)
      expect(truth.figures('through the hub')).toBe('5 of 5')
    })
  })

  test('in a full mesh, where everybody is a neighbour and hears it from all sides', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed, { loss: 0.02 })
      const nodes = world.addAll(6, ['general'], { isChoosing: true })
      for (const node of nodes.slice(1)) node.connect(nodes[0]!)
      world.until('a full mesh', () => nodes.every((node) => node.node.peers().length === 5), 5_000)
      world.pass(1_000)
      const truth = new Truth(world)
      const said = nodes.flatMap((node) => [
        truth.say(node, `one of ${node.name}`),
        truth.say(node, `two of ${node.name}`),
      ])
      for (const text of said) truth.until(text, '5 of 5', 5_000)
    })
  })

  test('of hundreds of words a second too, each in the end', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(5)
      chain(world, nodes)
      const truth = new Truth(world)
      const said: string[] = []
      for (let i = 0; i < 400; i++) {
        said.push(truth.say(nodes[1]!, `word ${i}`))
        world.pass(5)
      }
      world.until('all are known to be everywhere', () => said.every((text) => truth.figures(text) === '4 of 4'), 5_000)
      world.until(
        'all were told of',
        () => states(nodes[1]!).filter((each) => each === 'everyone 4/4').length === 400,
        5_000,
      )
      expect(deliveries(nodes[1]!).length).toBeLessThanOrEqual(800)
    })
  })

  test('in a network of thirty that loses segments, members and machines: nobody is counted who has nothing, and nobody left out', async () => {
    await overSeeds(import.meta.path, 4, (seed) => {
      const world = new World(seed, { loss: 0.03 })
      world.witness.expected.add('neighbours-enough')
      const nodes = world.addAll(30, ['general'], { isChoosing: true })
      for (const node of nodes.slice(1)) node.connect(nodes[0]!)
      world.pass(20_000)
      const truth = new Truth(world)
      const chance = world.rngFor('story')
      const speakers = nodes.slice(1, 4)
      const gone = new Set<SimNode>()
      const said: string[] = []
      for (let i = 0; i < 24; i++) {
        said.push(truth.say(speakers[i % 3]!, `word ${i}`))
        world.pass(chance.float() * 400)
        if (i % 3 !== 0) continue
        const victim = nodes[4 + chance.below(26)]!
        if (victim.isRunning) {
          victim.kill(chance.float() < 0.5 ? 'process' : 'power')
          gone.add(victim)
        } else {
          victim.start()
          gone.delete(victim)
        }
      }
      world.pass(170_000)
      const left = nodes.filter((node) => node.isRunning)
      for (const text of said) {
        const { author, holders } = world.witness.said.get(text)!
        const { reached, of, state } = truth.standing(text)!
        const living = left.filter((node) => node !== author)
        expect(living.filter((node) => !holders.has(node))).toEqual([])
        // Of those who are gone some have told before.
        expect(reached).toBeWithin(living.length, holders.size + 1)
        expect({ of, state }).toEqual({ of: reached, state: 'everyone' })
      }
      const last = truth.say(speakers[0]!, 'the last word')
      truth.until(last, `${left.length - 1} of ${left.length - 1}`, 10_000)
    })
  })
})

test('all this costs some two small frames a message and link, and next to nothing where there is much talk', async () => {
  await overSeeds(import.meta.path, 2, (seed) => {
    const world = new World(seed)
    world.witness.expected.add('neighbours-enough')
    const nodes = world.addAll(30, ['general'], { isChoosing: true })
    for (const node of nodes.slice(1)) node.connect(nodes[0]!)
    world.pass(20_000)
    const cost = { bytes: 0, receipts: 0, receiptBytes: 0 }
    for (const { node } of nodes) count(node['links'], cost)
    const talk = (messages: number, everyMs: number): typeof cost => {
      Object.assign(cost, { bytes: 0, receipts: 0, receiptBytes: 0 })
      for (let i = 0; i < messages; i++) {
        nodes[0]!.say('general', `${i} of ${messages}, ${everyMs} ms apart ${'x'.repeat(60)}`)
        world.pass(everyMs)
      }
      world.pass(3_000)
      return { ...cost }
    }
    talk(3, 1_000)
    const slow = talk(20, 1_000)
    expect(slow.receipts / (20 * 29)).toBeLessThan(2.5)
    expect(slow.receiptBytes / slow.receipts).toBeLessThan(20)
    const fast = talk(600, 5)
    expect(fast.receiptBytes / fast.bytes).toBeLessThan(0.01)
  })
})

function count(links: Links, cost: { bytes: number; receipts: number; receiptBytes: number }): void {
  const [pull, send] = [links.pull.bind(links), links.sendFrame.bind(links)]
  links.pull = (link) => {
    const bytes = pull(link)
    cost.bytes += bytes?.length ?? 0
    return bytes
  }
  links.sendFrame = (link, bytes) => {
    if (bytes[4] === FrameType.receipts) {
      cost.receipts++
      cost.receiptBytes += bytes.length
    }
    send(link, bytes)
  }
}

describe('what is said while nobody is there', () => {
  test('waits, and is known to have come to somebody when it has', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed)
      const [author, relay, late] = [world.add(), world.add(), world.add()]
      for (const node of [author, late]) node.join('general')
      relay.join('elsewhere')
      author.start()
      relay.start()
      relay.connect(author)
      world.pass(3_000)
      const truth = new Truth(world)
      truth.say(author, 'anybody?')
      world.pass(20_000)
      expect(states(author)).toEqual(['waiting 0/0'])
      late.start()
      late.connect(relay)
      truth.until('anybody?', '1 of 1', 5_000)
      world.pass(1_000)
      expect(states(author).at(-1)).toBe('everyone 1/1')
    })
  })

  test('is told of as waiting at once, and as reached by all of the many who come together', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(5)
      const truth = new Truth(world)
      truth.say(nodes[0]!, 'anybody?')
      world.pass(300)
      expect(states(nodes[0]!)).toEqual(['waiting 0/0'])
      for (const node of nodes.slice(1)) node.connect(nodes[0]!)
      truth.until('anybody?', '4 of 4', 10_000)
      world.pass(100_000)
      expect(states(nodes[0]!).at(-1)).toBe('everyone 4/4')
      expect(deliveries(nodes[0]!).length).toBeLessThanOrEqual(6)
    })
  })
})

describe('when members go', () => {
  test('who has it still counts, who has it not does so no more', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(4)
      const [author, stays, leaves, vanishes] = nodes as [SimNode, SimNode, SimNode, SimNode]
      for (const node of nodes.slice(1)) node.connect(author)
      world.until('all are known', () => author.node.members('general').length === 3, 10_000)
      vanishes.kill('power')
      const truth = new Truth(world)
      truth.say(author, 'who is left?')
      truth.until('who is left?', '2 of 3', 3_000)
      leaves.leave('general')
      world.pass(2_000)
      expect(truth.figures('who is left?')).toBe('2 of 3')
      truth.until('who is left?', '2 of 2', 150_000)
      expect(truth.standing('who is left?')?.state).toBe('everyone')
      truth.until(truth.say(author, 'and now?'), '1 of 1', 3_000)
      expect(stays.has('and now?')).toBe(true)
    })
  })

  test('what everybody had stays so when others come an hour later', async () => {
    await overSeeds(import.meta.path, 3, (seed) => {
      const world = new World(seed)
      const [author, early, late] = world.addAll(3) as [SimNode, SimNode, SimNode]
      early.connect(author)
      world.pass(3_000)
      const truth = new Truth(world)
      truth.until(truth.say(author, 'early'), '1 of 1', 3_000)
      world.pass(3_600_000)
      const before = deliveries(author).length
      late.connect(author)
      world.pass(10_000)
      expect(late.has('early')).toBe(true)
      expect(truth.figures('early')).toBe('1 of 1')
      expect(deliveries(author).length).toBe(before)
      truth.until(truth.say(author, 'late'), '2 of 2', 3_000)
    })
  })
})

describe('a direct message', () => {
  test('has reached none of one, and then one of one, through relays that do not learn whom', async () => {
    await overSeeds(import.meta.path, 10, (seed) => {
      const world = new World(seed, { loss: 0.05 })
      const nodes = world.addAll(4)
      const [author, relay, , reader] = nodes as [SimNode, SimNode, SimNode, SimNode]
      chain(world, nodes)
      const truth = new Truth(world)
      author.tell(reader, 'between us')
      world.pass(10)
      expect(truth.figures('between us')).toBe('0 of 0')
      truth.until('between us', '1 of 1', 10_000)
      world.pass(1_000)
      expect(deliveries(author).at(-1)).toMatchObject({
        room: null,
        peer: reader.id,
        state: 'everyone',
        reached: 1,
        of: 1,
      })
      const told = [...relay.node['replication'].receipts['told'].values()]
      const tags = told.flatMap((link) =>
        [...link['byFeed']].flatMap(([feed, holders]) => (feed.room === null ? [...holders.list()] : [])),
      )
      expect(tags).toHaveLength(1)
      for (const [tag] of tags) expect(nodes.some(({ key }) => key.startsWith(tag))).toBe(false)
    })
  })

  test('for somebody who is away is told of as waiting, and as arrived when it has', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(3)
      const [author, , reader] = nodes as [SimNode, SimNode, SimNode]
      chain(world, nodes)
      reader.kill()
      world.pass(1_000)
      author.tell(reader, 'for later')
      world.pass(10_000)
      expect(states(author)).toEqual(['waiting 0/1'])
      reader.start()
      world.until('it has arrived', () => states(author).at(-1) === 'everyone 1/1', 30_000)
    })
  })
})

describe('after a start', () => {
  const KEEPING = { isKeeping: true }

  test('an author knows how far older words have come as soon as neighbours tell, and nothing of it is news', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(3, ['general'], KEEPING)
      const [author, friend] = nodes as [SimNode, SimNode, SimNode]
      for (const node of nodes.slice(1)) author.connect(node)
      world.until('all are known', () => author.node.members('general').length === 2, 10_000)
      const truth = new Truth(world)
      truth.until(truth.say(author, 'before'), '2 of 2', 5_000)
      author.kill()
      world.pass(5_000)
      friend.kill()
      author.start()
      expect(truth.figures('before')).toBe('unknown')
      world.until('it is known again', () => truth.standing('before')?.reached === 1, 20_000)
      friend.start()
      truth.until('before', '2 of 2', 60_000)
      expect(deliveries(author)).toEqual([])
    })
  })

  test('a member who was told of what it has lost since is still counted once', async () => {
    await overSeeds(import.meta.path, 5, (seed) => {
      const world = new World(seed)
      const nodes = world.addAll(3, ['general'], KEEPING)
      const [author, friend] = nodes as [SimNode, SimNode, SimNode]
      for (const node of nodes.slice(1)) node.connect(author)
      world.until('all are known', () => author.node.members('general').length === 2, 10_000)
      const truth = new Truth(world)
      truth.until(truth.say(author, 'one'), '2 of 2', 5_000)
      for (let i = 0; i < 5; i++) {
        friend.kill(i % 2 === 0 ? 'process' : 'power')
        truth.say(author, `while away ${i}`)
        world.pass(2_000)
        friend.start()
        truth.until(`while away ${i}`, '2 of 2', 60_000)
      }
      expect(truth.figures('one')).toBe('2 of 2')
    })
  })
})
