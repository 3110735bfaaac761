import { parseArgs } from 'node:util'
import { type Address, makeAddress } from '../base/address.ts'
import { ExitStatus } from './exit.ts'
import { type Flag, flagRows } from './flags.ts'
import type { StartFault } from './options.ts'
import { quoted } from './options-quote.ts'
import { hostCheck, nameCheck, portCheck } from './options-values.ts'
import { suggest } from './suggest.ts'

/** `hearsay listen` and `hearsay connect`: two people, with nobody between or beside them. */
export interface TwoAsked {
  readonly kind: 'two'
  readonly mode: 'listen' | 'connect'
  /** Where to listen, or whom to dial. */
  readonly address: Address
  readonly name: string
  /** Where files go that are accepted. */
  readonly folder: string
}

type TwoArguments =
  | TwoAsked
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly fault: StartFault }

const HOST = '0.0.0.0'
const PORT = 5_050
const NAME = 'Anonymous'
const FOLDER = 'received_files'

const BOTH_FLAGS: readonly Flag[] = [
  { name: 'name', arity: 'one', value: 'name', about: `what the other sees (${NAME})` },
  { name: 'folder', arity: 'one', value: 'folder', about: `where files go that you accept (${FOLDER})` },
]

/** What each of the two words takes. */
export const TWO_FLAGS: Readonly<Record<TwoAsked['mode'], readonly Flag[]>> = {
  listen: [
    { name: 'host', arity: 'one', value: 'host', about: `where to listen (${HOST})` },
    { name: 'port', arity: 'one', value: 'number', about: `the port to listen on (${PORT})` },
    ...BOTH_FLAGS,
  ],
  connect: BOTH_FLAGS,
}

const HELP = `Usage: hearsay listen [--host <host>] [--port <number>] [--name <name>] [--folder <folder>]
       hearsay connect <host> <port> [--name <name>] [--folder <folder>]

Two people, a line at a time, in the plain protocol of the older program: nothing is
encrypted and nobody proves who he is. The first who connects is the other one.

${flagRows(TWO_FLAGS.listen)}
While it runs: /send <path> sends a file, /accept and /decline answer one that comes,
/quit leaves.
`

export function isTwoWord(word: string | undefined): word is TwoAsked['mode'] {
  return word === 'listen' || word === 'connect'
}

/** Reads the words after `listen` or `connect`. */
export function parseTwoArguments(mode: TwoAsked['mode'], argv: readonly string[]): TwoArguments {
  const names: readonly string[] = TWO_FLAGS[mode].map(({ name }) => name)
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
    if (name === 'help') return { kind: 'print', text: HELP }
    if (!names.includes(name)) {
      const near = suggest(name, [...names, 'help'])
      const hint = near === null ? `see hearsay ${mode} --help` : `did you mean --${near}?`
      return refuse('unknown-flag', `${mode}: ${quoted(rawName)}: no such flag; ${hint}`)
    }
    if (value === undefined || value === '')
      return refuse('value-missing', `--${name}: a value is missing; see hearsay ${mode} --help`)
    if (flags.has(name)) return refuse('flag-twice', `--${name}: given more than once; leave one out`)
    flags.set(name, value)
  }
  return settle(mode, flags, words)
}

function settle(mode: TwoAsked['mode'], flags: ReadonlyMap<string, string>, words: readonly string[]): TwoArguments {
  const wanted = mode === 'listen' ? 0 : 2
  if (words.length > wanted)
    return refuse(
      'unexpected-argument',
      `${mode}: ${quoted(words[wanted]!)}: unexpected argument; see hearsay ${mode} --help`,
    )
  if (words.length < wanted)
    return refuse(
      'value-missing',
      `${mode}: ${words.length === 0 ? 'the host and the port are' : 'the port is'} missing; see hearsay ${mode} --help`,
    )
  const hostText = mode === 'listen' ? (flags.get('host') ?? HOST) : words[0]!
  const portText = mode === 'listen' ? (flags.get('port') ?? String(PORT)) : words[1]!
  const host = hostCheck.read(hostText)
  const port = portCheck.read(portText)
  if (host === null) return refuse('bad-value', `host: expected ${hostCheck.expected}, got ${quoted(hostText)}`)
  // Port 0 lets the system choose where to listen, and cannot be dialled.
  const isPort = port !== null && (mode === 'listen' || makeAddress(host, portText) !== null)
  if (!isPort) return refuse('bad-value', `port: expected ${portCheck.expected}, got ${quoted(portText)}`)
  const name = nameCheck.read(flags.get('name') ?? NAME)
  if (name === null)
    return refuse('bad-value', `--name: expected ${nameCheck.expected}, got ${quoted(flags.get('name')!)}`)
  return { kind: 'two', mode, address: { host, port }, name, folder: flags.get('folder') ?? FOLDER }
}

function refuse(code: string, message: string): TwoArguments {
  return { kind: 'refuse', fault: { ok: false, code, message, exit: ExitStatus.wrongUsage } }
}
