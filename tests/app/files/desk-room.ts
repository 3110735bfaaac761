import { bunTcp } from '../../../src/adapters/bun-tcp.ts'
import { systemClock } from '../../../src/adapters/system-clock.ts'
import type { FileView } from '../../../src/app/files/contract.ts'
import { Desk } from '../../../src/app/files/desk.ts'
import { FrontDoor } from '../../../src/app/files/front-door.ts'
import type { PendingOffer } from '../../../src/app/files/pending.ts'
import type { Share } from '../../../src/app/files/shares.ts'
import { Shelf } from '../../../src/app/files/shelf.ts'
import type { Taken } from '../../../src/app/files/taken.ts'
import { TransferDriver } from '../../../src/app/files/transfer-driver.ts'
import type { Address } from '../../../src/base/address.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import type { AcceptPolicy } from '../../../src/core/transfer/offers.ts'
import { agreementKeyFromSecret } from '../../../src/crypto/agree.ts'
import { sha256 } from '../../../src/crypto/hash.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { Transfers } from '../../../src/node/transfers.ts'
import type { Omitted } from '../../../src/ports/files.ts'
import type { Listener } from '../../../src/ports/tcp.ts'
import { MemoryFiles } from '../../ports/memory-files.ts'

export const ASK: AcceptPolicy = { mode: 'ask', bytesMax: null }
export const ALL: AcceptPolicy = { mode: 'all', bytesMax: null }

/** The content of a file: others for each seed. */
export const bytesOf = (size: number, seed = 1) => seededRng(seed).bytes(size)
/** What stands at a path of somebody's. */
export const got = (person: Person, path: string) => person.files.files.get(path) ?? null

type LeftOutNews = readonly [total: number, most: string, isAll: boolean]

/** One person with a desk: real links on loopback, files in memory, and talk that is a call away. */
export class Person {
  readonly key: string
  readonly views: FileView[] = []
  readonly logged: string[] = []
  address: Address | null = null
  /** Nobody knows where to dial. */
  isHidden = false
  /** What it was told is left out of what it offers. */
  readonly omitted: (readonly [name: string, omitted: Omitted])[] = []
  hearOmitted: () => void = () => {}
  /** By key. */
  readonly ignored = new Set<string>()
  /** Nothing can be said in it. */
  notJoined: string | null = null
  /** Hears of each view when it is told. */
  told: (view: FileView) => void = () => {}
  desk: Desk
  private driver: TransferDriver
  private listener: Listener | null = null
  private wake = (): void => {}
  private tellLeftOut = (_: LeftOutNews): void => {}
  private readonly whenLeftOut = new Promise<LeftOutNews>((resolve) => {
    this.tellLeftOut = resolve
  })
  private waiting: { readonly met: (view: FileView) => boolean; readonly resolve: (view: FileView) => void }[] = []

  constructor(
    private readonly room: DeskRoom,
    seed: number,
    readonly policy: AcceptPolicy,
    readonly files = new MemoryFiles(),
    readonly shares: { list: Share[] } = { list: [] },
    readonly pending: { list: PendingOffer[] } = { list: [] },
    readonly taken: { list: Taken[] } = { list: [] },
    watches = false,
  ) {
    const bytes = (n: number) => crypto.getRandomValues(new Uint8Array(n))
    const signing = signingKeyFromSeed(new Uint8Array(32).fill(seed))
    this.key = toHex(signing.publicKey)
    const agreement = agreementKeyFromSecret(bytes(32))
    const transfers = new Transfers({ signing, agreement, linkStatic: agreement }, bytes, seededRng(seed))
    this.desk = new Desk({
      ...{ files, clock: systemClock, policy, folder: '/in', watches },
      talk: room.talkOf(this),
      shares: {
        load: () => shares.list,
        save(list) {
          shares.list = [...list]
        },
      },
      pending: {
        load: () => pending.list,
        save(list) {
          pending.list = [...list]
          return true
        },
      },
      taken: {
        load: () => taken.list,
        save(list) {
          taken.list = [...list]
        },
      },
      told: (view) => this.hear(view),
      leftOut: (...news) => this.tellLeftOut(news),
      omitted: (...news) => {
        this.omitted.push(news)
        this.hearOmitted()
      },
      log: (message) => {
        this.logged.push(message)
        this.wake()
      },
    })
    this.driver = new TransferDriver(transfers, systemClock, bunTcp, (output) => shelf.work(output))
    const shelf = new Shelf((act) => this.driver.run(act), this.desk)
    this.desk.attach(this.driver, shelf)
  }

