import { cleanLine } from '../../base/text.ts'
import type { Environment } from './environment.ts'

/** Who is told too often hears nothing any more. */
const QUIET_MS = 3_000
const CHARS_MAX = 120

/** Rings the bell and, where the terminal is known to have them, sends a notification. */
export class Ringer {
  private lastMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly env: Environment,
    private readonly write: (text: string) => void,
  ) {}

  ring(title: string, body: string): void {
    const nowMs = performance.now()
    if (nowMs - this.lastMs < QUIET_MS) return
    this.lastMs = nowMs
    this.write(`\x07${notification(this.env, title, body)}`)
  }
}

/**
 * The sequence the terminal takes: OSC 99 (kitty), OSC 9 (iTerm2, WezTerm, Ghostty), OSC 777 (foot, VTE, urxvt). Several would be shown several
 * times, so it is one or none. tmux hands it on where it is told to (`allow-passthrough on`), and drops it elsewhere; what is around it is known
 * from the variables it was started with, and where they say nothing, most take OSC 9.
 */
export function notification(env: Environment, title: string, body: string): string {
  // A semicolon ends a field.
  const [head, text] = [title, body].map((part) =>
    cleanLine(part).replaceAll(';', ',').slice(0, CHARS_MAX).toWellFormed(),
  )
  const { TERM = '', TERM_PROGRAM = '', VTE_VERSION, KITTY_WINDOW_ID, TMUX, STY } = env
  if (STY) return ''
  const nine = `\x1b]9;${head}: ${text}\x1b\\`
  const known =
    KITTY_WINDOW_ID || TERM === 'xterm-kitty'
      ? `\x1b]99;d=0:p=title;${head}\x1b\\\x1b]99;d=1:p=body;${text}\x1b\\`
      : /^(iTerm\.app|WezTerm|ghostty)$/.test(TERM_PROGRAM)
        ? nine
        : VTE_VERSION || /^(foot|rxvt-unicode)/.test(TERM)
          ? `\x1b]777;notify;${head};${text}\x1b\\`
          : null
  return TMUX ? throughTmux(known ?? nine) : (known ?? '')
}

/** As tmux takes what is not for itself (`allow-passthrough` in its manual): every escape twice. */
function throughTmux(sequence: string): string {
  return `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}\x1b\\`
}
