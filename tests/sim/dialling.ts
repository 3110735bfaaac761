import type { Address } from '../../src/base/address.ts'
import type { Connection, ConnectionEvents, TcpFault } from '../../src/ports/tcp.ts'
import { connectEnds, End } from './connection.ts'
import { FAULTS, type Host, type Network } from './network.ts'
import type { Process } from './process.ts'

/** As the real adapter. */
const DIAL_MS_MAX = 10_000
/** The first pause before a connection request is sent again; each next is twice as long (RFC 6298 section 2). */
const REQUEST_AGAIN_MS = 1_000
/** Of dials across a cut: as many hear from a router that there is no way, the others hear nothing. */
const UNREACHABLE_CHANCE = 0.3
const LOOKUP_MS = 5

interface Handlers {
  opened(connection: Connection): ConnectionEvents
  failed(fault: TcpFault): void
}

/** Connects as TCP does: a request that may be lost and sent again, an answer, and the answer's own. */
export function dial(network: Network, process: Process, remote: Address, handlers: Handlers): void {
  const { time } = network
  const fail = (afterMs: number, fault: TcpFault): void => {
    time.at(time.nowMs + afterMs, () => process.enter(() => handlers.failed(fault)))
  }
  const target = network.find(remote.host)
  if (target === null) return fail(LOOKUP_MS, FAULTS['no-such-host'])
  const giveUpAtMs = time.nowMs + DIAL_MS_MAX
  const hears = network.rng.float() < UNREACHABLE_CHANCE
  const request = (pauseMs: number): void => {
    const latencyMs = network.latencyMs(process.host, target)
    const lost = network.rng.float() < network.options.loss
    const again = (): void => {
      if (time.nowMs - latencyMs + pauseMs >= giveUpAtMs) fail(giveUpAtMs - time.nowMs, FAULTS.timeout)
      else time.at(time.nowMs - latencyMs + pauseMs, () => request(pauseMs * 2))
    }
    time.at(time.nowMs + latencyMs, () => {
      if (process.dead) return
      if (!network.reachable(process.host, target)) return hears ? fail(latencyMs, FAULTS.unreachable) : again()
      if (lost) return again()
      if (!target.process?.listeners.has(remote.port)) return fail(latencyMs, FAULTS.refused)
      time.at(time.nowMs + network.latencyMs(target, process.host), () => {
        open(network, process, target, remote, handlers)
      })
    })
  }
  request(REQUEST_AGAIN_MS)
}

function open(network: Network, process: Process, target: Host, remote: Address, handlers: Handlers): void {
  if (process.dead) return
  const listening = target.process
  if (listening === null) return process.enter(() => handlers.failed(FAULTS.refused))
  const local = { host: process.host.address, port: network.freePort(process) }
  const ours = new End(network, process, local, remote)
  const theirs = new End(network, listening, remote, local)
  connectEnds(network, ours, theirs, network.time.nowMs + network.latencyMs(process.host, target))
  process.enter(() => {
    ours.events = handlers.opened(ours)
  })
}
