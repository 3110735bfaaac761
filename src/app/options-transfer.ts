import { parseArgs } from 'node:util'
import { normaliseRoom } from '../base/room-name.ts'
import { ExitStatus } from './exit.ts'
import { type Flag, flagRows } from './flags.ts'
import type { StartFault } from './options.ts'
import { OPTIONS, type OptionSpec } from './options-help.ts'
import { quoted } from './options-quote.ts'
import { exclusion, type Given, type Mutable, type OptionName, readInto } from './options-values.ts'
import { suggest } from './suggest.ts'

/** `hearsay send` and `hearsay receive`: one transfer without a screen. */
export type TransferAsked = SendAsked | ReceiveAsked

interface Common {
  readonly given: Given
  /** `--config`, or null. */
  readonly configFile: string | null
  /** How long to wait while nothing moves; null: for good. */
  readonly waitMs: number | null
}

export interface SendAsked extends Common {
  readonly kind: 'send'
  /** At least one; `-` is standard input. */
  readonly paths: readonly string[]
  /** A room, or `@` and somebody; null: the first room there is. */
  readonly to: string | null
  /** What standard input is called. */
  readonly name: string
  /** It ends when so many have everything. */
  readonly takers: number
}

export interface ReceiveAsked extends Common {
  readonly kind: 'receive'
  /** A folder, or `-`: standard output. */
  readonly into: string
  /** Whose files alone to take: a name or an id; null: anybody's. */
  readonly from: string | null
  /** Without a question. */
  readonly yes: boolean
}

type TransferArguments =
  | TransferAsked
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly fault: StartFault }

const WAIT: Flag = {
  ...{ name: 'wait', arity: 'one', value: 'seconds' },
  about: 'give up when nothing has moved for so long (never)',
}

/** What only these words take. */
export const TRANSFER_FLAGS: Readonly<Record<TransferAsked['kind'], readonly Flag[]>> = {
  send: [
    { name: 'to', arity: 'one', value: 'room|@person', about: 'whom to offer it to (your first room)' },
    { name: 'name', arity: 'one', value: 'name', about: 'what standard input is called (stdin)' },
    { name: 'for', arity: 'one', value: 'number', about: 'end when so many have everything (1)' },
    WAIT,
  ],
  receive: [
    { name: 'from', arity: 'one', value: 'room|@person', about: 'where to listen, or to whom (anybody in your rooms)' },
    { name: 'yes', arity: 'switch', value: '', about: 'take it without a question, on a terminal too' },
    WAIT,
  ],
}

/** Of the options of every start, those that mean something here. */
const SHARED: ReadonlySet<string> = new Set([
  ...['host', 'port', 'connect', 'tracker', 'no-lan', 'multicast', 'static'],
  ...['username', 'room', 'ephemeral', 'config', 'debug'],
])

const USAGE = {
  send: `Usage: hearsay send <path> … [--to <room|@person>] [--name <name>] [options]

Offers files and folders and ends when somebody has all of them, every byte verified there;
- is standard input. The other end is hearsay receive, or anybody who types /accept.
`,
  receive: `Usage: hearsay receive [<folder>|-] [--from <room|@person>] [--yes] [options]

Takes what is offered next, or what waits to be taken, into this folder or the one given, and
ends when it is there, verified. - is standard output: one file, in order, and nothing that
was not verified. On a terminal it asks first. What is interrupted goes on the next time.
`,
} as const

const NOTES = `
The two meet as all do: one names the other with --connect, or both are on one local network
(--host 0.0.0.0) or use one tracker; and they must be in one room (--room, or general).

Status: 0 everything is there and verified, 1 it is not, 2 wrong usage, 3 could not listen,
4 bad configuration, 130 interrupted. On a terminal, standard error shows how far it is.
`

const WAIT_SECONDS_MAX = 1_000_000
const TAKERS_MAX = 256
const NAME_CHARS_MAX = 200
const STANDARD = '-'

/** Every flag that may stand behind the word, all but --help; a path may stand behind one, so what may have a value has it joined. */
export function transferFlags(kind: TransferAsked['kind']): Flag[] {
  const shared = OPTIONS.filter(({ name }) => SHARED.has(name))
  return [
    ...TRANSFER_FLAGS[kind],
    ...shared.map((spec): Flag => (spec.arity === 'maybe' ? { ...spec, arity: 'joined' } : spec)),
  ]
}

export function isTransferWord(word: string | undefined): word is TransferAsked['kind'] {
  return word === 'send' || word === 'receive'
}

/** Reads the words after `send` or `receive`. */
export function parseTransferArguments(kind: TransferAsked['kind'], argv: readonly string[]): TransferArguments {
  const read = readFlags(kind, argv)
  if (read === 'help') return { kind: 'print', text: helpOf(kind) }
  if ('fault' in read) return read
  const { own, shared, words } = read
  const given: Mutable<Given> = {}
  let configFile: string | null = null
  for (const [name, texts] of shared) {
    const { arity } = specOf(name)!
    if (texts.length > 1 && arity !== 'many')
      return refuse('flag-twice', `--${name}: given more than once; leave one out`)
    if (name === 'config') {
      configFile = texts[0]!
      continue
    }
    const wrong = readInto(given, name as OptionName, texts)
    if (wrong !== null) return refuse('bad-value', `--${name}: expected ${wrong.expected}, got ${quoted(wrong.got)}`)
  }
  const excluded = exclusion(given)
  if (excluded !== null)
    return refuse('flags-exclude', `--${excluded[1]}: cannot be used with --${excluded[0]}; leave one out`)
  const wait = own.get('wait')
  const waitMs = wait === undefined ? null : wholeNumber(wait, WAIT_SECONDS_MAX) * 1000
  if (Number.isNaN(waitMs)) {
    return refuse('bad-value', `--wait: expected a whole number of seconds from 1, got ${quoted(wait!)}`)
  }
  const common = { given, configFile, waitMs }
  return kind === 'send' ? settleSend(own, words, common) : settleReceive(own, words, common)
}

