import { release, toHex } from '../../base/bytes.ts'
import type { Download } from '../../core/transfer/download.ts'
import type { Shape } from '../../core/transfer/shape.ts'
import type { Transfers } from '../../node/transfers.ts'
import type { FilesFault, Target } from '../../ports/files.ts'
import { HASH_BYTES, LEAF_BYTES } from '../../wire/content.ts'
import type { FileOffer } from '../../wire/file-offer.ts'
import { RefusalCode } from '../../wire/transfer.ts'
import type { Holding } from './holding.ts'
import { Receiving } from './receiving.ts'
import { Staging } from './staging.ts'
import type { WorkOutput } from './transfer-driver.ts'

type StoreOutput = WorkOutput & { kind: 'store' }
type ReadOutput = WorkOutput & { kind: 'read' }
type ReadPage = Extract<ReadOutput['wanted'], { readonly level: number }>

/** So often the owner hears at most of what is less than a piece: that alone would be one in ten seconds at 100 kB/s. */
const MOVED_EVERY_MS = 250

/** What is told of a content that is being received, or given. */
export interface ShelfOwner {
  /** Everything that is wanted so far is here. */
  reached(root: string): void
  /** More of it is here: a piece, or over a slow link less of one. */
  gained(root: string): void
  /** It waits: the disk did not take it. Called once until `goOn`. */
  stuck(root: string, fault: FilesFault): void
  /** What is given by an offer is not any more what it was, or cannot be read: nobody gets it by that any more. */
  lost(offer: string, fault: FilesFault | null): void
  /** So many bytes have been given to somebody. */
  gave(root: string, bytes: number): void
  linked(key: string, link: number): void
  unlinked(key: string, reason: string): void
  dropped(root: string, key: string, why: 'lying' | 'silent'): void
  refused(root: string, key: string, code: number): void
  log(message: string): void
}

interface Received {
  /** Where it goes: to memory, as long as only a manifest is wanted. */
  into: Receiving | Staging
  readonly download: Download
  allows(key: string): boolean
  isStuck: boolean
  /** When its owner was last told that it goes on. */
  movedAtMs: number
}

/** Where the bytes of something whole come from. */
interface Whole {
  readonly shape: Shape
  read(first: number, count: number): Promise<Uint8Array | FilesFault | null>
  page(level: number, index: number): Promise<Uint8Array | FilesFault | null>
}

interface Given {
  readonly from: Whole
  allows(key: string): boolean
}

/** Joins the machine of transfers to the disk: what it wants read is read, what it wants stored is checked and written. */
export class Shelf {
  /** By content, then by offer: it is given for as long as one of them stands, to whoever any of them allows. */
  private readonly given = new Map<string, Map<string, Given>>()
  private readonly received = new Map<string, Received>()

  constructor(
    private readonly run: <T>(act: (transfers: Transfers, nowMs: number) => T) => T,
    private readonly owner: ShelfOwner,
  ) {}

  /** Gives a content by an offer, to whoever it `allows`, by key, until `withdraw`. */
  give(offer: string, holding: Holding, allows: (key: string) => boolean): void {
    this.add(toHex(holding.root), offer, { from: holding, allows })
    this.serve(holding.root)
  }

  /** What has been received is whole: it is not fetched any more, and given on as of `give`, as far as it can be read. */
  giveOn(offer: string, root: Uint8Array, allows: (key: string) => boolean): void {
    const name = toHex(root)
    const received = this.received.get(name)
    if (received === undefined) return
    this.run(({ exchange }) => exchange.end(root))
    this.received.delete(name)
    if (!isHandedOn(received)) this.add(name, offer, { from: wholeOf(received), allows })
    this.serve(root)
  }

  /** It is not given by this offer any more. */
  withdraw(offer: string, root: Uint8Array): void {
    const name = toHex(root)
    const given = this.given.get(name)
    if (given?.delete(offer) !== true) return
    if (given.size === 0) this.given.delete(name)
    this.serve(root)
  }

  /** Begins to fetch the first bytes of a content into memory: the manifest of a folder that somebody is to be asked about. */
  preview({ root, size, manifestBytes }: FileOffer, allows: (key: string) => boolean): Download {
    const leaves = Math.ceil(manifestBytes / LEAF_BYTES)
    const download = this.run(({ exchange }) => exchange.fetch(root, size, allows, leaves))
    this.received.set(toHex(root), {
      into: new Staging(download.shape),
      download,
      allows,
      isStuck: false,
      movedAtMs: 0,
    })
    this.serve(root)
    this.settle(toHex(root))
    return download
  }

