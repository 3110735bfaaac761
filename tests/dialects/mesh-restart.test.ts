import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import { Roster } from '../../src/dialects/mesh/roster.ts'
import { Said } from '../../src/dialects/mesh/said.ts'
import type { DialectOutput } from '../../src/dialects/outputs.ts'
import type { Words } from '../../src/dialects/words.ts'
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

const AT_BEN = { host: HERE, port: 8_001 }

function words(text: string): Words {
  const origin = Buffer.from(text.padEnd(16).slice(0, 16)).toString('hex')
  const more = { from: 'native', isExact: true, bridge: null, author: null, name: 'Ulla', room: 'general' } as const
  return { origin, text, kind: 'text', ...more }
}

/** One machine whose network is played by hand. */
function alone() {
  const machine = meshMachine('ann_1', 8_000, () => 0)
  machine.start(0)
  return {
    machine,
    announced: (peer_id: string, nowMs = 0) =>
      machine.datagram(utf8(JSON.stringify({ type: 'announce', peer_id, port: 8_001 })), HERE, nowMs),
    wake: (nowMs: number) => machine.wake(nowMs),
    dials: () => machine.takeOutputs().flatMap((each) => (each.kind === 'dial' ? [each.attempt] : [])),
    /** What was said to people, and on which connection. */
    chats: (outputs: readonly DialectOutput[]) =>
      outputs.flatMap((each) => {
        const line = each.kind === 'send' ? JSON.parse(new TextDecoder().decode(each.bytes)) : null
        return each.kind === 'send' && line.type === 'chat' ? [`${each.link}: ${line.content}`] : []
      }),
  }
}

