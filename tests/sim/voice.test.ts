import { expect, setDefaultTimeout, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import type { VoicePresenceTelling } from '../../src/node/voice-outputs.ts'
import { PassingKind, type ReceivedPassing } from '../../src/wire/passing.ts'
import { decodeSignal } from '../../src/wire/voice-signal.ts'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import type { SimNode } from './sim-node.ts'
import { begun, discord, joinVoice, leaveVoice, startTalker, type Talker } from './voice-world.ts'
import { World } from './world.ts'

setDefaultTimeout(REAL_MS_MAX)

/** Nodes in a row, those at even places in the room, the others in none, only passing on. */
function row(world: World, count: number): Talker[] {
  const nodes = Array.from({ length: 2 * count - 1 }, (_, i) => {
    const node = world.add()
    if (i % 2 === 0) node.join('general')
    else node.start()
    return node
  })
  const talkers = nodes.filter((_, i) => i % 2 === 0).map(startTalker)
  for (const [i, node] of nodes.entries()) if (i > 0) node.connect(nodes[i - 1]!)
  return talkers
}

/** So many in the room, each linked with three who came before. */
function crowd(world: World, count: number): Talker[] {
  const rng = world.rngFor('links')
  return Array.from({ length: count }, (_, i) => {
    const node = world.add()
    node.join('general')
    const talker = startTalker(node)
    for (const other of new Set([i - 1, rng.below(i + 1), rng.below(i + 1)])) {
      if (other >= 0 && other < i) node.connect(world.nodes[other]!)
    }
    return talker
  })
}

/** Counts what these say of voice from now on. */
function counting(talkers: readonly Talker[]): { events: number; bytes: number } {
  const count = { events: 0, bytes: 0 }
  for (const { sim } of talkers) {
    const passing = sim.node['passing']
    const say = passing.say.bind(passing)
    passing.say = (room, kind, time, body) => {
      if (kind === PassingKind.voice) {
        count.events++
        count.bytes += body.length
      }
      return say(room, kind, time, body)
    }
  }
  return count
}

function agreed(world: World, talkers: readonly Talker[], withinMs: number): void {
  world.until(`${talkers.length} hear each other (${discord(talkers)})`, () => discord(talkers) === null, withinMs)
}

const present = ({ sim }: Talker): string[] =>
  sim.node.voice
    .present('general')
    .map(({ member }) => toHex(member))
    .sort()

const presences = ({ sim }: Talker): VoicePresenceTelling[] =>
  sim.tellings.filter((telling): telling is VoicePresenceTelling => telling.kind === 'voice-presence')

test('three in a row, with relays between that are in no room, have each other’s keys within a second', async () => {
  await overSeeds(import.meta.path, 25, (seed) => {
    const world = new World(seed, { loss: 0.02 })
    const talkers = row(world, 3)
    const listener = world.add()
    listener.join('general')
    listener.start()
    listener.connect(world.nodes[1]!)
    world.pass(10_000)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 2_000)
    // One who is there by text alone knows who is in voice, and nothing more.
    const names = listener.node.voice.present('general').map(({ name }) => name)
    expect(names.sort()).toEqual(talkers.map(({ sim }) => sim.name).sort())
    expect(listener.tellings.filter(({ kind }) => kind === 'voice-member')).toEqual([])
    world.pass(300_000)
    expect(discord(talkers)).toBeNull()
    expect(talkers.map(({ ear }) => ear.keys)).toEqual([0, 0, 0])
  })
})

