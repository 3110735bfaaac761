import { afterAll, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { FramedVoice } from '../../src/dialects/framed/voice.ts'
import { LineMachine } from '../../src/dialects/line/machine.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import type { Dialect } from '../../src/dialects/outputs.ts'
import { TrackerMachine } from '../../src/dialects/tracker/machine.ts'
import { heapBytes } from '../node/heap.ts'
import { readCorpus } from './corpus.ts'
import { DIALECT_DECODERS } from './dialect-decoders.ts'
import { mutate } from './mutator.ts'
import { failure, INPUTS, SEED } from './seed.ts'
import { Watchdog } from './watchdog.ts'

/** What machines may hold of all that was ever said to them: their bounded tables. */
const GROWTH_BYTES_MAX = 24 * 1024 * 1024
/** What decoders may: nothing, but for what the collector has not come to. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024
/** Pieces of one conversation before somebody hangs up. */
const PIECES_MAX = 12
const HOST = '127.0.0.1'

const corpus = readCorpus()
const watchdog = new Watchdog('dialects')
afterAll(() => watchdog.end())

const rng = seededRng(SEED)
const wallMs = () => 1_800_000_000_000
const common = { bridge: 'b', name: 'Ulla', room: 'general', randomBytes: rng.bytes, wallMs, aheadMs: 0 }

interface Case {
  readonly machine: Dialect
  /** Saved inputs that mean something to it. */
  readonly inputs: readonly string[]
}

function cases(): Case[] {
  const voice = new FramedVoice('127.0.0.1:1')
  const tracker = { host: HOST, port: 5_000 }
  return [
    {
      machine: new FramedMachine({ ...common, id: { host: '127.0.0.1', port: 1 }, connect: [] }, voice),
      inputs: ['framed-stream'],
    },
    { machine: new MeshMachine({ ...common, peerId: 'u', port: 1 }), inputs: ['mesh-line'] },
    { machine: new TrackerMachine({ ...common, tracker, port: 1 }), inputs: ['tracker-request', 'tracker-peers'] },
    { machine: new LineMachine({ ...common, connect: [], nonce: 'n' }), inputs: ['line'] },
  ]
}

test.each(Object.entries(DIALECT_DECODERS))(
  `${INPUTS.dialectDecoder} changed inputs to the decoder %s: none throws, hangs or keeps anything`,
  (name, decode) => {
    const saved = corpus.get(name)!
    const any = (): Uint8Array => saved[rng.below(saved.length)]!.bytes
    let before = 0
    for (let number = 0; number < INPUTS.dialectDecoder; number++) {
      if (number === INPUTS.dialectDecoder / 5) before = heapBytes()
      const input = mutate(any(), any(), rng)
      watchdog.before(input)
      try {
        decode(input)
      } catch (cause) {
        throw failure(name, number, input, cause)
      }
    }
    expect(heapBytes() - before).toBeLessThan(KEPT_BYTES_MAX)
  },
  120_000,
)

const NEWLINE = Uint8Array.of(0x0a)

/** One connection after another, each with a few saved inputs, whole or changed, in pieces. */
function converse({ machine, inputs }: Case, link: number, nowMs: number): number {
  const saved = inputs.flatMap((name) => corpus.get(name)!)
  const attempt = machine.takeOutputs().find((output) => output.kind === 'dial')?.attempt ?? null
  machine.opened(link, { host: HOST, port: 40_000 }, rng.below(2) === 0 ? attempt : null, nowMs)
  let said = 0
  for (let left = 1 + rng.below(PIECES_MAX); left > 0; left--) {
    const { bytes } = saved[rng.below(saved.length)]!
    const input = rng.below(3) === 0 ? bytes.slice() : mutate(bytes, saved[rng.below(saved.length)]!.bytes, rng)
    watchdog.before(input)
    try {
      machine.received(link, input, nowMs)
      if (rng.below(2) === 0) machine.received(link, NEWLINE.slice(), nowMs)
      if (machine instanceof MeshMachine) machine.datagram(input, HOST, nowMs)
    } catch (cause) {
      throw failure(machine.dialect, said, input, cause)
    }
    said++
  }
  if (rng.below(4) !== 0) machine.closed(link, 'closed the connection', nowMs)
  machine.wake(nowMs)
  for (const output of machine.takeOutputs()) {
    if (output.kind === 'dial' && rng.below(2) === 0) machine.dialFailed(output.attempt, 'refused', nowMs)
    if (output.kind === 'listen') machine.listened(output.address, rng.below(2) === 0 ? null : 'port-taken', nowMs)
  }
  return said
}

test(`${INPUTS.dialects} changed inputs to the machines of all dialects: none throws, hangs or grows without end`, () => {
  const all = cases()
  for (const { machine } of all) machine.start(0)
  let said = 0
  let before = 0
  for (let link = 1; said < INPUTS.dialects; link++) {
    if (said > INPUTS.dialects / 5 && before === 0) before = heapBytes()
    for (const each of all) said += converse(each, link, link * 100)
  }
  expect(heapBytes() - before).toBeLessThan(GROWTH_BYTES_MAX)
}, 120_000)

test(`${INPUTS.sounds} changed sound datagrams: none throws, and what is taken is a frame, no more often than anybody speaks`, () => {
  const voice = new FramedVoice('127.0.0.1:1')
  voice.enter('general', 0)
  voice.joined('127.0.0.1:5001', 'Bob', 'general', { host: HOST, port: 6_001 })
  const saved = corpus.get('framed-sound')!
  let taken = 0
  for (let i = 0; i < INPUTS.sounds; i++) {
    const input = mutate(saved[rng.below(saved.length)]!.bytes, saved[0]!.bytes, rng)
    voice.received(input, { host: HOST, port: 6_001 }, i)
    for (const output of voice.takeOutputs()) {
      if (output.kind !== 'sound') continue
      taken++
      if (output.samples.length !== 320) throw failure('framed-sound', i, input, 'not a frame')
    }
  }
  // 100 at once, and three in 40 ms.
  expect(taken).toBeLessThanOrEqual(101 + (3 * INPUTS.sounds) / 40)
})
