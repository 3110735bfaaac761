import { PASTE_BEGIN, Pasted } from '../../pasted.ts'
import { isManyLines, plainAt, UnmarkedPaste } from './unmarked.ts'

/** What a person does at a terminal. */
export type Input =
  /** `chord`: `enter`, `ctrl-k`, `alt-1`, `shift-tab`, `f1`; the modifiers in the order ctrl, alt, shift. */
  | { readonly kind: 'key'; readonly chord: string }
  /** What was typed, as many characters as came at once. */
  | { readonly kind: 'text'; readonly text: string }
  /** `isCut`: there was more of it. */
  | { readonly kind: 'paste'; readonly text: string; readonly isCut: boolean }
  | { readonly kind: 'mouse'; readonly action: MouseAction; readonly x: number; readonly y: number }
  | { readonly kind: 'focus'; readonly focused: boolean }

export type MouseAction = 'press' | 'drag' | 'release' | 'wheel-up' | 'wheel-down' | 'other'

/** No sequence that a terminal sends for a key is longer. What terminals answer to questions is, and none are asked. */
const SEQUENCE_CHARS_MAX = 64
const STRING_CHARS_MAX = 4 * 1024

const CSI = /^\x1b\[([<=>?]?)([\d;:]*)([ -/]*)([@-~])/
const CSI_BEGUN = /^\x1b\[[<=>?]?[\d;:]*[ -/]*$/
/** Device control, operating system command, application command, privacy message: never a key. */
const STRING = /^\x1b[P\]_^X][^\x07\x1b]*(?:\x07|\x1b\\)/
const STRING_BEGUN = /^\x1b[P\]_^X][^\x07\x1b]*\x1b?$/
const TYPED = /^[^\x00-\x1f\x7f\x80-\x9f]+/

const FINAL_KEYS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'begin',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
}

const TILDE_KEYS: Readonly<Record<number, string>> = {
  ...{ 1: 'home', 2: 'insert', 3: 'delete', 4: 'end', 5: 'pageup', 6: 'pagedown', 7: 'home', 8: 'end' },
  ...{ 11: 'f1', 12: 'f2', 13: 'f3', 14: 'f4', 15: 'f5', 17: 'f6', 18: 'f7', 19: 'f8', 20: 'f9', 21: 'f10' },
  ...{ 23: 'f11', 24: 'f12' },
}

/** Code points that the kitty keyboard protocol and xterm's modifyOtherKeys send for keys without a character. */
const CODED_KEYS: Readonly<Record<number, string>> = {
  9: 'tab',
  13: 'enter',
  27: 'escape',
  32: 'space',
  127: 'backspace',
}

/**
 * Bytes of a terminal as what was done at it. Sequences may come in pieces, and anything may come: what is unknown is passed over, what does
 * not end is given up, and no more is kept than the bounds above.
 */
export class InputParser {
  private readonly decoder = new TextDecoder()
  private rest = ''
  /** Of a paste that has not ended; null outside of one. */
  private pasted: Pasted | null = null
  /** Of many lines that came at once. */
  private unmarked: UnmarkedPaste | null = null
  /** So many characters at the end of what is there have not been looked at for many lines. */
  private unseen = 0

  /** True: what is there may be a key by itself, or the beginning of more. */
  get isWaiting(): boolean {
    return this.unmarked !== null || (this.pasted === null && this.rest !== '')
  }

  /** What waits is a paste whose end nothing marks: over a slow line it stalls. */
  get isPasting(): boolean {
    return this.unmarked !== null
  }

  push(bytes: Uint8Array): Input[] {
    this.rest += this.decoder.decode(bytes, { stream: true })
    this.unseen = this.rest.length
    const found: Input[] = []
    while (this.rest !== '' && this.next(found));
    return found
  }

  /** Nothing has come for a while: what waits is taken for what it is alone. */
  flush(): Input[] {
    const found: Input[] = []
    this.endUnmarked(found)
    while (this.isWaiting) if (!this.next(found)) this.escape(found)
    return found
  }

