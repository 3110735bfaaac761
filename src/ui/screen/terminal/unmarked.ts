import { PASTE_CHARS_MAX, PASTE_LINES_MAX } from '../../pasted.ts'

/** Characters, tabs and line ends: no key but those. */
const PLAIN = /^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+/
const LINE_END = /\r\n?|\n/

/** What `text` begins with that is no other key. */
export function plainAt(text: string): string {
  return PLAIN.exec(text)?.[0] ?? ''
}

/** More whole lines than hands type ahead: it came at once, so it is pasted, though the terminal does not mark that. */
export function isManyLines(plain: string): boolean {
  return plain.replace(/[\r\n]+$/, '').split(LINE_END, PASTE_LINES_MAX + 1).length > PASTE_LINES_MAX
}

/** A paste that no mark begins or ends: it goes on until something else is pressed, or nothing comes for a while. */
export class UnmarkedPaste {
  private text = ''
  private isCut = false

  /** `plain`: more of it. */
  add(plain: string): void {
    const room = PASTE_CHARS_MAX - this.text.length
    this.isCut ||= plain.length > room
    this.text += plain.slice(0, room)
  }

  get found(): { readonly text: string; readonly isCut: boolean } {
    return { text: this.text.replace(/\r\n?/g, '\n'), isCut: this.isCut }
  }
}