test('those who were there before us are not new, those who come after us are, and hear that we were there', async () => {
  await overSeeds(import.meta.path, 15, (seed) => {
    const world = new World(seed)
    const [first, second, third] = row(world, 3) as [Talker, Talker, Talker]
    world.pass(5_000)
    joinVoice(first)
    world.pass(1_000)
    joinVoice(second)
    world.pass(20_000)
    joinVoice(third)
    agreed(world, [first, second, third], 2_000)
    expect(first.ear.chimes).toEqual(['join', 'join'])
    expect(second.ear.chimes).toEqual(['join'])
    expect(third.ear.chimes).toEqual([])
    leaveVoice(first)
    agreed(world, [second, third], 2_000)
    expect(second.ear.chimes).toEqual(['join', 'leave'])
    expect(presences(third).map(({ state, isNew }) => `${state} ${isNew}`)).toEqual([
      'joined true',
      'joined true',
      'left false',
    ])
    const sinceMs = third.sim.node.voice.present('general')[0]!.sinceMs
    expect(Math.abs(third.sim.clock.nowMs() - sinceMs - 20_000)).toBeLessThan(2_500)
  })
})

test('25 who join at once have all keys within a second, for at most four events each', async () => {
  await overSeeds(import.meta.path, 4, (seed) => {
    const world = new World(seed)
    const talkers = crowd(world, 25)
    world.pass(5_000)
    const count = counting(talkers)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 1_000)
    expect(count.events).toBeLessThanOrEqual(100)
    count.events = 0
    world.pass(60_000)
    // Each says every 12 seconds that they are still there.
    expect(count.events).toBeLessThan(25 * 6)
    count.events = 0
    leaveVoice(talkers[0]!)
    const others = talkers.slice(1)
    world.until('all change their keys', () => others.every(({ ear }) => ear.keys === 1), 1_000)
    agreed(world, others, 1_000)
    expect(count.events).toBeLessThanOrEqual(1 + 2 * 24 + 3)
    count.events = 0
    joinVoice(talkers[0]!)
    agreed(world, talkers, 1_000)
    expect(count.events).toBeLessThanOrEqual(2 + 24 + 3)
    world.pass(15_000)
    count.events = 0
    for (const talker of talkers.slice(0, 10)) leaveVoice(talker)
    const rest = talkers.slice(10)
    agreed(world, rest, 5_000)
    world.pass(3_000)
    // Ten go at once: keys change once, or twice where the news of one was late.
    for (const { ear } of rest) expect(ear.keys).toBeLessThanOrEqual(3)
    expect(count.events).toBeLessThanOrEqual(10 + 15 * 4)
  })
})

/** Hears everything that is said of voice, and tries all keys it ever had on it. */
function eavesdrop({ sim, ear }: Talker): { opened: number; tried: number } {
  const found = { opened: 0, tried: 0 }
  const { voice } = sim.node
  const session = voice['session']!
  const partners = [...session.partners.values()]
  const known = new Set([...ear.members.values()].map(({ audio }) => toHex(audio.secret)))
  const arrived = voice.arrived.bind(voice)
  voice.arrived = (passing: ReceivedPassing, author) => {
    const here = decodeSignal(passing.body)
    if (here?.kind === 'here') {
      for (const partner of partners) {
        if (toHex(partner.who.id) !== author) continue
        found.tried++
        // As if whatever they grant to anybody were for us.
        for (const grant of here.grants) {
          const mine = { ...here, grants: [{ ...grant, tag: session.tag }] }
          partner.hear(mine, session.tag, 0, 0)
        }
        const held = partner['held']
        if (held !== null && !known.has(toHex(held.audio.secret))) found.opened++
      }
    }
    arrived(passing, author)
  }
  return found
}

test('who has left hears on and opens nothing: all audio keys are others, and none was told to them', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed, { loss: 0.02 })
    const talkers = row(world, 4)
    world.pass(10_000)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 3_000)
    const [leaver, ...others] = talkers as [Talker, ...Talker[]]
    const found = eavesdrop(leaver)
    const had = new Set([...leaver.ear.members.values()].map(({ audio }) => toHex(audio.secret)))
    leaveVoice(leaver)
    world.until('all change their keys', () => others.every(({ ear }) => ear.keys > 0), 2_000)
    agreed(world, others, 2_000)
    for (const { ear } of others) expect(had.has(toHex(ear.audio!.secret))).toBe(false)
    // And so do those who were given keys later.
    leaveVoice(others[0]!)
    world.pass(60_000)
    joinVoice(others[0]!)
    agreed(world, others, 3_000)
    expect(found.tried).toBeGreaterThan(10)
    expect(found.opened).toBe(0)
  })
})

