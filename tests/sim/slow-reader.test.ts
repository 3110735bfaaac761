import { expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

const KILOBYTE = 'x'.repeat(1_000)

/** B and C both linked to A; A says a kilobyte every so often, and B must hear each within `withinMs`. */
function talkAt(world: World, a: SimNode, b: SimNode, count: number, everyMs: number, withinMs: number): void {
  for (let i = 0; i < count; i++) {
    const text = `${world.time.nowMs} ${i} ${KILOBYTE}`
    a.say('general', text)
    world.until('the quick reader hears it', () => b.has(text), withinMs)
    world.pass(Math.max(0, everyMs - withinMs))
  }
}

function star(world: World): [SimNode, SimNode, SimNode] {
  const [a, b, c] = world.addAll(3) as [SimNode, SimNode, SimNode]
  b.connect(a)
  c.connect(a)
  world.until('the star is linked', () => b.isLinkedTo(a) && c.isLinkedTo(a), 5_000)
  return [a, b, c]
}

test('a reader that stops reading delays nobody, is dropped with a reason after half a minute, and catches up when it wakes', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed, { bufferBytes: [4 * 1024, 16 * 1024] })
    const [a, b, c] = star(world)
    c.freeze()
    const frozenAtMs = world.time.nowMs
    talkAt(world, a, b, 100, 200, 150)
    expect(a.isLinkedTo(c)).toBe(true)
    world.until('the reader is dropped', () => !a.isLinkedTo(c), 40_000)
    expect(world.time.nowMs - frozenAtMs).toBeGreaterThan(30_000)
    const down = a.tellings.findLast((telling) => telling.kind === 'peer' && telling.state === 'down')
    expect(down).toMatchObject({ reason: 'has read nothing for 30 seconds' })
    talkAt(world, a, b, 20, 200, 150)
    expect(c.shown.orders.size).toBeLessThan(100)
    c.thaw()
    world.until('the reader has caught up', () => c.shown.orders.size === 120, 10_000)
    expect(c.texts()).toEqual(a.texts())
  })
})

test('what a stopped reader costs its neighbour stays bounded while others talk on', async () => {
  await overSeeds(import.meta.path, 5, (seed) => {
    const world = new World(seed, { bufferBytes: [16 * 1024, 16 * 1024] })
    const [a, b, c] = star(world)
    c.freeze()
    talkAt(world, a, b, 100, 150, 150)
    const link = a.node.peers().find((peer) => peer.peerKey === c.key)!
    expect(link.waitingBytes).toBeLessThan(64 * 1024)
    expect(link.ready.length).toBeLessThanOrEqual(a.node['feeds'].all.size)
  })
})

test('a thin line falls behind in a burst, holds up nobody, is not dropped, and catches up', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed, { bufferBytes: [4 * 1024, 16 * 1024] })
    const [a, b, c] = star(world)
    world.network.throttle(a.host, c.host, 4)
    talkAt(world, a, b, 200, 20, 150)
    expect(c.shown.orders.size).toBeLessThan(190)
    world.until('the thin line has brought everything', () => c.shown.orders.size === 200, 120_000)
    const downs = a.tellings.filter((telling) => telling.kind === 'peer' && telling.state === 'down')
    expect(downs).toEqual([])
  })
})
