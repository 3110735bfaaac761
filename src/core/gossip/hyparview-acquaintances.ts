import type { Rng } from '../../base/rng.ts'
import type { Contact } from '../../wire/membership.ts'
import { ACQUAINTANCES_MAX, STRANGER_MET_REFILL_MS, STRANGERS_MET_BURST } from './hyparview-parameters.ts'
import { isShareable, placeOf } from './hyparview-place.ts'
import { TokenBucket } from './token-bucket.ts'

/**
 * Peers that we once had a link with: more of them than a passive view keeps, for when that has nobody left who lives, and for the next start.
 * `ACQUAINTANCES_MAX` at most; nothing in the paper answers to them.
 */
export class Acquaintances {
  /** The last at the end. */
  private readonly byKey = new Map<string, Contact>()
  private readonly strangersMet = new TokenBucket(STRANGERS_MET_BURST, STRANGER_MET_REFILL_MS)

  constructor(private readonly rng: Rng) {}

  get(key: string): Contact | null {
    return this.byKey.get(key) ?? null
  }

  newestFirst(): Contact[] {
    return this.oldestFirst().reverse()
  }

  oldestFirst(): Contact[] {
    return [...this.byKey.values()]
  }

  /** Strangers are taken in only so often, and who is forgotten for another is left to chance: a crowd of them does not drive out the rest. */
  add(contact: Contact, isChosen: boolean, nowMs: number): void {
    if (!isShareable(placeOf(contact.address))) return
    const isNew = !this.byKey.delete(contact.key)
    if (isNew && !isChosen && !this.strangersMet.take(nowMs)) return
    if (this.byKey.size >= ACQUAINTANCES_MAX) {
      const keys = [...this.byKey.keys()]
      this.byKey.delete(keys[this.rng.below(keys.length)]!)
    }
    this.byKey.set(contact.key, contact)
  }
}
