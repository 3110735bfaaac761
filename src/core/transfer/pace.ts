/** For so long after the last word people are taken to be talking. */
const TALK_MS = 2_000
/** For each millisecond of work, while people talk: work keeps a third of the time. With half of it, words wait as long as without any rest. */
const REST_PER_WORK = 2
/** No timer keeps time more closely; what is less is owed until it is as much. */
const REST_MS_MIN = 1
/** Nor is more ever owed, however long the work took: the process may have stood still, and what comes in short reads does not wait. */
const REST_MS_MAX = 20

/**
 * Leaves the processor to people while they talk, as a background transport leaves them the network (LEDBAT, RFC 6817): bulk that has worked for
 * a while rests for longer. While nobody talks it never rests, and however much is said it keeps its share of the time. Pure.
 */
export class Pace {
  private owedMs = 0
  private endedAtMs = 0

  /** `talkedAtMs`: when words were last said, heard or passed on, on the monotonic clock; minus infinity where none were. */
  constructor(private readonly talkedAtMs: () => number) {}

  /** Work went on from then to then, both on the monotonic clock. */
  worked(beganAtMs: number, endedAtMs: number): void {
    const isTalk = endedAtMs - this.talkedAtMs() < TALK_MS
    const owedMs = this.owedAt(beganAtMs) + (endedAtMs - beganAtMs) * REST_PER_WORK
    this.owedMs = isTalk ? Math.min(owedMs, REST_MS_MAX) : 0
    this.endedAtMs = endedAtMs
  }

  /** How long to rest from now on; 0 where work may go on. */
  restMs(nowMs: number): number {
    const owedMs = this.owedAt(nowMs)
    return owedMs < REST_MS_MIN ? 0 : owedMs
  }

  /** Time without work is rest, whatever it was for. */
  private owedAt(nowMs: number): number {
    return Math.max(0, this.owedMs - (nowMs - this.endedAtMs))
  }
}
