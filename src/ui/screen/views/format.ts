/** Times, numbers and keys as people read them. */

/** Hours and minutes where we are. */
export function clock(atMs: number): string {
  const then = new Date(atMs)
  return `${two(then.getHours())}:${two(then.getMinutes())}`
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

export function dayName(atMs: number): string {
  const then = new Date(atMs)
  return `${DAYS[then.getDay()]} ${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`
}

/** Whether both are in one day where we are. */
export function sameDay(oneMs: number, otherMs: number): boolean {
  const one = new Date(oneMs)
  const other = new Date(otherMs)
  return (
    one.getDate() === other.getDate() &&
    one.getMonth() === other.getMonth() &&
    one.getFullYear() === other.getFullYear()
  )
}

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

const NAMES_SHOWN = 5

/** `Ann, Bob and 3 more`: of `count`, the first are `names`. */
export function listed(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMES_SHOWN)
  const rest = count - shown.length
  const parts = rest > 0 ? [...shown, `${rest} more`] : shown
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** `ctrl-k` as people write it: Ctrl-K. */
export function keyName(chord: string): string {
  const names: Readonly<Record<string, string>> = { pageup: 'PageUp', pagedown: 'PageDown' }
  return chord
    .split(/-(?=.)/)
    .map((part) => names[part] ?? part.charAt(0).toUpperCase() + part.slice(1))
    .join('-')
}
