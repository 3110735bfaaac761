import type { Command } from 'commander'
import { type Arity, type Flag, flagRows } from './flags.ts'
import type { OptionName } from './options-values.ts'

export interface OptionSpec extends Flag {
  readonly name: OptionName | 'config' | 'help' | 'version'
  /** The heading of the help that it stands under. */
  readonly group: string
}

/** Every flag there is, in the order of the help. */
export const OPTIONS: readonly OptionSpec[] = [
  option('Reaching others:', 'host', 'one', 'host', 'where to listen (127.0.0.1: only this machine)'),
  option('Reaching others:', 'port', 'one', 'number', 'TCP port (0 or absent: the first free one from 8080)'),
  option('Reaching others:', 'udp-port', 'one', 'number', 'UDP port for voice (0 or absent: the TCP port + 1000)'),
  option(
    'Reaching others:',
    'connect',
    'many',
    'host:port',
    'a peer to dial, again and again until it answers; repeatable',
  ),
  option('Reaching others:', 'tracker', 'many', 'host:port', 'where a list of nodes is kept, or is to be; repeatable'),
  option('Reaching others:', 'no-lan', 'switch', '', 'neither look for nodes on the local network nor be found there'),
  option('Reaching others:', 'multicast', 'many', 'group:port', 'how to look there (239.192.72.83:9053); repeatable'),
  option('Reaching others:', 'static', 'switch', '', 'links only as given and as they come in; learn of no others'),
  option(
    'Reaching others:',
    'dialect',
    'many',
    'name[@host:port],…',
    'let the older programs in: framed, mesh, tracker, line or all',
  ),
  option('You and your rooms:', 'username', 'one', 'name', 'what others call you (user-<port>)'),
  option('You and your rooms:', 'room', 'many', 'name', 'a room to join (general); repeatable, the first is current'),
  option(
    'You and your rooms:',
    'ephemeral',
    'switch',
    '',
    'a new identity and history, kept in memory; nothing is written to disk',
  ),
  option('You and your rooms:', 'history-days', 'one', 'number', 'keep what was said for so many days (0: for good)'),
  option(
    'You and your rooms:',
    'history-megabytes',
    'one',
    'number',
    'keep so much of what was said in a room, as sent (0: all of it)',
  ),
  option('Voice:', 'voice', 'one', 'room', 'be in voice in this room from the start'),
  option('Voice:', 'voice-mode', 'one', 'mode', 'what opens the microphone: voice, push (a key) or open'),
  option('Voice:', 'audio-in', 'one', 'file.wav', 'what the microphone hears, in its place; silence follows'),
  option('Voice:', 'audio-out', 'one', 'file.wav', 'where to write what would be heard'),
  option('Voice:', 'no-noise-suppression', 'switch', '', 'send the noise around you too'),
  option('Files:', 'accept-files', 'one', 'all|ask|none', 'which files that are offered to take (ask)'),
  option('Files:', 'accept-megabytes', 'one', 'number', 'take them without a question up to this size'),
  option('Files:', 'download-dir', 'one', 'folder', 'where they go (your Downloads)'),
  option('Front end:', 'plain', 'switch', '', 'a plain prompt, one line at a time'),
  option('Front end:', 'json', 'switch', '', 'JSON lines, for programs'),
  option('Front end:', 'theme', 'one', 'name', 'colours of the full screen: auto, dark, light or mono'),
  option('Running:', 'config', 'one', 'file', 'read this file instead of config.toml'),
  option('Running:', 'debug', 'maybe', 'file', 'diagnostics, on standard error or into a file'),
  { ...option('Running:', 'help', 'switch', '', 'show this help'), short: '-h' },
  { ...option('Running:', 'version', 'switch', '', 'show the version'), short: '-V' },
]

function option(group: string, name: OptionSpec['name'], arity: Arity, value: string, about: string): OptionSpec {
  return { name, arity, value, about, group }
}

const EXAMPLES = [
  ['hearsay --port 5000 --username Alice', 'wait for others on port 5000'],
  ['hearsay --connect 127.0.0.1:5000 --username Bob --room dev', 'join Alice, in #dev'],
  ['hearsay tracker --host 0.0.0.0', 'keep a list of who is there, on port 5000'],
  [
    'hearsay send holiday.jpg --connect host:5000',
    'one file to whoever takes it, without a screen; - is standard input',
  ],
  ['hearsay receive --connect host:5000', 'take it, into this folder; - is standard output'],
  ['hearsay ptt on', 'hold the talk key of the hearsay that runs; hearsay ptt --help'],
  ['hearsay export --room dev --format json --output dev.json', 'what was said in #dev, signatures and all'],
  ['hearsay import dev.json', 'take it in elsewhere'],
  ['hearsay listen --port 5050 --name Ann', 'two people and nobody else; hearsay connect is the other'],
  ['hearsay completions bash', 'for the shell: bash, zsh or fish'],
  ['hearsay manual', 'the manual page, with every command and key'],
] as const

/** What `hearsay tracker` tells of: the front ends it takes besides mean nothing to it. */
export const TRACKER_FLAGS: readonly Flag[] = [
  flag('host', 'host', 'where to listen (127.0.0.1: only this machine); 0.0.0.0 is everywhere'),
  flag('port', 'number', 'TCP port (5000; 0: any that is free)'),
  { ...flag('json', '', 'JSON lines, for programs: one event when it listens'), arity: 'switch' },
  { ...flag('debug', 'file', 'diagnostics, on standard error or into a file'), arity: 'maybe' },
]

function flag(name: string, value: string, about: string): Flag {
  return { name, arity: 'one', value, about }
}

/** Of `hearsay tracker`. */
export const TRACKER_HELP = `Usage: hearsay tracker [--host <host>] [--port <number>] [--json] [--debug [file]]

Keeps a list of who is there, for those who start with --tracker <host:port>, and does
nothing else: it is in no room and hears nothing of what is said. Where a node stands in
for it at that address, it gives it back. Ctrl-C ends it.

${flagRows(TRACKER_FLAGS)}
It reads neither config.toml nor variables.
`

/** Some terminals say that they have no columns at all. */
const COLUMNS_MIN = 40

/** The whole help. `terminalColumns`: how wide the terminal is. */
export async function helpText(program: Command, colour: boolean, terminalColumns: number): Promise<string> {
  const columns = Math.max(COLUMNS_MIN, terminalColumns || 80)
  const { createColors } = (await import('picocolors')).default
  const paint = createColors(colour)
  program.configureOutput({ getOutHasColors: () => colour, getOutHelpWidth: () => columns })
  program.configureHelp({
    minWidthToWrap: 20,
    styleTitle: (text) => paint.bold(text),
    styleOptionTerm: (text) => paint.cyan(text),
  })
  const width = Math.max(...EXAMPLES.map(([line]) => line.length))
  const examples = EXAMPLES.map(([line, about]) => {
    const apart = width + about.length + 4 > columns ? '\n      ' : ' '.repeat(width - line.length + 2)
    return `  ${paint.cyan(line)}${apart}${about}\n`
  })
  return [
    program.helpInformation(),
    `\n${paint.bold('Examples:')}\n${examples.join('')}`,
    '\nThe names work in config.toml too, and as variables: HEARSAY_PORT for --port.\n',
    'A flag wins over a variable, a variable over the file.\n',
  ].join('')
}
