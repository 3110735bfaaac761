import type { FeedLog } from './feed-log.ts'

/**
 * Keeps what all logs hold together within a bound, by dropping what came first. 48 MiB is about 90,000 messages of 256 bytes in
 * bundles of their own, with all they take beside: minutes of a busy network for a link that lags, within a process that should stay
 * well under 150 MB.
 */
const WINDOW_BYTES_MAX = 48 * 1024 * 1024

export class Window {
  /** The log of each bundle in the order they came, and of some that are gone. */
  private arrivals: (FeedLog | null)[] = []
  private head = 0
  /** Arrivals whose bundle went with a forgotten log, or when its log was emptied. */
  private gone = 0
  /** Of logs that were emptied and go on, how many of their first arrivals are such. */
  private readonly emptied = new Map<FeedLog, number>()
  private bytes = 0

  constructor(private readonly bytesMax: number = WINDOW_BYTES_MAX) {}

  /** To be called after each append with what it answered: makes room by dropping the oldest bundles of whatever feed. */
  appended(log: FeedLog, cost: number): void {
    this.arrivals.push(log)
    this.bytes += cost
    while (this.bytes > this.bytesMax && this.head < this.arrivals.length) {
      const oldest = this.arrivals[this.head]!
      this.arrivals[this.head++] = null
      // A log that was forgotten has been emptied already.
      if (oldest !== null && !this.wentBefore(oldest) && oldest.start < oldest.end) this.bytes -= oldest.dropOldest()
      else this.gone--
    }
    if (this.head > 4096 && this.head * 2 > this.arrivals.length) {
      this.arrivals = this.arrivals.slice(this.head)
      this.head = 0
    }
  }

  /** Empties a log that is no longer wanted and will not be appended to again. */
  forget(log: FeedLog): void {
    this.gone += log.end - log.start
    while (log.start < log.end) this.bytes -= log.dropOldest()
    if (this.gone < 4096 || this.gone * 2 < this.arrivals.length - this.head) return
    this.arrivals = this.arrivals
      .slice(this.head)
      .filter((other) => other !== null && !this.wentBefore(other) && other.start < other.end)
    this.head = 0
    this.gone = 0
  }

  /** Empties a log that goes on further up, with something missing between. */
  empty(log: FeedLog): void {
    const count = log.end - log.start
    if (count === 0) return
    this.emptied.set(log, (this.emptied.get(log) ?? 0) + count)
    this.gone += count
    while (log.start < log.end) this.bytes -= log.dropOldest()
  }

  /** A bundle of the log has been put in another's place. */
  grew(bytes: number): void {
    this.bytes += bytes
  }

  /** Whether the bundle of a log's oldest arrival went when the log was emptied. To be asked once for each arrival. */
  private wentBefore(log: FeedLog): boolean {
    const count = this.emptied.get(log)
    if (count === undefined) return false
    if (count > 1) this.emptied.set(log, count - 1)
    else this.emptied.delete(log)
    return true
  }
}
