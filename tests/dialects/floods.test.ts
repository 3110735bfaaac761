import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { FLOOD_TOLD_EVERY_MS } from '../../src/dialects/flood-note.ts'
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
  },
  mesh: {
    make: ({ wallMs }) => new MeshMachine({ peerId: 'm_1', name: 'm', bridge: 'b', port: 8_000, randomBytes, wallMs }),
    hello: meshLine('join', 0),
    message: (i) => meshLine('chat', i),
  },
  tracker: {
    make: ({ wallMs }) =>
      new TrackerMachine({ tracker: { ...HERE, port: 5_000 }, port: 8_000, bridge: 'b', room: 'general', wallMs }),
    hello: null,
    message: (i) => utf8(JSON.stringify({ username: 'Flo', message: `${i}` })),
  },
  line: {
    make: () => new LineMachine({ name: 'l', connect: [], room: 'general', nonce: 'n' }),
    hello: utf8('[Flo] hi\n'),
    message: (i) => utf8(`[Flo] ${i}\n`),
  },
}

describe.each(Object.entries(KINDS))('a flood of %s', (_, { make, hello, message }) => {
  test('that comes in bursts, with words between that pass, is told once a minute', () => {
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
    const floods = () => world.troubles(node).filter((each) => each.includes('more than anybody could read')).length
    const startMs = world.time.nowMs
    burst(BURST)
    expect(floods()).toBe(1)
    for (let i = 0; i < 50; i++) {
      world.time.pass(1_000)
      const before = world.words(node).length
      burst(100)
      const passed = world.words(node).length - before
      expect(passed).toBeGreaterThan(0)
      expect(passed).toBeLessThan(100)
    }
    expect(floods()).toBe(1)
    world.time.pass(startMs + FLOOD_TOLD_EVERY_MS - 1 - world.time.nowMs)
    burst(BURST)
    expect(floods()).toBe(1)
    world.time.pass(1)
    burst(1)
    expect(floods()).toBe(2)
  })
})

test('of two links that flood, each is told', () => {
  const world = new MachineWorld()
  const { make, hello, message } = KINDS['line']!
  const node = world.add(make(world), HERE)
  for (const caller of [world.call(node), world.call(node)]) {
    caller.say(hello!)
    for (let i = 0; i < BURST; i++) caller.say(message(i))
  }
  expect(world.troubles(node).length).toBe(2)
})
