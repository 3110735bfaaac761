import { describe, expect, test } from 'bun:test'
import { fellowAddresses, fellowsOn } from '../../src/app/dialects/fellows.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { encodeFrame } from '../../src/dialects/framed/frames.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import { TrackerMachine } from '../../src/dialects/tracker/machine.ts'
import { readPeerMap } from '../../src/dialects/tracker/messages.ts'
import { MachineWorld } from './machine-world.ts'

const rng = seededRng(8)
const at = (port: number) => ({ host: '127.0.0.1', port })
const idOf = (port: number): string => `${port}`.padStart(16, '0')

function framed(world: MachineWorld, port: number, connect: readonly number[] = []) {
  const id = { host: '127.0.0.1', port }
  const common = { randomBytes: rng.bytes, wallMs: world.wallMs, aheadMs: 0, bridge: idOf(port) }
  const machine = new FramedMachine({ id, name: `f${port}`, connect: connect.map(at), ...common })
  return { machine, host: world.add(machine, at(port)) }
}

function mesh(world: MachineWorld, port: number) {
  const common = { randomBytes: rng.bytes, wallMs: world.wallMs, bridge: idOf(port) }
  const machine = new MeshMachine({ peerId: `hearsay_${idOf(port)}`, name: `m${port}`, port, ...common })
  const host = world.add(machine, at(port), (datagram, nowMs) => machine.datagram(datagram, '127.0.0.1', nowMs))
  return { machine, host }
}

function tracker(world: MachineWorld, port: number) {
  const options = { tracker: at(5_000), port, bridge: idOf(port), room: 'general', wallMs: world.wallMs }
  const machine = new TrackerMachine(options)
  return { machine, host: world.add(machine, at(port)) }
}

