import type { Line } from '../text/styled.ts'
import { type Around, rowsOf } from '../views/entry.ts'
import type { Look } from '../views/look.ts'
import type { Talk } from './talk.ts'

/** A talk as rows of a pane; only those rows are made that are asked for. */
export class Flow {
  constructor(
    readonly talk: Talk,
    readonly width: number,
    private readonly look: Look,
  ) {}

  /** The last row there is; null in an empty talk. */
  get end(): Spot | null {
    const index = this.talk.entries.length - 1
    return index < 0 ? null : { index, row: this.rows(index).length - 1 }
  }

  /** The lowest row that is shown. */
  get bottom(): Spot | null {
    const { anchor, entries } = this.talk
    if (anchor === null) return this.end
    const index = entries.findLastIndex((entry) => entry.id === anchor.id)
    return index === -1 ? this.end : { index, row: Math.min(anchor.row, this.rows(index).length - 1) }
  }

  rows(index: number): readonly Line[] {
    const entry = this.talk.entries[index]!
    const around: Around = {
      before: this.talk.entries[index - 1] ?? null,
      isFirstUnread: entry.id === this.talk.unreadFrom,
      width: this.width,
      look: this.look,
    }
    return rowsOf(entry, around)
  }

  /** `count` rows up from `spot`, or as many as there are; `left` tells how many were missing. */
  up({ index, row }: Spot, count: number): { readonly spot: Spot; readonly left: number } {
    let at = { index, row }
    let left = count
    while (left > at.row && at.index > 0) {
      left -= at.row + 1
      at = { index: at.index - 1, row: this.rows(at.index - 1).length - 1 }
    }
    const steps = Math.min(left, at.row)
    return { spot: { index: at.index, row: at.row - steps }, left: left - steps }
  }

  down({ index, row }: Spot, count: number): { readonly spot: Spot; readonly left: number } {
    let at = { index, row }
    let left = count
    const last = this.talk.entries.length - 1
    for (;;) {
      const below = this.rows(at.index).length - 1 - at.row
      if (left <= below) return { spot: { index: at.index, row: at.row + left }, left: 0 }
      if (at.index >= last) return { spot: { index: at.index, row: at.row + below }, left: left - below }
      left -= below + 1
      at = { index: at.index + 1, row: 0 }
    }
  }

  /** At most `height` rows that end with `bottom`, from above to below. */
  visible(height: number): readonly ShownRow[] {
    const { bottom } = this
    const shown: ShownRow[] = []
    for (let index = bottom?.index ?? -1; index >= 0 && shown.length < height; index--) {
      const rows = this.rows(index)
      const last = index === bottom!.index ? bottom!.row : rows.length - 1
      for (let row = last; row >= 0 && shown.length < height; row--) shown.push({ index, line: rows[row]! })
    }
    return shown.reverse()
  }
}

/** A row of an entry. */
export interface Spot {
  readonly index: number
  readonly row: number
}

export interface ShownRow {
  readonly index: number
  readonly line: Line
}
