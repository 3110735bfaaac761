/**
 * Which speakers are decoded where many speak at once: those who began first, and those who are clearly louder than the quietest of them.
 * Levels are told in the datagrams, so nobody has to be decoded to be left out. Who lies about theirs takes one place, and no more.
 */

/** Nobody can follow more; and so many cost a quarter of a core, however many speak. */
export const SPEAKERS_HEARD_MAX = 25
/** Whoever takes a place from another is louder by so much... */
const LOUDER_DB = 6
/** ...for so many packets in a row. */
const LOUDER_PACKETS = 5
/** A place falls free after so long without a packet. */
const PLACE_LASTS_MS = 400
/** Of the new in the mean level: some five packets. */
const SHARE = 0.2

interface Place {
  level: number
  atMs: number
}

export class LoudestSpeakers<Speaker> {
  private readonly places = new Map<Speaker, Place>()
  /** Packets in a row by which those without a place were louder than the quietest; no more than twice as many as there are places. */
  private readonly claims = new Map<Speaker, number>()

  constructor(private readonly most = SPEAKERS_HEARD_MAX) {}

  isHeard(speaker: Speaker): boolean {
    return this.places.has(speaker)
  }

  get count(): number {
    return this.places.size
  }

  /**
   * A packet came, so many dB below full scale. Answers who lost their place by it (to be halted), or null; whether the speaker has one says
   * `isHeard`.
   */
  spoke(speaker: Speaker, level: number, nowMs: number): Speaker | null {
    const place = this.places.get(speaker)
    if (place !== undefined) {
      place.level += (level - place.level) * SHARE
      place.atMs = nowMs
      return null
    }
    if (this.places.size < this.most || this.freeOne(nowMs)) {
      this.take(speaker, level, nowMs)
      return null
    }
    return this.claim(speaker, level, nowMs)
  }

  left(speaker: Speaker): void {
    this.places.delete(speaker)
    this.claims.delete(speaker)
  }

  private claim(speaker: Speaker, level: number, nowMs: number): Speaker | null {
    const quietest = this.quietest()
    if (quietest === null || level > this.places.get(quietest)!.level - LOUDER_DB) {
      this.claims.delete(speaker)
      return null
    }
    const count = (this.claims.get(speaker) ?? 0) + 1
    if (count < LOUDER_PACKETS) {
      if (!this.claims.has(speaker) && this.claims.size >= 2 * this.most) this.claims.clear()
      this.claims.set(speaker, count)
      return null
    }
    this.places.delete(quietest)
    this.take(speaker, level, nowMs)
    return quietest
  }

  private take(speaker: Speaker, level: number, nowMs: number): void {
    this.claims.delete(speaker)
    this.places.set(speaker, { level, atMs: nowMs })
  }

  private freeOne(nowMs: number): boolean {
    for (const [speaker, { atMs }] of this.places) {
      if (nowMs - atMs <= PLACE_LASTS_MS) continue
      this.places.delete(speaker)
      return true
    }
    return false
  }

  private quietest(): Speaker | null {
    let quietest: Speaker | null = null
    let level = -1
    for (const [speaker, place] of this.places) {
      if (place.level <= level) continue
      quietest = speaker
      level = place.level
    }
    return quietest
  }
}
