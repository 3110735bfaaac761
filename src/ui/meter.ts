/** Of the meter, from its quietest to full scale. */
const METER_DB = 60
const METER_CHARS = 20

/** A level in decibels of full scale as a bar, in letters that every terminal has. */
export function meter(peakDb: number): string {
  const part = Math.max(0, Math.min(1, 1 + peakDb / METER_DB))
  const full = Math.round(part * METER_CHARS)
  return '#'.repeat(full) + '-'.repeat(METER_CHARS - full)
}
