import { bunTcp } from '../../src/adapters/bun-tcp.ts'
import type { NetworkOptions } from '../sim/network.ts'
import { World } from '../sim/world.ts'
import { type TcpWorld, tcpCompliance } from './tcp.compliance.ts'

const SETTLE_MS_MAX = 3_600_000

/** A process of its own on a simulated host, dialling itself. */
function simulated(options: Partial<NetworkOptions>): TcpWorld {
  const world = new World(1, options)
  const host = world.network.addHost()
  const process = world.network.boot(host)
  return {
    tcp: world.network.tcp(process),
    host: host.address,
    settle: (promise) => world.settle(promise, SETTLE_MS_MAX),
  }
}

tcpCompliance('The real network', () => ({ tcp: bunTcp, host: '127.0.0.1', settle: (promise) => promise }))
tcpCompliance('The simulated network', () => simulated({}))
tcpCompliance('The simulated network in bad weather', () =>
  simulated({ loss: 0.1, split: 0.5, jitter: 2, bufferBytes: [100_000, 400_000] }),
)
