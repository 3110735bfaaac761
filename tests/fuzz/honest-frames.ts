import { ByteReader } from '../../src/base/bytes.ts'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { isCircuitType, readCircuit } from '../../src/wire/circuit.ts'
import { readFetch, readFetched, readFilled } from '../../src/wire/fetch.ts'
import { readFork } from '../../src/wire/fork.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { readBye, readHello } from '../../src/wire/hello.ts'
import { HOPS_MAX } from '../../src/wire/limits.ts'
import { isMembershipType, readMembership } from '../../src/wire/membership.ts'
import { PassingKind, type ReceivedPassing, readPassing } from '../../src/wire/passing.ts'
import { readPrefixes } from '../../src/wire/recall.ts'
import { readReceipts } from '../../src/wire/receipts.ts'
import { readReconcile } from '../../src/wire/reconcile.ts'
import {
  BUNDLE_HOPS_MASK,
  BUNDLE_WITH_PREVIOUS,
  readFeed,
  readGap,
  readHandle,
  readHave,
  readWant,
} from '../../src/wire/replication.ts'
import { decodeSignal } from '../../src/wire/voice-signal.ts'
import type { HeardFrame } from '../node/peer.ts'

/** What is wrong with a frame that a node has sent, by the rules that it holds others to; null when nothing is. */
export function wrongWith({ type, body }: HeardFrame): string | null {
  const reader = new ByteReader(body)
  switch (type) {
    case FrameType.hello:
      return readHello(reader) === null ? 'a broken hello' : null
    case FrameType.bye:
      return readBye(reader) === null ? 'a broken goodbye' : null
    case FrameType.ping:
    case FrameType.pong:
      return body.length > 8 ? 'a ping of more than 8 bytes' : null
    case FrameType.feed:
      return readFeed(reader) === null ? 'a feed named wrongly' : null
    case FrameType.have:
      return readHave(reader) === null ? 'a broken list of feeds' : null
    case FrameType.want:
      return readWant(reader) === null ? 'a broken request' : null
    case FrameType.gap:
      return readGap(reader) === null ? 'a broken gap' : null
    case FrameType.lazy:
      return readHandle(reader) > 0 && reader.done ? null : 'a broken plea for less'
    case FrameType.fetch:
      return readFetch(reader) === null ? 'a broken request for history' : null
    case FrameType.fetched:
      return wrongWithFetched(reader)
    case FrameType.filled:
      return readFilled(reader) === null ? 'a broken list of what was filled' : null
    case FrameType.fork:
      return readFork(reader) === null ? 'a broken fork' : null
    case FrameType.passing:
      return body[0]! > HOPS_MAX || !isWhole(readPassing(reader)) ? 'a broken passing event' : null
    case FrameType.reconcile:
      return readReconcile(reader) === null ? 'a broken reconciliation' : null
    case FrameType.recalled:
      return body[1]! > HOPS_MAX || (reader.u8() >= 0 && readPassing(reader) === null) ? 'a broken recollection' : null
    case FrameType.recallList:
    case FrameType.recallWant:
      return readPrefixes(reader) === null ? 'a broken list of who is where' : null
    case FrameType.receipts:
      return readReceipts(reader) === null ? 'broken receipts' : null
    case FrameType.bundle:
      return wrongWithBundle(reader)
    default:
      if (isCircuitType(type)) return readCircuit(type, reader) === null ? 'a broken frame of a circuit' : null
      if (isMembershipType(type)) return readMembership(type, reader) === null ? 'a broken membership frame' : null
      return `a frame of type ${type}`
  }
}

function wrongWithFetched(reader: ByteReader): string | null {
  const part = readFetched(reader)
  return part === null || (part.kind === 'bundle' && decodeBundle(part.bytes) === null)
    ? 'a broken piece of history'
    : null
}

function wrongWithBundle(reader: ByteReader): string | null {
  const head = reader.u8()
  readHandle(reader)
  if ((head & BUNDLE_WITH_PREVIOUS) !== 0) reader.take(32)
  if ((head & BUNDLE_HOPS_MASK) > HOPS_MAX) return 'more hops than there are'
  return reader.ok && decodeBundle(reader.take(reader.left)) !== null ? null : 'a broken bundle'
}

/** What others say is passed on as it came; what the node itself says of voice can be read. */
function isWhole(passing: ReceivedPassing | null): boolean {
  if (passing === null || passing.kind !== PassingKind.voice || passing.hops > 1) return passing !== null
  return decodeSignal(passing.body) !== null
}
