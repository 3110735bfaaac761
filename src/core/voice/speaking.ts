/**
 * Whether somebody is speaking, for people to see: lights up within two packets, and does not flicker between words. Told by the levels in their
 * datagrams, in order of arrival.
 */

/** Louder than this (in dB below full scale) begins it, quieter than that lets it end. */
const ON_LEVEL = 50
const OFF_LEVEL = 56
const ON_PACKETS = 2
/** Pauses within a sentence are mostly shorter. */
const LASTS_MS = 350
/** After the packet that says that it is the last. */
const LASTS_AFTER_END_MS = 100

export class Speaking {
  private loud = 0
  private on = false
  private untilMs = Number.NEGATIVE_INFINITY

  /** `level`: 0 to 127 dB below full scale. */
  heard(level: number, ends: boolean, nowMs: number): void {
    const was = this.isSpeaking(nowMs)
    this.loud = level <= ON_LEVEL ? this.loud + 1 : 0
    if (this.loud >= ON_PACKETS) this.on = true
    if (this.on && level <= OFF_LEVEL) this.untilMs = nowMs + LASTS_MS
    if (ends) {
      this.loud = 0
      if (was) this.untilMs = Math.min(this.untilMs, nowMs + LASTS_AFTER_END_MS)
    }
  }

  isSpeaking(nowMs: number): boolean {
    if (this.on && nowMs >= this.untilMs) this.on = false
    return this.on
  }

  /** When to look again; infinite while nothing can change by itself. */
  get nextWakeMs(): number {
    return this.on ? this.untilMs : Number.POSITIVE_INFINITY
  }
}