  async listen(): Promise<void> {
    const door = new FrontDoor(bunTcp)
    door.admit((connection) => this.driver.accept(connection))
    const listener = await door.talk.listen({ host: '127.0.0.1', port: 0 }, () => ({
      data() {},
      drain() {},
      closed() {},
    }))
    if (!('local' in listener)) throw new Error(listener.message)
    this.listener = listener
    this.address = listener.local
  }

  /** Resolves when something of this kind has been logged. */
  async hasLogged(part: string): Promise<void> {
    while (!this.logged.some((line) => line.includes(part))) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }

  /** The first that was told of offers that are not listed. */
  hasLeftOut(): Promise<LeftOutNews> {
    return this.whenLeftOut
  }

  /** The first view so far or to come of which this holds. */
  until(met: (view: FileView) => boolean): Promise<FileView> {
    const found = this.views.find(met)
    if (found !== undefined) return Promise.resolve(found)
    return new Promise((resolve) => this.waiting.push({ met, resolve }))
  }

  leave(): void {
    this.room.people.delete(this)
    this.address = null
    this.listener?.stop()
    this.driver.stop()
    this.desk.close()
  }

  private hear(view: FileView): void {
    this.views.push(view)
    this.told(view)
    for (const each of this.waiting.filter(({ met }) => met(view))) each.resolve(view)
    this.waiting = this.waiting.filter(({ met }) => !met(view))
  }
}

/** A room in which everybody hears what anybody says, and `@` and a key is a conversation. */
export class DeskRoom {
  readonly people = new Set<Person>()
  /** All that were made, the oldest first. */
  readonly offers: { readonly id: string; readonly from: string; readonly room: string; readonly body: Uint8Array }[] =
    []
  private said = 0
  private readonly withdrawn = new Set<string>()

  async person(policy: AcceptPolicy, seed = this.people.size + 1): Promise<Person> {
    return await this.enter(new Person(this, seed, policy))
  }

  /** The same one in a later run: the same key, the same disk. */
  async again(person: Person, seed: number, policy = person.policy, watches = false): Promise<Person> {
    const { files, shares, pending, taken } = person
    const again = new Person(this, seed, policy, files, shares, pending, taken, watches)
    for (const key of person.ignored) again.ignored.add(key)
    return await this.enter(again)
  }

  talkOf(person: Person) {
    const others = (room: string) =>
      [...this.people].filter((other) => other !== person && (!room.startsWith('@') || other.key === room.slice(1)))
    // In a conversation each calls the room by the other.
    const theirs = (room: string) => (room.startsWith('@') ? `@${person.key}` : room)
    return {
      own: person.key,
      offer: async (room: string, body: Uint8Array) => {
        const id = toHex(sha256(Uint8Array.of(++this.said)))
        this.offers.push({ id, from: person.key, room: theirs(room), body })
        for (const other of others(room)) other.desk.heardOffer(id, person.key, theirs(room), body)
        return { ok: true as const, id }
      },
      withdraw: async (room: string, id: string) => {
        if (room === person.notJoined) return 'That room is not joined.'
        this.withdrawn.add(id)
        for (const other of others(room)) other.desk.heardWithdrawal(id, person.key, theirs(room))
        return null
      },
      isWithdrawn: (id: string) => this.withdrawn.has(id),
      isIgnored: (key: string) => person.ignored.has(key),
      pass: (room: string, kind: number, body: Uint8Array) => {
        for (const other of others(room)) other.desk.heardPassing(theirs(room), person.key, kind, body)
      },
      addressesOf: (key: string) =>
        [...this.people].flatMap((other) => (other.key === key && !other.isHidden ? (other.address ?? []) : [])),
      isThere: (key: string) => [...this.people].some((other) => other.key === key),
      ownAddresses: () => (person.address === null || person.isHidden ? [] : [person.address]),
      mayHave: (room: string, key: string) => !room.startsWith('@') || key === room.slice(1),
    }
  }

  close(): void {
    for (const person of this.people) person.leave()
  }

  private async enter(person: Person): Promise<Person> {
    this.people.add(person)
    await person.listen()
    return person
  }
}
