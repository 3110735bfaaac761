import type { Clock } from '../../ports/clock.ts'

/** What comes in the same breath is told of together. */
const SOON_MS = 1_000
/** And whoever goes on offering is told of as rarely as others who say too much. */
const EVERY_MS = 60_000
/** People counted apart between two tellings; more of them are counted, and not named. */
const PEOPLE_MAX = 64

/** Offers that are not listed, because too many of who offers them wait already: nobody is to look for them without a word. */
export class LeftOut {
  /** By key. */
  private readonly counts = new Map<string, number>()
  private total = 0
  private toldAtMs = Number.NEGATIVE_INFINITY
  private cancel: (() => void) | null = null

  /** `tell`: so many were left out; most of them of `most`, and of nobody else where `isAll`. */
  constructor(
    private readonly clock: Clock,
    private readonly tell: (total: number, most: string, isAll: boolean) => void,
  ) {}

  /** One more. `from`: by key. */
  add(from: string): void {
    this.total++
    const count = this.counts.get(from)
    if (count !== undefined || this.counts.size < PEOPLE_MAX) this.counts.set(from, (count ?? 0) + 1)
    this.cancel ??= this.clock.timer(Math.max(this.clock.nowMs() + SOON_MS, this.toldAtMs + EVERY_MS), () => this.due())
  }

  stop(): void {
    this.cancel?.()
    this.cancel = null
  }

  private due(): void {
    const { total } = this
    const [most, count] = [...this.counts].reduce((one, other) => (other[1] > one[1] ? other : one))
    this.cancel = null
    this.toldAtMs = this.clock.nowMs()
    this.counts.clear()
    this.total = 0
    this.tell(total, most, count === total)
  }
}
