import { cleanLine } from '../base/text.ts'
import { DEVICE_NAME_GRAPHEMES_MAX, DEVICES_MAX, type SoundDevice } from '../ports/sound.ts'

/** A device as the system tells of it: anything may be in its name. */
export interface FoundDevice {
  readonly id: string
  readonly name: string
  readonly isDefault: boolean
}

/** Longer ids are nobody's: one is written into a configuration file. */
const ID_LENGTH_MAX = 256

/**
 * For people: names cleaned and cut, equal ones numbered (`USB Audio`, `USB Audio (2)`), ids that come twice and all beyond
 * `DEVICES_MAX` left out.
 */
export function namedDevices(found: readonly FoundDevice[]): SoundDevice[] {
  const ids = new Set<string>()
  const names = new Set<string>()
  const devices: SoundDevice[] = []
  let hasDefault = false
  for (const { id, name, isDefault } of found) {
    if (devices.length === DEVICES_MAX) break
    if (id === '' || id.length > ID_LENGTH_MAX || ids.has(id)) continue
    ids.add(id)
    const own = shown(name) || shown(id) || 'Unnamed'
    const unique = numbered(own, names)
    names.add(unique)
    devices.push({ id, name: unique, isDefault: isDefault && !hasDefault })
    hasDefault ||= isDefault
  }
  return devices
}

function numbered(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name} (${number})`)) number++
  return `${name} (${number})`
}

/** Room for a number behind the longest. */
const SHOWN_MAX = DEVICE_NAME_GRAPHEMES_MAX - ' (64)'.length

function shown(name: string): string {
  const line = cleanLine(name.slice(0, 4 * ID_LENGTH_MAX))
    .replace(/\s+/g, ' ')
    .trim()
  if (/^[\x20-\x7e]*$/.test(line)) return line.slice(0, SHOWN_MAX).trim()
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)
  return Array.from(graphemes, ({ segment }) => segment)
    .slice(0, SHOWN_MAX)
    .join('')
    .trim()
}
