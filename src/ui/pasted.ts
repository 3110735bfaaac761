/** Text that is pasted at once; a message has 16 KiB at most. */
export const PASTE_CHARS_MAX = 256 * 1024
/** Of longer pastes whoever pastes is told how many lines they have, before anything is sent. */
export const PASTE_LINES_MAX = 5
export const PASTE_IS_CUT = 'What was pasted is too long: the end of it is missing.'

/** Has the terminal put marks around what is pasted, and no more (xterm's control sequences, "Bracketed Paste Mode"). */
export const PASTE_MARKS_ON = '\x1b[?2004h'
export const PASTE_MARKS_OFF = '\x1b[?2004l'
export const PASTE_BEGIN = '\x1b[200~'
const PASTE_END = '\x1b[201~'

/** What is pasted, in whatever pieces it comes. Keeps `PASTE_CHARS_MAX` characters and the beginning of an end at most. */
export class Pasted {
  private isCut = false
  /** May be the beginning of the end. */
  private tail = ''

  /** `text`: what it begins with. */
  constructor(private text = '') {}

  /** What stands after the end of the paste; null where that has not come yet. */
  push(piece: string): string | null {
    const rest = this.tail + piece
    const end = rest.indexOf(PASTE_END)
    const upTo = end === -1 ? rest.length - begunAtEnd(rest, PASTE_END) : end
    const room = PASTE_CHARS_MAX - this.text.length
    this.isCut ||= upTo > room
    this.text += rest.slice(0, Math.min(upTo, room))
    this.tail = end === -1 ? rest.slice(upTo) : ''
    return end === -1 ? null : rest.slice(end + PASTE_END.length)
  }

  /** What the keys are, where `piece` is one key rather than more of the paste or its end; null where it is not. */
  keyIn(piece: string): string | null {
    const whole = this.tail + piece
    if (whole.startsWith(PASTE_END) || PASTE_END.startsWith(whole)) return null
    return ONE_KEY.test(whole) ? whole : null
  }

  /** What may still come of it, once `found` has been used: line breaks at the end of that stand before more only. */
  goOn(): Pasted {
    const next = new Pasted(/[\r\n]*$/.exec(this.text)![0])
    next.tail = this.tail
    return next
  }

  /** With line feeds for line ends of any kind. `isCut`: there was more of it. */
  get found(): { readonly text: string; readonly isCut: boolean } {
    return { text: this.text.replace(/\r\n?/g, '\n'), isCut: this.isCut }
  }
}

/** A character, or what terminals send for a key without one: no longer than this. */
const ONE_KEY = /^(?:[^\x1b]|\x1b[^\x1b]{1,15})$/u

/** How many characters at the end of `text` are the beginning of `mark`, and not all of it. */
export function begunAtEnd(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(mark.slice(0, length))) return length
  }
  return 0
}

/** Without what no key would type, and without line breaks at the end. */
export function typable(pasted: string): string {
  return pasted
    .replaceAll('\t', '    ')
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '')
    .replace(/\n+$/, '')
}
