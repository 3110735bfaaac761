import { parseAddress } from '../base/address.ts'
import { isDocumentWord, parseDocumentArguments } from './documents.ts'
import { ExitStatus } from './exit.ts'
import { flagTerm } from './flags.ts'
import { controlArguments } from './options-control.ts'
import { helpText, OPTIONS, type OptionSpec, TRACKER_HELP } from './options-help.ts'
import { type ExportAsked, type ImportAsked, isHistoryWord, parseHistoryArguments } from './options-history.ts'
import { isTwoWord, parseTwoArguments, type TwoAsked } from './options-line.ts'
import { quoted, visible } from './options-quote.ts'
import { isTransferWord, parseTransferArguments, type TransferAsked } from './options-transfer.ts'
import { exclusion, type Given, type Mutable, pathCheck, readInto } from './options-values.ts'
import { suggest } from './suggest.ts'
import { type ControlAsked, isControlWord } from './voice/control.ts'

const FLAG_CHARS_SHOWN = 60

/** Why a run cannot start: one line for standard error, and the status to leave with. */
export interface StartFault {
  readonly ok: false
  /** Stable, kebab-case. */
  readonly code: string
  /** One line: what is wrong, where, and what to do. */
  readonly message: string
  readonly exit: number
  readonly cause?: unknown
}

/** What the command line asks for. */
export type Arguments =
  | {
      readonly kind: 'run'
      readonly given: Given
      /** `--config`, or null. */
      readonly configFile: string | null
      /** Nothing at all was written after the program's name. */
      readonly bare: boolean
    }
  /** `hearsay tracker`: only what a tracker has a use for. */
  | { readonly kind: 'tracker'; readonly given: Given }
  /** `hearsay export`, `hearsay import`. */
  | ExportAsked
  | ImportAsked
  /** `hearsay ptt on` and the like. */
  | { readonly kind: 'control'; readonly asked: ControlAsked }
  /** `hearsay listen`, `hearsay connect`. */
  | TwoAsked
  /** `hearsay send`, `hearsay receive`. */
  | TransferAsked
  /** For standard output, then leave with 0. */
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly fault: StartFault }

export interface Look {
  readonly version: string
  /** Standard output is a terminal that wants colours. */
  readonly colour: boolean
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number
}

/** What was written for each flag, in order; null for a flag without its value. */
type Written = Map<OptionSpec, (string | null)[]>

/** The word that runs a tracker, and the flags that mean something to one. */
const TRACKER = 'tracker'
const TRACKER_FLAGS: ReadonlySet<string> = new Set(['host', 'port', 'plain', 'json', 'ephemeral', 'debug'])

/** Reads the words after the program's name. `--help` and `--version` win over anything that is wrong beside them. */
export async function parseArguments(argv: readonly string[], look: Look): Promise<Arguments> {
  if (argv.length === 0) return { kind: 'run', given: {}, configFile: null, bare: true }
  const [word, ...rest] = argv
  if (isHistoryWord(word)) return parseHistoryArguments(word, rest)
  if (isControlWord(word)) return controlArguments(argv)
  if (isDocumentWord(word)) return parseDocumentArguments(word, rest, look.version)
  if (isTwoWord(word)) return parseTwoArguments(word, rest)
  if (isTransferWord(word)) return parseTransferArguments(word, rest)
  const { Command, CommanderError } = await import('commander')
  const written: Written = new Map()
  const program = new Command('hearsay')
    .description('Text and voice rooms between people, peer to peer, with no server.')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const spec of OPTIONS) {
    const option = program.createOption(flagTerm(spec), spec.about).helpGroup(spec.group)
    program.addOption(option)
    program.on(`option:${option.name()}`, (value: string | null | undefined) => {
      const before = written.get(spec)
      if (before === undefined) written.set(spec, [value ?? null])
      else before.push(value ?? null)
    })
  }
  let strays: readonly string[] = []
  let isTracker = false
  let incomplete: string | null = null
  try {
    const { operands, unknown } = program.parseOptions([...argv])
    isTracker = operands[0] === TRACKER
    strays = [...unknown, ...operands.slice(isTracker ? 1 : 0)]
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    incomplete = argv[argv.length - 1]! // only the last word can lack its value
  }
  const asked = new Set(Array.from(written.keys(), (spec) => spec.name))
  if (asked.has('help')) {
    return { kind: 'print', text: isTracker ? TRACKER_HELP : await helpText(program, look.colour, look.columns) }
  }
  if (asked.has('version')) return { kind: 'print', text: `hearsay ${look.version}\n` }
  if (incomplete !== null) return refuse('value-missing', `${incomplete}: a value is missing; see hearsay --help`)
  if (strays.length > 0) return refuseStray(strays[0]!)
  const read = readWritten(written)
  return isTracker && read.kind === 'run' ? forTracker(read.given, asked) : read
}

