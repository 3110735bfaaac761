import { CircuitPort } from '../../src/app/files/circuit-port.ts'
import { TransferDriver, type WorkOutput } from '../../src/app/files/transfer-driver.ts'
import { equalBytes, joinBytes, toHex } from '../../src/base/bytes.ts'
import { leafHash } from '../../src/core/transfer/tree.ts'
import { agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import { Transfers } from '../../src/node/transfers.ts'
import { HASH_BYTES, LEAF_BYTES } from '../../src/wire/content.ts'
import type { Content } from '../core/transfer/swarm.ts'
import type { SimNode } from './sim-node.ts'
import { VirtualClock } from './time.ts'

const CALL_EVERY_MS = 1_000

/** Somebody with files on a simulated machine: the links of the executable, over circuits alone, and a disk that is memory. */
export class FilePerson {
  readonly disk = new Map<number, Uint8Array>()
  /** Bytes of leaves that were given to be stored. */
  receivedBytes = 0
  /** Links for files that were lost. */
  losses = 0
  doneAtMs: number | null = null
  private driver!: TransferDriver
  private port!: CircuitPort
  private readonly clock: VirtualClock

  constructor(
    readonly sim: SimNode,
    readonly content: Content,
  ) {
    this.clock = new VirtualClock(sim.world.time, 0, (run) => run())
    sim.start((telling) => telling.kind === 'circuit' && this.port.hear(telling))
    const { world } = sim
    const { clock } = this
    const chance = world.rngFor(`files ${sim.index}`)
    const signing = signingKeyFromSeed(world.rngFor(`identity ${sim.index}`).bytes(32))
    const agreement = agreementKeyFromSecret(chance.bytes(32))
    const transfers = new Transfers({ signing, agreement, linkStatic: agreement }, (n) => chance.bytes(n), chance)
    this.port = new CircuitPort(clock, (act) => sim.driver.run((node, instant) => act(node.circuits, instant)))
    const nobody = { listen: () => Promise.reject(new Error('not here')), dial: () => {} }
    this.driver = new TransferDriver(transfers, clock, nobody, (output) => this.work(output), this.port)
    this.port.admit((connection) => this.driver.accept(connection))
  }

  give(): void {
    const { root, shape } = this.content
    this.driver.run(({ exchange }) => exchange.serve(root, { shape, here: null, pieces: null, allows: () => true }))
  }

  /** Fetches it from somebody, calling again and again while there is no link. */
  fetch(from: FilePerson): void {
    const { root, shape } = this.content
    this.driver.run(({ exchange }) => exchange.fetch(root, shape.size, () => true))
    const callOn = (): void => {
      if (this.doneAtMs !== null) return
      this.driver.run((transfers) => transfers.call(from.sim.key))
      this.clock.timer(this.clock.nowMs() + CALL_EVERY_MS, callOn)
    }
    callOn()
  }

  get isSame(): boolean {
    const { content, disk } = this
    const leaves = Array.from({ length: content.shape.leaves }, (_, leaf) => disk.get(leaf) ?? new Uint8Array(0))
    return equalBytes(joinBytes(leaves), content.bytes)
  }

  get throughs(): (string | null)[] {
    const { transfers } = this.driver
    return transfers.openLinks.map((link) => transfers.throughOf(link))
  }

  private work(output: WorkOutput): void {
    const { content, driver } = this
    const root = toHex(content.root)
    if (output.kind === 'linked') driver.run(({ exchange }) => exchange.tryAt(content.root, output.link))
    else if (output.kind === 'unlinked') this.losses++
    else if (output.kind === 'store') this.store(output)
    else if (output.kind === 'read') {
      const { wanted } = output
      const bytes =
        'first' in wanted
          ? content.run(wanted.first, wanted.count).slice()
          : content.pages.get(content.shape.pageNumber(wanted.level, wanted.index))!.slice()
      this.clock.defer(() => driver.run(({ exchange }, nowMs) => exchange.read(wanted.ticket, bytes, nowMs)))
    } else if (output.kind === 'reached') {
      this.doneAtMs = this.clock.nowMs()
      driver.run(({ exchange }) => exchange.download(root) !== null && exchange.end(content.root))
    }
  }

  private store({ root, holder, first, bytes, hashes }: WorkOutput & { kind: 'store' }): void {
    const count = hashes.length / HASH_BYTES
    this.receivedBytes += bytes.length
    for (let i = 0; i < count; i++) {
      const leaf = bytes.slice(i * LEAF_BYTES, (i + 1) * LEAF_BYTES)
      if (!equalBytes(leafHash(leaf), hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))) throw new Error('spoilt')
      this.disk.set(first + i, leaf)
    }
    this.clock.defer(() => this.driver.run(({ exchange }, nowMs) => exchange.stored(root, holder, first, count, nowMs)))
  }
}
