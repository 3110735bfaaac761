import type { FeedLog } from './feed-log.ts'

/**
 * Keeps what all logs hold together within a bound, by dropping what came first. 48 MiB is about 190,000 messages of 256 bytes: minutes
 * of the busiest network for a link that lags, within a process that should stay well under 150 MB.
 */
export const WINDOW_BYTES_MAX = 48 * 1024 * 1024

export class Window {
  private arrivals: (FeedLog | null)[] = []
  private head = 0
  private bytes = 0

  constructor(private readonly bytesMax: number = WINDOW_BYTES_MAX) {}

  /** To be called after each append: makes room by dropping the oldest bundles of whatever feed. */
  appended(log: FeedLog, size: number): void {
    this.arrivals.push(log)
    this.bytes += size
    while (this.bytes > this.bytesMax && this.head < this.arrivals.length) {
      const oldest = this.arrivals[this.head]!
      this.arrivals[this.head++] = null
      // A log that was forgotten has been emptied already.
      if (oldest !== null && oldest.start < oldest.end) this.bytes -= oldest.dropOldest()
    }
    if (this.head > 4096 && this.head * 2 > this.arrivals.length) {
      this.arrivals = this.arrivals.slice(this.head)
      this.head = 0
    }
  }

  /** Empties a log that is no longer wanted. */
  forget(log: FeedLog): void {
    while (log.start < log.end) this.bytes -= log.dropOldest()
  }
}
