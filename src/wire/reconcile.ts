import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import {
  CELL_BYTES,
  CELLS_MAX,
  type CellsFrame,
  type HeldEntry,
  LIST_ENTRIES_MAX,
  LIST_ENTRY_BYTES,
  type ListFrame,
  type MoreFrame,
  type NamedEntry,
  OPEN_CELLS_MAX,
  type OpenFrame,
  type OpenRoom,
  RECONCILE_FEEDS_MAX,
  RECONCILE_ROOMS_MAX,
  type ReconcileFrame,
  type ReportFrame,
  SURVEY_BYTES,
  WORDS_PER_CELL,
} from './reconcile-frames.ts'
import { isHeld, readHolding, writeHolding } from './reconcile-holding.ts'
import { AUTHOR_BYTES, EPOCH_BYTES } from './replication.ts'

const Kind = { open: 1, more: 2, cells: 3, list: 4, differ: 5, answer: 6 } as const
const What = { cells: 0, list: 1, first: 2 } as const
const FLAG_LAST = 1
const FLAG_STATUSES = 2

export function writeReconcile(out: ByteWriter, frame: ReconcileFrame): void {
  out.u8(Kind[frame.kind])
  switch (frame.kind) {
    case 'open':
      return writeOpen(out, frame)
    case 'more':
      return writeMore(out, frame)
    case 'cells':
      return writeCells(out, frame.cells)
    case 'list':
      return writeList(out, frame)
    default:
      return writeReport(out, frame)
  }
}

/** Null when broken. What it answers shares no memory with the body. */
export function readReconcile(body: ByteReader): ReconcileFrame | null {
  switch (body.u8()) {
    case Kind.open:
      return readOpen(body)
    case Kind.more:
      return readMore(body)
    case Kind.cells:
      return readRestOfCells(body)
    case Kind.list:
      return readList(body)
    case Kind.differ:
      return readReport(body, 'differ')
    case Kind.answer:
      return readReport(body, 'answer')
    default:
      return null
  }
}

function writeOpen(out: ByteWriter, { cellsEach, rooms }: OpenFrame): void {
  out.varint(rooms.length).u8(cellsEach)
  for (const room of rooms) {
    out.u48(room.tag).varint(room.feeds)
    writeCells(out, room.cells)
  }
}

function readOpen(body: ByteReader): OpenFrame | null {
  const count = body.varint()
  const cellsEach = body.u8()
  if (count > RECONCILE_ROOMS_MAX || cellsEach < 1 || cellsEach > OPEN_CELLS_MAX) return null
  const rooms: OpenRoom[] = []
  let all = 0
  for (let i = 0; i < count && body.ok; i++) {
    const tag = body.u48()
    const feeds = body.varint()
    all += feeds
    rooms.push({ tag, feeds, cells: readCells(body, cellsEach) })
  }
  return body.done && all <= RECONCILE_FEEDS_MAX ? { kind: 'open', cellsEach, rooms } : null
}

function writeMore(out: ByteWriter, { list, first }: MoreFrame): void {
  if (first === null) {
    out.u8(list ? What.list : What.cells)
    return
  }
  out.u8(What.first)
  writeStatuses(out, first.statuses)
  out.varint(first.feeds).bytes(first.survey)
}

function readMore(body: ByteReader): MoreFrame | null {
  const what = body.u8()
  if (what !== What.first) {
    return body.done && what <= What.list ? { kind: 'more', list: what === What.list, first: null } : null
  }
  const statuses = readStatuses(body)
  const feeds = body.varint()
  const survey = body.take(SURVEY_BYTES).slice()
  if (!body.done || feeds > RECONCILE_FEEDS_MAX) return null
  return { kind: 'more', list: false, first: { statuses, feeds, survey } }
}

function writeCells(out: ByteWriter, cells: Uint32Array): void {
  for (const word of cells) out.u32(word)
}

