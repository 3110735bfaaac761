import { bunTcp } from '../adapters/bun-tcp.ts'
import { systemClock } from '../adapters/system-clock.ts'
import { type Address, formatAddress } from '../base/address.ts'
import { encodeBase32 } from '../base/base32.ts'
import { seededRng } from '../base/rng.ts'
import { agreementKeyFromSecret, agreementKeyFromSigningSeed } from '../crypto/agree.ts'
import { signingKeyFromSeed } from '../crypto/sign.ts'
import { TrackerNode } from '../node/tracker-node.ts'
import type { Listener, TcpFault } from '../ports/tcp.ts'
import { Driver } from './driver.ts'
import type { AppEvent, ReadyEvent, TrackerEvent } from './events.ts'
import { ExitStatus } from './exit.ts'
import type { Log } from './log.ts'
import type { StartFault } from './options.ts'
import { cannotListen, randomBytes } from './start.ts'

/** `hearsay tracker`: keeps the list of who is there, and is nothing else. */

export const TRACKER_PORT = 5000
/** How long a node that stood in for us may take to give our address back. */
const YIELD_MS_MAX = 3_000
const YIELD_LOOK_MS = 50

export interface TrackerOptions {
  readonly host: string
  readonly port: number
  readonly json: boolean
  readonly version: string
  readonly log: Log
  readonly output: { write(text: string): unknown }
  readonly signals: { on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', hear: () => void): unknown }
}

/** Runs until a signal ends it; answers the exit status, or why it could not listen. */
export async function runTracker(options: TrackerOptions): Promise<number | StartFault> {
  const { host, port, json, version, log, output, signals } = options
  // Those who use a tracker know it by its address: its identity need not outlive it.
  const seed = randomBytes(32)
  const signing = signingKeyFromSeed(seed)
  const linkStatic = agreementKeyFromSecret(randomBytes(32))
  const identity = { signing, agreement: agreementKeyFromSigningSeed(seed), linkStatic }
  const over = ended(signals)
  const instant = { nowMs: systemClock.nowMs(), wallMs: systemClock.wallMs() }
  const rng = seededRng(randomBytes(16))
  const node = new TrackerNode({ identity, agent: `hearsay/${version}`, randomBytes, rng }, instant)
  const driver = new Driver(node, systemClock, bunTcp, (telling) => {
    if (telling.kind === 'trouble') log(telling.code, telling.message)
  })
  const listener = await listen(driver, { host, port })
  if (!('local' in listener)) {
    driver.stop()
    return cannotListen({ host, port }, listener)
  }
  const { local } = listener
  driver.run((tracker, now) => tracker.open(local.port, now))
  const address = formatAddress(local)
  const id = encodeBase32(signing.publicKey)
  const ready: ReadyEvent = { event: 'ready', version, id, name: 'tracker', tcp: local, udp: { ...local, port: 0 } }
  const by = { id, name: 'tracker' }
  const serving: TrackerEvent = { event: 'tracker', state: 'serving', address, given: address, by }
  const events: AppEvent[] = [ready, serving]
  output.write(
    json
      ? events.map((event) => `${JSON.stringify(event)}\n`).join('')
      : `hearsay ${version}: the tracker listens on ${address}; hearsay --tracker ${address} uses it, Ctrl-C ends it\n`,
  )
  log('listening', `Listening on ${address}.`)
  const status = await over
  driver.stop()
  return status
}

/** Listens; where a node stands in for us at that very address, it is asked to give it back. */
async function listen(driver: Driver<TrackerNode>, local: Address): Promise<Listener | TcpFault> {
  let result = await driver.listen(local)
  if ('local' in result || result.code !== 'port-taken') return result
  const isYielded = await new Promise<boolean>((answered) => {
    driver.run((node, now) => node.askBack(local, answered, now))
  })
  const untilMs = systemClock.nowMs() + (isYielded ? YIELD_MS_MAX : 0)
  while (!('local' in result) && systemClock.nowMs() < untilMs) {
    await new Promise<void>((resume) => systemClock.timer(systemClock.nowMs() + YIELD_LOOK_MS, resume))
    result = await driver.listen(local)
  }
  return result
}

function ended(signals: TrackerOptions['signals']): Promise<number> {
  return new Promise((resolve) => {
    signals.on('SIGINT', () => resolve(ExitStatus.interrupted))
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) signals.on(signal, () => resolve(ExitStatus.asked))
  })
}
