import { type Argument, fieldOf, type JsonObject, type Read, type Words } from '../command.ts'
import { quoted } from '../options-quote.ts'
import { optional, required } from './arguments.ts'

/** The kinds of argument that only voice has. */

/** One of a few words. */
export function oneOf<const T extends string>(...values: readonly T[]): Argument<T> {
  return required<T>({
    kind: 'choice',
    what: `one of ${values.join(', ')}`,
    label: values.join('|'),
    take: (words) => words.next(),
    check(text) {
      const value = values.find((each) => each === text.toLowerCase())
      return value === undefined
        ? { ok: false, message: `${quoted(text)} is none of ${values.join(', ')}` }
        : { ok: true, value }
    },
  })
}

/** In JSON true or false. */
export function onOff(): Argument<boolean> {
  const read = (value: unknown): Read<boolean> => {
    if (typeof value === 'boolean') return { ok: true, value }
    const word = typeof value === 'string' ? value.toLowerCase() : ''
    return word === 'on' || word === 'off'
      ? { ok: true, value: word === 'on' }
      : { ok: false, message: 'it needs on or off' }
  }
  return {
    kind: 'choice',
    usage: '<on|off>',
    typed: true,
    fromLine: (words) => read(words.next()),
    fromJson: (field, object) => read(fieldOf(object, field)),
  }
}

/** On, off, or the other way than it is: null, and so where it is left out. In JSON true or false. */
export function onOffToggle(): Argument<boolean | null> {
  const read = (value: unknown): Read<boolean | null> => {
    if (value === undefined || value === null || value === 'toggle') return { ok: true, value: null }
    if (value === true || value === 'on') return { ok: true, value: true }
    if (value === false || value === 'off') return { ok: true, value: false }
    return { ok: false, message: 'it takes on, off or toggle' }
  }
  return {
    kind: 'choice',
    usage: '[<on|off|toggle>]',
    typed: true,
    fromLine: (words) => read(words.next()?.toLowerCase()),
    fromJson: (field, object) => read(fieldOf(object, field)),
  }
}

/** Somebody, to the end of the line; null where nobody is named. */
export function optionalPeer(): Argument<string | null> {
  return optional<string>({
    kind: 'peer',
    what: 'a peer',
    label: 'peer',
    take: (words) => words.all()?.replace(/^"(.+)"$/s, '$1') ?? null,
    check: checkPeer,
  })
}

/** Somebody before a number; null where there is only the number. A name of digits alone goes in quotes. */
export function peerBeforeNumber(): Argument<string | null> {
  return optional<string>({
    kind: 'peer',
    what: 'a peer',
    label: 'peer',
    take: (words) => (/^\d+%?$/.test(words.peek() ?? '0') ? null : words.nextQuoted()),
    check: checkPeer,
  })
}

function checkPeer(value: string): Read<string> {
  const named = value.trim().replace(/^@/, '')
  return named === '' ? { ok: false, message: 'the name is empty' } : { ok: true, value: named }
}

export interface NumberRange {
  /** As in `<percent>`. */
  readonly label: string
  readonly min: number
  readonly max: number
  /** What may stand behind it. */
  readonly unit: RegExp
}

export function number(range: NumberRange): Argument<number> {
  const { label, min, max } = range
  const missing: Read<number> = { ok: false, message: `it needs a number from ${min} to ${max}` }
  const check = (value: number): Read<number> => (value >= min && value <= max ? { ok: true, value } : missing)
  return {
    kind: 'number',
    usage: `<${label}>`,
    typed: true,
    fromLine: (words) => check(readNumber(words, range.unit)),
    fromJson(field: string, object: JsonObject) {
      const value = fieldOf(object, field)
      return check(typeof value === 'number' ? value : Number.NaN)
    },
  }
}

/** A number, or a word in its place. */
export function numberOr<const T extends string>(word: T, range: NumberRange): Argument<number | T> {
  const { label, min, max } = range
  const wrong: Read<number | T> = { ok: false, message: `it needs ${word}, or a number from ${min} to ${max}` }
  const check = (value: number): Read<number | T> => (value >= min && value <= max ? { ok: true, value } : wrong)
  return {
    kind: 'choice',
    usage: `<${word}|${label}>`,
    typed: true,
    fromLine(words) {
      if (words.peek()?.toLowerCase() !== word) return check(readNumber(words, range.unit))
      words.next()
      return { ok: true, value: word }
    },
    fromJson(field, object) {
      const value = fieldOf(object, field)
      return value === word ? { ok: true, value: word } : check(typeof value === 'number' ? value : Number.NaN)
    },
  }
}

function readNumber(words: Words, unit: RegExp): number {
  const text = (words.next() ?? '').replace(unit, '')
  const value = /^[+-]?\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  // A unit may stand apart.
  const next = words.peek()
  if (next !== null && next.replace(unit, '') === '') words.next()
  return value
}

/** A device's name, number or id, to the end of the line; null for `default`. */
export function device(): Argument<string | null> {
  return {
    ...required<string | null>({
      kind: 'device',
      what: 'a device: its name, its number in /voice devices, or default',
      label: 'device',
      take: (words) => words.all()?.replace(/^"(.+)"$/s, '$1') ?? null,
      check: (value) => ({ ok: true, value: value.trim().toLowerCase() === 'default' ? null : value.trim() }),
    }),
  }
}
