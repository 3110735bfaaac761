import { type Address, formatAddress } from '../base/address.ts'
import type { Timer } from '../base/timers.ts'
import { backoffMs } from '../core/link/backoff.ts'
import type { NodeContext } from './context.ts'
import type { TargetFact } from './facts.ts'
import type { LinkState } from './link-state.ts'

/** Addresses a person gives; more is a mistake. */
const TARGETS_MAX = 256

/** A link that did not last so long is made anew with growing pauses, as if the dial had failed. */
const LASTING_MS = 5_000

/**
 * While others are there, an address whose peer has gone is tried again so rarely: the pauses begin at the first and double up to the last. Soon
 * enough to find a friend who comes back, and next to nothing for one who does not.
 */
const RARE_FIRST_MS = 5_000
const RARE_MAX_MS = 300_000

/** What a dial was for: an address the user gave, a peer that membership wants, or a visit to a tracker. */
export interface Dialled {
  readonly target: string | null
  readonly expected: string | null
  readonly visit: number | null
}

interface Target {
  readonly key: string
  readonly address: Address
  /** `resting`: waiting for its timer, or without one until we are alone. `held`: the peer there is linked, by this or another link. */
  state: 'resting' | 'dialling' | 'held'
  /** It has led into a network that is still there, and is tried again rarely. */
  isRare: boolean
  failures: number
  /** Why the last attempt failed. */
  reason: string
  /** Links in a row that ended as soon as they were up. */
  brief: number
  /** When the newest was up, monotonic. */
  heldAtMs: number
  attempt: number
  timer: Timer<() => void> | null
  /** The peer last found there. */
  peerKey: string | null
}

/** Keeps links to the addresses it was given: dials, dials again with growing pauses, stops when told. */
export class Dialling {
  private readonly targets = new Map<string, Target>()
  /** Dials that membership asked for, by attempt: the key of the peer. As many as membership wants at a time. */
  private readonly peers = new Map<number, string>()
  /** Visits to trackers, by attempt. A few for each tracker given. */
  private readonly visits = new Map<number, number>()
  /** Dials of which only the outcome counts, by attempt: the key of the peer. As many as membership wants at a time. */
  private readonly probes = new Map<number, string>()
  private nextAttempt = 1

  constructor(private readonly context: NodeContext) {}

  /** Targets whose first attempt has not ended: what a program that is about to leave may wait for. */
  get firstAttempts(): number {
    let count = 0
    for (const target of this.targets.values()) {
      if (target.state === 'dialling' && target.failures === 0 && target.peerKey === null) count++
    }
    return count
  }

  /** Begins to keep a link to `address`, or tries at once if it is resting. False when there are too many. */
  want(address: Address): boolean {
    const key = formatAddress(address)
    let target = this.targets.get(key)
    if (target === undefined) {
      if (this.targets.size >= TARGETS_MAX) return false
      target = {
        key,
        address,
        state: 'resting',
        isRare: false,
        failures: 0,
        reason: '',
        brief: 0,
        heldAtMs: 0,
        attempt: 0,
        timer: null,
        peerKey: null,
      }
      this.targets.set(key, target)
    }
    if (target.state === 'resting') this.dial(target)
    return true
  }

  isHeld(address: Address): string | null {
    const target = this.targets.get(formatAddress(address))
    return target?.state === 'held' ? target.peerKey : null
  }

  /** Stops keeping links to a peer, or to an address. */
  forget(peerKey: string | null, address: string | null): boolean {
    let found = false
    for (const target of [...this.targets.values()]) {
      if ((peerKey === null || target.peerKey !== peerKey) && target.key !== address) continue
      if (target.timer !== null) this.context.timers.cancel(target.timer)
      this.targets.delete(target.key)
      found = true
      if (target.state !== 'held') this.given(target, 'hung-up', 'is not dialled any more, as asked')
    }
    return found
  }

  private given({ address, failures }: Target, code: string, reason: string): void {
    this.context.emit({ kind: 'dial-result', address, peer: null, code, reason, failures, retryMs: null })
  }

  /** Dials a peer once. */
  dialPeer(key: string, address: Address): void {
    const attempt = this.nextAttempt++
    this.peers.set(attempt, key)
    this.context.emit({ kind: 'dial', attempt, address })
  }

  /** Dials a linked peer to see whether anybody takes a connection there. */
  probe(key: string, address: Address): void {
    const attempt = this.nextAttempt++
    this.probes.set(attempt, key)
    this.context.emit({ kind: 'dial', attempt, address })
  }

