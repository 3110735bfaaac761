import { expect, setDefaultTimeout, test } from 'bun:test'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** A — R — S — C: two people and two relays between them. */
function line(world: World): [SimNode, SimNode, SimNode, SimNode] {
  const nodes = world.addAll(4) as [SimNode, SimNode, SimNode, SimNode]
  const [a, r, s, c] = nodes
  r.connect(a)
  s.connect(r)
  c.connect(s)
  world.until('the line is linked', () => r.isLinkedTo(a) && s.isLinkedTo(r) && c.isLinkedTo(s), 5_000)
  return nodes
}

/** Everything a node holds to pass on, as it came. */
function heldBytes(node: SimNode): Uint8Array[] {
  const held: Uint8Array[] = []
  for (const { log } of node.node['feeds'].all.values()) {
    for (let position = log.start; position < log.end; position++) held.push(log.at(position).bytes)
  }
  return held
}

test('a direct message reaches its reader through relays, and is answered', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed, { loss: 0.05 })
    const [a, r, s, c] = line(world)
    a.tell(c, 'between us')
    world.until('the reader has it', () => c.has('between us'), 10_000)
    c.tell(a, 'understood')
    world.until('the answer is there', () => a.has('understood'), 10_000)
    world.pass(5_000)
    for (const relay of [r, s]) expect(relay.shown.orders.size).toBe(0)
    for (const end of [a, c]) expect(end.texts()).toEqual(['between us', 'understood'])
  })
})

test('a relay holds a direct message, and neither finds its words in it nor can open it', async () => {
  await overSeeds(import.meta.path, 5, (seed) => {
    const world = new World(seed)
    const [a, r, , c] = line(world)
    const words = 'a secret with a rather striking phrase in it'
    a.tell(c, words)
    world.until('the reader has it', () => c.has(words), 5_000)
    const held = heldBytes(r)
    expect(held).toHaveLength(1)
    expect(Buffer.from(held[0]!).includes('striking phrase')).toBe(false)
    const { conversations } = r.node['rooms']
    const [feed] = [...r.node['feeds'].all.values()]
    expect(feed!.room).toBeNull()
    const sealed = decodeBundle(held[0]!)!.events[0]!.body
    for (const other of [a, c]) {
      expect(conversations.unseal(conversations.with(other.id)!, feed!.log.key.id, sealed)).toBeNull()
    }
  })
})

test('a direct message waits with the relays for a reader who is away', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const [a, r, s, c] = line(world)
    c.kill()
    world.pass(1_000)
    a.tell(c, 'for later')
    world.pass(5_000)
    a.kill()
    world.pass(60_000)
    c.start()
    world.until('the reader has it', () => c.has('for later'), 5_000)
    for (const relay of [r, s]) expect(relay.shown.orders.size).toBe(0)
  })
})