function settleSend(own: ReadonlyMap<string, string>, paths: readonly string[], common: Common): TransferArguments {
  if (paths.length === 0)
    return refuse('value-missing', 'send: the path is missing: name the file; - is standard input')
  if (paths.some((path) => path.includes('\0') || path === '')) {
    return refuse('bad-value', 'send: expected the path of a file, got an empty one')
  }
  const isStandard = paths.includes(STANDARD)
  if (paths.filter((path) => path === STANDARD).length > 1) {
    return refuse('unexpected-argument', 'send: standard input can be sent once; leave out the second -')
  }
  const name = own.get('name')
  if (name !== undefined && !isStandard) {
    return refuse('flags-exclude', '--name: names standard input: it means nothing without -; leave it out')
  }
  if (name !== undefined && (name.length > NAME_CHARS_MAX || /[/\\\0]/.test(name) || /^\.*$/.test(name.trim()))) {
    return refuse('bad-value', `--name: expected the name of a file, got ${quoted(name)}`)
  }
  const to = placeOf(own.get('to'))
  if (to === undefined) return refuse('bad-value', `--to: expected a room or @somebody, got ${quoted(own.get('to')!)}`)
  const count = own.get('for')
  const takers = count === undefined ? 1 : wholeNumber(count, TAKERS_MAX)
  if (Number.isNaN(takers)) {
    return refuse('bad-value', `--for: expected a whole number from 1 to ${TAKERS_MAX}, got ${quoted(count!)}`)
  }
  return { ...withRoom(common, to), kind: 'send', paths, to, name: name ?? 'stdin', takers }
}

function settleReceive(own: ReadonlyMap<string, string>, words: readonly string[], common: Common): TransferArguments {
  const [into = '.', more] = words
  if (more !== undefined) return refuse('unexpected-argument', `receive: ${quoted(more)}: give one folder at a time`)
  const from = placeOf(own.get('from'))
  if (from === undefined) {
    return refuse('bad-value', `--from: expected a room or @somebody, got ${quoted(own.get('from')!)}`)
  }
  const person = from?.startsWith('@') ? from : null
  return { ...withRoom(common, from), kind: 'receive', into, from: person, yes: own.has('yes') }
}

/** A room named in place of --room is the one to be in. */
function withRoom(common: Common, place: string | null): Common {
  if (place === null || place.startsWith('@')) return common
  return { ...common, given: { ...common.given, room: [place] } }
}

/** Undefined: neither a room nor somebody. */
function placeOf(text: string | undefined): string | null | undefined {
  if (text === undefined) return null
  return /^@./.test(text) ? text : (normaliseRoom(text) ?? undefined)
}

function wholeNumber(text: string, max: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return number >= 1 && number <= max ? number : Number.NaN
}

interface Flags {
  readonly own: ReadonlyMap<string, string>
  readonly shared: ReadonlyMap<string, readonly string[]>
  readonly words: readonly string[]
}

function readFlags(kind: TransferAsked['kind'], argv: readonly string[]): Flags | 'help' | Refusal {
  const ownFlags = TRANSFER_FLAGS[kind]
  const options = Object.fromEntries([
    ...ownFlags.map(({ name, value }) => [name, { type: value === '' ? 'boolean' : 'string' }] as const),
    ...OPTIONS.filter(({ name }) => SHARED.has(name)).map(
      ({ name, arity }) => [name, { type: arity === 'one' || arity === 'many' ? 'string' : 'boolean' }] as const,
    ),
    ['help', { type: 'boolean', short: 'h' }] as const,
  ])
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const own = new Map<string, string>()
  const shared = new Map<string, string[]>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (name === 'help') return 'help'
    const flag = ownFlags.find((each) => each.name === name)
    const spec = SHARED.has(name) ? specOf(name) : undefined
    if (flag === undefined && spec === undefined) return unknownFlag(kind, name, rawName)
    const takesValue = flag === undefined ? spec!.arity !== 'switch' && spec!.arity !== 'maybe' : flag.value !== ''
    if (takesValue && (value === undefined || value === '')) {
      return refuse('value-missing', `--${name}: a value is missing; see hearsay ${kind} --help`)
    }
    if (!takesValue && value !== undefined && spec?.arity !== 'maybe') {
      return refuse('value-unexpected', `--${name}: takes no value; leave it out`)
    }
    if (flag === undefined) shared.set(name, [...(shared.get(name) ?? []), value ?? 'true'])
    else if (own.has(name)) return refuse('flag-twice', `--${name}: given more than once; leave one out`)
    else own.set(name, value ?? 'true')
  }
  return { own, shared, words }
}

function specOf(name: string): OptionSpec | undefined {
  return OPTIONS.find((spec) => spec.name === name)
}

function unknownFlag(kind: TransferAsked['kind'], name: string, rawName: string): Refusal {
  const near = suggest(name, [...transferFlags(kind).map((flag) => flag.name), 'help'])
  const hint = near === null ? `see hearsay ${kind} --help` : `did you mean --${near}?`
  return refuse('unknown-flag', `${kind}: ${quoted(rawName)}: no such flag; ${hint}`)
}

function helpOf(kind: TransferAsked['kind']): string {
  return `${USAGE[kind]}\n${flagRows(transferFlags(kind))}${NOTES}`
}

interface Refusal {
  readonly kind: 'refuse'
  readonly fault: StartFault
}

function refuse(code: string, message: string): Refusal {
  return { kind: 'refuse', fault: { ok: false, code, message, exit: ExitStatus.wrongUsage } }
}