  /** So many bytes from the beginning of what has been previewed; null where they are not there. */
  async previewed(root: Uint8Array, bytes: number): Promise<Uint8Array | null> {
    const into = this.received.get(toHex(root))?.into
    return into instanceof Staging ? await into.read(0, bytes) : null
  }

  /** Receives the rest of what was previewed into a target made for it. */
  async receiveRest(target: Target): Promise<FilesFault | null> {
    const { root } = target.header.offer
    const name = toHex(root)
    const received = this.received.get(name)
    if (received === undefined || !(received.into instanceof Staging)) return null
    const fault = await received.into.moveTo(target)
    if (fault !== null) return fault
    const { download } = received
    const receiving = new Receiving(target, download, (each) => this.stuck(name, target, each))
    received.into = receiving
    const unclaimed = await receiving.claim(0, Math.ceil(target.header.offer.manifestBytes / LEAF_BYTES))
    if (unclaimed !== null) return unclaimed
    this.run((_, nowMs) => download.want(download.shape.leaves, nowMs))
    this.settle(name)
    return null
  }

  /** Begins to receive into a target, or goes on: what is there is checked first. Resolves when it has begun to ask. */
  async receive(target: Target, allows: (key: string) => boolean): Promise<Download> {
    const { root, size } = target.header.offer
    const name = toHex(root)
    const ahead = target.inOrder === undefined ? undefined : Math.ceil(target.inOrder.aheadBytes / LEAF_BYTES)
    const download = this.run(({ exchange }) => exchange.fetch(root, size, allows, ahead))
    const receiving = new Receiving(target, download, (fault) => this.stuck(name, target, fault))
    this.received.set(name, { into: receiving, download, allows, isStuck: false, movedAtMs: 0 })
    this.serve(root)
    target.inOrder?.hear((bytes) => {
      this.run((_, nowMs) => download.want(Math.floor(bytes / LEAF_BYTES) + (ahead ?? 0), nowMs))
      this.settle(name)
    })
    if (target.bitmap.length > 0) {
      download.pause()
      await receiving.recheck((first, count) => download.restore(first, count))
      this.run((_, nowMs) => download.resume(nowMs))
    }
    this.settle(name)
    return download
  }

  /** The disk has room again, it is hoped. */
  goOn(root: string): void {
    const received = this.received.get(root)
    if (received === undefined) return
    received.isStuck = false
    this.run((_, nowMs) => received.download.resume(nowMs))
    this.settle(root)
  }

  /** Fetches it no longer; whoever made the target closes it. */
  stop(root: Uint8Array): void {
    const name = toHex(root)
    // It may be ours as well, and not be wanted from another: whoever was told of a part asks again.
    const code = this.given.has(name) ? RefusalCode.unknown : RefusalCode.withdrawn
    this.run(({ exchange }) => {
      exchange.end(root)
      exchange.unserve(root, code)
    })
    this.received.delete(name)
    this.serve(root)
  }

  /** Carries out what the machine wants. */
  work(output: WorkOutput): void {
    switch (output.kind) {
      case 'store':
        return void this.store(output)
      case 'read':
        return void this.read(output)
      case 'keep-page': {
        const received = this.received.get(output.root)
        const number = received?.download.shape.pageNumber(output.level, output.index) ?? 0
        return received?.into.keepPage(number, output.bytes)
      }
      case 'reached':
        return this.owner.reached(output.root)
      case 'gained':
        return this.owner.gained(output.root)
      case 'dropped':
        return this.owner.dropped(output.root, output.key, output.why)
      case 'refused':
        return this.owner.refused(output.root, output.key, output.code)
      case 'linked':
        return this.owner.linked(output.key, output.link)
      case 'unlinked':
        return this.owner.unlinked(output.key, output.reason)
      case 'fault':
        return this.owner.log(output.message)
    }
  }

  private add(root: string, offer: string, given: Given): void {
    const others = this.given.get(root)
    if (others === undefined) this.given.set(root, new Map([[offer, given]]))
    else others.set(offer, given)
  }