/** A count that would not fit fails before anything is made for it. */
function readCells(body: ByteReader, count: number): Uint32Array {
  if (count * CELL_BYTES > body.left) {
    body.ok = false
    return new Uint32Array(0)
  }
  const cells = new Uint32Array(count * WORDS_PER_CELL)
  for (let i = 0; i < cells.length; i++) cells[i] = body.u32()
  return cells
}

function readRestOfCells(body: ByteReader): CellsFrame | null {
  const count = body.left / CELL_BYTES
  if (!Number.isInteger(count) || count < 1 || count > CELLS_MAX) return null
  return { kind: 'cells', cells: readCells(body, count) }
}

function writeList(out: ByteWriter, { last, references, words }: ListFrame): void {
  out.u8(last ? FLAG_LAST : 0)
  for (const [i, reference] of references.entries()) writeReference(out, reference).u32(words[i]!)
}

function readList(body: ByteReader): ListFrame | null {
  const flags = body.u8()
  const count = body.left / LIST_ENTRY_BYTES
  if (!body.ok || flags > FLAG_LAST || !Number.isInteger(count) || count > LIST_ENTRIES_MAX) return null
  const references: number[] = []
  const words: number[] = []
  for (let i = 0; i < count; i++) {
    references.push(readReference(body))
    words.push(body.u32())
  }
  return { kind: 'list', last: flags === FLAG_LAST, references, words }
}

function writeReport(out: ByteWriter, { last, statuses, held, named }: ReportFrame): void {
  out.u8((last ? FLAG_LAST : 0) | (statuses === null ? 0 : FLAG_STATUSES))
  if (statuses !== null) writeStatuses(out, statuses)
  out.varint(held.length)
  for (const { reference, holding } of held) writeHolding(writeReference(out, reference), holding)
  out.varint(named.length)
  for (const { room, author, epoch, holding } of named) {
    writeHolding(out.varint(room).bytes(author).bytes(epoch), holding)
  }
}

function readReport(body: ByteReader, kind: 'differ' | 'answer'): ReportFrame | null {
  const flags = body.u8()
  if (flags > (FLAG_LAST | FLAG_STATUSES) || (kind === 'answer' && flags > FLAG_LAST)) return null
  const statuses = (flags & FLAG_STATUSES) === 0 ? null : readStatuses(body)
  const held: HeldEntry[] = []
  for (let count = body.varint(); count > 0 && body.ok; count--) {
    held.push({ reference: readReference(body), holding: readHolding(body) })
  }
  const named: NamedEntry[] = []
  for (let count = body.varint(); count > 0 && body.ok; count--) {
    const room = body.varint()
    const author = body.take(AUTHOR_BYTES).slice()
    const epoch = body.take(EPOCH_BYTES).slice()
    const holding = readHolding(body)
    // A feed of which nothing is held need not be named.
    if (room >= RECONCILE_ROOMS_MAX || !isHeld(holding)) body.ok = false
    named.push({ room, author, epoch, holding })
  }
  return body.done ? { kind, last: (flags & FLAG_LAST) !== 0, statuses, held, named } : null
}

function writeStatuses(out: ByteWriter, statuses: Uint8Array): void {
  out.varint(statuses.length)
  for (let at = 0; at < statuses.length; at += 4) {
    let packed = 0
    for (let i = 0; i < 4; i++) packed |= (statuses[at + i] ?? 0) << (2 * i)
    out.u8(packed)
  }
}

function readStatuses(body: ByteReader): Uint8Array {
  const count = body.varint()
  if (count > RECONCILE_ROOMS_MAX) body.ok = false
  const statuses = new Uint8Array(body.ok ? count : 0)
  for (let at = 0; at < statuses.length; at += 4) {
    const packed = body.u8()
    for (let i = 0; i < 4; i++) {
      const status = (packed >>> (2 * i)) & 3
      if (at + i < count) statuses[at + i] = status
      else if (status !== 0) body.ok = false
    }
  }
  return statuses
}

function writeReference(out: ByteWriter, reference: number): ByteWriter {
  return out.u8(Math.floor(reference / 2 ** 32)).u32(reference % 2 ** 32)
}

function readReference(body: ByteReader): number {
  return body.u8() * 2 ** 32 + body.u32()
}
