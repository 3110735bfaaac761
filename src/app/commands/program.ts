import { type Command, type CommandTable, defineCommand, unknownCommand } from '../command.ts'
import { commandName } from './arguments.ts'
import { columns } from './views.ts'

export const PROGRAM: readonly Command[] = [
  defineCommand({
    name: 'keys',
    aliases: [],
    group: 'hearsay',
    args: {},
    help: 'which keys do what here',
    effect: 'keys',
    run: () => ({ ok: true }),
  }),
  defineCommand({
    name: 'clear',
    aliases: ['cls'],
    group: 'hearsay',
    args: {},
    help: 'clear the screen',
    effect: 'clear',
    run: () => ({ ok: true }),
  }),
  defineCommand({
    name: 'quit',
    aliases: ['q', 'exit', 'bye'],
    group: 'hearsay',
    args: {},
    help: 'leave, once what you said is on its way',
    effect: 'quit',
    ignoresRest: true,
    run: () => ({ ok: true }),
  }),
]

/** What `/help` tells of a command in a JSON reply. */
interface Entry {
  readonly name: string
  readonly aliases: readonly string[]
  readonly group: string
  readonly usage: string
  readonly help: string
  readonly args: Command['args']
  /** Of a command that is several. */
  readonly parts?: readonly Entry[]
}

/** `table`: asked when the command runs, because it lists itself too. */
export function helpCommand(table: () => CommandTable): Command {
  return defineCommand({
    name: 'help',
    aliases: ['h', '?', 'commands'],
    group: 'hearsay',
    args: { command: commandName() },
    help: 'list the commands, or explain one',
    effect: ({ command }) => (command?.toLowerCase() === 'keys' ? 'keys' : null),
    run(_, { command: wanted }) {
      if (wanted === null) return { ok: true, help: table().commands.map(entryOf) }
      const command = commandCalled(table(), wanted)
      return command === null ? unknownCommand(table(), wanted, '/') : { ok: true, help: [entryOf(command)] }
    },
    show: ({ help }) => (help.length === 1 ? explain(help[0]!) : listing(help)),
  })
}

function entryOf({ name, aliases, group, usage, help, args, parts }: Command): Entry {
  return { name, aliases, group, usage, help, args, ...(parts === undefined ? {} : { parts: parts.map(entryOf) }) }
}

/** `join`, or `voice join`. */
function commandCalled(table: CommandTable, wanted: string): Command | null {
  const [word = '', part = null] = wanted.split(/\s+/, 2)
  const command = table.find(word)
  return part === null ? command : (command?.parts?.find(({ name }) => name === `${command.name} ${part}`) ?? null)
}

function explain({ usage, help, aliases, parts = [] }: Entry): string[] {
  const also = aliases.length === 0 ? [] : [`  also: ${aliases.map((alias) => `/${alias}`).join(' ')}`]
  return [usage, `  ${help}`, ...also, ...columns(parts.map((part) => [`  ${part.usage}`, part.help]))]
}

function listing(entries: readonly Entry[]): string[] {
  const groups = [...new Set(entries.map((entry) => entry.group))]
  const lines = columns(entries.map(({ usage, help }) => [`  ${usage}`, help]))
  return groups.flatMap((group) => [group, ...lines.filter((_, index) => entries[index]?.group === group)])
}
