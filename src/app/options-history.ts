import { parseArgs } from 'node:util'
import { normaliseRoom } from '../base/room-name.ts'
import { ExitStatus } from './exit.ts'
import { type Flag, flagRows } from './flags.ts'
import type { StartFault } from './options.ts'
import { quoted } from './options-quote.ts'
import { suggest } from './suggest.ts'

/** `hearsay export` and `hearsay import`: what they are asked for. */
export interface ExportAsked {
  readonly kind: 'export'
  /** An open room's name, or `@` and a person. */
  readonly room: string
  readonly format: ExportFormat
  /** A file; null: standard output. */
  readonly output: string | null
}

export interface ImportAsked {
  readonly kind: 'import'
  readonly file: string
}

export type ExportFormat = 'text' | 'json' | 'html'

type HistoryArguments =
  | ExportAsked
  | ImportAsked
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly fault: StartFault }

/** What it can be written as. */
export const FORMATS: readonly ExportFormat[] = ['text', 'json', 'html']

/** What `hearsay export` takes. */
export const EXPORT_FLAGS: readonly Flag[] = [
  { name: 'room', arity: 'one', value: 'name', about: 'the room; @name for what was said between you and somebody' },
  { name: 'format', arity: 'one', value: FORMATS.join('|'), about: 'what to write it as (text)' },
  { name: 'output', arity: 'one', value: 'file', about: 'a file, which must not be there yet' },
]

const EXPORT_HELP = `Usage: hearsay export --room <name> [--format text|json|html] [--output <file>]

Writes what is kept of a room, on standard output or into a new file. JSON holds the
signed originals too, and hearsay import takes it in again. hearsay must not be running.

${flagRows(EXPORT_FLAGS)}`

const IMPORT_HELP = `Usage: hearsay import <file>

Takes in what hearsay export --format json has written. Everything is verified; what does
not verify is refused and counted. hearsay must not be running.
`

export function isHistoryWord(word: string | undefined): word is 'export' | 'import' {
  return word === 'export' || word === 'import'
}

/** Reads the words after `export` or `import`. */
export function parseHistoryArguments(word: 'export' | 'import', argv: readonly string[]): HistoryArguments {
  return word === 'export' ? parseExport(argv) : parseImport(argv)
}

function parseExport(argv: readonly string[]): HistoryArguments {
  const names = EXPORT_FLAGS.map(({ name }) => name)
  const values = read('export', argv, names)
  if (!values.ok) return values.refusal
  if (values.help) return { kind: 'print', text: EXPORT_HELP }
  const { flags, words } = values
  if (words.length > 0)
    return refuse('unexpected-argument', `export: ${quoted(words[0]!)}: unexpected argument; see hearsay export --help`)
  const [room, format = 'text', output = null] = names.map((name) => flags.get(name))
  if (room === undefined) return refuse('value-missing', 'export: --room is missing: name the room')
  const name = /^@./.test(room) ? room : normaliseRoom(room)
  if (name === null) return refuse('bad-value', `--room: expected the name of a room, got ${quoted(room)}`)
  const known = FORMATS.find((each) => each === format)
  if (known === undefined)
    return refuse('bad-value', `--format: expected text, json or html, got ${quoted(format ?? '')}`)
  return { kind: 'export', room: name, format: known, output }
}

function parseImport(argv: readonly string[]): HistoryArguments {
  const values = read('import', argv, [])
  if (!values.ok) return values.refusal
  if (values.help) return { kind: 'print', text: IMPORT_HELP }
  const [file, more] = values.words
  if (file === undefined) return refuse('value-missing', 'import: the file is missing: name it')
  if (more !== undefined) return refuse('unexpected-argument', `import: ${quoted(more)}: give one file at a time`)
  return { kind: 'import', file }
}

type Values =
  | {
      readonly ok: true
      readonly help: boolean
      readonly flags: ReadonlyMap<string, string>
      readonly words: readonly string[]
    }
  | { readonly ok: false; readonly refusal: HistoryArguments }

function read(word: string, argv: readonly string[], names: readonly string[]): Values {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: 'string' as const }] as const),
    ['help', { type: 'boolean' as const, short: 'h' }] as const,
  ])
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const flags = new Map<string, string>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (name === 'help') return { ok: true, help: true, flags, words }
    if (!names.includes(name)) {
      const near = suggest(name, [...names, 'help'])
      const hint = near === null ? `see hearsay ${word} --help` : `did you mean --${near}?`
      return wrong('unknown-flag', `${word}: ${quoted(rawName)}: no such flag; ${hint}`)
    }
    if (value === undefined || value === '')
      return wrong('value-missing', `--${name}: a value is missing; see hearsay ${word} --help`)
    if (flags.has(name)) return wrong('flag-twice', `--${name}: given more than once; leave one out`)
    flags.set(name, value)
  }
  return { ok: true, help: false, flags, words }
}

function wrong(code: string, message: string): Values {
  return { ok: false, refusal: refuse(code, message) }
}

function refuse(code: string, message: string): HistoryArguments {
  return { kind: 'refuse', fault: { ok: false, code, message, exit: ExitStatus.wrongUsage } }
}
