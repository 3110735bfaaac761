import type { Rng } from '../../base/rng.ts'
import { LEAF_BYTES, PIECE_LEAVES } from '../../wire/content.ts'
import { Bits } from './bits.ts'
import { Choosing } from './choosing.ts'
import type { DownloadOutput, DropReason } from './download-output.ts'
import { Holder } from './holder.ts'
import { roomOf } from './near-share.ts'
import type { Shape } from './shape.ts'
import { Pages } from './tree.ts'

/** Holders of one content at a time: each costs a link, and more than these make nothing faster. */
const HOLDERS_MAX = 32
const PAGE_MS_MAX = 15_000
/** Leaves nobody asked for, before the sender is taken for a liar: those cancelled a moment ago come too. */
const UNASKED_MAX = 512
/** In the end a leaf is asked of so many holders at once. */
const ASKERS_MAX = 2

/**
 * Fetching one content from everybody who has some of it: rarest pieces first, several holders at once, and in the end the last leaves from two
 * of them. Pure: it takes what comes and the time, and says what to ask, what to store and whom to drop. No leaf counts as here before
 * it has been stored, and none is given out to be stored whose hash the root does not speak for.
 */
export class Download {
  readonly here: Bits
  readonly pages: Pages
  /** Those that are whole. */
  readonly pieces: Bits
  private readonly holders = new Map<number, Holder>()
  private readonly choosing: Choosing
  /** Pieces of which a part is here, asked for or on its way to the disk, and who was first asked. */
  private readonly begun = new Map<number, number>()
  private readonly askers = new Map<number, number[]>()
  private readonly storing = new Set<number>()
  private readonly pagesAsked = new Map<number, { readonly holder: number; readonly atMs: number }>()
  private readonly unasked = new Map<number, number>()
  private outputs: DownloadOutput[] = []
  private end: number
  private isPaused = false
  private hasReached = false

  /** `leaves`: how many from the beginning are wanted for now. */
  constructor(
    readonly shape: Shape,
    root: Uint8Array,
    rng: Rng,
    leaves = shape.leaves,
  ) {
    this.here = new Bits(shape.leaves)
    this.pieces = new Bits(shape.pieces)
    this.pages = new Pages(shape, root)
    this.choosing = new Choosing(shape.pieces, rng)
    this.end = Math.min(leaves, shape.leaves)
    this.checkReached()
  }

  takeOutputs(): DownloadOutput[] {
    const outputs = this.outputs
    this.outputs = []
    return outputs
  }

  get isWhole(): boolean {
    return this.here.isFull
  }

  get holderCount(): number {
    return this.holders.size
  }

  /** All of them. */
  get holderIds(): readonly number[] {
    return [...this.holders.keys()]
  }

  /** Those that it comes from, of late; nobody while it is paused. */
  sendersAt(nowMs: number): readonly number[] {
    if (this.isPaused) return []
    return [...this.holders.values()].flatMap((holder) => (holder.isSending(nowMs) ? [holder.id] : []))
  }

  /** Holders that something is asked of at this instant. */
  get activeHolders(): number {
    let count = 0
    for (const holder of this.holders.values()) if (holder.underWay > 0) count++
    return count
  }

  /** Bytes that are here. */
  get bytesHere(): number {
    const { shape, here } = this
    const last = shape.leaves - 1
    const short = last >= 0 && here.has(last) ? LEAF_BYTES - shape.leafBytes(last) : 0
    return here.count * LEAF_BYTES - short
  }

  /** Leaves that were stored in an earlier run, and have been checked again. */
  restore(first: number, count: number): void {
    for (let leaf = first; leaf < first + count; leaf++) this.settle(leaf)
    this.checkReached()
  }

  /** Wants this much, from the beginning: all of it, where so far a manifest was wanted. */
  want(leaves: number, nowMs: number): void {
    this.end = Math.min(leaves, this.shape.leaves)
    this.hasReached = false
    this.checkReached()
    this.askAll(nowMs)
  }

