import { utf8 } from '../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import { type AgreementKey, agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import type { Verifier } from '../../src/crypto/sign.ts'
import { CONTROL_BYTES_MAX } from '../../src/node/link-state.ts'
import { CALM, Network, type NetworkOptions } from './network.ts'
import { SharedAgreements } from './shared-agreements.ts'
import { sharedVerifier } from './shared-verifier.ts'
import { SimNode, type SimNodeOptions } from './sim-node.ts'
import { VirtualTime } from './time.ts'
import { Violation, Witness } from './witness.ts'

const LOOK_EVERY_MS = 1_000

/** Whole nodes on one network in one virtual time, everything drawn from one seed. */
export class World {
  readonly time = new VirtualTime()
  readonly witness = new Witness()
  readonly network: Network
  readonly nodes: SimNode[] = []
  readonly agreements = new SharedAgreements()
  readonly agreementKey = (secret: Uint8Array): AgreementKey => this.agreements.share(agreementKeyFromSecret(secret))
  readonly verifier: (key: Uint8Array) => Verifier | null = sharedVerifier()

  constructor(
    readonly seed: number,
    network: Partial<NetworkOptions> = {},
  ) {
    this.network = new Network(this.time, this.rngFor('network'), { ...CALM, ...network })
    this.lookAgain()
  }

  /** Chance of its own for one purpose, so that what one part draws changes nothing for another. */
  rngFor(purpose: string): Rng {
    return seededRng(utf8(`${this.seed} ${purpose}`))
  }

  add(options: SimNodeOptions = {}): SimNode {
    const node = new SimNode(this, this.nodes.length, options)
    this.nodes.push(node)
    return node
  }

  /** So many started nodes, all in `rooms`. */
  addAll(count: number, rooms: readonly string[] = ['general'], options: SimNodeOptions = {}): SimNode[] {
    return Array.from({ length: count }, () => {
      const node = this.add(options)
      for (const room of rooms) node.join(room)
      node.start()
      return node
    })
  }

  pass(durationMs: number): void {
    this.time.pass(durationMs)
  }

  /** Lets time pass until `met` holds; a violation, with the words of `what`, if it does not within `durationMs`. */
  until(what: string, met: () => boolean, durationMs: number): void {
    if (!this.time.until(met, durationMs)) throw new Violation(`${what}: not within ${durationMs} ms`)
  }

  /** Lets time pass until a promise of the code under test is settled: between events its continuations get their turn. */
  async settle<T>(promise: Promise<T>, durationMs: number): Promise<T> {
    const untilMs = this.time.nowMs + durationMs
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (settled) return promise
      if (!this.time.step(untilMs)) throw new Violation(`a promise is not settled within ${durationMs} ms`)
    }
  }

  private lookAgain(): void {
    this.time.at(this.time.nowMs + LOOK_EVERY_MS, () => {
      for (const node of this.nodes) if (node.isRunning) checkBounds(node)
      this.lookAgain()
    })
  }
}

/** Timers of a node's own: what each link and each feed being caught up with may have, and what rooms and housekeeping have. */
const TIMERS_PER_LINK = 2
const TIMERS_OF_A_NODE = 64

/** What must stay bounded however long a node runs. */
function checkBounds(sim: SimNode): void {
  const { node, driver, clock } = sim
  const fail = (what: string): never => {
    throw new Violation(`${sim.name} ${what}`)
  }
  const links = node['links']
  // The node's own, those who wait, and the disk's.
  if (clock.waiting > 1 + driver['waiters'].length + (driver['keeper'] === null ? 0 : 1))
    fail(`has ${clock.waiting} timers set at once`)
  const { halfOpen } = links['inbound']
  if (halfOpen > links.all.size - links.byPeer.size) fail(`counts ${halfOpen} half-open links`)
  if (driver['connections'].size > links.all.size) fail('keeps connections that no link belongs to')
  for (const id of driver['blocked']) if (!links.all.has(id)) fail(`waits for the connection of a link that is gone`)
  for (const link of links.all.values()) {
    if (link.waitingBytes > CONTROL_BYTES_MAX) fail(`lets ${link.waitingBytes} bytes wait for one link`)
    if (link.ready.length > link.feeds.size) fail('has a feed in line twice')
  }
  const catchingUp = node['replication']['catchUp']['behind'].size
  const timers = node['context'].timers
  const timersMax = TIMERS_OF_A_NODE + TIMERS_PER_LINK * links.all.size + catchingUp + sim.rooms.size
  if (timers['heap'].length - timers['cancelledCount'] > timersMax) fail(`has ${timers['heap'].length} timers inside`)
}
