import { utf8 } from '../../base/bytes.ts'
import { cleanLine } from '../../base/text.ts'

/**
 * Names of files from the network, made safe to create on any system and to show. What a hostile one may try: to leave the folder
 * (`..`, separators, drive letters, streams), to be a device of Windows, to hide what it is (bidi, controls), to be too long for the
 * file system, to vanish (dots and blanks at the end, which Windows drops), or to be one file with another (case, composition).
 */

/** File systems allow 255 bytes; what is left is room for ` (2)`, `.part` and the state beside it. */
export const FILE_NAME_BYTES_MAX = 200
/** A whole path inside a folder: Windows takes 260 characters with the folder's own. */
const FILE_PATH_BYTES_MAX = 1024
const FILE_PATH_DEPTH_MAX = 32
/** What a file is called of whose name nothing is left. */
const NAMELESS = 'file'

const SEPARATORS = /[/\\\u2044\u2215\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c]/g
/** Not in names of Windows. */
const FORBIDDEN = /[<>:"|?*\u0000-\u001f\u007f]/g
/** Names of devices, with any ending; the superscripts count as digits there. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?=\s*(\.|$))/i
/** What stands beside files that are being received, and says what is to be fetched: nobody else is to write one. */
const STATE = /\.(part\.hearsay)$/i
const decoder = new TextDecoder()

/** One name that can be a file's in a folder, never empty. A clean one comes back as it is. */
export function cleanFileName(name: string): string {
  const visible = cleanLine(name.slice(0, 4 * FILE_NAME_BYTES_MAX).replace(SEPARATORS, '_')).normalize('NFC')
  const plain = settled(visible.replace(FORBIDDEN, '_'))
  const fitting = cut(plain)
  const safe = (DEVICE.test(fitting) ? cut(`_${fitting}`) : fitting).replace(STATE, '_$1')
  return safe === '' || /^[._]*$/.test(safe) ? NAMELESS : safe
}

/** By what two names are the same file on some system: case and composition apart. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase().normalize('NFC')
}

/** `photo.jpg` → `photo (2).jpg`; an ending is what follows the last dot, of at most 16 characters. */
export function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && name.length - dot <= 17 ? name.slice(dot) : ''
  const stem = name.slice(0, name.length - ending.length)
  return `${cut(stem, FILE_NAME_BYTES_MAX - utf8(ending).length - 12)} (${number})${ending}`
}

/**
 * A path inside a folder, from its sender's `/`-separated one: each part a clean name. Null where it is none: empty, absolute, with an empty or
 * a dotted part, too deep or too long. Such a path has no honest reason, so it is refused and not repaired.
 */
export function cleanPath(path: string): string[] | null {
  return pathParts(path)?.map(cleanFileName) ?? null
}

/** The same, as sent: each part is yet to be cleaned. */
export function pathParts(path: string): string[] | null {
  if (utf8(path).length > FILE_PATH_BYTES_MAX) return null
  const parts = path.split('/')
  if (parts.length > FILE_PATH_DEPTH_MAX) return null
  return parts.some((part) => part === '' || part === '.' || part === '..') ? null : parts
}

/** Without a blank before it a mark stands on nothing, and is not to be shown: what is cleaned once stays as it is. */
function settled(name: string): string {
  const trimmed = trimEnds(name)
  const clean = cleanLine(trimmed)
  return clean === trimmed ? trimmed : settled(clean)
}

/** No blanks at either end, no dots at the end, and no dash first, which programs take for an option. */
function trimEnds(name: string): string {
  return name
    .replace(/^[\s\u2800]+/, '')
    .replace(/[\s\u2800.]+$/, '')
    .replace(/^-/, '_')
}

/** Shortened to so many bytes, its ending kept where that is short, and never inside a character. */
function cut(name: string, bytesMax = FILE_NAME_BYTES_MAX): string {
  if (utf8(name).length <= bytesMax) return name
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && utf8(name.slice(dot)).length <= 17 ? name.slice(dot) : ''
  const stem = utf8(name.slice(0, name.length - ending.length))
  let end = bytesMax - utf8(ending).length
  // The first byte left out begins a character.
  while (end > 0 && (stem[end]! & 0xc0) === 0x80) end--
  return trimEnds(decoder.decode(stem.subarray(0, end))) + ending
}
