import type { Command } from './command.ts'
import { COMMANDS } from './commands/table.ts'
import { ExitStatus } from './exit.ts'
import { type Flag, flagTerm } from './flags.ts'
import { ACTIONS, type Action, keymapOf } from './keymap.ts'
import { OPTIONS } from './options-help.ts'
import { TRANSFER_FLAGS } from './options-transfer.ts'
import { SUBCOMMANDS, type Subcommand } from './subcommands.ts'

/** What the page is dated by, so that the same source makes the same page: set with the version in package.json. */
export const RELEASE = { version: '0.1.0', date: '2026-11-22' } as const

/** Longer lines of a page's source do not get through everything that handles one. */
const SOURCE_BYTES_MAX = 80

const STATUSES: readonly (readonly [number, string])[] = [
  [ExitStatus.asked, 'It was asked to quit.'],
  [ExitStatus.failed, 'An export, an import or a transfer could not be done, or not whole.'],
  [ExitStatus.wrongUsage, 'An argument or a variable cannot be meant; one line says which and why.'],
  [ExitStatus.cannotListen, 'It could not listen; one line says where, and who does.'],
  [ExitStatus.badConfiguration, 'The configuration or the identity file is not as it should be.'],
  [ExitStatus.interrupted, 'It was interrupted. A second interrupt within a second leaves at once.'],
]

const FILES: readonly (readonly [string, string])[] = [
  ['$XDG_CONFIG_HOME/hearsay/config.toml', 'How it starts. Usually in ~/.config.'],
  ['$XDG_CONFIG_HOME/hearsay/identity', 'Who you are to others: keep it to yourself.'],
  ['$XDG_CONFIG_HOME/hearsay/voice.json', 'What was chosen with /voice.'],
  ['$XDG_CONFIG_HOME/hearsay/ignored.json', 'Whom you /ignore.'],
  ['$XDG_DATA_HOME/hearsay/history.db', 'What was said. Usually in ~/.local/share.'],
  ['$XDG_DATA_HOME/hearsay/peers.txt', 'Whom it has met, and where: tried again at the next start.'],
  ['$XDG_DATA_HOME/hearsay/shares.json', 'Which files you offer, also after the next start.'],
  ['$XDG_DATA_HOME/hearsay/offers.json', 'Which files were offered to you and wait for an answer.'],
]

/** The page hearsay(1), in the language of man(7), from the tables that the program itself is made of. */
export function manualPage(version: string): string {
  return `${[
    `.TH HEARSAY 1 "${RELEASE.date}" "hearsay ${letters(version)}" "User Commands"`,
    ...section(
      'NAME',
      filled('hearsay \\- rooms for text, voice and files between people, peer to peer, with no server'),
    ),
    ...section('SYNOPSIS', '.B hearsay', text('[options]')),
    ...SUBCOMMANDS.flatMap((each) => ['.br', `.B hearsay ${each.word}`, ...synopsis(each)]),
    ...section(
      'DESCRIPTION',
      text(
        'What is said in a room travels from neighbour to neighbour over encrypted links, signed by who said it. On a terminal there is a ' +
          'full screen; with --plain, and where output is no terminal, a prompt that takes one line at a time, which screen readers follow; with --json, lines for programs. /voice join talks, /send offers a file or a folder, and --dialect lets in the programs that this one descends from, marked as such.',
      ),
    ),
    ...section('OPTIONS', ...OPTIONS.flatMap((spec) => entry(flagTerm(spec), sentence(spec.about)))),
    // Else it would hang under the last of them.
    '.PP',
    text(
      'Each can stand in config.toml too, and in a variable: HEARSAY_PORT for --port. A flag wins over a variable, a variable over the file.',
    ),
    ...section('SUBCOMMANDS', text('The word comes first, before any option. Each has a --help of its own.')),
    ...SUBCOMMANDS.flatMap(subcommandEntries),
    ...section('COMMANDS', text('What begins with a slash is done, anything else is said; // says a slash.')),
    ...COMMANDS.commands.flatMap((command) => commandEntry(command)),
    ...section(
      'KEYS',
      text('In the full screen. The keys table of config.toml changes them: ctrl-k = "cut-line-end" there, or "none".'),
    ),
    ...keyEntries(),
    ...section('FILES', ...FILES.flatMap(([path, about]) => entry(path, about))),
    ...section('EXIT STATUS', ...STATUSES.flatMap(([status, about]) => entry(String(status), about))),
    ...section(
      'ENVIRONMENT',
      ...entry('NO_COLOR', 'Set and not empty: no colours.'),
      ...entry('TERM', 'With dumb, the prompt instead of the full screen.'),
    ),
  ].join('\n')}\n`
}