/** As `alone`, and says something to a peer that was dialled so late after its announcement that somebody else may be there. */
function unsure() {
  const played = alone()
  const { machine, announced, dials, wake } = played
  announced('ben_1')
  machine.dialFailed(dials()[0]!, 'refused', 1)
  wake(1_500)
  machine.opened(1, AT_BEN, dials()[0]!, 1_500)
  machine.say(words('is that ben?'), null, 2_000)
  return played
}

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

  test('and was dialled as the former one before it announced itself, goes on on that connection as who it is', () => {
    const { machine, announced, dials, chats } = alone()
    announced('ben_1')
    machine.opened(1, AT_BEN, dials()[0]!, 1)
    machine.say(words('said before'), null, 2)
    announced('ben_2', 3)
    machine.say(words('said after'), null, 4)
    const outputs = machine.takeOutputs()
    expect(outputs.flatMap((each) => (each.kind === 'peer' ? [`${each.state} ${each.id}`] : []))).toEqual([
      ...['up ben_1', 'down ben_1', 'up ben_2'],
    ])
    expect(chats(outputs)).toEqual(['1: said before', '1: said after'])
    expect(outputs.filter(({ kind }) => kind === 'hang-up' || kind === 'dial')).toEqual([])
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

test('who calls again is spoken with on the new connection, the one before is kept for when that ends, and no third', () => {
  const world = new MachineWorld()
  const node = mesh(world, 'ben_2', 8_000)
  const calls = [1, 2, 3].map(() => world.call(node))
  const heardOn = (text: string) => calls.map((call) => new TextDecoder().decode(call.heard()).split(text).length - 1)
  for (const call of calls) call.say(utf8('{"id":"1","type":"join","sender_id":"ann_1"}\n'))
  world.say(node, { text: 'on the third' })
  world.time.pass(100)
  expect(heardOn('on the third')).toEqual([0, 0, 1])
  expect(calls.map((call) => call.isOpen())).toEqual([false, true, true])
  calls[2]!.hangUp()
  world.time.pass(100)
  world.say(node, { text: 'on the second' })
  world.time.pass(100)
  expect(heardOn('on the second')).toEqual([0, 1, 0])
  expect(world.peers(node)).toEqual(['up ann_1'])
})

describe('what cannot be said to a mesh peer for certain is kept a while', () => {
  test('until who was dialled late announces itself again', () => {
    const { machine, announced, chats } = unsure()
    expect(chats(machine.takeOutputs())).toEqual([])
    announced('ben_1', 5_000)
    expect(chats(machine.takeOutputs())).toEqual(['1: is that ben?'])
  })

  test('until it says something', () => {
    const { machine, chats } = unsure()
    machine.received(1, utf8('{"id":"1","type":"heartbeat","sender_id":"ben_1"}\n'), 2_500)
    expect(chats(machine.takeOutputs())).toEqual(['1: is that ben?'])
  })

  test('or until nobody else has said for six seconds that he is there', () => {
    const { machine, chats, wake } = unsure()
    wake(7_000)
    expect(chats(machine.takeOutputs())).toEqual([])
    wake(7_600)
    expect(chats(machine.takeOutputs())).toEqual(['1: is that ben?'])
  })

  test('for those whom one finds after one has started, and not for those who come later', () => {
    const { machine, announced, dials, chats } = alone()
    machine.say(words('good morning'), null, 1_000)
    announced('ben_1', 5_000)
    machine.opened(1, AT_BEN, dials()[0]!, 5_001)
    expect(chats(machine.takeOutputs())).toEqual(['1: good morning'])
    machine.say(words('good evening'), null, 60_000)
    announced('cyd_1', 60_500)
    machine.opened(2, AT_BEN, dials()[0]!, 60_501)
    expect(chats(machine.takeOutputs())).toEqual([])
  })

  test('unless another bridge, which waited in vain for us to say it, has said it to all who are there', () => {
    const { machine, announced, dials, chats } = alone()
    machine.say(words('good morning'), null, 1_000)
    machine.say(words('and good day'), null, 1_001)
    machine.opened(1, { host: HERE, port: 50_000 }, null, 1_002)
    const { origin, text } = words('good morning')
    const lines = [
      { id: '1', type: 'join', sender_id: 'hearsay_x' },
      { id: origin, type: 'chat', sender_id: 'hearsay_x', content: text },
    ]
    machine.received(1, utf8(lines.map((line) => `${JSON.stringify(line)}\n`).join('')), 2_500)
    machine.takeOutputs()
    announced('ben_1', 5_000)
    machine.opened(2, AT_BEN, dials()[0]!, 5_001)
    expect(chats(machine.takeOutputs())).toEqual(['2: and good day'])
  })

  test('but no longer than twelve seconds, nor more than 256 lines or a megabyte of them', () => {
    const said = new Said()
    const kept = (nowMs: number) => said.after(0, 0, nowMs).length
    said.add(utf8('first'), 'a', 0)
    expect([kept(11_999), kept(12_001)]).toEqual([1, 0])
    for (let i = 0; i < 300; i++) said.add(utf8(`${i}`), `b${i}`, 13_000)
    expect(said.after(0, 0, 13_000).map((line) => new TextDecoder().decode(line))[0]).toBe('44')
    expect(kept(13_000)).toBe(256)
    for (let i = 0; i < 20; i++) said.add(new Uint8Array(128 * 1024), `c${i}`, 13_001)
    expect(kept(13_001)).toBe(8)
    expect(said.after(said.last - 2, 0, 13_001).length).toBe(2)
  })
})

test('who announces itself where another listens keeps nobody from dialling that one again', () => {
  const { machine, announced, dials } = alone()
  announced('ben_1')
  machine.opened(1, AT_BEN, dials()[0]!, 1)
  machine.opened(2, { host: HERE, port: 50_000 }, null, 2)
  machine.received(2, utf8('{"id":"1","type":"join","sender_id":"eve_1"}\n'), 2)
  machine.received(1, utf8('{"id":"2","type":"heartbeat","sender_id":"ben_1"}\n'), 3)
  announced('eve_1', 4)
  machine.closed(1, 'closed the connection', 5)
  announced('eve_1', 4_999)
  expect(dials()).toEqual([])
  announced('ben_1', 5_000)
  const again = dials()
  expect(again).toHaveLength(1)
  // Nor is it dialled there itself, once that one is linked with.
  machine.opened(3, AT_BEN, again[0]!, 5_001)
  machine.closed(2, 'closed the connection', 5_002)
  announced('eve_1', 9_000)
  expect(dials()).toEqual([])
})

test('who announces itself where another goes on doing so does not take that one over, though it has said nothing', () => {
  const { machine, announced, dials, chats } = alone()
  announced('ben_1')
  machine.opened(1, AT_BEN, dials()[0]!, 1)
  machine.opened(2, { host: HERE, port: 50_000 }, null, 2)
  machine.received(2, utf8('{"id":"1","type":"join","sender_id":"eve_1"}\n'), 2)
  announced('eve_1', 4)
  announced('ben_1', 5_000)
  announced('eve_1', 5_001)
  machine.takeOutputs()
  machine.say(words('to both'), null, 5_002)
  expect(chats(machine.takeOutputs()).sort()).toEqual(['1: to both', '2: to both'])
})

test('who has no connection and announces itself somewhere else is there altogether', () => {
  const roster = new Roster()
  const announcement = { type: 'announce', peerId: 'ben_1', username: 'Ben', atMs: null, introduction: null } as const
  roster.heard({ ...announcement, port: 8_001 }, '10.0.0.1', 0, 0)
  const ben = roster.heard({ ...announcement, port: 9_001 }, '10.0.0.2', 1_000, 1_000)
  expect(ben).toMatchObject({ address: { host: '10.0.0.2', port: 9_001 }, port: 9_001 })
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
  const outputs = machine.takeOutputs()
  const away = (of: readonly DialectOutput[]) => of.filter(({ kind }) => kind === 'hang-up').length
  expect([machine.links.size, away(outputs)]).toEqual([64, 136])
  // Said once, and not for each.
  expect(outputs.filter(({ kind }) => kind === 'trouble').length).toBe(1)
  machine.opened(500, { host: '10.0.0.8', port: 1_000 }, null, 0)
  expect([machine.links.has(500), away(machine.takeOutputs())]).toEqual([true, 0])
})

test('who is dialled while there is no place is dialled with growing pauses', () => {
  const machine = meshMachine('ann_1', 8_000, () => 0)
  machine.start(0)
  for (let link = 0; link < 128; link++) machine.opened(link, { host: `10.0.0.${link % 2}`, port: 1_000 }, null, 0)
  for (let link = 0; link < 128; link++) {
    machine.received(link, utf8(`{"id":"1","type":"join","sender_id":"ab_${link}"}\n`), 0)
  }
  const dialledAtMs: number[] = []
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 500) {
    if (nowMs % 5_000 === 0) machine.datagram(utf8('{"type":"announce","peer_id":"zed_9","port":9000}'), HERE, nowMs)
    machine.wake(nowMs)
    for (const each of machine.takeOutputs()) {
      if (each.kind !== 'dial') continue
      dialledAtMs.push(nowMs)
      machine.opened(1_000, each.address, each.attempt, nowMs)
    }
  }
  expect(machine.links.size).toBe(128)
  expect(dialledAtMs).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000])
})

