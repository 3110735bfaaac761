import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { EVENT_NUMBER_MAX } from './limits.ts'

/** Event numbers from `from` up to and without `to`. */
export interface NumberRange {
  readonly from: number
  readonly to: number
}

/** How far somebody has a feed. */
export interface Holding {
  /** What comes before is neither held nor wanted: it was let go, or a relay's window begins here. 1 to `next`. */
  readonly base: number
  /** One past the newest event held; 1 where none ever was. */
  readonly next: number
  /** What is missing between the two, oldest first, not touching one another; event `next - 1` is in none of them. */
  readonly gaps: readonly NumberRange[]
}

export const NOTHING: Holding = { base: 1, next: 1, gaps: [] }

export function isHeld(holding: Holding): boolean {
  return holding.next > 1
}

/** All from the first event on. */
export function isWhole(holding: Holding): boolean {
  return holding.base === 1 && holding.gaps.length === 0
}

/** Gaps told of one feed. A feed may have more; then the oldest are told as one, so that too much is sent and nothing missed. */
export const GAPS_MAX = 512

/**
 * One varint where all is held from the first event on: twice what is below `next`, and 1 more where there is more to say. Then `base`, the
 * count of gaps, and for each how far it begins after the one before (the first after `base`) and how long it is.
 */
export function writeHolding(out: ByteWriter, holding: Holding): void {
  const { base, next, gaps } = holding
  if (isWhole(holding)) {
    out.varint((next - 1) * 2)
    return
  }
  out.varint((next - 1) * 2 + 1).varint(base)
  const joined = Math.max(0, gaps.length - GAPS_MAX)
  out.varint(gaps.length - joined)
  let end = base
  for (let i = joined; i < gaps.length; i++) {
    const { from } = gaps[i === joined ? 0 : i]!
    const { to } = gaps[i]!
    out.varint(from - end).varint(to - from)
    end = to
  }
}

/** Reads one that `writeHolding` could have written; anything else fails the reader. */
export function readHolding(body: ByteReader): Holding {
  const head = body.varint()
  const next = Math.floor(head / 2) + 1
  if (next > EVENT_NUMBER_MAX) body.ok = false
  if (head % 2 === 0) return body.ok ? { base: 1, next, gaps: [] } : NOTHING
  const base = body.varint()
  const count = body.varint()
  if (base < 1 || base > next || count > GAPS_MAX || (base === 1 && count === 0)) body.ok = false
  const gaps: NumberRange[] = []
  let end = base
  for (let i = 0; i < count && body.ok; i++) {
    const apart = body.varint()
    const from = end + apart
    const to = from + body.varint()
    if (to <= from || to >= next || (apart === 0 && i > 0)) body.ok = false
    gaps.push({ from, to })
    end = to
  }
  return body.ok ? { base, next, gaps } : NOTHING
}
