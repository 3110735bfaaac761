import type { Timer } from '../../base/timers.ts'
import type { MembershipTimer } from './hyparview-link.ts'
import type { Members } from './hyparview-members.ts'
import { RETRY_FIRST_MS, RETRY_MAX_MS } from './hyparview-parameters.ts'

/** Rounds of asking: in each everybody known is asked once at most, and after one that found nobody comes a pause, longer each time. */
export class Rounds {
  number = 1
  /** Rounds in a row that ended without filling the view. */
  vain = 0
  /** Peers of this round that had no room. */
  refusals = 0
  /** Acquaintances that this round has gone through. */
  readonly recalled = new Set<string>()
  private timer: Timer<MembershipTimer> | null = null
  /** What the timer waits for: a new round, rather than leave to go on with this one. */
  private isResting = false
  private notBeforeMs = 0

  constructor(private readonly members: Members) {}

  /** Nobody is to be asked for now. */
  get isWaiting(): boolean {
    return this.members.nowMs < this.notBeforeMs
  }

  wait(delayMs: number): void {
    this.isResting = false
    this.notBeforeMs = this.members.nowMs + delayMs
    this.setTimer(delayMs)
  }

  /** All have been asked in vain. */
  rest(): void {
    if (this.isResting) return
    const pauseMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(this.vain, 10), RETRY_MAX_MS)
    this.vain++
    this.isResting = true
    this.setTimer(pauseMs * (0.8 + 0.4 * this.members.rng.float()))
  }

  /** The timer has run out. Answers whether that begins a new round. */
  resume(): boolean {
    const wasResting = this.isResting
    this.timer = null
    this.isResting = false
    if (wasResting) this.next()
    return wasResting
  }

  /** Begins a new round at once. */
  begin(): void {
    if (this.timer !== null) this.members.timers.cancel(this.timer)
    this.timer = null
    this.isResting = false
    this.notBeforeMs = 0
    this.vain = 0
    this.next()
  }

  private next(): void {
    this.number++
    this.refusals = 0
    this.recalled.clear()
  }

  private setTimer(delayMs: number): void {
    const { members } = this
    if (this.timer !== null) members.timers.cancel(this.timer)
    this.timer = members.timers.set(members.nowMs + delayMs, { kind: 'fill' })
  }
}
