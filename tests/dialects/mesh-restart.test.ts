import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import type { DialectOutput } from '../../src/dialects/outputs.ts'
import { MachineWorld } from './machine-world.ts'

const { bytes: randomBytes } = seededRng(7)
const HERE = '127.0.0.1'

function meshMachine(peerId: string, port: number, wallMs: () => number): MeshMachine {
  return new MeshMachine({ peerId, name: peerId, bridge: 'b', port, randomBytes, wallMs })
}

/** `deafTo`: whose announcements never arrive. */
function mesh(world: MachineWorld, peerId: string, port: number, deafTo = '') {
  const machine = meshMachine(peerId, port, world.wallMs)
  return world.add(machine, { host: HERE, port }, (datagram, nowMs) => {
    if (deafTo === '' || !new TextDecoder().decode(datagram).includes(deafTo)) machine.datagram(datagram, HERE, nowMs)
  })
}

type Node = ReturnType<typeof mesh>

/** Each says something every half second for so long; what each should have heard of the other. */
function talk(world: MachineWorld, nodes: readonly Node[], forMs: number): string[][] {
  const said: string[][] = nodes.map(() => [])
  for (let i = 0; i * 500 < forMs; i++) {
    for (const [n, node] of nodes.entries()) {
      const text = `${n} says ${i}`
      world.say(node, { text })
      said[n]!.push(text)
    }
    world.time.pass(500)
  }
  return said.reverse()
}

const heard = (world: MachineWorld, node: Node) => world.words(node).map(({ text }) => text)

describe('a mesh peer that comes again under another id at the same port', () => {
  for (const [again, who] of [
    ['ben_2', 'we dial'],
    ['aaa_2', 'dials us'],
  ] as const) {
    test(`and ${who}, is linked with once and for good, and all is heard once`, () => {
      const world = new MachineWorld()
      const ann = mesh(world, 'ann_1', 8_000)
      const ben = mesh(world, 'ben_1', 8_001)
      world.time.pass(7_000)
      world.kill(ben)
      world.time.pass(2_500)
      const next = mesh(world, again, 8_001)
      world.time.pass(100)
      const nodes = [ann, next]
      const expected = talk(world, nodes, 60_000)
      expect(world.peers(ann)).toEqual(['up ben_1', 'down ben_1', `up ${again}`])
      expect(world.peers(next)).toEqual(['up ann_1'])
      expect(nodes.map((node) => heard(world, node))).toEqual(expected)
      expect(nodes.flatMap((node) => world.troubles(node))).toEqual([])
    })
  }

  test('and was dialled by the former one before it announced itself, is no longer talked with as that', () => {
    const machine = meshMachine('ann_1', 8_000, () => 0)
    const announced = (peer_id: string) => utf8(JSON.stringify({ type: 'announce', peer_id, port: 8_001 }))
    const dial = () => machine.takeOutputs().find((each) => each.kind === 'dial')
    machine.datagram(announced('ben_1'), HERE, 0)
    machine.opened(1, { host: HERE, port: 8_001 }, dial()!.attempt, 1)
    machine.datagram(announced('ben_2'), HERE, 2)
    const outputs = machine.takeOutputs()
    expect(outputs.filter(({ kind }) => kind === 'hang-up')).toMatchObject([{ link: 1 }])
    expect(outputs.filter(({ kind }) => kind === 'dial').length).toBe(1)
  })

  test('and whose announcements are lost, keeps the good link though it is dialled by the former one', () => {
    const world = new MachineWorld()
    const ann = mesh(world, 'ann_1', 8_000, 'aaa_2')
    const ben = mesh(world, 'ben_1', 8_001)
    world.time.pass(7_000)
    world.kill(ben)
    world.time.pass(2_500)
    // Which calls before the former one is tried again.
    const next = mesh(world, 'aaa_2', 8_001)
    world.time.pass(60_000)
    expect(world.peers(next)).toEqual(['up ann_1'])
    expect(world.peers(ann).filter((each) => each === 'up aaa_2')).toEqual(['up aaa_2'])
    // Dialled once, which found another there.
    expect(world.peers(ann).filter((each) => each === 'up ben_1')).toEqual(['up ben_1', 'up ben_1'])
    const expected = talk(world, [ann, next], 5_000)
    expect([ann, next].map((node) => heard(world, node))).toEqual(expected)
  })
})

test('who calls again is spoken with on the new connection, and the former one is ended soon', () => {
  const world = new MachineWorld()
  const node = mesh(world, 'ben_2', 8_000)
  const [former, latter] = [world.call(node), world.call(node)]
  const lines = (call: typeof former) => new TextDecoder().decode(call.heard()).split('\n')
  for (const call of [former, latter]) call.say(utf8('{"id":"1","type":"join","sender_id":"ann_1"}\n'))
  world.say(node, { text: 'only there' })
  world.time.pass(100)
  const chats = [former, latter].map((call) => lines(call).filter((each) => each.includes('only there')).length)
  expect(chats).toEqual([0, 1])
  world.time.pass(11_000)
  expect([former.isOpen(), latter.isOpen()]).toEqual([false, true])
  expect(world.peers(node)).toEqual(['up ann_1'])
})

test('who takes every connection and ends it without a word is dialled with growing pauses', () => {
  const machine = meshMachine('ann_1', 8_000, () => 0)
  const dialledAtMs: number[] = []
  let links = 0
  const carryOut = (nowMs: number, outputs: readonly DialectOutput[]): void => {
    for (const each of outputs) {
      if (each.kind !== 'dial') continue
      dialledAtMs.push(nowMs)
      machine.opened(++links, each.address, each.attempt, nowMs)
      machine.closed(links, 'closed the connection', nowMs)
    }
  }
  machine.start(0)
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 500) {
    if (nowMs % 5_000 === 0) machine.datagram(utf8('{"type":"announce","peer_id":"zed_9","port":9000}'), HERE, nowMs)
    machine.wake(nowMs)
    carryOut(nowMs, machine.takeOutputs())
  }
  expect(dialledAtMs).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000])
})

test('one machine that calls and calls takes half the places, and others come in', () => {
  const machine = meshMachine('ann_1', 8_000, () => 0)
  for (let link = 0; link < 200; link++) machine.opened(link, { host: '10.0.0.9', port: 1_000 + link }, null, 0)
  const away = () => machine.takeOutputs().filter(({ kind }) => kind === 'hang-up').length
  expect([machine.links.size, away()]).toEqual([64, 136])
  machine.opened(500, { host: '10.0.0.8', port: 1_000 }, null, 0)
  expect([machine.links.has(500), away()]).toEqual([true, 0])
})
