import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { Beginnings } from '../../src/dialects/beginnings.ts'
import { HOLD_MS } from '../../src/dialects/bridge.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { AGE_TOLD_MS_MAX } from '../../src/dialects/json.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import { encodeAnnouncement } from '../../src/dialects/mesh/messages.ts'
import { TrackerMachine } from '../../src/dialects/tracker/machine.ts'
import { bridgeBetween, words } from './bridge-words.ts'
import { MachineWorld } from './machine-world.ts'

const rng = seededRng(12)
const at = (port: number) => ({ host: '127.0.0.1', port })
const idOf = (port: number): string => `${port}`.padStart(16, '0')

describe('when another bridge began', () => {
  test('is when it said so with the least delay, and again when it is clear that it has begun again', () => {
    const beginnings = new Beginnings()
    expect(beginnings.of('aaaa')).toBe(Number.NEGATIVE_INFINITY)
    expect(beginnings.told('aaaa', 1_300, 2_000)).toBe(false)
    expect(beginnings.told('aaaa', 1_000, 3_000)).toBe(false)
    // One that came late.
    expect(beginnings.told('aaaa', 4_000, 20_000)).toBe(false)
    expect(beginnings.of('aaaa')).toBe(1_000)
    expect(beginnings.told('aaaa', 20_000, 20_050)).toBe(true)
    expect(beginnings.told('aaaa', 20_000, 20_060)).toBe(false)
    expect(beginnings.of('aaaa')).toBe(20_000)
  })

  test('is not known of one that is older than anybody tells', () => {
    const beginnings = new Beginnings()
    for (let nowMs = 0; nowMs < 10 * AGE_TOLD_MS_MAX; nowMs += 5_000) {
      const ageMs = Math.min(AGE_TOLD_MS_MAX, nowMs + 1_000)
      expect(beginnings.told('aaaa', nowMs - ageMs, nowMs)).toBe(false)
    }
  })
})

describe('of two bridges, the younger', () => {
  test('is who began later, and to both it is the same; where that cannot be told the ids decide', () => {
    const isYounger = (beganMs: number, id: string, nowMs: number): [boolean, boolean] => {
      const [one, two] = [
        { id: 'bbbb', sinceMs: 0 },
        { id, sinceMs: beganMs },
      ]
      const told = (by: typeof one): Beginnings => {
        const beginnings = new Beginnings()
        beginnings.told(by.id, nowMs - Math.min(AGE_TOLD_MS_MAX, nowMs - by.sinceMs) + 200, nowMs + 200)
        return beginnings
      }
      return [told(two).isYounger(two.id, one, nowMs + 200), told(one).isYounger(one.id, two, nowMs + 200)]
    }
    for (const id of ['aaaa', 'cccc']) {
      expect(isYounger(20_000, id, 30_000)).toEqual([true, false])
      // Older than anybody tells: the one of them, and both.
      expect(isYounger(90_000, id, 100_000)).toEqual([true, false])
      expect(isYounger(90_000, id, 200_000)).toEqual([id === 'cccc', id !== 'cccc'])
      expect(isYounger(100, id, 30_000)).toEqual([id === 'cccc', id !== 'cccc'])
    }
  })
})

test('words that another passes on are known, though it began again after they were said', () => {
  const bridge = bridgeBetween('bbbb', ['native', 'tracker', 'mesh'], -100_000)
  for (const side of ['native', 'tracker']) bridge.fellows(side, ['aaaa'], [], [], -20_000)
  bridge.introduced('aaaa', -20_000, -19_900)
  bridge.heard('tracker', words('hi', { origin: '1'.repeat(32), isExact: false }), 0)
  bridge.introduced('aaaa', -900, 100)
  bridge.heard('native', words('hi', { origin: '2'.repeat(32), bridge: 'aaaa' }), 900)
  bridge.wake(20_000)
  expect(bridge.takeOutputs().map(({ side }) => side)).toEqual(['mesh'])
})

test('a bridge that was given up and has begun again, called the same, is waited for again', () => {
  const bridge = bridgeBetween('bbbb', ['native', 'tracker'])
  bridge.fellows('native', ['aaaa'])
  bridge.introduced('aaaa', -20_000, 0)
  const saysAtOnce = (text: string, nowMs: number): boolean => {
    bridge.heard('native', words(text, { from: 'native', author: 'nora' }), nowMs)
    const said = bridge.takeOutputs().length
    bridge.wake(nowMs + 2 * HOLD_MS)
    bridge.takeOutputs()
    return said > 0
  }
  for (const at of [1, 2, 3]) expect(saysAtOnce(`${at} in vain`, at * 10_000)).toBe(false)
  expect(saysAtOnce('given up', 40_000)).toBe(true)
  bridge.introduced('aaaa', -20_000, 40_100)
  expect(saysAtOnce('nothing new', 41_000)).toBe(true)
  bridge.introduced('aaaa', 42_000, 42_010)
  expect(saysAtOnce('begun again', 43_000)).toBe(false)
})