describe('bridges come to know of each other', () => {
  test('in framed, however far off, before anybody says a word, and nobody hears anything of it', () => {
    const world = new MachineWorld()
    const nodes = [1, 2, 3, 4].map((port) => framed(world, port, port === 1 ? [] : [port - 1]))
    world.time.pass(1_000)
    for (const { machine } of nodes) expect(machine.fellows.size).toBe(3)
    expect(nodes.flatMap(({ host }) => world.words(host))).toEqual([])
    const late = framed(world, 5, [4])
    world.time.pass(1_000)
    expect([...late.machine.fellows].sort()).toEqual([1, 2, 3, 4].map(idOf))
    expect([...nodes[0]!.machine.fellows]).toContain(idOf(5))
  })

  test.each([
    ['framed', (world: MachineWorld, port: number) => framed(world, port, port === 6_001 ? [] : [6_001])],
    ['mesh', mesh],
    ['tracker', tracker],
  ])('in %s, and since when the other is one', (_, make) => {
    const world = new MachineWorld()
    const old = make(world, 6_001)
    world.time.pass(12_000)
    const young = make(world, 6_002)
    world.time.pass(6_000)
    // At a tracker it takes a word.
    world.say(old.host, { text: 'the first word' })
    world.time.pass(4_000)
    const sinceOf = (host: typeof old.host) =>
      new Map(host.told.flatMap((each) => (each.kind === 'bridge' ? [[each.id, each.sinceMs] as const] : [])))
    expect([[...sinceOf(old.host).keys()], [...sinceOf(young.host).keys()]]).toEqual([[idOf(6_002)], [idOf(6_001)]])
    // By the time on the way.
    const [ofYoung, ofOld] = [sinceOf(old.host).get(idOf(6_002))!, sinceOf(young.host).get(idOf(6_001))!]
    expect(ofYoung).toBeWithin(12_000, 12_050)
    expect(ofOld).toBeWithin(0, 50)
  })

  test('also an older one that does not tell since when', () => {
    const world = new MachineWorld()
    const node = framed(world, 1)
    const older = world.call(node.host)
    const sender = { from: '127.0.0.1:9', username: 'older', room: 'hearsay/bridges', msg: 'is a bridge', ttl: 5 }
    older.say(encodeFrame({ id: 'h', type: 'hello', ...sender }))
    const hearsay = { id: idOf(1).repeat(2), bridge: idOf(9), from: 'native' }
    older.say(encodeFrame({ id: 'p', type: 'chat', ...sender, hearsay }))
    expect([...node.machine.fellows]).toEqual([idOf(9)])
    const listed = tracker(world, 6_001)
    world.time.pass(10_000)
    world.call(listed.host).say(utf8(JSON.stringify({ action: 'hearsay', bridge: idOf(9), port: 6_009 })))
    expect([...listed.machine.fellows]).toEqual([idOf(9)])
    expect([...node.host.told, ...listed.host.told].filter(({ kind }) => kind === 'bridge')).toEqual([])
  })

  test('in framed, once a second at most, whoever makes bridges up', () => {
    const world = new MachineWorld()
    const { machine, host } = framed(world, 1)
    const liar = world.call(host)
    liar.say(encodeFrame({ id: 'h', type: 'hello', from: '127.0.0.1:9', username: 'liar' }))
    for (let i = 0; i < 300; i++) {
      const hearsay = { id: idOf(i).repeat(2), bridge: idOf(1_000 + i), from: 'framed' }
      const common = { type: 'chat', from: '127.0.0.1:9', username: 'liar', room: 'general', msg: 'hi', ttl: 0 }
      liar.say(encodeFrame({ ...common, id: `${i}`, hearsay }))
      world.time.pass(10)
    }
    expect(machine.fellows.size).toBe(64)
    const said = new TextDecoder().decode(liar.heard()).split('is a bridge').length - 1
    expect(said).toBeGreaterThan(1)
    expect(said).toBeLessThanOrEqual(4)
  })

  test('in the mesh, in a moment, whoever came first', () => {
    const world = new MachineWorld()
    const old = mesh(world, 2)
    world.time.pass(7_000)
    for (const port of [1, 3]) {
      const young = mesh(world, port)
      world.time.pass(500)
      const fellowship = { members: () => [], neighbours: () => [] }
      const known = fellowsOn({ mesh: young.machine }, fellowship).find(({ side }) => side === 'mesh')
      expect(known?.there).toContain(idOf(2))
      expect(fellowAddresses({ mesh: young.machine }, fellowship)).toContainEqual({ id: idOf(2), address: at(2) })
      expect(old.machine.roster.peers.has(`hearsay_${idOf(port)}`)).toBe(true)
    }
  })

  test('at a tracker, both by the first word of either', () => {
    const world = new MachineWorld()
    const [one, two] = [tracker(world, 6_001), tracker(world, 6_002)]
    world.time.pass(15_000)
    expect([one.machine.turn(world.time.nowMs), two.machine.turn(world.time.nowMs)]).toEqual([
      { place: 0, of: 2 },
      { place: 1, of: 2 },
    ])
    world.say(one.host, { text: 'the first word' })
    world.time.pass(200)
    expect([[...one.machine.fellows], [...two.machine.fellows]]).toEqual([[idOf(6_002)], [idOf(6_001)]])
    expect([one.machine.turn(world.time.nowMs), two.machine.turn(world.time.nowMs)]).toEqual([null, null])
    world.kill(two.host)
    world.time.pass(20_000)
    world.say(one.host, { text: 'is anybody there?' })
    for (let i = 0; i < 5; i++) {
      world.time.pass(6_000)
      world.say(one.host, { text: `${i} hello?` })
    }
    world.time.pass(6_000)
    expect([...one.machine.fellows]).toEqual([])
  })

  test('at a tracker, by what is known from elsewhere: who has just come is told everything, though no list has it yet', () => {
    const world = new MachineWorld()
    const old = tracker(world, 6_001)
    const other = tracker(world, 6_003)
    world.time.pass(12_000)
    expect(old.machine.isServing || other.machine.isServing).toBe(true)
    const young = tracker(world, 6_002)
    world.time.pass(100)
    young.machine.introduce(idOf(6_001), 6_001, world.time.nowMs)
    young.machine.introduce(idOf(6_003), 6_003, world.time.nowMs)
    young.machine.introduce(idOf(6_009), 6_009, world.time.nowMs)
    world.run(young.host, () => {})
    world.time.pass(100)
    expect([...young.machine.fellows].sort()).toEqual([idOf(6_001), idOf(6_003)])
    for (const { host, machine } of [old, other]) {
      expect([...machine.fellows]).toContain(idOf(6_002))
      world.say(host, { text: `${host === old.host} welcome` })
    }
    world.time.pass(500)
    expect(world.words(young.host).map(({ text }) => text)).toEqual(['true welcome', 'false welcome'])
  })

  test('at a tracker, by what one claims elsewhere, once it has answered; whoever else is there is asked once, and nobody for another', () => {
    const world = new MachineWorld()
    const old = tracker(world, 6_001)
    world.time.pass(6_000)
    world.call(old.host).say(utf8('{"action":"register","port":6005}'))
    const young = tracker(world, 6_002)
    const dialled: number[] = []
    const take = young.machine.takeOutputs.bind(young.machine)
    young.machine.takeOutputs = () => {
      const outputs = take()
      for (const each of outputs) if (each.kind === 'dial') dialled.push(each.address.port)
      return outputs
    }
    const claim = (port: number): void => {
      young.machine.claimed(port, world.time.nowMs)
      world.run(young.host, () => {})
    }
    // Before the tracker's first answer, and after it; that of somebody who is not here, and our own.
    for (const port of [6_001, 6_005, 6_002]) claim(port)
    world.time.pass(100)
    for (let i = 0; i < 10; i++) for (const port of [6_001, 6_005, 6_002, 6_099]) claim(port)
    world.time.pass(500)
    expect([...young.machine.fellows]).toEqual([idOf(6_001)])
    expect([...old.machine.fellows]).toEqual([idOf(6_002)])
    const times = (port: number): number => dialled.filter((each) => each === port).length
    expect([6_005, 6_002, 6_099].map(times)).toEqual([1, 0, 0])
  })

  test('at a tracker, whoever says so a hundred times makes nobody known, or answer, beyond a bound', () => {
    const world = new MachineWorld()
    const { machine, host } = tracker(world, 6_001)
    world.time.pass(10_000)
    for (let i = 0; i < 500; i++) {
      const port = 7_000 + i
      world.call(host).say(utf8(JSON.stringify({ action: 'hearsay', bridge: idOf(port), port })))
    }
    expect(machine.fellows.size).toBe(64)
    for (const bridge of ['', 'x'.repeat(16), 7]) {
      const caller = world.call(host)
      caller.say(utf8(JSON.stringify({ action: 'hearsay', bridge, port: 7_000 })))
      world.time.pass(50)
      expect(caller.isOpen()).toBe(false)
    }
    expect(world.troubles(host).join()).toContain('sent something that is no request')
    const asking = world.call(host)
    asking.say(utf8('{"action":"get_peers"}'))
    world.time.pass(50)
    expect(readPeerMap(asking.heard())).toContain(6_001)
  })
})
