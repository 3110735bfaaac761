/** The program's own node and driver, in this process, over real sockets: everything but the front end. */
import { getRandomValues } from 'node:crypto'
import { bunTcp } from '../../../src/adapters/bun-tcp.ts'
import { systemClock } from '../../../src/adapters/system-clock.ts'
import { Driver } from '../../../src/app/driver.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { agreementKeyFromSecret, agreementKeyFromSigningSeed } from '../../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { Node } from '../../../src/node/node.ts'
import type { NodeTelling } from '../../../src/node/outputs.ts'
import { EventKind } from '../../../src/wire/event.ts'
import { config, onDeliver, payload, run, turn } from './kit.ts'

const ROOM = 'bench'
/** Said in one turn of the event loop at full speed: a quarter of a megabyte, as a fast pipe would bring. */
const MESSAGES_PER_TURN = 1024
/** Bundles that the slowest link may be behind before the publisher waits: some 2 MB. */
const LAG_BUNDLES_MAX = 32
const LINK_WAIT_MS_MAX = 10_000
const LAG_WAIT_MS_MAX = 60_000

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
  return new Node({ identity, name, agent: 'hearsay/bench', randomBytes, rng: seededRng(config.id) }, instant)
}

function hear(telling: NodeTelling): void {
  if (telling.kind === 'event' && !telling.self) onDeliver(telling.body)
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

run({
  async dial() {
    for (const id of config.dials) {
      const address = { host: '127.0.0.1', port: config.basePort + id }
      driver.run((here, instant) => here.connect(address, instant))
    }
    if (!(await driver.until(linkedAsTold, LINK_WAIT_MS_MAX))) throw new Error('the links are not the ones told')
  },
  publish: say,
  async burst(count, size) {
    const inTime = () => node.lagBundles() <= LAG_BUNDLES_MAX
    for (let number = 0; number < count; number++) {
      say(payload(number, size))
      if (number % MESSAGES_PER_TURN !== MESSAGES_PER_TURN - 1) continue
      await turn()
      if (!inTime() && !(await driver.until(inTime, LAG_WAIT_MS_MAX))) throw new Error('a link takes nothing')
    }
  },
})
