import {
  HANDLES_MAX,
  MAP_PART_BYTES_MAX,
  RefusalCode,
  RUN_LEAVES_MAX,
  type TransferFrame,
} from '../../wire/transfer.ts'
import type { Bits } from './bits.ts'
import type { Shape } from './shape.ts'

/** Something to be read for somebody; answered with `read` or `unread` under its ticket. */
export type ReadWanted =
  | { readonly ticket: number; readonly root: string; readonly first: number; readonly count: number }
  | { readonly ticket: number; readonly root: string; readonly level: number; readonly index: number }

/** A content that is given out. */
export interface Served {
  readonly shape: Shape
  /** The leaves there are; null: all of them. */
  readonly here: Bits | null
  /** The pieces there are, as far as `here` is not null. */
  readonly pieces: Bits | null
  /** Whether a peer, by its key, may have it. */
  allows(key: string): boolean
}

/** Leaves that one handle may have waiting: twice what the widest window asks for. */
const WAITING_LEAVES_MAX = 512
const WAITING_PAGES_MAX = 16
/** Read for one link and not sent yet, or being read. Twice this a link is what serving keeps in memory. */
const AHEAD_LEAVES = 2 * RUN_LEAVES_MAX
/** The same of pages: 128 KiB. */
const AHEAD_PAGES = 4
/** Under way to the disk at a time, for all links. */
const READS_MAX = 4
/** Answers that a link has not taken yet: who asks on regardless is no honest peer. */
const CONTROL_MAX = 4096
/** More of what somebody has gained than this is told as a map, which takes no room while it waits. */
const GAINED_WAITING_MAX = 256
/** A frame that waited longer for its link was too large for it. */
const PROMPT_MS = 20

interface Wanted {
  readonly first: number
  count: number
}

interface Session {
  readonly root: string
  readonly served: Served
  waiting: Wanted[]
  waitingLeaves: number
  pages: { readonly level: number; readonly index: number }[]
  /** The byte of its map of pieces that is to be told next; null where nothing of it is. */
  mapFrom: number | null
}

/** A part of a map, made only when the link takes it: what waits may be a thousand maps of a megabyte. */
interface MapPart {
  readonly type: 'map'
  readonly handle: number
}

interface Ready {
  readonly frame: TransferFrame
  readonly leaves: number
  readonly atMs: number
}

interface Asker {
  readonly key: string
  readonly sessions: Map<number, Session>
  readonly control: (TransferFrame | MapPart)[]
  readonly ready: Ready[]
  /** Leaves ready or being read. */
  ahead: number
  /** Pages likewise. */
  aheadPages: number
  runLeaves: number
}

interface Reading {
  readonly link: number
  readonly handle: number
  readonly session: Session
  readonly wanted: ReadWanted
}

/** Giving out what is here, to whoever asks and may have it: a fair share each, and never more in memory than a little for each link. */
export class Uploads {
  private readonly askers = new Map<number, Asker>()
  private readonly contents = new Map<string, Served>()
  private readonly readings = new Map<number, Reading>()
  private nextTicket = 1
  /** Links with something to send. */
  readonly dirty = new Set<number>()

  add(root: string, served: Served): void {
    this.contents.set(root, served)
  }

  /** Nobody gets it any more, and who has it open is told why. */
  remove(root: string, code: number): void {
    this.contents.delete(root)
    for (const [link, asker] of this.askers) {
      for (const [handle, session] of asker.sessions) if (session.root === root) this.refuse(link, asker, handle, code)
    }
  }

  linkUp(link: number, key: string): void {
    this.askers.set(link, { key, sessions: new Map(), control: [], ready: [], ahead: 0, aheadPages: 0, runLeaves: 1 })
  }

  linkDown(link: number): void {
    this.askers.delete(link)
    this.dirty.delete(link)
  }

  /** False: nobody honest would have sent it. */
  open(link: number, handle: number, root: string, size: number): boolean {
    const asker = this.askers.get(link)
    if (asker === undefined) return true
    if (asker.sessions.has(handle) || asker.control.length >= CONTROL_MAX) return false
    const served = this.contents.get(root)
    if (served === undefined || served.shape.size !== size) this.refuse(link, asker, handle, RefusalCode.unknown)
    else if (!served.allows(asker.key)) this.refuse(link, asker, handle, RefusalCode.notForYou)
    else if (asker.sessions.size >= HANDLES_MAX) this.refuse(link, asker, handle, RefusalCode.busy)
    else {
      const session = { root, served, waiting: [], waitingLeaves: 0, pages: [], mapFrom: null }
      asker.sessions.set(handle, session)
      this.tellHave(link, asker, handle, session)
    }
    return true
  }

