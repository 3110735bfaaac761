/**
 * The program's own node and driver, in this process, over real sockets: everything but the front end. With `--static`, as of the program, it has the links it
 * is told and no others; without, it is told one address, as everybody is, and finds its neighbours by itself.
 */
import { getRandomValues } from 'node:crypto'
import { bunTcp } from '../../../src/adapters/bun-tcp.ts'
import { systemClock } from '../../../src/adapters/system-clock.ts'
import { Driver } from '../../../src/app/driver.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../../src/base/rng.ts'
import { HyParView } from '../../../src/core/gossip/hyparview.ts'
import { agreementKeyFromSecret, agreementKeyFromSigningSeed } from '../../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { Node } from '../../../src/node/node.ts'
import type { NodeTelling } from '../../../src/node/outputs.ts'
import { EventKind } from '../../../src/wire/event.ts'
import { config, onDeliver, payload, run, sleep, turn } from './kit.ts'

const ROOM = 'bench'
/** Said in one turn of the event loop at full speed: a quarter of a megabyte, as a fast pipe would bring. */
const MESSAGES_PER_TURN = 1024
/** Bundles that the slowest link may be behind before the publisher waits: some 2 MB. */
const LAG_BUNDLES_MAX = 32
const LINK_WAIT_MS_MAX = 10_000
/** An overlay in which nobody has come or gone for so long has found itself. */
const CALM_MS = 1_500
const CALM_WAIT_MS_MAX = 20_000
const LAG_WAIT_MS_MAX = 10_000

const isStatic = process.argv.includes('--static')

function randomBytes(length: number): Uint8Array {
  return getRandomValues(new Uint8Array(length))
}

function seedOf(id: number): Uint8Array {
  return new Uint8Array(32).fill(id + 1)
}

function makeNode(): Node {
  const seed = seedOf(config.id)
  const identity = {
    signing: signingKeyFromSeed(seed),
    agreement: agreementKeyFromSigningSeed(seed),
    linkStatic: agreementKeyFromSecret(randomBytes(32)),
  }
  const name = `node-${config.id}`
  const instant = { nowMs: systemClock.nowMs(), wallMs: systemClock.wallMs() }
  const membership = isStatic ? {} : { membership: chosenNeighbours }
  const options = { identity, name, agent: 'hearsay/bench', randomBytes, rng: seededRng(config.id), ...membership }
  return new Node(options, instant)
}

function chosenNeighbours(ownKey: string, rng: Rng, nowMs: number): HyParView {
  return new HyParView(ownKey, rng, nowMs)
}

let changedAtMs = performance.now()

function hear(telling: NodeTelling): void {
  if (telling.kind === 'event' && !telling.self) onDeliver(telling.body)
  else if (telling.kind === 'peer') changedAtMs = performance.now()
  else if (telling.kind === 'trouble') process.stderr.write(`${telling.message}\n`)
}

const node = makeNode()
const driver = new Driver(node, systemClock, bunTcp, hear)
const listener = await driver.listen({ host: '127.0.0.1', port: config.port })
if (!('local' in listener)) throw new Error(`port ${config.port} ${listener.message}`)
node.listening(config.port, config.port)
driver.run((here, instant) => here.join(ROOM, instant))

let ref = 0

function say(text: Uint8Array): void {
  const fault = driver.run((here, instant) => here.say(ROOM, EventKind.text, text, ref++, instant))
  if (fault !== null) throw new Error(`the node would not say it: ${fault}`)
}

/** The links that should be there and no others. */
function linkedAsTold(): boolean {
  const wanted = config.neighbors.map((id) => toHex(signingKeyFromSeed(seedOf(id)).publicKey)).sort()
  const found = node.peers().map((link) => link.peerKey)
  return found.sort().join() === wanted.join()
}

async function linkAsTold(): Promise<void> {
  for (const id of config.dials) connect(id)
  if (!(await driver.until(linkedAsTold, LINK_WAIT_MS_MAX))) throw new Error('the links are not the ones told')
}

async function findNeighbours(): Promise<void> {
  if (config.id !== 0) connect(0)
  const startedAtMs = performance.now()
  const isCalm = (): boolean => node.peers().length > 0 && performance.now() - changedAtMs > CALM_MS
  while (!isCalm() && performance.now() - startedAtMs < CALM_WAIT_MS_MAX) await sleep(100)
  if (node.peers().length === 0) throw new Error('nobody was found')
}

function connect(id: number): void {
  const address = { host: '127.0.0.1', port: config.basePort + id }
  driver.run((here, instant) => here.connect(address, instant))
}

run({
  dial: isStatic ? linkAsTold : findNeighbours,
  publish: say,
  async burst(count, size, inTime) {
    const keepUp = (): boolean => node.lagBundles() <= LAG_BUNDLES_MAX
    let number = 0
    while (number < count && inTime()) {
      const end = Math.min(count, number + MESSAGES_PER_TURN)
      while (number < end) say(payload(number++, size))
      await turn()
      if (!keepUp() && !(await driver.until(keepUp, LAG_WAIT_MS_MAX))) throw new Error('a link takes nothing')
    }
    return number
  },
})
