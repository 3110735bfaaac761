/** How often it is told that somebody says too much: a flood that comes in bursts would else be told with every pause it makes. */
export const FLOOD_TOLD_EVERY_MS = 60_000

/** That one link, or one network, says too much: worth telling at the first drop, and then at most once a minute. */
export class FloodNote {
  private toldAtMs = Number.NEGATIVE_INFINITY

  /** Whether a drop at that time is to be told; true counts as told. */
  isDue(nowMs: number): boolean {
    if (nowMs - this.toldAtMs < FLOOD_TOLD_EVERY_MS) return false
    this.toldAtMs = nowMs
    return true
  }
}
