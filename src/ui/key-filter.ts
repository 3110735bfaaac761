/** A key that is no letter, as a terminal tells it: `f1` to `f12`, or `ctrl-space`. */
export type KeyName = string

export type KeyKind = 'press' | 'repeat' | 'release'

export interface KeyFilterEvents {
  /** Whether this key is taken out of the input. */
  takes(key: KeyName): boolean
  key(key: KeyName, kind: KeyKind): void
  /** The terminal says that it can tell of releases (kitty keyboard protocol, "Detection of support"). */
  supported(): void
}

/** Longer sequences are none of these. */
const SEQUENCE_CHARS_MAX = 32
/** Sequences that begin with `ESC [` and end with `~`, by their number (xterm, "PC-Style Function Keys"). */
const NUMBERED: Readonly<Record<string, KeyName>> = {
  ...{ '11': 'f1', '12': 'f2', '13': 'f3', '14': 'f4', '15': 'f5', '17': 'f6', '18': 'f7', '19': 'f8' },
  ...{ '20': 'f9', '21': 'f10', '23': 'f11', '24': 'f12' },
}
/** Those that end with a letter. */
const LETTERED: Readonly<Record<string, KeyName>> = { P: 'f1', Q: 'f2', R: 'f3', S: 'f4' }
const KINDS: Readonly<Record<string, KeyKind>> = { '2': 'repeat', '3': 'release' }
/** Caps lock and num lock are no modifiers that people mean. */
const LOCKS = 64 | 128
const ESCAPE = '\x1b'

/**
 * Takes keys out of what a terminal sends, before whatever edits lines sees it, and turns what the kitty keyboard protocol adds back into what it
 * was: releases are nobody's but ours (sw.kovidgoyal.net/kitty/keyboard-protocol, "Report event types").
 */
export class KeyFilter {
  /** A sequence whose end has not come yet. */
  private held = ''

  constructor(private readonly events: KeyFilterEvents) {}

  /** What is left for others. */
  pass(chunk: Uint8Array | string): Buffer {
    // One character for each byte: what is not ours goes on as it came.
    const text = this.held + Buffer.from(chunk).toString('latin1')
    this.held = ''
    if (!text.includes(ESCAPE) && !text.includes('\0')) return Buffer.from(text, 'latin1')
    let rest = ''
    for (let at = 0; at < text.length; ) {
      const char = text[at]!
      if (char === '\0' && this.take('ctrl-space', 'press')) {
        at++
        continue
      }
      const length = char === ESCAPE ? sequenceLength(text, at) : 1
      if (length === 0) {
        this.held = text.slice(at)
        break
      }
      const piece = text.slice(at, at + length)
      rest += length > 2 ? this.sequence(piece) : piece
      at += length
    }
    return Buffer.from(rest, 'latin1')
  }

  /** What is to stand in its place. */
  private sequence(sequence: string): string {
    if (/^\x1b\[\?\d+u$/.test(sequence)) {
      this.events.supported()
      return ''
    }
    const [, number = '', modifiers = '1', type = '', final = ''] =
      /^\x1b(?:\[|O)(\d*)(?:;(\d+)(?::(\d))?)?([~A-Z])$/.exec(sequence) ?? []
    if (final === '') return sequence
    const key = final === '~' ? NUMBERED[number] : LETTERED[final]
    const kind = KINDS[type] ?? 'press'
    const isBare = ((Number(modifiers) - 1) & ~LOCKS) === 0
    if (key !== undefined && isBare && this.take(key, kind)) return ''
    if (kind === 'release') return ''
    if (type === '') return sequence
    // As it is without the protocol: modifiers only where there are some.
    if (isBare) return `${ESCAPE}[${final === '~' ? number : ''}${final}`
    return `${ESCAPE}[${number};${modifiers}${final}`
  }

  private take(key: KeyName, kind: KeyKind): boolean {
    if (!this.events.takes(key)) return false
    this.events.key(key, kind)
    return true
  }
}

/** Of the sequence at `at`, which begins with an escape; 0 where its end is still to come. */
function sequenceLength(text: string, at: number): number {
  const second = text[at + 1]
  // The key itself, or Alt with another.
  if (second === undefined) return 1
  if (second === 'O') return text[at + 2] === undefined ? 0 : 3
  if (second !== '[') return 2
  let end = at + 2
  while (end < text.length && end - at < SEQUENCE_CHARS_MAX && /[\x20-\x3f]/.test(text[end]!)) end++
  if (end - at >= SEQUENCE_CHARS_MAX) return end - at
  return end === text.length ? 0 : end + 1 - at
}
