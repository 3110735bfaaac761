import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import {
  CIRCUIT_CHUNK_BYTES_MAX,
  CIRCUIT_HOPS_MAX,
  CIRCUIT_MAX,
  CIRCUIT_TRIES_MAX,
  CIRCUIT_WINDOW_BYTES,
  type CircuitFrame,
  circuitType,
  readCircuit,
} from '../../src/wire/circuit.ts'
import { CIRCUIT_VALUES, encodeCircuit } from './circuit-codec.ts'
import { anyBytes, obeysTheLaws } from './codec-laws.ts'

const readBack = (frame: CircuitFrame): CircuitFrame | null =>
  readCircuit(circuitType(frame), new ByteReader(encodeCircuit(frame)))

describe('frames of circuits', () => {
  for (const [name, values] of Object.entries(CIRCUIT_VALUES)) {
    const [type] = fc.sample(values, 1).map(circuitType)
    const decode = (bytes: Uint8Array) => readCircuit(type!, new ByteReader(bytes))
    obeysTheLaws<CircuitFrame>(name.toUpperCase(), { values, encode: encodeCircuit, decode })
  }

  test('DATA carries any bytes, some at least and a chunk at most', () => {
    const data = (bytes: Uint8Array): CircuitFrame => ({ type: 'data', circuit: 7, bytes })
    fc.assert(fc.property(anyBytes(300, 1), (bytes) => expect(readBack(data(bytes))).toEqual(data(bytes))))
    expect(readBack(data(new Uint8Array(CIRCUIT_CHUNK_BYTES_MAX)))).not.toBeNull()
    expect(readBack(data(new Uint8Array(CIRCUIT_CHUNK_BYTES_MAX + 1)))).toBeNull()
    expect(readBack(data(new Uint8Array(0)))).toBeNull()
  })

  test.each<[string, CircuitFrame]>([
    ['the number 0', { type: 'answer', circuit: 0 }],
    ['a number that is too high', { type: 'answer', circuit: CIRCUIT_MAX + 1 }],
    ['credit for nothing', { type: 'credit', circuit: 1, bytes: 0 }],
    ['credit beyond a window', { type: 'credit', circuit: 1, bytes: CIRCUIT_WINDOW_BYTES + 1 }],
    ['more tries than there are', { type: 'hangup', circuit: 1, code: 1, tries: CIRCUIT_TRIES_MAX + 1 }],
    ['too long a way', call({ hops: CIRCUIT_HOPS_MAX + 1 })],
    ['no way at all', call({ hops: 0 })],
    ['more tries than a call has', call({ tries: CIRCUIT_TRIES_MAX + 1 })],
  ])('refuse %s', (_, frame) => {
    expect(readBack(frame)).toBeNull()
  })
})

function call(over: { hops?: number; tries?: number }): CircuitFrame {
  const keys = { call: new Uint8Array(16), target: new Uint8Array(32) }
  return { type: 'call', circuit: 1, ...keys, hops: 1, tries: 1, ...over }
}
