import { describe, expect, test } from 'bun:test'
import { joinBytes, utf8 } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { FLOOD_COUNTED_MS } from '../../src/dialects/flood-note.ts'
import { encodeFrame } from '../../src/dialects/framed/frames.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { LineMachine } from '../../src/dialects/line/machine.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import { TrackerMachine } from '../../src/dialects/tracker/machine.ts'
import { readPeerMap } from '../../src/dialects/tracker/messages.ts'
import { MachineWorld } from './machine-world.ts'

const rng = seededRng(7)
const at = (port: number) => ({ host: '127.0.0.1', port })
const TRACKER = at(5_000)

function framed(world: MachineWorld, port: number, connect: readonly number[] = []) {
  const id = { host: '127.0.0.1', port }
  const common = { randomBytes: rng.bytes, wallMs: world.wallMs, aheadMs: 0, bridge: 'b' }
  return world.add(new FramedMachine({ id, name: `f${port}`, connect: connect.map(at), ...common }), at(port))
}

function mesh(world: MachineWorld, peerId: string, port: number) {
  const machine = new MeshMachine({
    peerId,
    name: peerId,
    bridge: 'b',
    port,
    randomBytes: rng.bytes,
    wallMs: world.wallMs,
  })
  return world.add(machine, at(port), (datagram, nowMs) => machine.datagram(datagram, '127.0.0.1', nowMs))
}

function tracker(world: MachineWorld, port: number) {
  const machine = new TrackerMachine({ tracker: TRACKER, port, bridge: 'b', room: 'general', wallMs: world.wallMs })
  return { machine, host: world.add(machine, at(port)) }
}

function line(world: MachineWorld, port: number, connect: readonly number[] = []) {
  const machine = new LineMachine({ name: `l${port}`, connect: connect.map(at), room: 'general', nonce: String(port) })
  return { machine, host: world.add(machine, at(port)) }
}

describe('framed', () => {
  test('a chain carries everything on, once, and no further than its ttl', () => {
    const world = new MachineWorld()
    const nodes = [1, 2, 3, 4, 5, 6, 7, 8].map((each) => framed(world, each, each === 1 ? [] : [each - 1]))
    world.time.pass(1_000)
    world.say(nodes[0]!, { text: 'down the chain' })
    world.time.pass(1_000)
    // 5 at the first hop, 0 at the sixth, which passes it on no more.
    expect(nodes.map((node) => world.words(node).length)).toEqual([0, 1, 1, 1, 1, 1, 1, 0])
  })

  test('in a circle nothing goes round, and a lost link is made again', () => {
    const world = new MachineWorld()
    const nodes = [framed(world, 1, [3]), framed(world, 2, [1]), framed(world, 3, [2])]
    world.time.pass(3_000)
    world.say(nodes[0]!, { text: 'round' })
    world.time.pass(1_000)
    expect(nodes.map((node) => world.words(node).length)).toEqual([0, 1, 1])
    world.kill(nodes[1]!)
    world.time.pass(1_000)
    expect(world.peers(nodes[2]!)).toContain('down 127.0.0.1:2')
    const again = framed(world, 2)
    world.time.pass(10_000)
    expect(world.peers(again)).toEqual(['up 127.0.0.1:3'])
  })

  test('who says anything before hello, or no JSON, or nothing, is hung up on', () => {
    const world = new MachineWorld()
    const node = framed(world, 1)
    const hasty = world.call(node)
    hasty.say(encodeFrame({ id: '1', type: 'chat', from: 'x', room: 'general', msg: 'hi' }))
    const broken = world.call(node)
    broken.say(Uint8Array.of(0, 0, 0, 1, 0x21))
    const silent = world.call(node)
    world.time.pass(11_000)
    expect([hasty, broken, silent].map((each) => each.isOpen())).toEqual([false, false, false])
    expect(world.troubles(node).length).toBe(3)
  })

  test('what others have passed on and nobody can read is let go by, and goes no further; who passed it on stays', () => {
    const world = new MachineWorld()
    const [node, next] = [framed(world, 1), framed(world, 2, [1])]
    world.time.pass(1_000)
    const passer = world.call(node)
    passer.say(encodeFrame({ id: 'h', type: 'hello', from: '127.0.0.1:9', username: 'Pat' }))
    const far = { from: '127.0.0.1:8', username: 'Eve', room: 'general', ttl: 3 }
    const odd = [
      { ...far, id: 'a', type: 'chat', room: 7, msg: 'no room' },
      { ...far, id: 'b', type: 'chat' },
      { ...far, id: 'c', type: 'voice_join', udp_host: '', udp_port: -1 },
      { type: 'channel_config', channels: ['general'] },
    ]
    for (const each of odd) passer.say(encodeFrame(each))
    passer.say(encodeFrame({ ...far, id: 'd', type: 'chat', msg: 'hello' }))
    world.time.pass(1_000)
    expect(passer.isOpen()).toBe(true)
    for (const each of [node, next]) expect(world.words(each).map(({ text }) => text)).toEqual(['hello'])
  })

  test('what is nested deeper than anybody nests ends its link, and not the program that would pass it on', () => {
    for (const [open, close, times] of [
      ['[', ']', 100_000],
      ['{"a":', '}', 40_000],
    ] as const) {
      const world = new MachineWorld()
      const node = framed(world, 1)
      framed(world, 2, [1])
      world.time.pass(1_000)
      const nester = world.call(node)
      nester.say(encodeFrame({ id: 'h', type: 'hello', from: '127.0.0.1:9', username: 'Ned' }))
      const deep = `${open.repeat(times)}1${close.repeat(times)}`
      const body = utf8(`{"id":"m","type":"other","from":"127.0.0.1:9","ttl":5,"deep":${deep}}`)
      const length = new Uint8Array(4)
      new DataView(length.buffer).setUint32(0, body.length)
      nester.say(joinBytes([length, body]))
      world.time.pass(100)
      expect(nester.isOpen()).toBe(false)
    }
  })

  test('a flood is cut down to what could be read, and its sender stays', () => {
    const world = new MachineWorld()
    const node = framed(world, 1)
    const flooder = world.call(node)
    flooder.say(encodeFrame({ id: 'h', type: 'hello', from: '127.0.0.1:9', username: 'Flo' }))
    for (let i = 0; i < 2_000; i++)
      flooder.say(
        encodeFrame({
          id: `m${i}`,
          type: 'chat',
          from: '127.0.0.1:9',
          username: 'Flo',
          room: 'general',
          msg: `${i}`,
          ttl: 5,
        }),
      )
    expect(world.words(node).length).toBe(400)
    world.time.pass(FLOOD_COUNTED_MS)
    expect(flooder.isOpen()).toBe(true)
    expect(world.troubles(node)).toEqual([
      'Flo (framed) says more than anybody could read: 1600 messages were dropped. /ignore spares you the rest.',
    ])
  })
})

