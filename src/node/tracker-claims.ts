import { type Address, formatAddress } from '../base/address.ts'
import { type Candidate, COORDINATOR_EVERY_MS, outranks } from '../core/election/bully.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'

/** Coordinators heard of; the oldest gives way. */
const CLAIMS_MAX = 16
/** A full house hangs up on newcomers: a coordinator is dialled so often before it is not believed. */
const ATTEMPTS_MAX = 4

/** Dials to addresses that neither a list nor a link has shown: a few, so that many who make claims cannot have us knock where they like. */
const STRANGERS_BURST = 8
const STRANGER_REFILL_MS = 5_000
/** Those on a long list do not all knock in one moment: so long for each, and no longer than for a thousand. A guess. */
const SPREAD_MS_EACH = 3
const SPREAD_MS_MAX = 3_000
const SHORT_LIST = 50
/** A coordinator that has not said so twice in a row is not there. */
const FRESH_MS = 2 * COORDINATOR_EVERY_MS

interface Claim extends Candidate {
  readonly address: Address | null
  readonly atMs: number
  attempts: number
}

/** Those who say that they have taken over from a tracker, and how often each was tried. */
export class Claims {
  private readonly claims = new Map<string, Claim>()
  private readonly strangers = new TokenBucket(STRANGERS_BURST, STRANGER_REFILL_MS)

  get(key: string): Candidate | undefined {
    return this.claims.get(key)
  }

  note(from: Candidate, address: Address | null, atMs: number): void {
    const attempts = this.claims.get(from.key)?.attempts ?? 0
    this.claims.delete(from.key)
    if (this.claims.size >= CLAIMS_MAX) this.claims.delete(this.claims.keys().next().value!)
    this.claims.set(from.key, { ...from, address, atMs, attempts })
  }

  /** Who said so of late, other than `but`: the highest of them; null where nobody did. */
  newest(but: string, nowMs: number): string | null {
    let best: Claim | null = null
    for (const claim of this.claims.values()) {
      const isFresh = claim.key !== but && nowMs - claim.atMs < FRESH_MS
      if (isFresh && (best === null || outranks(claim, best))) best = claim
    }
    return best?.key ?? null
  }

  /** Where to try one next, of what he says himself and `known`; null where that has been done often enough. */
  next(key: string, known: readonly (Address | null | undefined)[], nowMs: number): Address | null {
    const claim = this.claims.get(key)
    if (claim === undefined || claim.attempts >= ATTEMPTS_MAX) return null
    const shown = new Map<string, Address>()
    for (const address of known) if (address) shown.set(formatAddress(address), address)
    const { address } = claim
    const strange = address === null || shown.has(formatAddress(address)) ? null : address
    const turn = claim.attempts++ % (shown.size + (strange === null ? 0 : 1))
    if (turn === shown.size && this.strangers.take(nowMs)) return strange
    return [...shown.values()][turn % shown.size] ?? null
  }

  forget(key: string): void {
    this.claims.delete(key)
  }

  clear(): void {
    this.claims.clear()
  }
}

/** How long to wait before a new coordinator is dialled; of a short list all do at once. `random`: uniform in [0, 1). */
export function claimWaitMs(registered: number, random: number): number {
  return registered <= SHORT_LIST ? 0 : Math.min(registered * SPREAD_MS_EACH, SPREAD_MS_MAX) * random
}
