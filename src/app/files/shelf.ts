import { release, toHex } from '../../base/bytes.ts'
import type { Download } from '../../core/transfer/download.ts'
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

/** What is told of a content that is being received, or given. */
export interface ShelfOwner {
  /** Everything that is wanted so far is here. */
  reached(root: string): void
  /** A piece more is here. */
  gained(root: string): void
  /** It waits: the disk did not take it. Called once until `goOn`. */
  stuck(root: string, fault: FilesFault): void
  /** What is given is not any more what it was, or cannot be read: nobody gets it from here any more. */
  lost(root: string, fault: FilesFault | null): void
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
  isStuck: boolean
}

interface Given {
  readonly holding: Holding
  allows(key: string): boolean
}

/** Joins the machine of transfers to the disk: what it wants read is read, what it wants stored is checked and written. */
export class Shelf {
  private readonly given = new Map<string, Given>()
  private readonly received = new Map<string, Received>()

  constructor(
    private readonly run: <T>(act: (transfers: Transfers, nowMs: number) => T) => T,
    private readonly owner: ShelfOwner,
  ) {}

  /** Gives a content to whoever it `allows`, by key, until `withdraw`. */
  give(holding: Holding, allows: (key: string) => boolean): void {
    this.given.set(toHex(holding.root), { holding, allows })
    this.serve(holding, allows)
  }

  withdraw(root: Uint8Array, code: number = RefusalCode.withdrawn): void {
    this.given.delete(toHex(root))
    this.run(({ exchange }) => exchange.unserve(root, code))
  }

  /** Begins to fetch the first bytes of a content into memory: the manifest of a folder that somebody is to be asked about. */
  preview({ root, size, manifestBytes }: FileOffer, allows: (key: string) => boolean): Download {
    const leaves = Math.ceil(manifestBytes / LEAF_BYTES)
    const download = this.run(({ exchange }) => exchange.fetch(root, size, allows, leaves))
    this.received.set(toHex(root), { into: new Staging(download.shape), download, isStuck: false })
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
    const receiving = new Receiving(target, download, (each) => this.stuck(name, each))
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
    const receiving = new Receiving(target, download, (fault) => this.stuck(name, fault))
    this.received.set(name, { into: receiving, download, isStuck: false })
    target.inOrder?.hear((bytes) => {
      this.run((_, nowMs) => download.want(Math.floor(bytes / LEAF_BYTES) + (ahead ?? 0), nowMs))
      this.settle(name)
    })
    // What has been handed on cannot be given to others.
    if (ahead !== undefined) this.run(({ exchange }) => exchange.unserve(root, RefusalCode.unknown))
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

  /** Fetches it no longer. What is here is given on where `stays`; else whoever made the target closes it. */
  stop(root: Uint8Array, stays: boolean): void {
    const name = toHex(root)
    this.run(({ exchange }) => {
      exchange.end(root)
      if (!stays) exchange.unserve(root, RefusalCode.withdrawn)
    })
    if (!stays) this.received.delete(name)
    // It may be ours as well, and not be wanted from another.
    const given = this.given.get(name)
    if (given !== undefined) this.serve(given.holding, given.allows)
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

  private serve({ root, shape }: Holding, allows: (key: string) => boolean): void {
    this.run(({ exchange }) => exchange.serve(root, { shape, here: null, pieces: null, allows }))
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
      if (isStored === true) exchange.stored(root, holder, first, count, nowMs)
      else exchange.unstored(root, holder, first, count, isStored === null ? 'disk' : 'lying', nowMs)
    })
  }

  private stuck(root: string, fault: FilesFault): void {
    const received = this.received.get(root)
    if (received === undefined || received.isStuck) return
    received.isStuck = true
    received.download.pause()
    this.settle(root)
    this.owner.stuck(root, fault)
  }

  private async read({ wanted }: ReadOutput): Promise<void> {
    const bytes =
      'first' in wanted ? await this.readLeaves(wanted.root, wanted.first, wanted.count) : await this.readPage(wanted)
    const isRead = bytes instanceof Uint8Array
    if (!isRead) this.lost(wanted.root, bytes)
    else if ('first' in wanted) this.owner.gave(wanted.root, bytes.length)
    this.run(({ exchange }, nowMs) => {
      if (isRead) exchange.read(wanted.ticket, bytes, nowMs)
      else exchange.unread(wanted.ticket, bytes?.code === 'changed' ? RefusalCode.changed : RefusalCode.vanished)
    })
  }

  private async readLeaves(root: string, first: number, count: number): Promise<Uint8Array | FilesFault | null> {
    const holding = this.given.get(root)?.holding
    if (holding !== undefined) return await holding.read(first, count)
    const received = this.received.get(root)
    if (received === undefined) return null
    const { shape } = received.download
    return await received.into.read(shape.leafStart(first), shape.runBytes(first, count))
  }

  private async readPage({
    root,
    level,
    index,
  }: {
    root: string
    level: number
    index: number
  }): Promise<Uint8Array | FilesFault | null> {
    const holding = this.given.get(root)?.holding
    if (holding !== undefined) return await holding.page(level, index)
    const received = this.received.get(root)
    const held = received?.download.pages.page(level, index)
    if (received === undefined || held !== null) return held?.slice() ?? null
    const { shape } = received.download
    return await received.into.page(shape.pageNumber(level, index), shape.pageBytes(level, index))
  }

  private lost(root: string, fault: FilesFault | null): void {
    if (!this.given.delete(root) && !this.received.has(root)) return
    this.owner.lost(root, fault)
  }
}