  /** Whether that was opened and not refused. */
  isOpen(link: number, handle: number): boolean {
    return this.askers.get(link)?.sessions.has(handle) === true
  }

  ask(link: number, handle: number, first: number, count: number): void {
    const session = this.askers.get(link)?.sessions.get(handle)
    if (session === undefined || session.waitingLeaves + count > WAITING_LEAVES_MAX) return
    const { here, shape } = session.served
    for (let leaf = first; leaf < Math.min(first + count, shape.leaves); leaf++) {
      if (here !== null && !here.has(leaf)) continue
      const last = session.waiting.at(-1)
      if (last !== undefined && last.first + last.count === leaf) last.count++
      else session.waiting.push({ first: leaf, count: 1 })
      session.waitingLeaves++
    }
  }

  askPage(link: number, handle: number, level: number, index: number): void {
    const session = this.askers.get(link)?.sessions.get(handle)
    if (session === undefined || session.pages.length >= WAITING_PAGES_MAX) return
    if (session.served.shape.hasPage(level, index)) session.pages.push({ level, index })
  }

  cancel(link: number, handle: number, first: number, count: number): void {
    const session = this.askers.get(link)?.sessions.get(handle)
    if (session === undefined) return
    const kept: Wanted[] = []
    for (const run of session.waiting) {
      const before = Math.min(run.count, Math.max(0, first - run.first))
      const after = Math.min(run.count, Math.max(0, run.first + run.count - first - count))
      if (before > 0) kept.push({ first: run.first, count: before })
      if (after > 0 && before < run.count) kept.push({ first: run.first + run.count - after, count: after })
    }
    session.waiting = kept
    session.waitingLeaves = kept.reduce((sum, run) => sum + run.count, 0)
  }

  close(link: number, handle: number): void {
    this.askers.get(link)?.sessions.delete(handle)
  }

  /** A piece of a content has become whole here. */
  gained(root: string, piece: number): void {
    for (const [link, asker] of this.askers) {
      for (const [handle, session] of asker.sessions) {
        if (session.root === root) this.tellGained(link, asker, handle, session, piece)
      }
    }
  }

  /** What to read next, as long as there is anything; each counts until `read` or `unread`. */
  takeReads(): ReadWanted[] {
    const wanted: ReadWanted[] = []
    for (let more = true; more && this.readings.size < READS_MAX; ) {
      more = false
      for (const [link, asker] of [...this.askers]) {
        if (this.readings.size >= READS_MAX) break
        const next = this.nextRead(link, asker)
        if (next === null) continue
        // To the end of the line: who was served first is asked last.
        this.askers.delete(link)
        this.askers.set(link, asker)
        wanted.push(next)
        more = true
      }
    }
    return wanted
  }

  read(ticket: number, bytes: Uint8Array, nowMs: number): void {
    const reading = this.readings.get(ticket)
    if (reading === undefined) return
    this.readings.delete(ticket)
    const { link, handle, wanted } = reading
    const asker = this.askers.get(link)
    if (asker === undefined) return
    const leaves = 'first' in wanted ? wanted.count : 0
    if (asker.sessions.get(handle) !== reading.session) {
      this.free(asker, leaves)
      return
    }
    const frame: TransferFrame =
      'first' in wanted
        ? { type: 'leaves', handle, first: wanted.first, bytes }
        : { type: 'page', handle, level: wanted.level, index: wanted.index, bytes }
    asker.ready.push({ frame, leaves, atMs: nowMs })
    this.dirty.add(link)
  }

  /** It could not be read: it has changed or is gone, and nobody is served from it any more. */
  unread(ticket: number, code: number): void {
    const reading = this.readings.get(ticket)
    if (reading === undefined) return
    this.readings.delete(ticket)
    const asker = this.askers.get(reading.link)
    if (asker !== undefined) this.free(asker, 'first' in reading.wanted ? reading.wanted.count : 0)
    this.remove(reading.session.root, code)
  }

