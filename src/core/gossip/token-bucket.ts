/** How much one source may cause: `capacity` at once, then one more every `refillMs`. Time is passed in; nothing runs. */
export class TokenBucket {
  private tokens: number
  private atMs = 0

  constructor(
    private readonly capacity: number,
    private readonly refillMs: number,
  ) {
    this.tokens = capacity
  }

  /** Takes so many tokens; false, and takes none, when there are fewer. */
  take(nowMs: number, count = 1): boolean {
    this.refill(nowMs)
    if (this.tokens < count) return false
    this.tokens -= count
    return true
  }

  /** Whole milliseconds until there is a token: rounded up, or rounding would have a caller come back too early for ever. */
  waitMs(nowMs: number): number {
    this.refill(nowMs)
    return this.tokens >= 1 ? 0 : Math.ceil((1 - this.tokens) * this.refillMs) + 1
  }

  private refill(nowMs: number): void {
    this.tokens = Math.min(this.capacity, this.tokens + Math.max(0, nowMs - this.atMs) / this.refillMs)
    this.atMs = nowMs
  }
}

/** How often something happens of late: each time adds one, one leaks away every `leakMs`, and it never holds more than `most`. */
export class LeakyMeter {
  private level = 0
  private atMs = 0

  constructor(
    private readonly most: number,
    private readonly leakMs: number,
  ) {}

  add(nowMs: number): void {
    this.level = Math.min(this.most, this.read(nowMs) + 1)
  }

  read(nowMs: number): number {
    this.level = Math.max(0, this.level - Math.max(0, nowMs - this.atMs) / this.leakMs)
    this.atMs = nowMs
    return this.level
  }
}
