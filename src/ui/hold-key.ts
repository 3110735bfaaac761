import type { KeyKind } from './key-filter.ts'

/** A second press so soon after the first is the key repeating itself: keyboards begin that after a quarter to two thirds of a second. */
const REPEAT_BEGINS_MS_MAX = 700
/** Repeats come every 30 to 100 ms, and when no more do the key has been let go. */
const REPEAT_MS_MAX = 300

export interface HoldKeyOptions {
  nowMs(): number
  /** Calls back once, not before; the answer cancels it. */
  timer(ms: number, fire: () => void): () => void
  held(isHeld: boolean): void
}

/**
 * Whether a key is held. Where the terminal tells of its release, that is known. Where it does not, a key that repeats itself is held for as long
 * as it does, and one that is pressed shortly stays down until it is pressed again.
 */
export class HoldKey {
  /** The terminal has told of a release, or has said that it will. */
  tellsReleases = false
  private isHeld = false
  private isRepeating = false
  private sinceMs = 0
  private cancel = (): void => {}

  constructor(private readonly options: HoldKeyOptions) {}

  hear(kind: KeyKind): void {
    if (kind === 'release') {
      this.tellsReleases = true
      return this.set(false)
    }
    if (this.tellsReleases) return kind === 'press' ? this.set(true) : undefined
    const nowMs = this.options.nowMs()
    if (!this.isHeld) {
      this.sinceMs = nowMs
      return this.set(true)
    }
    this.isRepeating ||= nowMs - this.sinceMs < REPEAT_BEGINS_MS_MAX
    if (!this.isRepeating) return this.set(false)
    this.cancel()
    this.cancel = this.options.timer(REPEAT_MS_MAX, () => this.set(false))
  }

  /** Something else has let it go, or presses it. */
  isNow(held: boolean): void {
    if (held === this.isHeld) return
    this.forget()
    this.isHeld = held
  }

  private set(held: boolean): void {
    this.forget()
    if (held === this.isHeld) return
    this.isHeld = held
    this.options.held(held)
  }

  private forget(): void {
    this.cancel()
    this.cancel = (): void => {}
    this.isRepeating = false
  }
}