  /** Gives it out as it is here now: whole, as far as it has come, or not at all. */
  private serve(root: Uint8Array): void {
    const name = toHex(root)
    const [first] = this.given.get(name)?.values() ?? []
    const received = this.received.get(name)
    const allows = (key: string): boolean =>
      this.received.get(name)?.allows(key) === true ||
      [...(this.given.get(name)?.values() ?? [])].some((each) => each.allows(key))
    this.run(({ exchange }) => {
      if (first !== undefined) exchange.serve(root, { shape: first.from.shape, here: null, pieces: null, allows })
      else if (received === undefined) exchange.unserve(root, RefusalCode.withdrawn)
      // What has been handed on cannot be given to others.
      else if (isHandedOn(received)) exchange.unserve(root, RefusalCode.unknown)
      else {
        const { shape, here, pieces } = received.download
        exchange.serve(root, { shape, here, pieces, allows })
      }
    })
  }

  private settle(root: string): void {
    this.run(({ exchange }, nowMs) => exchange.settle(root, nowMs))
  }

  private async store({ root, holder, first, bytes, hashes }: StoreOutput): Promise<void> {
    const received = this.received.get(root)
    if (received === undefined) return
    const count = hashes.length / HASH_BYTES
    const isStored = await received.into.store(first, bytes, hashes)
    release(bytes)
    // Cancelled and begun anew meanwhile: what went to the file of then is not in the one of now.
    if (this.received.get(root) !== received) return
    this.run(({ exchange }, nowMs) => {
      if (isStored === true) {
        exchange.stored(root, holder, first, count, nowMs)
        this.moved(root, received, nowMs)
      } else exchange.unstored(root, holder, first, count, isStored === null ? 'disk' : 'lying', nowMs)
    })
  }

  private moved(root: string, received: Received, nowMs: number): void {
    if (received.isStuck || nowMs - received.movedAtMs < MOVED_EVERY_MS) return
    received.movedAtMs = nowMs
    this.owner.gained(root)
  }

  private stuck(root: string, target: Target, fault: FilesFault): void {
    const received = this.received.get(root)
    if (received === undefined || received.isStuck) return
    // Begun anew meanwhile.
    if (!(received.into instanceof Receiving) || received.into.target !== target) return
    received.isStuck = true
    received.download.pause()
    this.settle(root)
    this.owner.stuck(root, fault)
  }

  private async read({ wanted }: ReadOutput): Promise<void> {
    const bytes =
      'first' in wanted ? await this.readLeaves(wanted.root, wanted.first, wanted.count) : await this.readPage(wanted)
    const isRead = bytes instanceof Uint8Array
    if (isRead && 'first' in wanted) this.owner.gave(wanted.root, bytes.length)
    this.run(({ exchange }, nowMs) => {
      if (isRead) exchange.read(wanted.ticket, bytes, nowMs)
      else exchange.unread(wanted.ticket, bytes?.code === 'changed' ? RefusalCode.changed : RefusalCode.vanished)
    })
  }

  private async readLeaves(root: string, first: number, count: number): Promise<Uint8Array | FilesFault | null> {
    return await this.readFrom(root, (each) => each.read(first, count))
  }

  private async readPage({ root, level, index }: ReadPage): Promise<Uint8Array | FilesFault | null> {
    return await this.readFrom(root, (each) => each.page(level, index))
  }

  /** From the first that has it still. One that has not is not given by any more. */
  private async readFrom(
    root: string,
    read: (from: Whole) => Promise<Uint8Array | FilesFault | null>,
  ): Promise<Uint8Array | FilesFault | null> {
    let fault: FilesFault | null = null
    for (const [offer, given] of [...(this.given.get(root) ?? [])]) {
      const bytes = await read(given.from)
      if (bytes instanceof Uint8Array) return bytes
      fault = bytes
      this.lost(root, offer, given, fault)
    }
    const received = this.received.get(root)
    return received === undefined ? fault : await read(wholeOf(received))
  }

  private lost(root: string, offer: string, given: Given, fault: FilesFault | null): void {
    const all = this.given.get(root)
    // Withdrawn while it was read.
    if (all?.get(offer) !== given) return
    all.delete(offer)
    if (all.size === 0) this.given.delete(root)
    this.owner.lost(offer, fault)
  }
}

function isHandedOn({ into }: Received): boolean {
  return into instanceof Receiving && into.target.inOrder !== undefined
}

/** What has been received, to be read as something whole is. */
function wholeOf({ into, download }: Received): Whole {
  const { shape, pages } = download
  return {
    shape,
    read: (first, count) => into.read(shape.leafStart(first), shape.runBytes(first, count)),
    async page(level, index) {
      const held = pages.page(level, index)
      return held?.slice() ?? (await into.page(shape.pageNumber(level, index), shape.pageBytes(level, index)))
    },
  }
}
