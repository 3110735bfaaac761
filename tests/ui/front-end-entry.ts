import { runJson } from '../../src/ui/json/json.ts'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { BOB, FakeChat } from '../app/fake-chat.ts'

// A front end as a process of its own, over a chat with nobody behind it. Tests make things happen in it by signal:
// SIGUSR2 makes Bob say the words after `--heard`. `--flood N`: Bob says so many lines before anything is read.
// `--stuck`: closing the chat never ends. `--light`: the theme for light backgrounds.

const argument = (name: string): string | undefined => {
  const index = process.argv.indexOf(name)
  return index === -1 ? undefined : process.argv[index + 1]
}

const chat = new FakeChat()
const heard = argument('--heard') ?? 'hello'
if (process.argv.includes('--stuck')) chat.flushed = new Promise(() => {})
process.on('SIGUSR2', () => chat.hear(BOB, heard))

const { TERM, NO_COLOR } = process.env
const streams = { chat, input: process.stdin, output: process.stdout, signals: process }
const theme = process.argv.includes('--light') ? 'light' : 'auto'
const prompt = { ...streams, env: { TERM, NO_COLOR }, theme } as const
const over = process.argv.includes('--json') ? runJson(streams) : runPrompt(prompt)
for (let count = Number(argument('--flood') ?? 0); count > 0; count--) chat.hear(BOB, `${heard} ${count}`)
process.exit(await over)
