import { type Timer, TimerQueue } from '../../src/base/timers.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** When every simulated world begins, in milliseconds since 1970: some day, always the same. */
export const WALL_START_MS = Date.UTC(2026, 0, 1)

/**
 * The time of a simulated world. It stands still while something happens and jumps to whatever is due next; things due at the
 * same time happen in the order in which they were planned, so a run depends on nothing but its seed.
 */
export class VirtualTime {
  nowMs = 0
  /** How many planned things have happened. */
  events = 0
  private readonly queue = new TimerQueue<() => void>()
  private deferred: (() => void)[] = []
  private readonly afterEach: (() => void)[] = []

  /** Plans `run` for `atMs`, or for the end of what is planned for now if that has passed. */
  at(atMs: number, run: () => void): Timer<() => void> {
    return this.queue.set(Math.max(atMs, this.nowMs), run)
  }

  cancel(timer: Timer<() => void>): void {
    this.queue.cancel(timer)
  }

  /** After what is happening now, before time moves on. */
  defer(run: () => void): void {
    this.deferred.push(run)
  }

  /** Calls `look` after each event, when the world is at rest: where invariants are checked. */
  watch(look: () => void): void {
    this.afterEach.push(look)
  }

  /** Does what is due next, if that is not after `untilMs`. False when nothing is. */
  step(untilMs: number = Number.POSITIVE_INFINITY): boolean {
    this.runDeferred()
    const atMs = this.queue.nextAtMs()
    if (atMs === null || atMs > untilMs) return false
    this.nowMs = atMs
    this.events++
    this.queue.takeDue(atMs)!()
    this.runDeferred()
    for (const look of this.afterEach) look()
    return true
  }

  /** Lets `durationMs` pass. */
  pass(durationMs: number): void {
    const untilMs = this.nowMs + durationMs
    while (this.step(untilMs));
    this.nowMs = untilMs
  }

  /** Lets time pass until `met` holds, for at most `durationMs`; answers whether it does. Looks after each event. */
  until(met: () => boolean, durationMs: number): boolean {
    const untilMs = this.nowMs + durationMs
    this.runDeferred()
    while (!met()) {
      if (this.step(untilMs)) continue
      this.nowMs = untilMs
      return met()
    }
    return true
  }

  private runDeferred(): void {
    for (let i = 0; i < this.deferred.length; i++) this.deferred[i]!()
    if (this.deferred.length > 0) this.deferred = []
  }
}

/** One process's view of a world's time: what it plans dies with it and waits while it is frozen. */
export class VirtualClock implements Clock {
  /** Timers that wait to fire: a bound that tests look at. */
  waiting = 0
  private dead = false

  constructor(
    private readonly time: VirtualTime,
    /** How far this machine's wall clock is off: positive is ahead. */
    public skewMs: number = 0,
    /** Where what is due goes: called at once, or kept while the process is frozen. */
    private readonly enter: (run: () => void) => void = (run) => run(),
  ) {}

  wallMs(): number {
    return Math.floor(WALL_START_MS + this.time.nowMs + this.skewMs)
  }

  nowMs(): number {
    return this.time.nowMs
  }

  timer(atMs: number, fire: () => void): () => void {
    let live = true
    const settle = (): boolean => {
      if (!live) return false
      live = false
      this.waiting--
      return true
    }
    this.waiting++
    const timer = this.time.at(atMs, () => {
      this.enter(() => {
        if (settle() && !this.dead) fire()
      })
    })
    return () => {
      if (settle()) this.time.cancel(timer)
    }
  }

  defer(run: () => void): void {
    this.time.defer(() => {
      if (!this.dead) run()
    })
  }

  /** The process is gone: nothing it planned happens. */
  kill(): void {
    this.dead = true
  }
}
