import type { ByteReader, ByteWriter } from '../base/bytes.ts'

/**
 * Frames by which two nodes that cannot dial each other are joined through others, from neighbour to neighbour. What goes through is theirs alone: it is a link of
 * their own (greeting, Noise, records), and those between see where it goes and how much.
 *
 *     CALL    circuit · call 16 · target 32 · hops 1 · tries 1     toward whom it is for
 *     ANSWER  circuit                                              it is there: each end may send a window
 *     DATA    circuit · bytes (the rest)
 *     CREDIT  circuit · bytes                                      so many have been taken at the other end
 *     HANGUP  circuit · code 1 · tries 1                           either end, or any node between
 *
 * A circuit has a number of its own on each link it crosses, given by whoever calls there: odd ones by the side that dialled the link, even ones by
 * the other, each greater than the one before. `call` is the same on all of them, so that nobody passes on the same call twice. `tries`: how often
 * it may yet be passed on, over all the ways that are tried.
 */
const CircuitType = { call: 0x50, answer: 0x51, data: 0x52, credit: 0x53, hangup: 0x54 } as const

/** Why a circuit is not, or not any more. Numbers are the protocol's; never reuse one. */
export const HangupCode = {
  /** Whoever began it, or whom it was for, is done. */
  over: 1,
  /** Nobody here knows a way, or none that has not been tried. */
  noWay: 2,
  /** There are as many as can be: try again in a while. */
  busy: 3,
  /** A link it went over is gone, or nothing has gone over it for too long. */
  lost: 4,
} as const

export const CALL_ID_BYTES = 16
const KEY_BYTES = 32
/** Links that one crosses at most. */
export const CIRCUIT_HOPS_MAX = 8
/** How often a call may be passed on in all: a network of thousands must not be searched for one person. */
export const CIRCUIT_TRIES_MAX = 16
/** Bytes in one frame: what somebody's words may have to wait for, 4 ms at a megabyte a second. */
export const CIRCUIT_CHUNK_BYTES_MAX = 4 * 1024
/**
 * Bytes one end may send beyond what the other has said it took; every node on the way may have to hold so many. At a tenth of a second there and
 * back this is 1.3 MB/s.
 */
export const CIRCUIT_WINDOW_BYTES = 128 * 1024
/** Numbers go up and are not used again on a link. */
export const CIRCUIT_MAX = 2 ** 32

export type CircuitFrame =
  | {
      readonly type: 'call'
      readonly circuit: number
      readonly call: Uint8Array
      readonly target: Uint8Array
      readonly hops: number
      readonly tries: number
    }
  | { readonly type: 'answer'; readonly circuit: number }
  | { readonly type: 'data'; readonly circuit: number; readonly bytes: Uint8Array }
  | { readonly type: 'credit'; readonly circuit: number; readonly bytes: number }
  | { readonly type: 'hangup'; readonly circuit: number; readonly code: number; readonly tries: number }

const TYPES: ReadonlySet<number> = new Set(Object.values(CircuitType))

export function isCircuitType(type: number): boolean {
  return TYPES.has(type)
}

export function circuitType(frame: CircuitFrame): number {
  return CircuitType[frame.type]
}

export function writeCircuit(out: ByteWriter, frame: CircuitFrame): void {
  out.varint(frame.circuit)
  switch (frame.type) {
    case 'call':
      return void out.bytes(frame.call).bytes(frame.target).u8(frame.hops).u8(frame.tries)
    case 'answer':
      return
    case 'data':
      return void out.bytes(frame.bytes)
    case 'credit':
      return void out.varint(frame.bytes)
    case 'hangup':
      return void out.u8(frame.code).u8(frame.tries)
  }
}

/** Null when broken, or of a type that is none of these. Bytes are views of the reader's. */
export function readCircuit(type: number, body: ByteReader): CircuitFrame | null {
  const circuit = body.varint()
  if (circuit < 1 || circuit > CIRCUIT_MAX) return null
  const frame = readRest(type, circuit, body)
  return frame !== null && body.done ? frame : null
}

function readRest(type: number, circuit: number, body: ByteReader): CircuitFrame | null {
  switch (type) {
    case CircuitType.call: {
      const [call, target] = [body.take(CALL_ID_BYTES), body.take(KEY_BYTES)]
      const [hops, tries] = [body.u8(), body.u8()]
      const isOne = hops >= 1 && hops <= CIRCUIT_HOPS_MAX && tries <= CIRCUIT_TRIES_MAX
      return isOne ? { type: 'call', circuit, call, target, hops, tries } : null
    }
    case CircuitType.answer:
      return { type: 'answer', circuit }
    case CircuitType.data: {
      const bytes = body.take(body.left)
      return bytes.length > 0 && bytes.length <= CIRCUIT_CHUNK_BYTES_MAX ? { type: 'data', circuit, bytes } : null
    }
    case CircuitType.credit: {
      const bytes = body.varint()
      return bytes >= 1 && bytes <= CIRCUIT_WINDOW_BYTES ? { type: 'credit', circuit, bytes } : null
    }
    case CircuitType.hangup: {
      const [code, tries] = [body.u8(), body.u8()]
      return tries <= CIRCUIT_TRIES_MAX ? { type: 'hangup', circuit, code, tries } : null
    }
    default:
      return null
  }
}
