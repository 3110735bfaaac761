import { expect } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { HyParView } from '../../src/core/gossip/hyparview.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { type ElectionNote, encodeNote, trackerGroupId } from '../../src/wire/election.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { PassingKind, sealPassing } from '../../src/wire/passing.ts'
import { sealRegistration } from '../../src/wire/registration.ts'
import {
  type ListedPeer,
  type Office,
  readTracker,
  type TrackerMessage,
  TrackerType,
  trackerType,
  writeTracker,
} from '../../src/wire/tracker.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, Peer } from './peer.ts'

/** Nodes that use trackers or are one, and what strangers may say to them. */

export const GIVEN = { host: '192.0.2.1', port: 5_000 }
export const LOCAL = { host: '0.0.0.0', port: 8_001 }

/** A node that was given a tracker, at the moment in which it dials it. */
export function searching(given = GIVEN): Bench {
  const bench = new Bench(1, { membership: (key, rng, nowMs) => new HyParView(key, rng, nowMs) })
  bench.run((node, now) => {
    node.listening(LOCAL.port, 0)
    node.track([given], LOCAL, 'machine', now)
  })
  return bench
}

export function signed({ signing }: NodeIdentity, wallMs: number, lastsS = 15, tcpPort = 6_000): Uint8Array {
  return sealRegistration({ identity: signing.publicKey, ms: wallMs, lastsS, tcpPort }, signing)
}

export function say(peer: Peer, message: TrackerMessage): void {
  peer.send(trackerType(message), (out) => writeTracker(out, message))
}

/** What a peer has heard of trackers since the last time. */
export function heard(peer: Peer): TrackerMessage[] {
  const messages = peer.heard
    .filter(({ type }) => type >= TrackerType.register && type <= TrackerType.yield)
    .map(({ type, body }) => readTracker(type, new ByteReader(body))!)
  peer.heard.length = 0
  return messages
}

/** The tracker that the node's newest dial leads to. */
export function answering(
  bench: Bench,
  office: Office | null,
  options: { seed?: number; ephemeral?: number; tcpPort?: number } = {},
): Peer {
  const tracker = new Peer(bench, { seed: options.seed ?? 500, dialled: true, ephemeral: options.ephemeral ?? 0 })
  tracker.open({ tcpPort: options.tcpPort ?? 5_000 })
  if (office !== null) list(tracker, office)
  return tracker
}

export function list(
  tracker: Peer,
  office: Office,
  peers: readonly ListedPeer[] = [],
  registered = peers.length,
): void {
  say(tracker, { kind: 'peers', office, seen: '203.0.113.9', registered, peers })
}

export function following(): { bench: Bench; tracker: Peer } {
  const bench = searching()
  return { bench, tracker: answering(bench, 'appointed') }
}

/** A node that became the tracker, because nobody was there. */
export function serving(): Bench {
  const bench = searching()
  const { attempt } = bench.dials.pop()!
  bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
  expect(bench.listens.pop()).toEqual({ kind: 'listen', address: GIVEN })
  bench.run((node, now) => node.listened(GIVEN, null, now))
  expect(states(bench)).toEqual(['serving'])
  return bench
}

export function states(bench: Bench): string[] {
  return bench.tellings('tracker').map(({ state }) => state)
}

/** One who takes the node for a tracker. */
export function visitor(bench: Bench, seed: number, registration?: Uint8Array): Peer {
  const peer = new Peer(bench, { seed, host: `192.0.2.${seed % 250}` }).connect()
  say(peer, { kind: 'register', registration: registration ?? signed(identityOf(seed), bench.wallMs) })
  return peer
}

const GROUP = trackerGroupId('192.0.2.1:5000', '')

/** What one who uses the same tracker says, as a neighbour passes it on. */
export function pass(neighbour: Peer, author: NodeIdentity, ms: number, note: ElectionNote): void {
  const { signing } = author
  const passing = { author: signing.publicKey, room: GROUP, time: { ms, counter: 0 }, kind: PassingKind.election }
  const sealed = sealPassing({ ...passing, body: encodeNote(note) }, signing)
  neighbour.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
}

/** Links of the story's own making: one neighbour, through which notes come. */
export function withNeighbour(): { bench: Bench; neighbour: Peer; tracker: Peer } {
  const bench = new Bench(1)
  const neighbour = openPeer(bench, { seed: 101 })
  bench.run((node, now) => {
    node.listening(LOCAL.port, 0)
    node.track([GIVEN], LOCAL, 'machine', now)
  })
  const tracker = answering(bench, 'appointed')
  heard(tracker)
  return { bench, neighbour, tracker }
}

/** What the node itself has said to others who use the tracker. */
export function notes(neighbour: Peer): number {
  const count = neighbour.heardOf(FrameType.passing).length
  neighbour.heard.length = 0
  return count
}
