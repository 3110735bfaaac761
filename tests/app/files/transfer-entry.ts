/**
 * One end of a transfer, as a process of its own, for tests that kill it and for measurements. `give <path> <port> <seed>` prints where it listens and
 * the offer; `take <folder> <offer>` takes it, goes on where an earlier one stopped, and prints how far it is.
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
import type { ResumeHeader } from '../../../src/core/transfer/resume.ts'
import { agreementKeyFromSecret } from '../../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { Transfers } from '../../../src/node/transfers.ts'
import type { Target } from '../../../src/ports/files.ts'
import type { Offered } from './transfer-processes.ts'

const randomBytes = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n))
const say = (line: object): void => console.log(JSON.stringify(line))

const idleBytes = process.memoryUsage.rss()
let mostBytes = idleBytes
setInterval(() => {
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
}, 20).unref()
const usage = () => ({ aboveIdleBytes: mostBytes - idleBytes, cpu: process.cpuUsage() })

/** The machinery of one end; the owner's hooks are set by whichever end it is. */
function begin(seed: Uint8Array, hooks: Partial<ShelfOwner>) {
  const signing = signingKeyFromSeed(seed)
  const agreement = agreementKeyFromSecret(randomBytes(32))
  const identity = { signing, agreement, linkStatic: agreement }
  const transfers = new Transfers(identity, randomBytes, seededRng(randomBytes(16)))
  const door = new FrontDoor(bunTcp)
  const driver = new TransferDriver(transfers, systemClock, door.talk, (output) => shelf.work(output))
  const owner: ShelfOwner = {
    reached() {},
    gained() {},
    stuck: (_, fault) => say({ event: 'stuck', message: fault.message }),
    lost: (_, fault) => say({ event: 'lost', message: fault?.message }),
    gave() {},
    linked() {},
    unlinked() {},
    dropped: (_, key, why) => say({ event: 'dropped', key, why }),
    refused: (_, key, code) => say({ event: 'refused', key, code }),
    log: (message) => console.error(message),
    ...hooks,
  }
  const shelf: Shelf = new Shelf((act) => driver.run(act), owner)
  return { key: toHex(signing.publicKey), door, driver, shelf }
}

async function give(path: string, port: number, seed: Uint8Array): Promise<void> {
  const { key, door, driver, shelf } = begin(seed, {})
  const source = await diskFiles.source(path)
  if (!source.ok) throw new Error(source.message)
  const beganMs = performance.now()
  const holding = await Holding.of(source)
  if (!(holding instanceof Holding)) throw new Error(holding.message)
  const hashMs = performance.now() - beganMs
  shelf.give('offer', holding, () => true)
  door.admit((connection) => driver.accept(connection))
  const listener = await door.talk.listen({ host: '127.0.0.1', port }, () => ({ data() {}, drain() {}, closed() {} }))
  if (!('local' in listener)) throw new Error(listener.message)
  const { name, size, changedMs } = source
  const offered: Offered = {
    ...{ event: 'offered', port: listener.local.port, key, root: toHex(holding.root), name, size, changedMs, hashMs },
    ...{ manifestBytes: source.manifest.length, entries: source.entries.length },
  }
  say(offered)
  process.on('SIGTERM', () => {
    say({ event: 'usage', ...usage() })
    process.exit()
  })
}

async function take(folder: string, offered: Offered): Promise<void> {
  const { key, port, size, manifestBytes, entries, changedMs, name } = offered
  const root = Uint8Array.fromHex(offered.root)
  const offer = { root, size, manifestBytes, entries, changedMs, name }
  const nobody = new Uint8Array(32)
  const header: ResumeHeader = { offer, from: nobody, event: nobody, room: 'general', name }
  let target: Target | null = null
  let saidMs = 0
  const beganMs = performance.now()
  const download = () => driver.run(({ exchange }) => exchange.download(offered.root))!

  const finish = async (whole: Target): Promise<void> => {
    const tookMs = performance.now() - beganMs
    const end = await whole.finish()
    if (!end.ok) throw new Error(end.message)
    await whole.settle()
    say({ event: 'done', path: end.path, tookMs, ...usage() })
    process.exit()
  }
  const afterManifest = async (): Promise<void> => {
    const manifest = await shelf.previewed(root, manifestBytes)
    const plan = manifest === null ? null : planFolder(manifest, size)
    if (plan === null) throw new Error('the manifest is of no use')
    const made = await diskFiles.create(folder, header, plan)
    if (!made.ok) throw new Error(made.message)
    target = made
    const fault = await shelf.receiveRest(made)
    if (fault !== null) throw new Error(fault.message)
  }
  const { driver, shelf } = begin(randomBytes(32), {
    reached: () => void (target === null ? afterManifest() : finish(target)),
    gained() {
      if (performance.now() - saidMs < 5) return
      saidMs = performance.now()
      say({ event: 'progress', done: download().bytesHere })
    },
    linked: (_, link) => driver.run(({ exchange }) => exchange.tryAt(root, link)),
    unlinked: () => setTimeout(dial, 50),
  })
  const dial = (): void => driver.run((all) => all.dial(key, { host: '127.0.0.1', port }))

  const [begun] = await diskFiles.unfinished(folder)
  if (begun === undefined && manifestBytes > 0) {
    shelf.preview(offer, () => true)
    return dial()
  }
  const opened =
    begun === undefined
      ? await diskFiles.create(folder, header, null)
      : await diskFiles.resume(folder, begun, (_, manifest) => planFolder(manifest, size))
  if (!opened.ok) throw new Error(opened.message)
  target = opened
  await shelf.receive(opened, () => true)
  say({ event: 'begun', done: download().bytesHere })
  dial()
}

// Who began it may be killed: nobody is left then to end it.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.exit()
}, 500).unref()

const [, , role, path = '', third = '', fourth = ''] = process.argv
if (role === 'give') await give(path, Number(third), Uint8Array.fromHex(fourth))
else await take(path, JSON.parse(third))
