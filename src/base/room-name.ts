/**
 * The one form of an open room's name. Two people who type `#Dev` and `dev` mean the same room, so names are folded
 * the way IRC does it: leading `#` dropped, Unicode NFC, lower case. Everything a name could hide behind or be taken
 * apart by is refused rather than repaired: white space, controls, invisible and private characters, lone surrogates.
 */

/** As a person counts them (UAX #29 grapheme clusters). */
const ROOM_GRAPHEMES_MAX = 32
/** In UTF-8, after folding: what a frame has to carry. */
const ROOM_BYTES_MAX = 64

const VARIATION_SELECTORS = /[\uFE0E\uFE0F]/g
const REFUSED = /[\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/u
const ASCII = /^[\x21-\x7e]*$/

let segmenter: Intl.Segmenter | null = null

/**
 * The folded name, or null where `text` cannot be a room's name. Folding a folded name changes nothing. A leading `@` is refused:
 * it marks a direct conversation.
 */
export function normaliseRoom(text: string): string | null {
  // Folding can shorten a name (a composed character for three), but never to a quarter.
  if (text.length > 4 * ROOM_BYTES_MAX) return null
  const bare = text.trim().replace(/^#+/, '').replace(VARIATION_SELECTORS, '')
  const room = bare.normalize('NFC').toLowerCase().normalize('NFC')
  if (room.length === 0 || room.length > ROOM_BYTES_MAX || room.startsWith('@') || REFUSED.test(room)) return null
  if (ASCII.test(room)) return room.length <= ROOM_GRAPHEMES_MAX ? room : null
  if (new TextEncoder().encode(room).length > ROOM_BYTES_MAX) return null
  return room.length <= ROOM_GRAPHEMES_MAX || countGraphemes(room) <= ROOM_GRAPHEMES_MAX ? room : null
}

function countGraphemes(text: string): number {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  let count = 0
  for (const _ of segmenter.segment(text)) count++
  return count
}
