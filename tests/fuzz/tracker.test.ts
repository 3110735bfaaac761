import { afterAll, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { frame } from '../../src/node/link-state.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { FRAME_HEADER_BYTES } from '../../src/wire/limits.ts'
import { sealRegistration } from '../../src/wire/registration.ts'
import { isTrackerType, readTracker, type TrackerMessage, trackerType, writeTracker } from '../../src/wire/tracker.ts'
import { Bench, identityOf } from '../node/bench.ts'
import { heapBytes } from '../node/heap.ts'
import { Peer } from '../node/peer.ts'
import { mutate } from './mutator.ts'
import { failure, INPUTS, SEED } from './seed.ts'
import { Watchdog } from './watchdog.ts'

const GIVEN = { host: '192.0.2.1', port: 5_000 }
const HONEST = 101
const GROWTH_BYTES_MAX = 8 * 1024 * 1024
const CHECK_EVERY = 250
const INPUTS_HERE = INPUTS.link / 10

const watchdog = new Watchdog('tracker')
afterAll(() => watchdog.end())

/** As often as an honest visitor registers again; who lets his registration run out is hung up on. */
const REFRESH_MS = 5_000

/** A node that serves as a tracker, visitors who say anything, and an honest one that must be listed whatever they say. */
class Siege {
  readonly bench = new Bench(1)
  private readonly people = Array.from({ length: 6 }, (_, at) => identityOf(800 + at))
  private attacker: Peer
  private links = 0
  private readonly honest: Peer
  private registeredAtMs = 0

  constructor(private readonly rng: Rng) {
    const { bench } = this
    bench.run((node, now) => node.track([GIVEN], GIVEN, '', now))
    const { attempt } = bench.dials.pop()!
    bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused', now))
    bench.run((node, now) => node.listened(GIVEN, null, now))
    this.attacker = this.visit()
    this.honest = new Peer(bench, { seed: HONEST, host: '198.51.100.1' }).connect()
    this.register(this.honest, identityOf(HONEST))
  }

  input(number: number): void {
    const { rng, bench } = this
    if (this.attacker.ended !== null || this.attacker.bye !== null) this.attacker = this.visit()
    const plaintext = this.record()
    watchdog.before(plaintext)
    try {
      this.attacker.record(plaintext)
      if (rng.below(8) === 0) bench.pass(rng.below(rng.below(10) === 0 ? 4_000 : 300))
      this.check()
    } catch (cause) {
      throw failure('tracker', number, plaintext, cause)
    }
    if (number % CHECK_EVERY === 0) this.servesTheHonest(number)
    else if (bench.nowMs - this.registeredAtMs >= REFRESH_MS) this.register(this.honest, identityOf(HONEST))
  }

  private check(): void {
    for (const { type, body } of this.attacker.heard) {
      const isSound = isTrackerType(type) ? readTracker(type, new ByteReader(body)) !== null : type < FrameType.feed
      if (!isSound) throw new Error(`the node itself sent a broken frame of type ${type}`)
    }
    if (this.attacker.bye === null) this.attacker.heard.length = 0
    this.attacker.sent.length = 0
    this.bench.forget()
    this.bench.dials.length = 0
    this.bench.listens.length = 0
    if (this.bench.node.peers().length > 0) throw new Error('a visitor became a peer')
  }

  private servesTheHonest(number: number): void {
    const { bench } = this
    bench.pass(1_100)
    if (this.honest.ended !== null) throw failure('tracker', number, new Uint8Array(), 'the honest one was hung up on')
    this.honest.heard.length = 0
    this.honest.sent.length = 0
    this.register(this.honest, identityOf(HONEST))
    const [list] = this.honest.heard.filter(({ type }) => isTrackerType(type))
    const answer = list === undefined ? null : readTracker(list.type, new ByteReader(list.body))
    if (answer?.kind !== 'peers' || answer.peers.length === 0) {
      throw failure('tracker', number, list?.body ?? new Uint8Array(), 'the honest one is not answered')
    }
  }

  private register(peer: Peer, { signing }: NodeIdentity): void {
    this.registeredAtMs = this.bench.nowMs
    const said = { identity: signing.publicKey, ms: this.bench.wallMs, lastsS: 15, tcpPort: 6_000 }
    peer.record(this.frame({ kind: 'register', registration: sealRegistration(said, signing) }))
  }

  private visit(): Peer {
    if (this.attacker?.link != null) this.bench.vanish(this.attacker.link)
    const identity = this.rng.below(2) === 0 ? this.people[0]! : this.pick(this.people)
    return new Peer(this.bench, { identity, ephemeral: this.links++, host: '203.0.113.1' }).connect()
  }

  private record(): Uint8Array {
    const { rng } = this
    const made = this.frame(this.message())
    if (rng.below(3) !== 0) return made
    if (rng.below(6) === 0) return mutate(made, made, rng)
    const body = mutate(made.subarray(FRAME_HEADER_BYTES), made, rng)
    return frame(made[FRAME_HEADER_BYTES - 1]!, (out) => out.bytes(body))
  }

  private message(): TrackerMessage {
    const { rng } = this
    const kind = rng.below(20)
    if (kind === 0) return { kind: 'yield' }
    if (kind === 1) return { kind: 'closed' }
    if (kind === 2) return { kind: 'peers', office: 'elected', seen: null, registered: 1, peers: [] }
    const { signing } = this.pick(this.people)
    const ms = this.bench.wallMs + rng.below(2_000) - 500
    const said = { identity: signing.publicKey, ms, lastsS: rng.below(20), tcpPort: rng.below(65_536) }
    return { kind: 'register', registration: sealRegistration(said, signing) }
  }

  private frame(message: TrackerMessage): Uint8Array {
    return frame(trackerType(message), (out) => writeTracker(out, message))
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.rng.below(list.length)]!
  }
}

test(`${INPUTS_HERE} records from visitors of a tracker: nothing is thrown or kept, and the honest one is answered`, () => {
  const siege = new Siege(seededRng(SEED))
  let before = 0
  for (let number = 1; number <= INPUTS_HERE; number++) {
    if (number === Math.floor(INPUTS_HERE / 5)) before = heapBytes()
    siege.input(number)
  }
  expect(siege.bench.node.trackers()).toMatchObject([{ state: 'serving' }])
  expect(heapBytes() - before).toBeLessThan(GROWTH_BYTES_MAX)
}, 300_000)