describe('mesh', () => {
  test('peers find each other, the lower id dials, and each hears each once', () => {
    const world = new MachineWorld()
    const nodes = ['ann_1', 'ben_2', 'cyd_3'].map((id, i) => mesh(world, id, 8_000 + i))
    world.time.pass(6_000)
    expect(world.peers(nodes[0]!).sort()).toEqual(['up ben_2', 'up cyd_3'])
    const dialled = nodes.map((node) => node.told.filter((each) => each.kind === 'peer' && each.dialled).length)
    expect(dialled).toEqual([2, 1, 0])
    world.say(nodes[2]!, { text: 'hello', name: 'Cyd' })
    world.time.pass(100)
    expect(nodes.map((node) => world.words(node).map(({ name, text }) => `${name}: ${text}`))).toEqual([
      ['Cyd: hello'],
      ['Cyd: hello'],
      [],
    ])
  })

  test('quiet links last for hours, and a peer that went and came is dialled again with growing pauses', () => {
    const world = new MachineWorld()
    const ann = mesh(world, 'ann_1', 8_000)
    const ben = mesh(world, 'ben_2', 8_001)
    world.time.pass(3_600_000)
    expect(world.peers(ann)).toEqual(['up ben_2'])
    world.kill(ben)
    world.time.pass(5_000)
    expect(world.peers(ann)).toEqual(['up ben_2', 'down ben_2'])
    mesh(world, 'ben_2', 8_001)
    world.time.pass(10_000)
    expect(world.peers(ann)).toEqual(['up ben_2', 'down ben_2', 'up ben_2'])
  })

  test('nobody speaks for another, joins without a word, or announces what was', () => {
    const world = new MachineWorld()
    const node = mesh(world, 'ben_2', 8_000)
    const liar = world.call(node)
    liar.say(utf8('{"id":"1","type":"join","sender_id":"zed_9","username":"Zed"}\n'))
    liar.say(utf8('{"id":"2","type":"chat","sender_id":"ann_1","content":"I am Ann"}\n'))
    const hasty = world.call(node)
    hasty.say(utf8('{"id":"1","type":"chat","sender_id":"yan_9","content":"hi"}\n'))
    expect([liar.isOpen(), hasty.isOpen()]).toEqual([true, true])
    world.time.pass(100)
    expect([liar.isOpen(), hasty.isOpen()]).toEqual([false, false])
    expect(world.words(node)).toEqual([])
    const machine = node.machine as MeshMachine
    const said = (timestamp: string) =>
      utf8(JSON.stringify({ type: 'announce', peer_id: 'old_1', port: 9_000, timestamp }))
    machine.datagram(said('2020-01-01T00:00:00Z'), '127.0.0.1', world.time.nowMs)
    expect(machine.roster.peers.has('old_1')).toBe(false)
  })

  test('a type that somebody has added is let go by', () => {
    const world = new MachineWorld()
    const node = mesh(world, 'ben_2', 8_000)
    const peer = world.call(node)
    for (const type of ['join', 'typing', 'chat'])
      peer.say(utf8(`{"id":"${type}","type":"${type}","sender_id":"zed_9","content":"${type}"}\n`))
    world.time.pass(100)
    expect([peer.isOpen(), world.words(node).map(({ text }) => text)]).toEqual([true, ['chat']])
  })

  test('a thousand made-up peers at one address fill nothing and are not all dialled', () => {
    const world = new MachineWorld()
    const node = mesh(world, 'ann_1', 8_000)
    const machine = node.machine as MeshMachine
    for (let i = 0; i < 1_000; i++)
      machine.datagram(utf8(JSON.stringify({ type: 'announce', peer_id: `x${i}`, port: 9_000 + i })), '127.0.0.1', 0)
    expect(machine.roster.peers.size).toBe(64)
    world.time.pass(60_000)
    expect(machine.roster.peers.size).toBe(0)
  })
})

