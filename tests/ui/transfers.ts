import type { FileEvent } from '../../src/app/events.ts'
import type { ReceiveAsked } from '../../src/app/options-transfer.ts'
import { BOB, type FakeChat } from '../app/fake-chat.ts'

/** A file that Bob offers. */
export const offer: FileEvent = {
  ...{ event: 'file', id: 'f1', number: 1, state: 'offered', room: 'general', self: false, at: 1_000_000 },
  from: { id: BOB.id, name: BOB.name },
  ...{ name: 'photo.jpg', size: 3_000_000, done: 0, bytesPerSecond: 0, holders: 1 },
}

/** What `hearsay receive` without options is asked for. */
export const receive: ReceiveAsked = {
  ...{ kind: 'receive', into: '.', from: null, yes: false, given: {}, configFile: null, waitMs: null },
}

/** Waits until the chat has been asked something. */
export async function asked({ asked }: FakeChat, what: string): Promise<void> {
  while (!asked.includes(what)) await new Promise((resolve) => setTimeout(resolve, 5))
}