  /** Takes one thing from the front; false where more has to come first. */
  private next(found: Input[]): boolean {
    if (this.pasted !== null) return this.paste(this.pasted, found)
    if (this.goesOnUnmarked(found)) return true
    const { rest } = this
    if (rest.startsWith('\x1b')) return this.sequence(found)
    const typed = TYPED.exec(rest)?.[0]
    if (typed !== undefined) {
      this.rest = rest.slice(typed.length)
      found.push({ kind: 'text', text: typed })
      return true
    }
    const chord = controlChord(rest.charCodeAt(0))
    this.rest = rest.slice(1)
    if (chord !== null) found.push({ kind: 'key', chord })
    return true
  }

  /** Takes what belongs to a paste without marks, or begins one; false where there is none. */
  private goesOnUnmarked(found: Input[]): boolean {
    const { rest } = this
    if (this.unmarked === null && rest.length > this.unseen) return false
    const plain = plainAt(rest)
    this.unseen = rest.length - plain.length - 1
    if (this.unmarked === null && isManyLines(plain)) this.unmarked = new UnmarkedPaste()
    if (this.unmarked === null) return false
    this.unmarked.add(plain)
    this.rest = rest.slice(plain.length)
    if (this.rest !== '') this.endUnmarked(found)
    return true
  }

  private endUnmarked(found: Input[]): void {
    if (this.unmarked !== null) found.push({ kind: 'paste', ...this.unmarked.found })
    this.unmarked = null
  }

  private paste(pasted: Pasted, found: Input[]): boolean {
    const after = pasted.push(this.rest)
    this.rest = after ?? ''
    if (after === null) return false
    found.push({ kind: 'paste', ...pasted.found })
    this.pasted = null
    return true
  }

  private sequence(found: Input[]): boolean {
    const { rest } = this
    if (rest.startsWith(PASTE_BEGIN)) {
      this.rest = rest.slice(PASTE_BEGIN.length)
      this.pasted = new Pasted()
      return true
    }
    const csi = CSI.exec(rest)
    if (csi !== null) {
      this.rest = rest.slice(csi[0].length)
      this.control(csi, found)
      return true
    }
    const string = STRING.exec(rest)
    if (string !== null) {
      this.rest = rest.slice(string[0].length)
      return true
    }
    if (isBegun(rest)) return false
    if (rest.startsWith('\x1bO') && rest.length > 2) {
      const name = FINAL_KEYS[rest[2]!] ?? (rest[2] === 'M' ? 'enter' : undefined)
      this.rest = rest.slice(3)
      if (name !== undefined) found.push({ kind: 'key', chord: name })
      return true
    }
    if (rest.length > 1 && rest[1] !== '\x1b') return this.withAlt(found)
    return this.escape(found)
  }

  private escape(found: Input[]): boolean {
    this.rest = this.rest.slice(1)
    found.push({ kind: 'key', chord: 'escape' })
    return true
  }

  /** Alt is an escape before the key. */
  private withAlt(found: Input[]): boolean {
    const char = String.fromCodePoint(this.rest.codePointAt(1)!)
    this.rest = this.rest.slice(1 + char.length)
    const control = char < ' ' || char === '\x7f' ? controlChord(char.charCodeAt(0)) : null
    if (control !== null) found.push({ kind: 'key', chord: withModifiers(control, { alt: true }) })
    else if (char > ' ') found.push({ kind: 'key', chord: `alt-${char}` })
    return true
  }