describe('tracker', () => {
  test('with nobody there one becomes the tracker, and all who come are on its list and hear each other', () => {
    const world = new MachineWorld()
    const first = tracker(world, 41_000)
    world.time.pass(1_000)
    expect(first.machine.isServing).toBe(true)
    const others = [tracker(world, 42_000), tracker(world, 43_000)]
    world.time.pass(11_000)
    for (const { machine } of others) expect([...machine.peers.keys()].sort()).toEqual([41_000, 42_000, 43_000])
    world.say(others[0]!.host, { text: 'hello', name: 'Ann' })
    world.say(others[0]!.host, { text: 'of another room', name: 'Ann', room: 'dev' })
    world.time.pass(500)
    for (const { host } of [first, others[1]!]) expect(world.words(host).map(({ text }) => text)).toEqual(['hello'])
  })

  test('the tracker dies: the highest port takes over, alone, tells everybody, and has everybody on its list', () => {
    const world = new MachineWorld()
    const first = tracker(world, 41_000)
    world.time.pass(1_000)
    const others = [42_000, 43_000, 44_000].map((port) => tracker(world, port))
    world.time.pass(11_000)
    world.kill(first.host)
    world.time.pass(20_000)
    expect(others.map(({ machine }) => machine.isServing)).toEqual([false, false, true])
    for (const { host } of others.slice(0, 2)) {
      const notices = world
        .words(host)
        .filter(({ kind }) => kind === 'notice')
        .map(({ text }) => text)
      expect(notices).toEqual(['👑 Node 44000 elected leader. New tracker started.'])
    }
    world.say(others[0]!.host, { text: 'we go on' })
    world.time.pass(500)
    expect(world.words(others[2]!.host).map(({ text }) => text)).toEqual(['we go on'])
    // Who is dead is off the list once it was tried in vain.
    for (let i = 0; i < 3; i++) {
      world.say(others[2]!.host, { text: `again ${i}` })
      world.time.pass(500)
    }
    expect([...others[2]!.machine.peers.keys()].sort()).toEqual([42_000, 43_000, 44_000])
  })

  test('what is said before the tracker has answered is told to all who are on its list', () => {
    const world = new MachineWorld()
    const first = tracker(world, 41_000)
    world.time.pass(6_000)
    const second = tracker(world, 42_000)
    for (const text of ['at once', 'and more']) world.say(second.host, { text })
    world.time.pass(1_000)
    world.say(second.host, { text: 'later' })
    world.time.pass(1_000)
    expect(world.words(first.host).map(({ text }) => text)).toEqual(['at once', 'and more', 'later'])
  })

  test('each of two that say the same twice is heard twice, and one message goes one way', () => {
    const world = new MachineWorld()
    const node = tracker(world, 41_000)
    for (let i = 0; i < 2; i++) world.call(node.host).say(utf8('{"username": "ann", "message": "hi"}'))
    const origins = world.words(node.host).map(({ origin }) => origin)
    expect(new Set(origins).size).toBe(2)
  })

  test('a list that is longer than the originals read at once is cut, and has who asked', () => {
    const world = new MachineWorld()
    const node = tracker(world, 41_000)
    world.time.pass(1_000)
    for (let port = 50_001; port <= 50_200; port++)
      world.call(node.host).say(utf8(`{"action": "register", "port": ${port}}`))
    const last = world.call(node.host)
    last.say(utf8('{"action": "register", "port": 60001}'))
    world.time.pass(100)
    const answer = last.heard()
    expect(answer.length).toBeLessThanOrEqual(1_024)
    const ports = readPeerMap(answer)
    if (!Array.isArray(ports)) throw new Error('no list')
    expect([ports.includes(60_001), ports.includes(41_000), ports.length > 60]).toEqual([true, true, true])
  })

  test('who says no request, or only half of one, is hung up on', () => {
    const world = new MachineWorld()
    const node = tracker(world, 41_000)
    const wrong = world.call(node.host)
    wrong.say(utf8('hello?'))
    const half = world.call(node.host)
    half.say(utf8('{"username": "ann"'))
    world.time.pass(6_000)
    expect([wrong.isOpen(), half.isOpen()]).toEqual([false, false])
  })
})

