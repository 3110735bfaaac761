import { expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** A — B — C, each dialling the one to its left. */
function chain(world: World): [SimNode, SimNode, SimNode] {
  const [a, b, c] = world.addAll(3) as [SimNode, SimNode, SimNode]
  b.connect(a)
  c.connect(b)
  world.until('the chain is linked', () => b.isLinkedTo(a) && c.isLinkedTo(b), 5_000)
  return [a, b, c]
}

const HEAL_MS = 5_000

test('the middle is killed and started again: the chain heals within five seconds and nothing said is lost', async () => {
  await overSeeds(import.meta.path, 60, (seed) => {
    const world = new World(seed)
    const chance = world.rngFor('story')
    const [a, b, c] = chain(world)
    a.say('general', 'before')
    world.until('all hear the first', () => b.has('before') && c.has('before'), 2_000)
    b.kill()
    a.say('general', 'from a into the gap')
    c.say('general', 'from c into the gap')
    world.pass(chance.float() * 20_000)
    b.start()
    const whole = (node: SimNode): boolean => node.isRunning && node.shown.orders.size === 3
    world.until('the chain is whole', () => whole(a) && whole(b) && whole(c), HEAL_MS)
    expect(c.texts()).toEqual(a.texts())
    expect(b.texts()).toEqual(a.texts())
  })
})

test('what a node said before it was killed comes back to it from the others, and it goes on under a new epoch', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed)
    const [a, b, c] = chain(world)
    b.say('general', 'first life')
    world.until('the others have it', () => a.has('first life') && c.has('first life'), 2_000)
    for (let life = 2; life <= 5; life++) {
      b.kill()
      world.pass(500)
      b.start()
      b.say('general', `life ${life}`)
      const all = (node: SimNode): boolean => node.shown.orders.size === life
      world.until(`life ${life} is known`, () => all(a) && all(b) && all(c), HEAL_MS)
    }
    expect(b.texts()).toEqual(['first life', 'life 2', 'life 3', 'life 4', 'life 5'])
    expect(c.texts()).toEqual(b.texts())
  })
})

test('a machine that loses power is back in the chain soon after it starts, though nobody was told that it went', async () => {
  await overSeeds(import.meta.path, 40, (seed) => {
    const world = new World(seed)
    const chance = world.rngFor('story')
    const [a, b, c] = chain(world)
    b.kill('power')
    a.say('general', 'into the dark')
    world.pass(1_000 + chance.float() * 8_000)
    b.start()
    // C dialled and knows nothing: it finds out when it says something to a machine that does not know the connection any more.
    c.say('general', 'is anybody there')
    const whole = (node: SimNode): boolean => node.shown.orders.size === 2
    world.until('the chain is whole', () => whole(a) && whole(b) && whole(c), 20_000)
  })
})

test('who starts again is taken for a new process at its first dial, though its old link still looks alive', async () => {
  await overSeeds(import.meta.path, 40, (seed) => {
    const world = new World(seed)
    const [a, b] = world.addAll(2) as [SimNode, SimNode]
    b.connect(a)
    world.until('they are linked', () => a.isLinkedTo(b), 5_000)
    b.kill('power')
    world.pass(2_000)
    expect(a.isLinkedTo(b)).toBe(true)
    b.start()
    a.say('general', 'welcome back')
    world.until('it hears', () => b.has('welcome back'), 2_000)
    world.pass(10_000)
    const results = b.tellings.filter((telling) => telling.kind === 'dial-result')
    expect(results.map((result) => result.code)).toEqual(['ok'])
    expect(a.node.peers()).toHaveLength(1)
  })
})

test('a link that is dead for one side only is replaced when the other side dials again', async () => {
  await overSeeds(import.meta.path, 40, (seed) => {
    const world = new World(seed)
    const [a, b, c] = chain(world)
    // A reset that reaches one end alone, as from an address translator that forgot the connection.
    const [end] = [...c.host.process!.ends]
    end!.die({ code: 'reset', message: 'broke the connection off' })
    a.say('general', 'still there?')
    world.until('the far end hears', () => c.has('still there?'), HEAL_MS)
    expect(b.node.peers()).toHaveLength(2)
  })
})
