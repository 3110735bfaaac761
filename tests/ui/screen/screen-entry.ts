import { runScreen } from '../../../src/ui/screen/screen.ts'
import { BOB, FakeChat } from '../../app/fake-chat.ts'

// The full screen as a process of its own, over a chat with nobody behind it. SIGUSR2 makes Bob write directly;
// SIGUSR1 is an error that nobody expected.

const chat = new FakeChat()
chat.admit('general', BOB)
process.on('SIGUSR2', () => chat.hear(BOB, 'between us', { room: `@${BOB.id}` }))
process.on('SIGUSR1', () => {
  throw new Error('nobody expected this')
})
process.exit(
  await runScreen({ chat, input: process.stdin, output: process.stdout, signals: process, env: process.env }),
)
