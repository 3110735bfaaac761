import { begunAtEnd, PASTE_BEGIN, Pasted } from '../pasted.ts'

/** How long what may be the beginning of a paste waits for the rest: as long as node:readline waits with an escape. */
const BEGIN_MS = 500
/** A paste over a slow line stalls; after so long without any of it, its end may have got lost. */
const SILENCE_MS = 1000

export interface PasteFilterEvents {
  /** What was typed; never cut within a character. */
  keys(text: string): void
  /** Line ends are line feeds; nothing else is cleaned. `isCut`: there was more of it. */
  pasted(text: string, isCut: boolean): void
}

/**
 * Parts what was pasted, where a terminal marks it, from what was typed, in the order it came. The end of a paste may get lost: after a silence
 * what has come of it is given out, and one key alone is a key again. More than that is still the paste, since nothing of one may be
 * taken for Enter.
 */
export class PasteFilter {
  private readonly decoder = new TextDecoder()
  /** May be the beginning of a paste. */
  private held = ''
  /** One that has not ended; null outside of one. */
  private paste: Pasted | null = null
  private isSilent = false
  private timer: Timer | null = null

  constructor(private readonly events: PasteFilterEvents) {}

  push(chunk: Uint8Array | string): void {
    this.stop()
    const came = typeof chunk === 'string' ? chunk : this.decoder.decode(chunk, { stream: true })
    let rest: string | null = this.held + came
    this.held = ''
    const key = this.isSilent ? (this.paste?.keyIn(came) ?? null) : null
    if (key !== null) {
      this.paste = null
      rest = key
    }
    this.isSilent = false
    while (rest !== null && rest !== '') rest = this.paste === null ? this.typed(rest) : this.more(this.paste, rest)
    if (this.paste !== null || this.held !== '') {
      this.timer = setTimeout(this.onSilence, this.paste === null ? BEGIN_MS : SILENCE_MS)
    }
  }

  /** Nothing is given out any more but for what is pushed. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  /** What is left to look at. */
  private typed(text: string): string {
    const begin = text.indexOf(PASTE_BEGIN)
    const end = begin === -1 ? text.length - begunAtEnd(text, PASTE_BEGIN) : begin
    if (end > 0) this.events.keys(text.slice(0, end))
    if (begin === -1) {
      this.held = text.slice(end)
      return ''
    }
    this.paste = new Pasted()
    return text.slice(begin + PASTE_BEGIN.length)
  }

  private more(paste: Pasted, text: string): string | null {
    const rest = paste.push(text)
    if (rest === null) return null
    this.paste = null
    this.tell(paste)
    return rest
  }

  private tell(paste: Pasted): void {
    const { text, isCut } = paste.found
    this.events.pasted(text, isCut)
  }

  private readonly onSilence = (): void => {
    this.timer = null
    if (this.paste === null) {
      const { held } = this
      this.held = ''
      return this.events.keys(held)
    }
    this.tell(this.paste)
    this.paste = this.paste.goOn()
    this.isSilent = true
  }
}
