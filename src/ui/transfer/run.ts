import { createInterface } from 'node:readline'
import type { Chat } from '../../app/chat.ts'
import type { TransferAsked } from '../../app/options-transfer.ts'
import type { SignalSource } from '../leaving.ts'
import type { Person } from './question.ts'
import { runReceive } from './receive.ts'
import { runSend } from './send.ts'
import type { ErrorOutput } from './status-line.ts'

export interface RunOptions {
  readonly chat: Chat
  readonly asked: TransferAsked
  /** What is sent. */
  readonly paths: readonly string[]
  readonly input: NodeJS.ReadStream
  readonly output: { write(text: string): unknown }
  readonly errors: ErrorOutput
  readonly signals: SignalSource
}

/** One transfer from its start to its exit status. A person is asked where there is one, and it was not said that nobody need be. */
export function runTransfer({ chat, asked, paths, input, output, errors, signals }: RunOptions): Promise<number> {
  const common = { chat, errors, signals }
  if (asked.kind === 'send') return runSend({ ...common, asked, paths })
  const isAsked = !asked.yes && input.isTTY === true && errors.isTTY === true
  return runReceive({
    ...common,
    asked,
    paths: asked.into === '-' ? null : output,
    person: isAsked ? personAt(input) : null,
  })
}

function personAt(input: NodeJS.ReadStream): Person {
  return {
    line() {
      return new Promise((resolve) => {
        const lines = createInterface({ input, terminal: false })
        lines.once('line', (line) => {
          resolve(line)
          lines.close()
        })
        lines.once('close', () => resolve(null))
      })
    },
  }
}
