import { toHex } from '../base/bytes.ts'
import { CLOCK_AHEAD_MAX_MS, type HybridClock } from '../base/hlc.ts'
import type { NodeContext } from './context.ts'
import type { EventTelling } from './outputs.ts'

/** Events from clocks far ahead that wait for their time. */
const AHEAD_EVENTS_MAX = 256
const AHEAD_CHECK_MS = 30_000
/** Authors whose clock was reported, each once: identities cost nothing, so a flood of them is not. */
const AHEAD_TOLD_MAX = 16

/** Tells what is said, but holds back what comes from clocks far ahead of ours until its time has come. */
export class AheadClocks {
  private ahead: EventTelling[] = []
  private readonly told = new Set<string>()

  constructor(
    private readonly context: NodeContext,
    private readonly clock: HybridClock,
  ) {}

  tell(telling: EventTelling): void {
    // Our own words are never held back from us, not even when our clock has just been set back.
    if (this.clock.see(telling.time, this.context.wallMs) || telling.self) return this.context.emit(telling)
    if (this.ahead.length === 0) this.context.after(AHEAD_CHECK_MS, () => this.check())
    this.ahead.push(telling)
    if (this.ahead.length > AHEAD_EVENTS_MAX) this.dropFurthest()
    const author = toHex(telling.author)
    if (!this.told.has(author) && this.told.size < AHEAD_TOLD_MAX) {
      this.told.add(author)
      const minutes = Math.round((telling.time.ms - this.context.wallMs) / 60_000)
      const who = telling.name === '' ? author.slice(0, 8) : telling.name
      const message = `${who}'s clock is ${minutes} minutes ahead of ours: what they say is held back until its time comes. One of the two clocks should be set.`
      this.context.emit({ kind: 'trouble', code: 'clock-ahead', message, user: true })
    }
  }

  /** A room was left: nothing of it is told any more. */
  left(room: string): void {
    this.ahead = this.ahead.filter((telling) => telling.room !== room)
  }

  /** A clock that is a year ahead must not keep out those that are some minutes ahead. */
  private dropFurthest(): void {
    let furthest = 0
    this.ahead.forEach((held, at) => {
      if (held.time.ms > this.ahead[furthest]!.time.ms) furthest = at
    })
    this.ahead.splice(furthest, 1)
  }

  private check(): void {
    const due = (telling: EventTelling) => telling.time.ms - this.context.wallMs <= CLOCK_AHEAD_MAX_MS
    const ready = this.ahead.filter(due)
    this.ahead = this.ahead.filter((telling) => !due(telling))
    for (const telling of ready) this.tell(telling)
    if (this.ahead.length > 0) this.context.after(AHEAD_CHECK_MS, () => this.check())
  }
}
