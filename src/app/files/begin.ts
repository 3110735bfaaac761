import { join } from 'node:path'
import { diskFiles } from '../../adapters/disk-files.ts'
import type { Address } from '../../base/address.ts'
import type { RandomBytes, Rng } from '../../base/rng.ts'
import type { AcceptPolicy } from '../../core/transfer/offers.ts'
import type { NodeIdentity } from '../../node/context.ts'
import { Transfers } from '../../node/transfers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Files } from '../../ports/files.ts'
import type { Tcp } from '../../ports/tcp.ts'
import type { Hearsay } from '../hearsay.ts'
import { Ballast } from './ballast.ts'
import { CircuitPort } from './circuit-port.ts'
import { Desk } from './desk.ts'
import { folderFault } from './downloads.ts'
import { FileRoom } from './file-room.ts'
import type { FrontDoor } from './front-door.ts'
import { pendingIn } from './pending.ts'
import { sharesIn } from './shares.ts'
import { Shelf } from './shelf.ts'
import { takenIn } from './taken.ts'
import { TransferDriver } from './transfer-driver.ts'

const SHARES_FILE = 'shares.json'
const TAKEN_FILE = 'taken.json'
const PENDING_FILE = 'offers.json'

/** One transfer and no more: nothing is noted for later runs. */
export interface Once {
  /** What earlier runs began to receive goes on. */
  readonly goesOn: boolean
  /** Others than the disk's. */
  readonly files?: Files
}

export interface FilesStart {
  readonly identity: NodeIdentity
  readonly randomBytes: RandomBytes
  readonly rng: Rng
  readonly clock: Clock
  readonly tcp: Tcp
  readonly door: FrontDoor
  readonly policy: AcceptPolicy
  /** Where what is taken goes. */
  readonly folder: string
  /** Null: nothing is written but what is taken. */
  readonly dataFolder: string | null
  /** Where others may dial us, as far as is known. */
  readonly ownAddresses: () => readonly Address[]
  /** When words were last said, heard or passed on; on the monotonic clock. */
  readonly talkedAtMs: () => number
  readonly log: (code: string, message: string) => void
  readonly once?: Once | undefined
}

/** Lets a chat send and take files; goes on with what earlier runs began. */
export function beginFiles(chat: Hearsay, start: FilesStart): { goOn(): Promise<void>; stop(): void } {
  const { identity, randomBytes, rng, clock, tcp, door, policy, folder, ownAddresses, talkedAtMs, once } = start
  const dataFolder = once === undefined ? start.dataFolder : null
  const log = (message: string): void => start.log('files', message)
  const transfers = new Transfers(identity, randomBytes, rng)
  const ballast = new Ballast()
  let desk!: Desk
  let circuits!: CircuitPort
  const room = chat.attachFiles((around) => {
    const talk = FileRoom.talkOf(around, ownAddresses)
    const shares = dataFolder === null ? null : sharesIn(join(dataFolder, SHARES_FILE), log)
    // What was heard of in an earlier run is in the history, and not told again: also a run for one transfer knows it from here.
    const pending = start.dataFolder === null ? null : pendingIn(join(start.dataFolder, PENDING_FILE), log)
    const taken = dataFolder === null ? null : takenIn(join(dataFolder, TAKEN_FILE), log)
    desk = new Desk({
      ...{ files: once?.files ?? diskFiles, clock, talk, policy, folder, shares, pending, taken, log },
      watches: once !== undefined,
      leftOut: (...news) => room.leftOut(...news),
      omitted: (name, omitted) => room.omitted(name, omitted),
      told: (view) => {
        ballast.hold()
        room.tell(view)
      },
    })
    circuits = new CircuitPort(clock, around.circuits)
    return new FileRoom(around, desk, circuits)
  })
  const driver = new TransferDriver(transfers, clock, tcp, (output) => shelf.work(output), circuits, talkedAtMs)
  const shelf = new Shelf((act) => driver.run(act), desk)
  desk.attach(driver, shelf)
  door.admit((connection) => driver.accept(connection))
  circuits.admit((connection) => driver.accept(connection))
  return {
    async goOn() {
      const fault = policy.mode === 'none' ? null : folderFault(folder)
      if (fault !== null) chat.emit({ event: 'error', code: 'download-folder', message: fault })
      if (once === undefined) room.recall()
      else desk.recall()
      if (once?.goesOn === false) return
      await desk.goOn()
    },
    stop: () => driver.stop(),
  }
}
