import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import {
  CIRCUIT_HOPS_MAX,
  CIRCUIT_MAX,
  CIRCUIT_TRIES_MAX,
  CIRCUIT_WINDOW_BYTES,
  type CircuitFrame,
  circuitType,
  readCircuit,
  writeCircuit,
} from '../../src/wire/circuit.ts'
import { type Codec, exactly, numbers } from './codec-laws.ts'
import { written } from './codecs.ts'

const circuit = numbers(1, CIRCUIT_MAX)
const tries = fc.nat(CIRCUIT_TRIES_MAX)

/** All but DATA, which ends with any bytes. */
export const CIRCUIT_VALUES: Readonly<Record<Exclude<CircuitFrame['type'], 'data'>, fc.Arbitrary<CircuitFrame>>> = {
  call: fc.record({
    ...{ type: fc.constant('call' as const), circuit, call: exactly(16), target: exactly(32) },
    hops: fc.integer({ min: 1, max: CIRCUIT_HOPS_MAX }),
    tries,
  }),
  answer: fc.record({ type: fc.constant('answer' as const), circuit }),
  credit: fc.record({ type: fc.constant('credit' as const), circuit, bytes: numbers(1, CIRCUIT_WINDOW_BYTES) }),
  hangup: fc.record({ type: fc.constant('hangup' as const), circuit, code: fc.nat(255), tries }),
}

export function encodeCircuit(frame: CircuitFrame): Uint8Array {
  return written((out) => writeCircuit(out, frame))
}

/** Any of the family's frames, its type in front of its body. */
export const circuitCodec: Codec<CircuitFrame> = {
  values: fc.oneof(...Object.values(CIRCUIT_VALUES)),
  encode: (frame) => Uint8Array.of(circuitType(frame), ...encodeCircuit(frame)),
  decode: (bytes) => (bytes.length === 0 ? null : readCircuit(bytes[0]!, new ByteReader(bytes, 1))),
}
