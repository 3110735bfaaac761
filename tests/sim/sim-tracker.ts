import { Driver } from '../../src/app/driver.ts'
import type { Address } from '../../src/base/address.ts'
import { seededRng } from '../../src/base/rng.ts'
import { agreementKeyFromSecret, agreementKeyFromSigningSeed } from '../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import { TrackerNode } from '../../src/node/tracker-node.ts'
import type { Host } from './network.ts'
import { VirtualClock } from './time.ts'
import type { World } from './world.ts'

const PORT = 5_000

/** A tracker that is nothing else, on a machine of its own. Each start makes it somebody new. */
export class SimTracker {
  private readonly host: Host
  private clock: VirtualClock | null = null
  private life = 0

  constructor(private readonly world: World) {
    this.host = world.network.addHost()
  }

  get address(): Address {
    return { host: this.host.address, port: PORT }
  }

  get isRunning(): boolean {
    return this.clock !== null
  }

  start(): this {
    const { world } = this
    const chance = world.rngFor(`tracker ${this.life++}`)
    const process = world.network.boot(this.host)
    const clock = new VirtualClock(world.time, 0, (run) => process.enter(run))
    const seed = chance.bytes(32)
    const identity = {
      signing: signingKeyFromSeed(seed),
      agreement: agreementKeyFromSigningSeed(seed),
      linkStatic: agreementKeyFromSecret(chance.bytes(32)),
    }
    const node = new TrackerNode(
      {
        identity,
        agent: 'hearsay/simulated',
        randomBytes: (n) => chance.bytes(n),
        rng: seededRng(chance.bytes(16)),
        verifier: world.verifier,
      },
      { nowMs: clock.nowMs(), wallMs: clock.wallMs() },
    )
    const driver = new Driver(node, clock, world.network.tcp(process), () => {})
    void driver.listen(this.address)
    driver.run((tracker, instant) => tracker.open(PORT, instant))
    this.clock = clock
    return this
  }

  /** `power`: nobody hears of it. */
  kill(how: 'process' | 'power' = 'process'): void {
    this.clock!.kill()
    this.clock = null
    this.world.network.kill(this.host, how)
  }
}
