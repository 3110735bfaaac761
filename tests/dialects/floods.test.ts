import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { FLOOD_COUNTED_MS, FLOOD_TOLD_EVERY_MS } from '../../src/dialects/flood-note.ts'
import { encodeFrame } from '../../src/dialects/framed/frames.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { LineMachine } from '../../src/dialects/line/machine.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import type { Dialect } from '../../src/dialects/outputs.ts'
import { TrackerMachine } from '../../src/dialects/tracker/machine.ts'
import { MachineWorld } from './machine-world.ts'

const HERE = { host: '127.0.0.1', port: 8_000 }
const BURST = 1_000
const { bytes: randomBytes } = seededRng(7)

interface Kind {
  make(world: MachineWorld): Dialect
  /** What is said first on a link; null: nothing, and there is a link to each message. */
  readonly hello: Uint8Array | null
  message(i: number): Uint8Array
  /** How they are called that flood. */
  readonly who: string
}

const SENDER = { from: '127.0.0.1:9', username: 'Flo' }
const meshLine = (type: string, i: number) =>
  utf8(`${JSON.stringify({ id: `${type}${i}`, type, sender_id: 'zed_9', content: `${i}` })}\n`)

const KINDS: Record<string, Kind> = {
  framed: {
    make: ({ wallMs }) =>
      new FramedMachine({
        id: { host: '127.0.0.1', port: 8_000 },
        name: 'f',
        connect: [],
        randomBytes,
        wallMs,
        aheadMs: 0,
        bridge: 'b',
      }),
    hello: encodeFrame({ id: 'h', type: 'hello', ...SENDER }),
    message: (i) => encodeFrame({ id: `m${i}`, type: 'chat', ...SENDER, room: 'general', msg: `${i}`, ttl: 5 }),
    who: 'Flo (framed)',
  },
  mesh: {
    make: ({ wallMs }) => new MeshMachine({ peerId: 'm_1', name: 'm', bridge: 'b', port: 8_000, randomBytes, wallMs }),
    hello: meshLine('join', 0),
    message: (i) => meshLine('chat', i),
    who: 'zed_9 (mesh)',
  },
  tracker: {
    make: ({ wallMs }) =>
      new TrackerMachine({ tracker: { ...HERE, port: 5_000 }, port: 8_000, bridge: 'b', room: 'general', wallMs }),
    hello: null,
    message: (i) => utf8(JSON.stringify({ username: 'Flo', message: `${i}` })),
    who: 'The tracker network',
  },
  line: {
    make: () => new LineMachine({ name: 'l', connect: [], room: 'general', nonce: 'n' }),
    hello: utf8('[Flo] hi\n'),
    message: (i) => utf8(`[Flo] ${i}\n`),
    who: 'Flo (line)',
  },
}

describe.each(Object.entries(KINDS))('a flood of %s', (_, { make, hello, message, who }) => {
  test('that comes in bursts, with words between that pass, is told once a minute, with how much was lost', () => {
    const world = new MachineWorld()
    const node = world.add(make(world), HERE)
    const caller = world.call(node)
    if (hello !== null) caller.say(hello)
    let sent = 0
    const burst = (messages: number): void => {
      for (let i = 0; i < messages; i++) {
        const link = hello === null ? world.call(node) : caller
        link.say(message(sent++))
        if (hello === null) link.hangUp()
      }
    }
    const floods = () => world.troubles(node).filter((each) => each.includes('more than anybody could read'))
    const lost = () => floods().map((each) => Number(/(\d+) messages were dropped/.exec(each)?.[1]))
    const heard = () => world.words(node).filter(({ text }) => text !== 'hi').length
    const startMs = world.time.nowMs
    burst(BURST)
    expect(floods()).toEqual([])
    world.time.pass(FLOOD_COUNTED_MS)
    expect(lost()).toEqual([sent - heard()])
    for (let i = 0; i < 50; i++) {
      world.time.pass(1_000)
      const before = world.words(node).length
      burst(200)
      const passed = world.words(node).length - before
      expect(passed).toBeGreaterThan(0)
      expect(passed).toBeLessThan(200)
    }
    expect(floods()).toHaveLength(1)
    world.time.pass(startMs + FLOOD_COUNTED_MS + FLOOD_TOLD_EVERY_MS - 1 - world.time.nowMs)
    expect(floods()).toHaveLength(1)
    world.time.pass(1)
    expect(floods()).toHaveLength(2)
    expect(lost()[0]! + lost()[1]!).toBe(sent - heard())
    // Once it is over, nothing is told, and what comes then is soon.
    world.time.pass(2 * FLOOD_TOLD_EVERY_MS)
    expect(floods()).toHaveLength(2)
    burst(BURST)
    world.time.pass(FLOOD_COUNTED_MS)
    expect(floods()).toHaveLength(3)
    expect(floods()[2]).toStartWith(who)
  })
})

const flood = (world: MachineWorld, node: ReturnType<MachineWorld['add']>, name: string): void => {
  const caller = world.call(node)
  for (let i = 0; i < BURST; i++) caller.say(utf8(`[${name}] ${i}\n`))
}

test('of two links that flood, each is told', () => {
  const world = new MachineWorld()
  const node = world.add(KINDS['line']!.make(world), HERE)
  for (const name of ['Flo', 'Fred']) flood(world, node, name)
  world.time.pass(FLOOD_COUNTED_MS)
  expect(world.troubles(node)).toEqual([
    'Flo (line) says more than anybody could read: 800 messages were dropped. /ignore spares you the rest.',
    'Fred (line) says more than anybody could read: 800 messages were dropped. /ignore spares you the rest.',
  ])
})

test('of one who floods under another name each time a few are told, and the rest together', () => {
  const world = new MachineWorld()
  const node = world.add(KINDS['line']!.make(world), HERE)
  for (let i = 0; i < 20; i++) flood(world, node, `Flo${i}`)
  world.time.pass(FLOOD_COUNTED_MS)
  const told = world.troubles(node)
  expect(told).toHaveLength(9)
  expect(told.at(-1)).toBe(
    'somebody else (line) says more than anybody could read: 9600 messages were dropped. /peers lists who is there.',
  )
})