  private control([, mark, digits, between, final]: RegExpExecArray, found: Input[]): void {
    const numbers = digits!.split(';').map((part) => Number(part.split(':')[0] || 0))
    if (between !== '') return
    if (mark === '<' && (final === 'M' || final === 'm')) return void found.push(mouse(numbers, final))
    if (mark !== '') return
    if (final === 'I' || final === 'O') return void found.push({ kind: 'focus', focused: final === 'I' })
    const [first = 0, modifiers = 1] = numbers
    if (final === 'Z') return void found.push({ kind: 'key', chord: 'shift-tab' })
    const coded = final === 'u' ? first : final === '~' && first === 27 ? numbers[2] : undefined
    if (coded !== undefined) {
      const input = codedKey(coded, modifiers)
      if (input !== null) found.push(input)
      return
    }
    const name = final === '~' ? TILDE_KEYS[first] : FINAL_KEYS[final!]
    if (name !== undefined) found.push({ kind: 'key', chord: withModifiers(name, modifiersOf(modifiers)) })
  }
}

function isBegun(rest: string): boolean {
  if (rest === '\x1b' || rest === '\x1bO' || rest === '\x1b\x1b') return true
  if (CSI_BEGUN.test(rest)) return rest.length <= SEQUENCE_CHARS_MAX
  return STRING_BEGUN.test(rest) && rest.length <= STRING_CHARS_MAX
}

interface Modifiers {
  readonly ctrl?: boolean
  readonly alt?: boolean
  readonly shift?: boolean
}

function modifiersOf(code: number): Modifiers {
  const bits = Math.max(0, code - 1)
  return { shift: (bits & 1) !== 0, alt: (bits & 2) !== 0, ctrl: (bits & 4) !== 0 }
}

function withModifiers(chord: string, { ctrl, alt, shift }: Modifiers): string {
  const parts = /^((?:(?:ctrl|alt|shift)-)*)(.+)$/s.exec(chord)!
  const has = (name: string, more: boolean | undefined) => more === true || parts[1]!.includes(`${name}-`)
  const marks = [
    ['ctrl', ctrl],
    ['alt', alt],
    ['shift', shift],
  ] as const
  return marks.map(([name, more]) => (has(name, more) ? `${name}-` : '')).join('') + parts[2]
}

function codedKey(code: number, modifiers: number): Input | null {
  const held = modifiersOf(modifiers)
  const name = CODED_KEYS[code]
  if (name !== undefined) {
    if (name === 'space' && held.ctrl !== true && held.alt !== true) return { kind: 'text', text: ' ' }
    return { kind: 'key', chord: withModifiers(name, held) }
  }
  if (code < 0x21 || code > 0x10ffff || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xf900)) return null
  const char = String.fromCodePoint(code)
  if (held.ctrl || held.alt)
    return { kind: 'key', chord: withModifiers(held.ctrl ? char.toLowerCase() : char, { ...held, shift: false }) }
  return { kind: 'text', text: held.shift ? char.toUpperCase() : char }
}

function controlChord(code: number): string | null {
  if (code === 0x0d || code === 0x0a) return code === 0x0d ? 'enter' : 'ctrl-j'
  if (code === 0x09) return 'tab'
  if (code === 0x7f || code === 0x08) return code === 0x7f ? 'backspace' : 'ctrl-h'
  if (code === 0x1b) return 'escape'
  if (code === 0x00) return 'ctrl-space'
  if (code >= 0x01 && code <= 0x1a) return `ctrl-${String.fromCharCode(code + 0x60)}`
  const rare: Readonly<Record<number, string>> = { 28: 'ctrl-\\', 29: 'ctrl-]', 30: 'ctrl-^', 31: 'ctrl-_' }
  return rare[code] ?? null
}

/** xterm's SGR encoding (mode 1006): button, column and row from 1. */
function mouse([button = 0, column = 1, row = 1]: readonly number[], final: 'M' | 'm'): Input {
  const place = { x: Math.max(0, column - 1), y: Math.max(0, row - 1) }
  return { kind: 'mouse', action: mouseAction(button, final), ...place }
}

function mouseAction(button: number, final: 'M' | 'm'): MouseAction {
  // Shift, Alt and Ctrl do not matter.
  const which = button & ~0b11100
  if (which === 64) return 'wheel-up'
  if (which === 65) return 'wheel-down'
  if (final === 'm') return which === 0 ? 'release' : 'other'
  if (which === 0) return 'press'
  return which === 32 ? 'drag' : 'other'
}