  /** The next frame for a link; null where there is none. */
  pull(link: number, nowMs: number): TransferFrame | null {
    const asker = this.askers.get(link)
    if (asker === undefined) return null
    for (let said = asker.control.shift(); said !== undefined; said = asker.control.shift()) {
      const frame = said.type === 'map' ? this.nextMapPart(asker, said) : said
      if (frame !== null) return frame
    }
    for (let next = asker.ready.shift(); next !== undefined; next = asker.ready.shift()) {
      this.free(asker, next.leaves)
      if (!asker.sessions.has(next.frame.handle)) continue
      if (next.leaves > 0) {
        const isPrompt = nowMs - next.atMs < PROMPT_MS
        asker.runLeaves = isPrompt ? Math.min(RUN_LEAVES_MAX, asker.runLeaves * 2) : Math.max(1, asker.runLeaves >> 1)
      }
      return next.frame
    }
    this.dirty.delete(link)
    return null
  }

  /** Links that have a content open, or anything at all. */
  isServing(root?: string): boolean {
    for (const { sessions } of this.askers.values()) {
      for (const session of sessions.values()) if (root === undefined || session.root === root) return true
    }
    return false
  }

  isUsed(link: number): boolean {
    return (this.askers.get(link)?.sessions.size ?? 0) > 0
  }

  private nextRead(link: number, asker: Asker): ReadWanted | null {
    for (const [handle, session] of asker.sessions) {
      const page = asker.aheadPages < AHEAD_PAGES ? session.pages.shift() : undefined
      if (page === undefined && (session.waiting.length === 0 || asker.ahead >= AHEAD_LEAVES)) continue
      // Its contents take turns as well.
      asker.sessions.delete(handle)
      asker.sessions.set(handle, session)
      const ticket = this.nextTicket++
      const { root } = session
      const wanted =
        page === undefined ? { ticket, root, ...takeRun(session, asker.runLeaves) } : { ticket, root, ...page }
      if ('count' in wanted) asker.ahead += wanted.count
      else asker.aheadPages++
      this.readings.set(ticket, { link, handle, session, wanted })
      return wanted
    }
    return null
  }

  /** No leaves: a page. */
  private free(asker: Asker, leaves: number): void {
    if (leaves > 0) asker.ahead -= leaves
    else asker.aheadPages--
  }

  private tellHave(link: number, asker: Asker, handle: number, session: Session): void {
    const { pieces } = session.served
    if (pieces === null || pieces.isFull) return this.say(link, asker, { type: 'have', handle, whole: true })
    if (pieces.count === 0) return this.say(link, asker, { type: 'have', handle, whole: false })
    if (session.mapFrom === null) this.say(link, asker, { type: 'map', handle })
    session.mapFrom = 0
  }

  private tellGained(link: number, asker: Asker, handle: number, session: Session, piece: number): void {
    // The map says it too.
    if (session.mapFrom === 0) return
    if (asker.control.length < GAINED_WAITING_MAX) this.say(link, asker, { type: 'gained', handle, pieces: [piece] })
    else this.tellHave(link, asker, handle, session)
  }

  private nextMapPart(asker: Asker, part: MapPart): TransferFrame | null {
    const session = asker.sessions.get(part.handle)
    const from = session?.mapFrom ?? null
    const pieces = session?.served.pieces ?? null
    if (session === undefined || from === null || pieces === null) return null
    const to = Math.min(pieces.byteLength, from + MAP_PART_BYTES_MAX)
    session.mapFrom = to < pieces.byteLength ? to : null
    if (session.mapFrom !== null) asker.control.unshift(part)
    return { type: 'have', handle: part.handle, from, map: pieces.bytes(from, to) }
  }

  private refuse(link: number, asker: Asker, handle: number, code: number): void {
    asker.sessions.delete(handle)
    this.say(link, asker, { type: 'refused', handle, code })
  }

  private say(link: number, asker: Asker, frame: TransferFrame | MapPart): void {
    const last = asker.control.at(-1)
    if (
      frame.type === 'gained' &&
      last?.type === 'gained' &&
      last.handle === frame.handle &&
      last.pieces.length < 200
    ) {
      asker.control[asker.control.length - 1] = { ...last, pieces: [...last.pieces, ...frame.pieces] }
    } else asker.control.push(frame)
    this.dirty.add(link)
  }
}

function takeRun(session: Session, leavesMax: number): Wanted {
  const run = session.waiting[0]!
  const count = Math.min(run.count, leavesMax)
  session.waitingLeaves -= count
  if (count === run.count) session.waiting.shift()
  else session.waiting[0] = { first: run.first + count, count: run.count - count }
  return { first: run.first, count }
}
