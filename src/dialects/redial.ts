import type { Address } from '../base/address.ts'

/** As the mesh's originals do it: 2ⁿ seconds, at most 64. */
const PAUSE_MS_MIN = 1_000
const PAUSE_MS_MAX = 64_000

/** The pause after so many failed attempts in a row, from 1. */
export function pauseMs(failures: number): number {
  return Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** Math.min(failures, 16))
}

/** An address that is to have a link, dialled again whenever it has none. */
export interface Wanted {
  readonly address: Address
  /** Attempts that failed since there last was a link. */
  failures: number
}
