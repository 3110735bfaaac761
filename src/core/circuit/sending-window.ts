/**
 * So long what one sends may wait in queues on the way, beside what others say there: a quarter of the time there and back is half of what their
 * words take without us. No less than a busy machine is late by anyway, and no more than anybody notices.
 */
const TARGET_SHARE = 1 / 4
const TARGET_MS_MIN = 5
const TARGET_MS_MAX = 25
/** The least time there and back is forgotten after one to two of these: the way may have become longer. */
const LEAST_AGE_MS = 60_000

/**
 * How much to have on the way at a time, so that a stream fills what others leave and makes nobody wait: it measures how long bytes queue, and stays
 * below a target (LEDBAT, RFC 6817, with the halving of LEDBAT++ where the queue is much too long). Pure: the time is an argument.
 */
export class SendingWindow {
  /** Bytes. */
  private size: number
  private isStarting = true
  private leastMs = Number.POSITIVE_INFINITY
  private leastBeforeMs = Number.POSITIVE_INFINITY
  private turnedAtMs: number
  private readonly sent: { bytes: number; readonly atMs: number }[] = []
  private underwayBytes = 0

  /** `chunkBytes`: the least that is ever on its way; `bytesMax`: what the other end takes. */
  constructor(
    private readonly chunkBytes: number,
    private readonly bytesMax: number,
    nowMs: number,
  ) {
    this.size = Math.min(bytesMax, 4 * chunkBytes)
    this.turnedAtMs = nowMs
  }

  /** How many bytes may go just now. */
  get room(): number {
    return Math.max(0, Math.floor(this.size) - this.underwayBytes)
  }

  /** Bytes that left and are not known to have arrived. */
  get underway(): number {
    return this.underwayBytes
  }

  left(bytes: number, nowMs: number): void {
    this.sent.push({ bytes, atMs: nowMs })
    this.underwayBytes += bytes
  }

  /** So many have arrived, at most as many as are under way. */
  arrived(bytes: number, nowMs: number): void {
    let rest = bytes
    let atMs = nowMs
    while (rest > 0) {
      const oldest = this.sent[0]!
      const taken = Math.min(rest, oldest.bytes)
      rest -= taken
      oldest.bytes -= taken
      atMs = oldest.atMs
      if (oldest.bytes === 0) this.sent.shift()
    }
    this.underwayBytes -= bytes
    this.measured(nowMs - atMs, bytes, nowMs)
  }

  private measured(tookMs: number, bytes: number, nowMs: number): void {
    if (nowMs - this.turnedAtMs >= LEAST_AGE_MS) {
      this.leastBeforeMs = this.leastMs
      this.leastMs = Number.POSITIVE_INFINITY
      this.turnedAtMs = nowMs
    }
    this.leastMs = Math.min(this.leastMs, tookMs)
    const leastMs = Math.min(this.leastMs, this.leastBeforeMs)
    const targetMs = Math.max(TARGET_MS_MIN, Math.min(TARGET_MS_MAX, leastMs * TARGET_SHARE))
    const queuedMs = tookMs - leastMs
    if (queuedMs > targetMs / 2) this.isStarting = false
    if (queuedMs > 2 * targetMs) this.size -= bytes / 2
    else if (this.isStarting) this.size += bytes
    else this.size += (this.chunkBytes * bytes * (1 - queuedMs / targetMs)) / this.size
    this.size = Math.max(this.chunkBytes, Math.min(this.bytesMax, this.size))
  }
}
