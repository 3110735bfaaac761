import type { Address } from '../base/address.ts'
import { formatIp, ipScope, parseIp } from '../base/ip.ts'
import type { Timer } from '../base/timers.ts'
import { backoffMs } from '../core/link/backoff.ts'
import type { NodeContext } from './context.ts'

/** How often the address given is tried while somebody else keeps the list: the rhythm of everything else about trackers. */
const EVERY_MS = 5_000
/** The same while nobody does: it may only have been started anew. */
const SOON_MS = 500
/** After it was taken from us, or somebody else was first: he is there in a moment. */
const AT_ONCE_MS = 200
/** How long one that wants its address back may take to come. */
const YIELD_MS = 10_000

/** How things stand: never found yet; lost; kept by somebody. */
export type GivenNeed = 'searching' | 'lost' | 'kept'

/** The address of a tracker as the user gave it: when it is tried again, and whether we listen there ourselves. */
export class GivenAddress {
  /** We listen there. */
  isHeld = false
  /** The driver has been asked to listen there, and has not said yet whether it does. */
  isAsked = false
  /** It is where we listen in any case, and go on listening whoever would have it. */
  isOwn = false
  /** It is another machine's. */
  isElsewhere = false
  /** Why it could not be had the last time, as the end of a sentence; empty while it can. */
  trouble = ''
  private failures = 0
  private yieldedUntilMs = 0
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    readonly address: Address,
    /** Tries it now, unless that is being done. */
    private readonly tryIt: () => void,
  ) {}

  /** Whoever wanted it back has had his time, so that we may listen there if it is ours. */
  get isFree(): boolean {
    return !this.isElsewhere && this.context.nowMs >= this.yieldedUntilMs
  }

  /** It was tried in vain. True where that is for another reason than before. */
  failed(reason: string, need: GivenNeed): boolean {
    const isNews = this.trouble !== reason
    this.trouble = reason
    this.failures++
    if (need === 'searching') this.plan(backoffMs(this.failures, this.context.rng.float()))
    else if (this.context.nowMs < this.yieldedUntilMs) this.plan(AT_ONCE_MS)
    else this.again(need)
    return isNews
  }

  /** To be tried again in its rhythm. */
  again(need: GivenNeed): void {
    this.plan(need === 'kept' ? EVERY_MS : SOON_MS)
  }

  /** Somebody else has just taken it. */
  taken(): void {
    this.plan(AT_ONCE_MS)
  }

  /** We listen there from now on. */
  held(): void {
    this.isHeld = true
    this.trouble = ''
    this.cancel()
  }

  yielded(): void {
    this.isHeld = false
    this.yieldedUntilMs = this.context.nowMs + YIELD_MS
    this.plan(AT_ONCE_MS)
  }

  /** Somebody is followed: there, or elsewhere. */
  followed(isThere: boolean): void {
    this.failures = 0
    this.yieldedUntilMs = 0
    if (isThere) this.trouble = ''
    if (isThere) this.cancel()
    else this.again('kept')
  }

  cancel(): void {
    if (this.timer !== null) this.context.timers.cancel(this.timer)
    this.timer = null
  }

  private plan(afterMs: number): void {
    this.cancel()
    if (this.isHeld) return
    this.timer = this.context.after(afterMs * (0.8 + 0.4 * this.context.rng.float()), () => {
      this.timer = null
      this.tryIt()
    })
  }
}

/**
 * Where others can dial a node that listens at `local`, as far as it knows: an IP address, or null. `seenAt`: where a tracker has seen it, null
 * where from inside its own machine; then others reach it where they reached the tracker, at `trackerHost`.
 */
export function reachableAt(local: Address, seenAt: string | null, trackerHost: string): Address | null {
  const { host, port } = local
  if (seenAt !== null) return { host: seenAt, port }
  const ip = parseIp(host)
  if (ip !== null && ipScope(ip) !== 'none') return { host, port }
  return parseIp(trackerHost) === null ? null : { host: trackerHost, port }
}

/**
 * Why others do not find a node that listens at `local` by a tracker at `trackerHost`: it listens for its own machine alone, and the tracker is
 * elsewhere (`cut-off`); or the tracker is on this machine, where others are sent to its own address, and the node listens at another one
 * (`beside`). Null: they do find it, or that cannot be told, as of a name.
 */
export function missedBy(local: Address, trackerHost: string): 'cut-off' | 'beside' | null {
  const own = parseIp(local.host === 'localhost' ? '127.0.0.1' : local.host)
  const theirs = parseIp(trackerHost)
  if (own === null || theirs === null || ipScope(own) === 'none') return null
  if (ipScope(theirs) !== 'loopback') return ipScope(own) === 'loopback' ? 'cut-off' : null
  return formatIp(own) === formatIp(theirs) ? null : 'beside'
}