  /** Stops asking, and takes back what was asked: the disk is full, or the user says so. */
  pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    for (const holder of this.holders.values()) {
      for (const leaf of [...holder.asked.keys()]) this.cancel(holder, leaf)
    }
  }

  resume(nowMs: number): void {
    this.isPaused = false
    this.askAll(nowMs)
  }

  /** Somebody may have some of it: says what with `hasAll`, `hasMap`, `gained`. False where there are enough; the same one again changes nothing. */
  addHolder(id: number, key: string, nowMs: number): boolean {
    if (this.holders.has(id)) return true
    if (this.holders.size >= HOLDERS_MAX) return false
    this.holders.set(id, new Holder(id, key, this.shape.pieces, nowMs))
    return true
  }

  removeHolder(id: number, nowMs: number): void {
    const holder = this.holders.get(id)
    if (holder === undefined) return
    this.holders.delete(id)
    this.unasked.delete(id)
    holder.eachCounted((piece) => this.choosing.count(piece, -1))
    for (const leaf of holder.asked.keys()) this.unask(holder, leaf)
    for (const [number, asked] of this.pagesAsked) if (asked.holder === id) this.pagesAsked.delete(number)
    this.askAll(nowMs)
  }

  hasAll(id: number, nowMs: number): void {
    const holder = this.holders.get(id)
    if (holder === undefined) return
    holder.setWhole((piece) => this.choosing.count(piece, -1))
    this.ask(holder, nowMs)
  }

  hasMap(id: number, from: number, map: Uint8Array, nowMs: number): void {
    const holder = this.holders.get(id)
    if (holder === undefined) return
    holder.setMap(from, map, (piece) => this.choosing.count(piece, 1))
    this.ask(holder, nowMs)
  }

  gained(id: number, pieces: readonly number[], nowMs: number): void {
    const holder = this.holders.get(id)
    if (holder === undefined) return
    for (const piece of pieces) if (holder.gain(piece)) this.choosing.count(piece, 1)
    this.ask(holder, nowMs)
  }

  /** Bytes came from a holder, which are no answer yet. */
  heard(id: number, nowMs: number): void {
    this.holders.get(id)?.heard(nowMs)
  }

  page(id: number, level: number, index: number, bytes: Uint8Array, nowMs: number): void {
    const holder = this.holders.get(id)
    const number = this.shape.pageNumber(level, index)
    if (holder === undefined || this.pagesAsked.get(number)?.holder !== id) return
    this.pagesAsked.delete(number)
    const verdict = this.pages.accept(level, index, bytes)
    if (verdict === 'wrong') return this.drop(holder, 'lying', nowMs)
    if (verdict === 'kept') this.outputs.push({ kind: 'keep-page', level, index, bytes })
    this.askAll(nowMs)
  }

  /** One to four leaves. The bytes are the download's from here on, and alone in their memory. */
  leaves(id: number, first: number, bytes: Uint8Array, nowMs: number): void {
    const holder = this.holders.get(id)
    if (holder === undefined) return
    const count = Math.ceil(bytes.length / LEAF_BYTES)
    if (bytes.length !== this.shape.runBytes(first, count)) return this.drop(holder, 'lying', nowMs)
    let from = first
    for (let leaf = first; leaf <= first + count; leaf++) {
      if (leaf < first + count && this.takes(holder, leaf, nowMs)) continue
      if (leaf > from) this.store(holder, from, leaf - from, bytes, (from - first) * LEAF_BYTES)
      from = leaf + 1
    }
    if ((this.unasked.get(id) ?? 0) > UNASKED_MAX) return this.drop(holder, 'lying', nowMs)
    this.ask(holder, nowMs)
  }

  /** What was to be stored has been. */
  stored(id: number, first: number, count: number, nowMs: number): void {
    for (let leaf = first; leaf < first + count; leaf++) {
      this.storing.delete(leaf)
      this.settle(leaf)
    }
    this.checkReached()
    const holder = this.holders.get(id)
    if (holder === undefined) return
    holder.storing -= count
    this.ask(holder, nowMs)
  }

  /** It has not: its hash is not what it should be, or the disk did not take it. */
  unstored(id: number, first: number, count: number, why: 'lying' | 'disk', nowMs: number): void {
    for (let leaf = first; leaf < first + count; leaf++) this.storing.delete(leaf)
    const holder = this.holders.get(id)
    if (holder === undefined) return
    holder.storing -= count
    if (why === 'lying') this.drop(holder, 'lying', nowMs)
  }

  wake(nowMs: number): void {
    for (const [number, asked] of this.pagesAsked) if (nowMs - asked.atMs >= PAGE_MS_MAX) this.pagesAsked.delete(number)
    for (const holder of [...this.holders.values()]) {
      for (const leaf of holder.overdue(nowMs) ?? []) this.unask(holder, leaf)
      if (holder.isHopeless(nowMs)) this.drop(holder, 'silent', nowMs)
    }
    this.askAll(nowMs)
  }

  nextWakeMs(): number | null {
    let next = Number.POSITIVE_INFINITY
    for (const holder of this.holders.values()) next = Math.min(next, holder.dueMs ?? next)
    for (const asked of this.pagesAsked.values()) next = Math.min(next, asked.atMs + PAGE_MS_MAX)
    return next === Number.POSITIVE_INFINITY ? null : next
  }

  private takes(holder: Holder, leaf: number, nowMs: number): boolean {
    if (!holder.answered(leaf, nowMs)) {
      this.unasked.set(holder.id, (this.unasked.get(holder.id) ?? 0) + 1)
      return false
    }
    this.unask(holder, leaf)
    return !this.here.has(leaf) && !this.storing.has(leaf) && this.pages.leafHash(leaf) !== null
  }

  private store(holder: Holder, first: number, count: number, frame: Uint8Array, at: number): void {
    const hashes = new Uint8Array(32 * count)
    for (let i = 0; i < count; i++) hashes.set(this.pages.leafHash(first + i)!, 32 * i)
    for (let leaf = first; leaf < first + count; leaf++) {
      this.storing.add(leaf)
      // Whoever else was asked for it need not send it.
      for (const id of [...(this.askers.get(leaf) ?? [])]) this.cancel(this.holders.get(id)!, leaf)
    }
    holder.storing += count
    const length = this.shape.runBytes(first, count)
    const own = length === frame.length ? frame : frame.slice(at, at + length)
    this.outputs.push({ kind: 'store', holder: holder.id, first, bytes: own, hashes })
  }

  private settle(leaf: number): void {
    if (!this.here.add(leaf)) return
    const piece = this.shape.pieceOf(leaf)
    for (let other = piece * PIECE_LEAVES; other < this.shape.pieceEnd(piece); other++) {
      if (!this.here.has(other)) return void (this.begun.has(piece) || this.begun.set(piece, -1))
    }
    this.begun.delete(piece)
    this.pieces.add(piece)
    this.outputs.push({ kind: 'gained', piece })
  }

  private checkReached(): void {
    if (this.hasReached || this.here.nextClear(0) < this.end) return
    this.hasReached = true
    this.outputs.push({ kind: 'reached' })
  }

  private drop(holder: Holder, why: DropReason, nowMs: number): void {
    this.outputs.push({ kind: 'drop', holder: holder.id, why })
    this.removeHolder(holder.id, nowMs)
  }

  private cancel(holder: Holder, leaf: number): void {
    holder.asked.delete(leaf)
    this.unask(holder, leaf)
    this.outputs.push({ kind: 'cancel', holder: holder.id, first: leaf, count: 1 })
  }

  private unask(holder: Holder, leaf: number): void {
    const askers = this.askers.get(leaf)?.filter((id) => id !== holder.id) ?? []
    if (askers.length > 0) this.askers.set(leaf, askers)
    else this.askers.delete(leaf)
  }

  private askAll(nowMs: number): void {
    const holders = [...this.holders.values()].sort((a, b) => b.bytesPerSecond - a.bytesPerSecond)
    for (const holder of holders) this.ask(holder, nowMs)
  }

  /** Asks a holder for as much as it has room for, in runs that one answer can bring. */
  private ask(holder: Holder, nowMs: number): void {
    if (this.isPaused || this.hasReached || !this.holders.has(holder.id)) return
    for (let room = roomOf(holder, this.holders); room > 0; room = roomOf(holder, this.holders)) {
      const piece = this.pieceFor(holder)
      if (piece === null) return this.askAgain(holder, room, nowMs)
      if (!this.knowsHashes(piece, holder, nowMs)) return
      if (!this.begun.has(piece) || this.begun.get(piece) === -1) this.begun.set(piece, holder.id)
      this.askOf(holder, piece, room, nowMs)
    }
  }

  private askOf(holder: Holder, piece: number, roomLeaves: number, nowMs: number): void {
    const end = Math.min(this.end, this.shape.pieceEnd(piece))
    let first = piece * PIECE_LEAVES
    let count = 0
    let room = roomLeaves
    for (let leaf = first; leaf < end && room > 0; leaf++) {
      if (!this.isWanted(holder, leaf)) {
        if (count > 0) this.outputs.push({ kind: 'ask', holder: holder.id, first, count })
        count = 0
        continue
      }
      if (count === 0) first = leaf
      count++
      room--
      holder.ask(leaf, nowMs)
      this.askers.set(leaf, [...(this.askers.get(leaf) ?? []), holder.id])
    }
    if (count > 0) this.outputs.push({ kind: 'ask', holder: holder.id, first, count })
  }

  /** Its own begun piece, one whose holder has gone, a new one, or one that another holder is at. */
  private pieceFor(holder: Holder): number | null {
    let others: number | null = null
    for (const [piece, owner] of this.begun) {
      if (!holder.has(piece) || !this.hasWanted(holder, piece)) continue
      if (owner === holder.id || !this.holders.has(owner)) return piece
      others ??= piece
    }
    return this.choosing.next(holder, Math.ceil(this.end / PIECE_LEAVES), this.pieces, this.begun) ?? others
  }

  private hasWanted(holder: Holder, piece: number): boolean {
    const end = Math.min(this.end, this.shape.pieceEnd(piece))
    for (let leaf = piece * PIECE_LEAVES; leaf < end; leaf++) if (this.isWanted(holder, leaf)) return true
    return false
  }

  private isWanted(holder: Holder, leaf: number): boolean {
    return !this.here.has(leaf) && !this.storing.has(leaf) && !this.askers.has(leaf) && !holder.late.has(leaf)
  }

  /** Everything has been asked for: a holder without work is asked for what another has had the longest. */
  private askAgain(holder: Holder, roomLeaves: number, nowMs: number): void {
    if (holder.underWay > 0 || holder.late.size > 0) return
    let room = roomLeaves
    for (const [leaf, askers] of this.askers) {
      if (room === 0) return
      if (askers.length >= ASKERS_MAX || askers.includes(holder.id) || !holder.has(this.shape.pieceOf(leaf))) continue
      const other = this.holders.get(askers[0]!)!
      if (other.bytesPerSecond > holder.bytesPerSecond && holder.bytesPerSecond > 0) continue
      room--
      holder.ask(leaf, nowMs)
      askers.push(holder.id)
      this.outputs.push({ kind: 'ask', holder: holder.id, first: leaf, count: 1 })
    }
  }

  private knowsHashes(piece: number, holder: Holder, nowMs: number): boolean {
    const missing = this.pages.missingFor(piece * PIECE_LEAVES)
    if (missing === null) return true
    const number = this.shape.pageNumber(missing.level, missing.index)
    if (!this.pagesAsked.has(number)) {
      this.pagesAsked.set(number, { holder: holder.id, atMs: nowMs })
      this.outputs.push({ kind: 'ask-page', holder: holder.id, ...missing })
    }
    return false
  }
}