const TRANSFER =
  'hearsay send offers files and folders and ends when somebody has all of them; hearsay receive takes what is offered into this folder, or the one given, writes its path on standard output, and ends when it is there. The other end may be either of them, or somebody in the room. A lone hyphen is standard input, or output.'

/** What only it takes; the options of every start that mean something to it are told of among those. */
function ownFlags({ word, flags }: Subcommand): readonly Flag[] {
  return word === 'send' || word === 'receive' ? TRANSFER_FLAGS[word] : flags
}

/** As a command line is written, or nothing. */
function synopsis(subcommand: Subcommand): string[] {
  const { flags, operands, required = [] } = subcommand
  const own = ownFlags(subcommand)
  const terms = own.map((flag) => (required.includes(flag.name) ? flagTerm(flag) : `[${flagTerm(flag)}]`))
  const shared = own.length < flags.length ? ['[options]'] : []
  const line = [operands, ...terms, ...shared].filter((part) => part !== '').join(' ')
  return line === '' ? [] : [text(line)]
}

function subcommandEntries(subcommand: Subcommand): string[] {
  const { word, about, operands, flags } = subcommand
  const own = ownFlags(subcommand)
  const shared = flags.slice(own.length).map((flag) => (flag.arity === 'joined' ? flagTerm(flag) : `--${flag.name}`))
  return [
    ...entry(`${word}${operands === '' ? '' : ` ${operands}`}`, sentence(about)),
    ...own.flatMap((flag) => entry(`${word} ${flagTerm(flag)}`, sentence(flag.about))),
    ...(shared.length === 0 ? [] : entry(`${word} [options]`, `Of the options above: ${shared.join(', ')}.`)),
    // The prose about both of them.
    ...(word === 'receive' ? ['.PP', text(TRANSFER)] : []),
  ]
}

/** `mark`: what stands before another name; of a part of a family, nothing does. */
function commandEntry({ usage, help, aliases, parts = [] }: Command, mark: '/' | '' = '/'): string[] {
  const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `${mark}${alias}`).join(', ')}.`
  return [...entry(usage, sentence(help) + also), ...parts.flatMap((part) => commandEntry(part, ''))]
}

function keyEntries(): string[] {
  const chords = Map.groupBy(keymapOf(), ([, action]) => action)
  return Object.entries(ACTIONS).flatMap(([action, about]) => {
    const keys = (chords.get(action as Action) ?? []).map(([chord]) => chord).join(', ')
    return entry(action, `${sentence(about)}${keys === '' ? '' : ` ${keys}.`}`)
  })
}

function section(title: string, ...lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines]
}

function entry(term: string, about: string): string[] {
  return ['.TP', `.B ${letters(term)}`, text(about)]
}

function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}${/[.!?]$/.test(about) ? '' : '.'}`
}

/** Plain text for the page. */
function text(plain: string): string {
  return filled(letters(plain))
}

/** Nothing of it is taken for a command of the formatter, and no line of the source is too long. */
function filled(escaped: string): string {
  const lines: string[] = []
  for (const word of escaped.split(' ')) {
    const last = lines.at(-1)
    const longer = `${last} ${word}`
    if (last !== undefined && longer.length <= SOURCE_BYTES_MAX) lines[lines.length - 1] = longer
    else lines.push(word.replace(/^(?=[.'])/, '\\&'))
  }
  return lines.join('\n')
}

/** Hyphens stay what they are, and every terminal has the letters. */
function letters(plain: string): string {
  return plain.replaceAll('…', '...').replaceAll('\\', '\\e').replaceAll('-', '\\-')
}
