import type { ByteReader } from '../base/bytes.ts'
import { type PresenceShelf, SHELF_MAX, type ShelvedPresence } from '../core/room/presence-shelf.ts'
import { FrameType } from '../wire/frame.ts'
import { AGE_S_MAX, PREFIXES_MAX, readPrefixes, writePrefixes } from '../wire/recall.ts'
import type { NodeContext } from './context.ts'
import { frame, type LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** So few are given outright: naming them first would cost as much. */
const OUTRIGHT_MAX = 8
/** What was asked of one neighbour is not asked of another for so long. */
const ASKED_MS = 2_000

interface Wanted {
  from: LinkState
  readonly atMs: number
  readonly others: Set<LinkState>
}

/** Gives those we link up with what we know of who is where, and takes it from them: only what they lack travels. */
export class Recall {
  /** What was asked for, and who else has it; at most as many as there can be. */
  private readonly wanted = new Map<string, Wanted>()
  /** What each link has named and asked for. */
  private readonly counts = new WeakMap<LinkState, { named: number; wanted: number }>()

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly shelf: PresenceShelf,
  ) {}

  linkUp(link: LinkState): void {
    const all = this.shelf.list(this.context.nowMs)
    if (all.length <= OUTRIGHT_MAX) {
      for (const presence of all) this.give(link, presence)
      return
    }
    const prefixes = all.map((presence) => presence.prefix)
    for (let at = 0; at < prefixes.length; at += PREFIXES_MAX) {
      const some = prefixes.slice(at, at + PREFIXES_MAX)
      this.links.send(link, FrameType.recallList, (out) => writePrefixes(out, some))
    }
  }

  onList(link: LinkState, body: ByteReader): void {
    const named = readPrefixes(body)
    if (named === null) return this.links.fault(link, 'sent a broken list of who is where')
    const count = this.countOf(link)
    count.named += named.length
    if (count.named > SHELF_MAX) return this.links.fault(link, 'named more people than there can be')
    this.ask(
      link,
      named.filter((prefix) => this.isToBeAsked(link, prefix)),
    )
  }

  /** What it was asked for and has not told is asked of another that named it. */
  linkDown(link: LinkState): void {
    const again = new Map<LinkState, string[]>()
    for (const [prefix, wanted] of this.wanted) {
      wanted.others.delete(link)
      if (wanted.from !== link) continue
      const [next] = wanted.others
      if (next === undefined || this.shelf.get(prefix) !== null) {
        this.wanted.delete(prefix)
        continue
      }
      wanted.others.delete(next)
      wanted.from = next
      const prefixes = again.get(next) ?? []
      again.set(next, prefixes)
      prefixes.push(prefix)
    }
    for (const [next, prefixes] of again) this.ask(next, prefixes)
  }

  private ask(link: LinkState, prefixes: readonly string[]): void {
    for (let at = 0; at < prefixes.length; at += PREFIXES_MAX) {
      const some = prefixes.slice(at, at + PREFIXES_MAX)
      this.links.send(link, FrameType.recallWant, (out) => writePrefixes(out, some))
    }
  }

  /** Notes that a link has what we lack; false where another one has just been asked for it. */
  private isToBeAsked(link: LinkState, prefix: string): boolean {
    if (this.shelf.get(prefix) !== null) return false
    const { nowMs } = this.context
    const wanted = this.wanted.get(prefix)
    if (wanted !== undefined && wanted.from !== link && nowMs - wanted.atMs < ASKED_MS) {
      wanted.others.add(link)
      return false
    }
    if (wanted === undefined && this.wanted.size >= SHELF_MAX) this.tidy()
    if (wanted === undefined && this.wanted.size >= SHELF_MAX) return false
    this.wanted.set(prefix, { from: link, atMs: nowMs, others: wanted?.others ?? new Set() })
    return true
  }

  private tidy(): void {
    const { nowMs } = this.context
    for (const [prefix, { atMs }] of this.wanted) {
      if (nowMs - atMs > ASKED_MS || this.shelf.get(prefix) !== null) this.wanted.delete(prefix)
    }
  }

  onWant(link: LinkState, body: ByteReader): void {
    const wanted = readPrefixes(body)
    if (wanted === null) return this.links.fault(link, 'asked in a broken way who is where')
    const count = this.countOf(link)
    count.wanted += wanted.length
    if (count.wanted > SHELF_MAX) return this.links.fault(link, 'asked for more people than there can be')
    for (const prefix of wanted) {
      const presence = this.shelf.get(prefix)
      if (presence !== null) this.give(link, presence)
    }
  }

  private give(link: LinkState, { hops, sealed, bornAtMs }: ShelvedPresence): void {
    const { nowMs } = this.context
    if (link.budget.passingOut.take(nowMs)) this.links.sendFrame(link, recalledFrame(sealed, hops, nowMs - bornAtMs))
  }

  private countOf(link: LinkState): { named: number; wanted: number } {
    const known = this.counts.get(link)
    if (known !== undefined) return known
    const count = { named: 0, wanted: 0 }
    this.counts.set(link, count)
    return count
  }
}

/** A passing event said `ageMs` ago, as a frame; the age is rounded up, so that handing on makes nothing younger. */
export function recalledFrame(sealed: Uint8Array, hops: number, ageMs: number): Uint8Array {
  const ageS = Math.min(AGE_S_MAX, Math.ceil(Math.max(0, ageMs) / 1_000))
  return frame(FrameType.recalled, (out) => out.u8(ageS).u8(hops).bytes(sealed))
}