test('a voice process that is started anew has new keys with everybody, and rings for nobody', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed, { loss: 0.02 })
    const talkers = row(world, 3)
    world.pass(10_000)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 3_000)
    world.pass(1_000)
    const before = talkers.map(({ ear }) => secretsOf(ear))
    for (const { ear } of talkers) ear.chimes = []
    const [one] = talkers as [Talker]
    one.sim.driver.run((node, instant) => node.voiceAt(instant).anew())
    world.pass(500)
    // Until it can be reached, the others go on as they were.
    for (const { ear } of talkers.slice(1)) expect(ear.members.size).toBe(2)
    begun(one)
    world.until('all change their keys', () => talkers.slice(1).every(({ ear }) => ear.keys > 0), 2_000)
    agreed(world, talkers, 2_000)
    const old = new Set(before[0])
    for (const secret of secretsOf(one.ear)) expect(old.has(secret)).toBe(false)
    expect(talkers.map(({ ear }) => ear.chimes)).toEqual([[], [], []])
    for (const talker of talkers) expect(presences(talker).filter(({ state }) => state !== 'joined')).toEqual([])
  })
})

test('a voice process that is killed time after time is heard again, and hears, within two seconds each time', async () => {
  await overSeeds(import.meta.path, 20, (seed) => {
    const world = new World(seed, { loss: 0.02 })
    const talkers = crowd(world, 3)
    world.pass(10_000)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 3_000)
    const [one, ...others] = talkers as [Talker, ...Talker[]]
    for (let kill = 0; kill < 6; kill++) {
      world.pass(300)
      one.sim.driver.run((node, instant) => node.voiceAt(instant).anew())
      // It takes as long to start.
      world.pass(400)
      begun(one)
      agreed(world, talkers, 1_600 - 400 - Math.max(...others.map(({ ear }) => ear.keyAfterMs)))
    }
    // More often than others let sessions begin: their turn comes, and is not left to what is said now and then anyway.
    for (let kill = 0; kill < 4; kill++) {
      one.sim.driver.run((node, instant) => node.voiceAt(instant).anew())
      begun(one)
      agreed(world, talkers, 10_000)
    }
  })
})

function secretsOf(ear: Talker['ear']): string[] {
  const streams = [...ear.members.values()].flatMap(({ audio, theirs, ours }) => [audio, theirs, ours])
  return [...streams, ear.audio!].map(({ secret }) => toHex(secret))
}

test('a room that is divided for minutes goes on in two halves, and when it heals they meet under new keys', async () => {
  await overSeeds(import.meta.path, 15, (seed) => {
    const world = new World(seed)
    const talkers = crowd(world, 6)
    world.pass(10_000)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 3_000)
    const halves = [talkers.slice(0, 3), talkers.slice(3)]
    const had = new Set(talkers.flatMap(({ ear }) => secretsOf(ear)))
    const cut = world.network.cut(
      halves[0]!.map(({ sim }) => sim.host),
      0.5,
    )
    for (const half of halves) agreed(world, half, 120_000)
    for (const { ear } of talkers) ear.chimes = []
    world.network.heal(cut)
    agreed(world, talkers, 180_000)
    for (const talker of halves[0]!) {
      for (const other of halves[1]!) {
        for (const [one, another] of [
          [talker, other],
          [other, talker],
        ] as const) {
          const { audio, theirs, ours } = one.ear.members.get(another.sim.key)!
          for (const { secret } of [audio, theirs, ours]) expect(had.has(toHex(secret))).toBe(false)
        }
      }
    }
    expect(talkers.map(({ ear }) => ear.chimes.length)).toEqual([0, 0, 0, 0, 0, 0])
  })
})

