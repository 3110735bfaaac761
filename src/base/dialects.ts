import { cleanName } from './text.ts'

/** The foreign protocols that are spoken: those of the programs this one descends from. */
export const DIALECTS = ['framed', 'mesh', 'tracker', 'line'] as const
export type DialectName = (typeof DIALECTS)[number]

/** What stands behind the names of our own people where only a foreign protocol is spoken. */
export const NATIVE_MARK = 'hearsay'

const MARK = new RegExp(`(?: \\((?:${[...DIALECTS, NATIVE_MARK].join('|')})\\))+$`)
/** What may be taken for a mark once it is written in plain characters: in whatever case, with or without the space before it. */
const MARK_ALIKE = new RegExp(`\\(\\s*(?:${[...DIALECTS, NATIVE_MARK].join('|')})\\s*\\)\\s*$`, 'i')
/** Most names have neither, and need no closer look. */
const PERHAPS_BRACKET = /[(\u0080-\uffff]/
/** Brackets that are drawn like round ones, beside those that Unicode itself takes for them (NFKC). */
const OPENING = '(❨❪⟮⦅⸨﴾'
const CLOSING = ')❩❫⟯⦆⸩﴿'
/** Whoever says nothing of a name still needs one. */
const NAMELESS = 'somebody'

export function isDialect(text: string): text is DialectName {
  return DIALECTS.some((name) => name === text)
}

/** Whether a name ends as those of people do whom nobody vouches for. */
export function isMarked(name: string): boolean {
  return MARK.test(name)
}

/** A name that somebody chose, who does not get to look like one whom nobody vouches for. */
export function unmarkedName(name: string): string {
  if (!PERHAPS_BRACKET.test(name)) return name
  const round = Array.from(name, roundBracket).join('')
  if (!MARK_ALIKE.test(round.normalize('NFKC'))) return name
  return round.replaceAll('(', '[').replaceAll(')', ']')
}

function roundBracket(char: string): string {
  const plain = char.normalize('NFKC')
  if (OPENING.includes(plain)) return '('
  return CLOSING.includes(plain) ? ')' : char
}

/** The network behind a marked name; null where there is none, or it is ours. */
export function networkOf(name: string): DialectName | null {
  const last = /\(([a-z]+)\)$/.exec(name)?.[1] ?? ''
  return isDialect(last) && isMarked(name) ? last : null
}

/** The name without the marks of the ways it came. */
export function bareName(name: string): string {
  return name.replace(MARK, '')
}

/**
 * A name with the network behind it that its bearer was heard on: `ann (tracker)`. Clean, and no longer than a name may be: the name gives
 * way, never the mark. Of marks it had before, the last one stays.
 */
export function markName(name: string, mark: DialectName | typeof NATIVE_MARK): string {
  const clean = cleanName(name)
  const before = /( \([a-z]+\))$/.exec(MARK.exec(clean)?.[0] ?? '')?.[1] ?? ''
  const marks = `${before} (${mark})`
  let bare = Array.from(bareName(clean))
  if (bare.length === 0) bare = Array.from(NAMELESS)
  // Cutting a name between two code points of one character leaves something cleaning would take away: hence the look.
  for (; bare.length > 1; bare.pop()) {
    const marked = bare.join('').trimEnd() + marks
    if (cleanName(marked) === marked) return marked
  }
  return cleanName(bare.join('')) === '' ? `${NAMELESS}${marks}` : `${bare.join('')}${marks}`
}
