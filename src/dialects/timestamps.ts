/** Points in time as text, without a clock or a time zone of one's own (days: H. Hinnant, "chrono-compatible low-level date algorithms"). */

const DAY_MS = 86_400_000

/** `2025-11-16T10:30:00.123000000Z` (RFC 3339). */
export function formatRfc3339(wallMs: number): string {
  const ms = Math.floor(wallMs)
  return `${civil(ms)}.${pad(((ms % 1000) + 1000) % 1000, 3)}000000Z`
}

/** `2025-11-16T11:30:00`, seconds and no zone, as somebody's clock shows it who is `aheadMs` ahead of UTC. */
export function formatLocal(wallMs: number, aheadMs: number): string {
  return civil(Math.floor(wallMs) + aheadMs)
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Milliseconds since 1970; null for what is no such time. */
export function parseRfc3339(text: string): number | null {
  const match = text.length <= 40 ? RFC_3339.exec(text) : null
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number)
  const [fraction = '', sign, zoneHours = '0', zoneMinutes = '0'] = match.slice(7)
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hour! > 23 || minute! > 59 || second! > 60) return null
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000 * (sign === '-' ? -1 : 1)
  const ms = Math.floor(Number(`0.${fraction}0`) * 1000)
  return daysFromCivil(year!, month!, day!) * DAY_MS + (hour! * 3600 + minute! * 60 + second!) * 1000 + ms - zoneMs
}

function civil(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const seconds = Math.floor((ms - days * DAY_MS) / 1000)
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((each) => pad(each, 2))
  return `${civilFromDays(days)}T${time.join(':')}`
}

/** March is the first month of these years, so that the leap day is their last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function civilFromDays(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
