import { type DialectName, markName } from '../base/dialects.ts'

/** How often it is told that somebody says too much: a flood that comes in bursts would else be told with every pause it makes. */
export const FLOOD_TOLD_EVERY_MS = 60_000

/** How long it is counted what is dropped, once something is, before that is told: a pasted text has come by then, and whoever reads it still wonders. */
export const FLOOD_COUNTED_MS = 2_000
/** Of so many it is told by name at a time; more only give another name each time, and are told of as one. */
const FLOODERS_MAX = 8
/** What these are called, before their mark. */
const OTHERS = 'somebody else'

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

interface Flooder {
  /** Not told yet. */
  dropped: number
  readonly mark: DialectName | null
}

/**
 * What is dropped of those who say too much, counted by whom: told soon after the first, and then once a minute for as long as more is. Pure:
 * `after` runs something that many milliseconds later.
 */
export class Floods {
  private readonly flooders = new Map<string, Flooder>()

  constructor(
    private readonly after: (delayMs: number, run: () => void) => void,
    private readonly tell: (message: string) => void,
  ) {}

  /** Something of `who` is dropped, whose name is to be told with that mark; without one it is told as it is. */
  drop(who: string, mark: DialectName | null): void {
    const name = this.flooders.has(who) || this.flooders.size < FLOODERS_MAX ? who : OTHERS
    const flooder = this.flooders.get(name)
    if (flooder !== undefined) {
      flooder.dropped++
      return
    }
    this.flooders.set(name, { dropped: 1, mark })
    this.after(FLOOD_COUNTED_MS, () => this.report(name))
  }

  private report(name: string): void {
    const flooder = this.flooders.get(name)!
    const { dropped, mark } = flooder
    if (dropped === 0) {
      this.flooders.delete(name)
      return
    }
    flooder.dropped = 0
    const who = mark === null ? name : markName(name, mark)
    const lost = dropped === 1 ? 'a message was' : `${dropped} messages were`
    const next = mark === null || name === OTHERS ? '/peers lists who is there.' : '/ignore spares you the rest.'
    this.tell(`${who} says more than anybody could read: ${lost} dropped. ${next}`)
    this.after(FLOOD_TOLD_EVERY_MS, () => this.report(name))
  }
}