test('who vanishes without a word is given up within a minute, by all, and their keys are of no use any more', async () => {
  await overSeeds(import.meta.path, 10, (seed) => {
    const world = new World(seed)
    const talkers = crowd(world, 5)
    world.pass(10_000)
    for (const talker of talkers) joinVoice(talker)
    agreed(world, talkers, 3_000)
    const others = talkers.slice(0, -1)
    talkers.at(-1)!.sim.kill('power')
    world.pass(30_000)
    expect(others.every(({ ear }) => ear.members.size === 4)).toBe(true)
    world.until('it is given up', () => others.every(({ ear }) => ear.members.size === 3 && ear.keys > 0), 30_000)
    agreed(world, others, 3_000)
    expect(present(others[0]!)).toEqual(
      others
        .slice(1)
        .map(({ sim }) => sim.key)
        .sort(),
    )
  })
})

/** Anything that people, voice processes and networks do, at random. */
function storm(world: World, talkers: Talker[], steps: number): Set<Talker> {
  const rng = world.rngFor('storm')
  const talking = new Set<Talker>()
  const running = new Set(talkers.map(({ sim }) => sim))
  let cut: ReturnType<World['network']['cut']> | null = null
  for (let step = 0; step < steps; step++) {
    const at = rng.below(talkers.length)
    const talker = talkers[at]!
    const what = rng.below(12)
    if (!running.has(talker.sim)) {
      running.add(talker.sim)
      talkers[at] = startTalker(talker.sim)
    } else if (!talking.has(talker)) {
      joinVoice(talker)
      talking.add(talker)
    } else if (what < 3) {
      leaveVoice(talker)
      talking.delete(talker)
    } else if (what < 6) {
      talker.sim.driver.run((node, instant) => node.voiceAt(instant).anew())
      world.pass(rng.below(2_000))
      begun(talker)
    } else if (what < 7) {
      talker.sim.kill(rng.below(2) === 0 ? 'power' : 'process')
      running.delete(talker.sim)
      talking.delete(talker)
    } else if (what < 9) {
      talker.sim.driver.run((node, instant) => node.voiceAt(instant).state(rng.below(2) === 0, rng.below(2) === 0))
    } else if (cut === null) {
      const inside = world.network.hosts.filter(() => rng.below(2) === 0)
      cut = world.network.cut(inside, rng.float())
    } else {
      world.network.heal(cut)
      cut = null
    }
    world.pass(rng.below(3) === 0 ? rng.below(90_000) : rng.below(1_500))
  }
  if (cut !== null) world.network.heal(cut)
  // Without them the network might be in parts.
  for (const { sim } of talkers) if (!running.has(sim)) startTalker(sim)
  return talking
}

test('whatever people do, processes die and networks break: once it is quiet, all have the same keys at both ends', async () => {
  let talked = 0
  await overSeeds(import.meta.path, 50, (seed) => {
    const world = new World(seed, { loss: 0.05, reset: 0.001 })
    const talkers = crowd(world, 6)
    const relay: SimNode = world.add()
    relay.start()
    for (const { sim } of talkers.slice(0, 3)) relay.connect(sim)
    world.pass(3_000)
    const talking = [...storm(world, talkers, 25)]
    talked += talking.length
    // Long enough to dial again, give up those who are gone, and ask for what was lost.
    agreed(world, talking, 240_000)
    world.pass(60_000)
    expect(discord(talking)).toBeNull()
    for (const talker of talking) {
      const others = talking.filter((other) => other !== talker).map(({ sim }) => sim.key)
      expect(present(talker)).toEqual(others.sort())
    }
  })
  expect(talked).toBeGreaterThan(50)
})
