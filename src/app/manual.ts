import type { Command } from './command.ts'
import { COMMANDS } from './commands/table.ts'

import { ExitStatus } from './exit.ts'
import { flagTerm } from './flags.ts'
import { ACTIONS, type Action, keymapOf } from './keymap.ts'
import { OPTIONS } from './options-help.ts'
import { TRANSFER_FLAGS } from './options-transfer.ts'
import { SUBCOMMANDS } from './subcommands.ts'

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
    `.TH HEARSAY 1 "" "hearsay ${text(version)}" "User Commands"`,
    ...section('NAME', 'hearsay \\- rooms for text, voice and files between people, peer to peer, with no server'),
    ...section('SYNOPSIS', '.B hearsay', '.RI [ options ]'),
    ...SUBCOMMANDS.flatMap(({ word }) => ['.br', `.B hearsay ${word}`, '.RI [ ... ]']),
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
    ...section(
      'ONE TRANSFER',
      text(
        'hearsay send offers files and folders and ends when somebody has all of them; hearsay receive takes what is offered into this folder, or the one given, writes its path on standard output, and ends when it is there. The other end may be either of them, or somebody in the room. A lone hyphen is standard input, or output. Besides these, they take the options that say where to listen, whom to dial and who you are.',
      ),
      ...(['send', 'receive'] as const).flatMap((word) =>
        TRANSFER_FLAGS[word].flatMap(({ name, value, about }) =>
          entry(`${word} --${name}${value === '' ? '' : ` <${value}>`}`, sentence(about)),
        ),
      ),
    ),
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
  return ['.TP', `.B ${text(term)}`, text(about)]
}

function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}${/[.!?]$/.test(about) ? '' : '.'}`
}

/** Nothing of it is taken for a command of the formatter, hyphens stay what they are, and every terminal has the letters. */
function text(plain: string): string {
  return plain
    .replaceAll('…', '...')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
}
