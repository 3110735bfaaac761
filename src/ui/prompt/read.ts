import { type Call, type CommandTable, type Refusal, readSlash, refusal, sayText } from '../../app/command.ts'
import { substitutionCall } from '../../app/substitute.ts'
import { suggest } from '../../app/suggest.ts'

/** Commands that the prompt takes without a slash, and what each stands for. */
export const BARE_WORDS: ReadonlyMap<string, string> = new Map([
  ['connect', 'connect'],
  ['send', 'say'],
  ['room', 'room'],
  ['peers', 'peers'],
  ['voice', 'voice'],
  ['m', 'voice toggle'],
  ['help', 'help'],
  ['exit', 'quit'],
])

/** What `help` adds here to what it tells everywhere. */
export const BARE_WORDS_HELP: readonly string[] = [
  'Alone on a line: s/old/new/ changes what you said last',
  'Without a slash: connect <host> <port>, send <message>, room [<room>], peers, voice <what>, M (mute or unmute), help, exit',
]

const NOT_SAID = refusal('edit', 'no-such-text', 's/old/new/: what you said last does not have that; send says it')

const WORD_CHARS_SHOWN = 40

/** A line at the prompt: a bare word, a slash command, `s/old/new/`, or `//text`. Null for a blank line. Never throws. */
export function readPromptLine(table: CommandTable, line: string): Call | Refusal | null {
  const typed = line.trimStart()
  if (typed === '') return null
  if (typed.startsWith('//')) return sayText(table, typed.slice(1))
  if (typed.startsWith('/')) return readSlash(table, typed)
  const mended = substitutionCall(typed, NOT_SAID)
  if (mended !== null) return mended
  const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(typed) ?? []
  const command = BARE_WORDS.get(word.toLowerCase())
  if (command === undefined) return unknownWord(table, word)
  if (command === 'say' && rest.trim() === '')
    return refusal('send', 'bad-argument', 'send: it needs a message. Usage: send <message>')
  return readSlash(table, `/${command} ${rest}`)
}

/** The command that a line begins with, which may be none that there is, and how it is typed; null where what is typed is meant for no command. */
export function wordOf(line: string): { readonly command: string; readonly typed: string } | null {
  const typed = (/\S+/.exec(line)?.[0] ?? '').slice(0, WORD_CHARS_SHOWN)
  if (typed.startsWith('//')) return { command: 'say', typed }
  if (typed.startsWith('/')) return { command: typed.slice(1), typed }
  const command = BARE_WORDS.get(typed.toLowerCase())?.split(' ')[0]
  return command === undefined ? null : { command, typed }
}

/** One line that names `help`. */
function unknownWord(table: CommandTable, word: string): Refusal {
  const shown = word.slice(0, WORD_CHARS_SHOWN)
  const slashed = table.find(word)
  if (slashed !== null) return unknown(shown, `here it is written /${slashed.name}; help lists the commands`)
  const near = suggest(word, BARE_WORDS.keys())
  const hint = near === null ? 'to say something, send <message>;' : `did you mean ${near}?`
  return unknown(shown, `no such command; ${hint} help lists them`)
}

function unknown(word: string, message: string): Refusal {
  return refusal(word, 'unknown-command', `${word}: ${message}`)
}
