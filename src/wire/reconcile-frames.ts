import type { Holding } from './reconcile-holding.ts'

/**
 * `RECONCILE`: how two that link up find which feeds of the rooms they share differ. One frame type; the body's first byte says which:
 *
 *     OPEN    1 · rooms (varint) · cells of each 1 · for each room: tag 6 · feeds (varint) · cells of 12
 *     MORE    2 · what 1 · [with what 2: statuses · feeds (varint) · survey 64]
 *     CELLS   3 · cells of 12
 *     LIST    4 · last 1 · entries of 9: reference 5 · word 4
 *     DIFFER  5 · flags 1 · [statuses] · count (varint) · entries: reference 5 · holding · count (varint) · named feeds
 *     ANSWER  6 · the same without statuses
 *
 * Statuses are a count (varint) and two bits for each room of the OPEN, the first room's lowest. A named feed is the number of its room in
 * the OPEN (varint) · author 32 · epoch 8 · holding. OPEN, CELLS, LIST and ANSWER come from who opened, MORE and DIFFER from who answers.
 */
export type ReconcileFrame = OpenFrame | MoreFrame | CellsFrame | ListFrame | ReportFrame

export interface OpenFrame {
  readonly kind: 'open'
  /** Cells of each room, from 1 to `OPEN_CELLS_MAX`. */
  readonly cellsEach: number
  readonly rooms: readonly OpenRoom[]
}

export interface OpenRoom {
  /** 48 bits of the room's id hashed with the link's salt. */
  readonly tag: number
  /** How many feeds of it the sender holds something of. */
  readonly feeds: number
  /** Three words for each cell. */
  readonly cells: Uint32Array
}

export interface MoreFrame {
  readonly kind: 'more'
  /** `list`: no more cells, but all there is. */
  readonly list: boolean
  /** With the first of a run; null with the others. */
  readonly first: { readonly statuses: Uint8Array; readonly feeds: number; readonly survey: Uint8Array } | null
}

export interface CellsFrame {
  readonly kind: 'cells'
  readonly cells: Uint32Array
}

export interface ListFrame {
  readonly kind: 'list'
  readonly last: boolean
  /** References, 40 bits each, and at the same places the words that say how far the feeds are held. */
  readonly references: readonly number[]
  readonly words: readonly number[]
}

export interface ReportFrame {
  readonly kind: 'differ' | 'answer'
  readonly last: boolean
  /** With the first `differ` of a run that had no `more`; else null. */
  readonly statuses: Uint8Array | null
  /** Feeds that the receiver can tell by a reference: what the sender holds of them. */
  readonly held: readonly HeldEntry[]
  /** Feeds that the receiver does not know. */
  readonly named: readonly NamedEntry[]
}

export interface HeldEntry {
  readonly reference: number
  readonly holding: Holding
}

export interface NamedEntry {
  readonly room: number
  readonly author: Uint8Array
  readonly epoch: Uint8Array
  readonly holding: Holding
}

/** What the answering side makes of a room in the OPEN. */
export const RoomStatus = {
  /** It is not in it. */
  strange: 0,
  /** Both are, and the cells show no difference. */
  shared: 1,
  /** Both are, and its cells are among those that go on. */
  differs: 2,
  /** Both are, and the answering side holds nothing of it: all is to be named. */
  empty: 3,
} as const

export const WORDS_PER_CELL = 3
export const CELL_BYTES = 4 * WORDS_PER_CELL
/** A frame of cells is at most 48 KiB, and a run has no more cells than one frame: past that a list costs little more. */
export const CELLS_MAX = 4_096
export const OPEN_CELLS_MAX = 8
/** More rooms than a person reads; 256 of them open with less than 6 KB. */
export const RECONCILE_ROOMS_MAX = 256
/** Feeds of one run: as many as a node knows at once. */
export const RECONCILE_FEEDS_MAX = 65_536
export const SURVEY_BYTES = 64
export const LIST_ENTRY_BYTES = 9
/** 45 KB. */
export const LIST_ENTRIES_MAX = 5_000
