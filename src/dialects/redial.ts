import { type Address, formatAddress } from '../base/address.ts'

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

/** As many as links. */
const KEPT_MAX = 64

/** The addresses that are to be kept dialled. */
export class KeptAddresses {
  private readonly all = new Map<string, Wanted>()

  /** To be dialled now; `kept` where it is already, null where it is one too many. */
  add(address: Address): Wanted | 'kept' | null {
    const key = formatAddress(address)
    if (this.all.has(key)) return 'kept'
    if (this.all.size >= KEPT_MAX) return null
    const wanted = { address, failures: 0 }
    this.all.set(key, wanted)
    return wanted
  }

  /** Not one that was given up, even where its address has been asked for again since. */
  has(wanted: Wanted): boolean {
    return this.all.get(formatAddress(wanted.address)) === wanted
  }

  /** False where it was none. */
  remove(address: Address): boolean {
    return this.all.delete(formatAddress(address))
  }
}