function forTracker(given: Given, asked: ReadonlySet<string>): Arguments {
  const foreign = [...asked].find((name) => !TRACKER_FLAGS.has(name))
  if (foreign === undefined) return { kind: 'tracker', given }
  return refuse(
    'flag-foreign',
    `--${foreign}: means nothing to a tracker, which keeps a list of nodes and does nothing else; leave it out`,
  )
}

function readWritten(written: Written): Arguments {
  const given: Mutable<Given> = {}
  let configFile: string | null = null
  for (const [{ name, arity }, values] of written) {
    if (name === 'help' || name === 'version') continue
    const flag = `--${name}`
    const swallowed = values.find((value) => value !== null && specOf(value) !== null)
    if (swallowed)
      return refuse('value-missing', `${flag}: a value is missing before ${flagOf(swallowed)}; see hearsay --help`)
    if (values.length > 1 && (arity === 'one' || arity === 'maybe')) {
      const both = values.map((value) => (value === null ? 'alone' : quoted(value)))
      return refuse('flag-twice', `${flag}: given more than once (${both[0]}, then ${both[1]}); leave one out`)
    }
    const texts = values.map((value) => value ?? 'true')
    if (name === 'config') configFile = texts[0]!
    const wrong = name === 'config' ? wrongPath(texts[0]!) : readInto(given, name, texts)
    if (wrong !== null) return refuse('bad-value', `${flag}: expected ${wrong.expected}, got ${quoted(wrong.got)}`)
  }
  const excluded = exclusion(given)
  if (excluded !== null)
    return refuse('flags-exclude', `--${excluded[1]}: cannot be used with --${excluded[0]}; leave one out`)
  return { kind: 'run', given, configFile, bare: false }
}

/** The option a word names (`--port`, `--port=5000`, `-h`), or null. */
function specOf(word: string): OptionSpec | null {
  const flag = flagOf(word)
  return OPTIONS.find((spec) => flag === `--${spec.name}` || flag === spec.short) ?? null
}

/** `--port` of `--port=5000`. */
function flagOf(word: string): string {
  return word.split('=', 1)[0]!
}

/** A word that is neither a flag nor a flag's value. */
function refuseStray(word: string): Arguments {
  const flag = flagOf(word)
  const bare = flag.replace(/^-+/, '')
  if (word.startsWith('-') && bare.length > 0) {
    const known = specOf(word)
    if (known !== null) return refuse('value-unexpected', `${flag}: takes no value; leave it out`)
    const near = suggest(
      bare,
      OPTIONS.map((spec) => spec.name),
    )
    const hint = near === null ? 'see hearsay --help' : `did you mean --${near}?`
    return refuse('unknown-flag', `${clip(flag)}: no such flag; ${hint}`)
  }
  let hint = 'see hearsay --help'
  if (parseAddress(word) !== null) hint = `did you mean --connect ${word.trim()}?`
  else if (OPTIONS.some((spec) => spec.name === word)) hint = `did you mean --${word}?`
  return refuse('unexpected-argument', `${quoted(word)}: unexpected argument; ${hint}`)
}

function clip(flag: string): string {
  return flag.length > FLAG_CHARS_SHOWN ? `${visible(flag.slice(0, FLAG_CHARS_SHOWN))}…` : visible(flag)
}

function wrongPath(text: string): { expected: string; got: string } | null {
  return pathCheck.read(text) === null ? { expected: pathCheck.expected, got: text } : null
}

function refuse(code: string, message: string): Arguments {
  return { kind: 'refuse', fault: { ok: false, code, message, exit: ExitStatus.wrongUsage } }
}