test('many who ask at once whether anybody is there have one answer, and who asks later another', () => {
  const { machine, wake } = alone()
  machine.takeOutputs()
  const ask = (nowMs: number) => machine.datagram(utf8('{"type":"ping","peer_id":"ben_1","port":8001}'), HERE, nowMs)
  const answers = () =>
    machine.takeOutputs().filter((each) => {
      return each.kind === 'multicast' && JSON.parse(new TextDecoder().decode(each.datagram)).type === 'pong'
    }).length
  for (let i = 0; i < 1_000; i++) ask(1_000)
  wake(1_100)
  expect(answers()).toBe(1)
  ask(1_200)
  wake(1_300)
  expect(answers()).toBe(1)
})

test('of many who are hung up on for the same the first is told of at once, and how many more once a minute', () => {
  const { machine, wake } = alone()
  const told = () => machine.takeOutputs().flatMap((each) => (each.kind === 'trouble' ? [each.message] : []))
  for (let link = 0; link < 100; link++) {
    machine.opened(link, { host: HERE, port: 9_000 + link }, null, 1)
    machine.received(link, utf8('{"id":"1","type":"join","sender_id":"ben_1"}\n'), 1)
    machine.received(link, utf8(`{"id":"2","type":"chat","sender_id":"cyd_${link}"}\n`), 1)
  }
  expect(told()).toEqual(['The mesh peer at 127.0.0.1:9000 was hung up on: it speaks for "cyd_0" too.'])
  wake(60_001)
  expect(told()).toEqual([
    '99 more like it within a minute, the last: The mesh peer at 127.0.0.1:9099 was hung up on: it speaks for "cyd_99" too.',
  ])
})