const KINDS = {
  framed: (world: MachineWorld, port: number) => {
    const common = { randomBytes: rng.bytes, wallMs: world.wallMs, aheadMs: 0, bridge: idOf(port) }
    const connect = port === 6_002 ? [] : [at(6_002)]
    const machine = new FramedMachine({ id: at(port), name: `f${port}`, connect, ...common })
    return { fellows: () => [...machine.fellows], host: world.add(machine, at(port)) }
  },
  tracker: (world: MachineWorld, port: number) => {
    const options = { tracker: at(5_000), port, bridge: idOf(port), room: 'general', wallMs: world.wallMs }
    const machine = new TrackerMachine(options)
    return { fellows: () => [...machine.fellows], host: world.add(machine, at(port)) }
  },
}

describe('two bridges with somebody between, of which one is killed and begins again, called the same', () => {
  test.each(['framed', 'tracker'] as const)('both know of each other again: %s', (kind) => {
    const make = KINDS[kind]
    const world = new MachineWorld()
    const between = make(world, 6_002)
    world.time.pass(1_000)
    const [stays, dies] = [make(world, 6_001), make(world, 6_003)]
    world.time.pass(12_000)
    world.say(stays.host, { text: 'the first word' })
    world.time.pass(1_000)
    expect(stays.fellows()).toContain(idOf(6_003))
    world.kill(dies.host)
    world.time.pass(2_000)
    const again = make(world, 6_003)
    world.time.pass(6_000)
    // At a tracker it takes a word.
    world.say(again.host, { text: 'I am back' })
    world.time.pass(4_000)
    expect(again.fellows()).toContain(idOf(6_001))
    expect(between.fellows()).toContain(idOf(6_003))
  })

  test.each([
    ['it is dialled at once, however often that was in vain meanwhile', 6_001, 6_002],
    ['it is told at once whom to dial', 6_002, 6_001],
  ])('in the mesh %s', (_, staying, dying) => {
    const world = new MachineWorld()
    const make = (port: number) => {
      const common = { randomBytes: rng.bytes, wallMs: world.wallMs, bridge: idOf(port) }
      const machine = new MeshMachine({ peerId: `hearsay_${idOf(port)}`, name: `m${port}`, port, ...common })
      const host = world.add(machine, at(port), (datagram, nowMs) => machine.datagram(datagram, '127.0.0.1', nowMs))
      return { machine, host }
    }
    // Whose id sorts lower dials.
    const [stays, dies] = [make(staying), make(dying)]
    world.time.pass(20_000)
    world.kill(dies.host)
    world.time.pass(3_500)
    const peer = stays.machine.roster.peers.get(`hearsay_${idOf(dying)}`)!
    expect(peer.restsUntilMs > world.time.nowMs + 300).toBe(staying < dying)
    const again = make(dying)
    world.time.pass(300)
    expect(peer.link).not.toBeNull()
    world.say(stays.host, { text: 'welcome' })
    world.time.pass(100)
    expect(world.words(again.host).map(({ text }) => text)).toEqual(['welcome'])
  })

  test('in the mesh nobody makes us dial where nobody answers more often than every ten seconds', () => {
    const options = { randomBytes: rng.bytes, wallMs: () => 0, bridge: idOf(1) }
    const machine = new MeshMachine({ peerId: 'a', name: 'a', port: 6_001, ...options })
    machine.start(0)
    let [dials, greetings] = [0, 0]
    for (let i = 0; i < 1_000; i++) {
      const introduction = { bridge: idOf(2 + (i % 40)), ageMs: i % 80 < 40 ? 10_000 : 0 }
      machine.datagram(
        encodeAnnouncement({ type: 'announce', peerId: 'b', username: 'b', port: 6_002, introduction }, 0, i),
        '127.0.0.1',
        i * 10,
      )
      machine.wake(i * 10)
      for (const output of machine.takeOutputs()) {
        if (output.kind === 'multicast') greetings++
        if (output.kind !== 'dial') continue
        dials++
        machine.dialFailed(output.attempt, 'refused', i * 10)
      }
    }
    expect(dials).toBeLessThan(8)
    expect(greetings).toBeLessThan(8)
  })
})
