import { utf8 } from '../../base/bytes.ts'
import { decodeUtf8 } from '../../base/text.ts'
import { cutUtf8 } from '../words.ts'

/** A line longer than that is no line. */
export const LINE_BYTES_MAX = 64 * 1024
/** What the originals read at once, and take for one line. */
export const READ_BYTES_MAX = 4_096
/** What a file may be said to be long, in bytes: what a number holds exactly. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER

export type LineMessage =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'left'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly size: number }

/** Any line is something: what has no name in front is a text of nobody. Null for what is no UTF-8. Texts are as sent. */
export function readLine(line: Uint8Array): LineMessage | null {
  const text = decodeUtf8(line)
  if (text === null) return null
  const [, file, digits] = /^\/file (.{1,1024}) (\d{1,16})$/.exec(text) ?? []
  const size = Number(digits)
  if (file !== undefined && size <= SIZE_MAX) return { kind: 'file', name: file, size }
  const [, name, said] = /^\[([^\]]{0,256})\] (.*)$/s.exec(text) ?? []
  if (name === undefined || said === undefined) return { kind: 'text', name: '', text }
  return said === 'has left the chat.' ? { kind: 'left', name } : { kind: 'text', name, text: said }
}

/**
 * A line for each line of the text, more where one is longer than the originals read; each with its end. A bracket in a name would end it: it is
 * put as a round one.
 */
export function encodeText(name: string, text: string): Uint8Array[] {
  const head = `[${plainName(name)}] `
  const room = READ_BYTES_MAX - utf8(head).length - 1
  const lines: Uint8Array[] = []
  for (const line of text.split('\n')) {
    for (let rest = line; rest !== ''; ) {
      const part = cutUtf8(rest, room)
      // No name is so long that not one character goes beside it; were one, nothing would be said.
      if (part === '') break
      lines.push(utf8(`${head}${part}\n`))
      rest = rest.slice(part.length)
    }
  }
  return lines
}

export function encodeLeft(name: string): Uint8Array {
  return utf8(`[${plainName(name)}] has left the chat.\n`)
}

export function encodeFileHeader(name: string, size: number): Uint8Array {
  return utf8(`/file ${sendableName(name)} ${size}\n`)
}

/** A file's name as the originals can read it: they divide the line at its spaces. */
export function sendableName(name: string): string {
  return name.replace(/\s+/g, '_')
}

function plainName(name: string): string {
  return name.replaceAll('[', '(').replaceAll(']', ')')
}