  /** The attempt has ended: whom it was to try, or null if it was no such dial. */
  probeEnded(attempt: number): string | null {
    const key = this.probes.get(attempt)
    if (key === undefined) return null
    this.probes.delete(attempt)
    return key
  }

  /** Dials a tracker once. `visit`: what the owner knows it by. */
  dialTracker(visit: number, address: Address): void {
    const attempt = this.nextAttempt++
    this.visits.set(attempt, visit)
    this.context.emit({ kind: 'dial', attempt, address })
  }

  /** The attempt has ended: what it was for, or null when that is no longer wanted. */
  ended(attempt: number): Dialled | null {
    const expected = this.peers.get(attempt)
    if (expected !== undefined) {
      this.peers.delete(attempt)
      return { target: null, expected, visit: null }
    }
    const visit = this.visits.get(attempt)
    if (visit !== undefined) {
      this.visits.delete(attempt)
      return { target: null, expected: null, visit }
    }
    for (const target of this.targets.values()) {
      if (target.attempt === attempt) return { target: target.key, expected: null, visit: null }
    }
    return null
  }

  /** A peer ended the link, or we did, because it was not needed: an address that has led into a network has done its work while that lasts. */
  released(peerKey: string): void {
    for (const target of this.targets.values()) {
      if (target.peerKey === peerKey && target.state === 'held') target.state = 'resting'
    }
  }

  /** There is no neighbour left: the addresses that rest while there are others are dialled again. */
  alone(): void {
    for (const target of this.targets.values()) {
      const isWaiting = target.timer === null || target.isRare
      target.isRare = false
      if (target.state === 'resting' && isWaiting) this.rest(target, backoffMs(1, this.context.rng.float()))
    }
  }

  /** A dial failed, or its link ended before it was up. */
  failed(key: string, code: string, reason: string): void {
    const target = this.targets.get(key)
    if (target === undefined) return
    target.failures++
    target.reason = reason
    const hopeless = code === 'self'
    const retryMs = hopeless ? null : this.pauseMs(target, target.failures)
    if (retryMs === null) this.targets.delete(key)
    else this.rest(target, retryMs)
    const { address, failures } = target
    this.context.emit({ kind: 'dial-result', address, peer: null, code, reason, failures, retryMs })
  }

  /** The address leads to a peer that is linked: by `link`, or already by another one. */
  reached(key: string, link: LinkState): void {
    const target = this.targets.get(key)
    if (target === undefined) return
    target.state = 'held'
    target.isRare = false
    target.failures = 0
    target.heldAtMs = this.context.nowMs
    target.peerKey = link.peerKey
    const { address } = target
    this.context.emit({
      kind: 'dial-result',
      address,
      peer: link.peer,
      code: 'ok',
      reason: '',
      failures: 0,
      retryMs: null,
    })
  }

  /** The last link with a peer is gone: every address that led to it is dialled again, soon; rarely where `hasOthers` to be linked with. */
  lost(peerKey: string, hasOthers: boolean): void {
    for (const target of this.targets.values()) {
      if (target.peerKey !== peerKey || target.state !== 'held') continue
      target.brief = this.context.nowMs - target.heldAtMs < LASTING_MS ? target.brief + 1 : 0
      target.isRare = hasOthers
      this.rest(target, this.pauseMs(target, target.brief))
    }
  }

  /** How it stands with each address. */
  get facts(): TargetFact[] {
    return [...this.targets.values()].map(({ address, state, peerKey, failures, reason, timer }) => {
      const retryMs = timer === null ? null : Math.max(0, timer.atMs - this.context.nowMs)
      return { address, peerKey: state === 'held' ? peerKey : null, failures, reason, retryMs }
    })
  }

  private pauseMs({ isRare }: Target, failures: number): number {
    const random = this.context.rng.float()
    if (!isRare) return backoffMs(failures, random)
    return Math.min(RARE_FIRST_MS * 2 ** Math.min(failures, 10), RARE_MAX_MS) * (0.8 + 0.4 * random)
  }

  private rest(target: Target, delayMs: number): void {
    if (target.timer !== null) this.context.timers.cancel(target.timer)
    target.state = 'resting'
    target.timer = this.context.after(delayMs, () => this.dial(target))
  }

  private dial(target: Target): void {
    if (target.timer !== null) this.context.timers.cancel(target.timer)
    target.timer = null
    target.state = 'dialling'
    target.attempt = this.nextAttempt++
    this.context.emit({ kind: 'dial', attempt: target.attempt, address: target.address })
  }
}
