/**
 * One end of one transfer, as a process of its own: `give <path>` prints where it listens, its key, and the offer as JSON; `take <folder> <JSON>` prints
 * what it took. Both serve measurements and tests that kill them.
 */
import { bunTcp } from '../../../src/adapters/bun-tcp.ts'
import { diskFiles } from '../../../src/adapters/disk-files.ts'
import { systemClock } from '../../../src/adapters/system-clock.ts'
import { FrontDoor } from '../../../src/app/files/front-door.ts'
import { Holding } from '../../../src/app/files/holding.ts'
import { Shelf, type ShelfOwner } from '../../../src/app/files/shelf.ts'
import { TransferDriver } from '../../../src/app/files/transfer-driver.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { planFolder } from '../../../src/core/transfer/folder.ts'
import { agreementKeyFromSecret } from '../../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { Transfers } from '../../../src/node/transfers.ts'
import type { Target } from '../../../src/ports/files.ts'

interface Offered {
  readonly port: number
  readonly key: string
  readonly root: string
  readonly name: string
  readonly size: number
  readonly manifestBytes: number
  readonly entries: number
  readonly changedMs: number
}

const [, , role, path = '', given = ''] = process.argv
const randomBytes = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n))
const identity = { signing: signingKeyFromSeed(randomBytes(32)), agreement: agreementKeyFromSecret(randomBytes(32)), linkStatic: agreementKeyFromSecret(randomBytes(32)) }
const transfers = new Transfers(identity, randomBytes, seededRng(randomBytes(16)))
const idleBytes = process.memoryUsage.rss()
let mostBytes = idleBytes
const watch = setInterval(() => {
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
}, 20)

const say = (line: object): void => console.log(JSON.stringify(line))
const owner: ShelfOwner = {
  reached: () => whole(),
  gained: () => {},
  stuck: (_, fault) => say({ event: 'stuck', message: fault.message }),
  lost: (_, fault) => say({ event: 'lost', message: fault?.message }),
  linked: (_, link) => connected(link),
  unlinked: (_, reason) => lost(reason),
  dropped: (_, key, why) => say({ event: 'dropped', key, why }),
  refused: (_, __, code) => say({ event: 'refused', code }),
  log: (message) => console.error(message),
}
let whole = (): void => {}
let connected = (_link: number): void => {}
let lost = (_reason: string): void => {}

const door = new FrontDoor(bunTcp)
const driver = new TransferDriver(transfers, systemClock, door.talk, (output) => shelf.work(output))
const shelf = new Shelf((act) => driver.run(act), owner)

if (role === 'give') {
  const source = await diskFiles.source(path)
  if (!source.ok) throw new Error(source.message)
  const beganMs = performance.now()
  const holding = await Holding.of(source)
  if (!(holding instanceof Holding)) throw new Error(holding.message)
  const hashMs = performance.now() - beganMs
  shelf.give(holding, () => true)
  door.admit((connection) => driver.accept(connection))
  const listener = await door.talk.listen({ host: '127.0.0.1', port: Number(given) || 0 }, () => ({ data() {}, drain() {}, closed() {} }))
  if (!('local' in listener)) throw new Error(listener.message)
  const { name, size, manifest, entries, changedMs } = source
  const { port } = listener.local
  const key = toHex(identity.signing.publicKey)
  say({ port, key, root: toHex(holding.root), name, size, manifestBytes: manifest.length, entries: entries.length, changedMs, hashMs })
  process.on('SIGTERM', () => {
    say({ event: 'usage', mostBytes: mostBytes - idleBytes, cpu: process.cpuUsage() })
    process.exit()
  })
} else {
  const offered: Offered = JSON.parse(given)
  const root = Uint8Array.fromHex(offered.root)
  const { name, size, manifestBytes, entries, changedMs, key, port } = offered
  const header = { offer: { root, size, manifestBytes, entries, changedMs, name }, from: new Uint8Array(32), room: 'general', event: new Uint8Array(32), name }
  const [begun] = await diskFiles.unfinished(path)
  let target: Target
  const plan = (manifest: Uint8Array) => planFolder(manifest, size)
  const opened = begun === undefined ? await diskFiles.create(path, header, manifestBytes === 0 ? null : []) : await diskFiles.resume(path, begun, (_, manifest) => plan(manifest))
  if (!opened.ok) throw new Error(opened.message)
  target = opened
  const dial = (): void => driver.run((all) => all.dial(key, { host: '127.0.0.1', port }))
  let beganMs = 0
  connected = (link) => driver.run(({ exchange }, nowMs) => {
    exchange.tryAt(root, link)
    exchange.settle(offered.root, nowMs)
  })
  lost = () => setTimeout(dial, 50)
  whole = async () => {
    const tookMs = performance.now() - beganMs
    const end = await target.finish()
    if (!end.ok) throw new Error(end.message)
    say({ event: 'done', path: end.path, tookMs, finishMs: performance.now() - beganMs - tookMs, mostBytes: mostBytes - idleBytes, cpu: process.cpuUsage() })
    process.exit()
  }
  beganMs = performance.now()
  const receiving = shelf.receive(target, () => true)
  dial()
  await receiving

}
void watch
