import type { Driver } from './driver.ts'

/** A publisher that is so many bundles ahead of a link that reads waits a little: half the window at the largest bundles. */
const LAG_BUNDLES_MAX = 400
const LAG_WAIT_MS_MAX = 1_000

/** While links that read are far behind, speakers wait a little, and in the order they came. */
export class SpeakingTurns {
  /** The last of those who wait to speak. */
  private last: Promise<void> | null = null

  constructor(private readonly driver: Driver) {}

  /** To be awaited before something is said; null: no need to. */
  next(): Promise<void> | null {
    const { driver } = this
    const lags = (): boolean => driver.node.lagBundles() > LAG_BUNDLES_MAX
    if (this.last === null && !lags()) return null
    const turn = (this.last ?? Promise.resolve())
      .then(() => (lags() ? driver.until(() => !lags(), LAG_WAIT_MS_MAX) : true))
      .then(() => {
        if (this.last === turn) this.last = null
      })
    this.last = turn
    return turn
  }
}