describe('line', () => {
  test('two talk, and a file crosses whole between their lines', () => {
    const world = new MachineWorld()
    const listener = line(world, 5_050)
    const caller = line(world, 5_051, [5_050])
    world.time.pass(100)
    world.say(caller.host, { text: 'of another room', name: 'Cal', room: 'dev' }, 1)
    world.say(caller.host, { text: 'hi\nthere', name: 'Cal' }, 1)
    expect(caller.machine.sendFile(1, 'my cat.png', 5, world.time.nowMs)).toBe('my_cat.png')
    expect(caller.machine.sendFile(1, 'other', 5, world.time.nowMs)).toBeNull()
    world.run(caller.host, () => {})
    world.say(caller.host, { text: 'after it', name: 'Cal' }, 1)
    world.time.pass(2_000)
    expect(caller.host.told.at(-1)).toMatchObject({ kind: 'file', state: 'wanted' })
    world.run(caller.host, () => {
      caller.machine.fileChunk(1, utf8('12345'), world.time.nowMs)
      caller.machine.fileChunk(1, null, world.time.nowMs)
    })
    world.time.pass(1_100)
    expect(world.words(listener.host).map(({ name, text }) => `${name}: ${text}`)).toEqual([
      'Cal: hi',
      'Cal: there',
      'Cal: after it',
    ])
    const files = listener.host.told.filter((each) => each.kind === 'file')
    expect(files[0]).toMatchObject({ state: 'begins', name: 'my_cat.png', size: 5 })
    expect(files.at(-1)).toMatchObject({ state: 'ends', whole: true })
  })

  test('of a thousand files at once most are let go by, and the lines between and behind them are read', () => {
    const world = new MachineWorld()
    const node = line(world, 5_050)
    const flooder = world.call(node.host)
    for (let i = 0; i < 1_000; i++) flooder.say(utf8(`/file ${i} ${i % 3}\n${'x'.repeat(i % 3)}`))
    flooder.say(utf8('[Flo] and now?\n'))
    const states = node.host.told.flatMap((each) => (each.kind === 'file' ? [each.state] : []))
    expect([states.filter((each) => each === 'begins').length, states.at(-1)]).toEqual([64, 'ends'])
    expect(world.words(node.host).map(({ text }) => text)).toEqual(['and now?'])
    world.time.pass(FLOOD_COUNTED_MS)
    expect(world.troubles(node.host).length).toBe(1)
    flooder.say(utf8('/file later 0\n'))
    expect(node.host.told.at(-2)).toMatchObject({ state: 'begins', name: 'later' })
  })

  test('a file that breaks off is told as such, and one without an end of its header is a line too long', () => {
    const world = new MachineWorld()
    const node = line(world, 5_050)
    const sender = world.call(node.host)
    sender.say(utf8('/file a.txt 100\nabc'))
    sender.hangUp()
    world.time.pass(100)
    expect(node.host.told.filter((each) => each.kind === 'file').at(-1)).toMatchObject({ state: 'ends', whole: false })
    const endless = world.call(node.host)
    for (let i = 0; i < 70; i++) endless.say(new Uint8Array(1_024).fill(0x61))
    world.time.pass(100)
    expect(endless.isOpen()).toBe(false)
  })
})
