import type { FilesFault } from '../../ports/files.ts'
import { RefusalCode } from '../../wire/transfer.ts'
import type { Fault } from '../chat.ts'
import type { FileTrouble } from './contract.ts'

/** Why something does not come from whoever offered it. */
export interface Refusal {
  readonly trouble: FileTrouble
  /** Whole sentences. */
  readonly reason: string
}

const OTHERS = 'It goes on if others have it; /cancel gives it up.'

/** Each as the middle of a sentence. */
const VANISHED = { trouble: 'gone', what: 'is gone' } as const
const REFUSED: ReadonlyMap<number, { readonly trouble: FileTrouble; readonly what: string }> = new Map([
  // Whoever has just started to give it again has it as soon as he has read it, and then offers it anew.
  [RefusalCode.unknown, { trouble: 'absent', what: 'is not there (yet)' }],
  [RefusalCode.changed, { trouble: 'changed', what: 'has been changed' }],
  [RefusalCode.withdrawn, { trouble: 'withdrawn', what: 'is gone' }],
])

/** `code`: a `RefusalCode` of whoever offered the file `name`. */
export function refusalOf(code: number, name: string): Refusal {
  const { trouble, what } = REFUSED.get(code) ?? VANISHED
  return { trouble, reason: `${name} ${what} where it came from. ${OTHERS}` }
}

/** Whoever offered it sends something else. */
export function lyingAbout(name: string): string {
  return `What came of ${name} is not what was offered, and was thrown away. ${OTHERS}`
}

/** What is wrong with the disk. A run for one transfer (`isOnce`) does not wait for room. */
export function stuckReason({ message, code, what = message }: FilesFault, isOnce: boolean): string {
  if (isOnce) return message
  return code === 'full' ? `${what} It goes on when there is room.` : `${message} It is tried again.`
}

/** The disk did not let something begin that is file `number`. A run for one transfer (`isOnce`) has no such command. */
export function notBegunReason({ message, code }: FilesFault, number: number, isOnce: boolean): string {
  if (isOnce) return `${message} Then receive it again.`
  const chosen = code === 'denied' || code === 'not-a-folder' ? '; --download-dir at the start chooses the folder' : ''
  return `${message} /accept ${number} takes it then${chosen}.`
}

/** `number`: of the one by which the same comes. */
export function onItsWay(number: number): Fault {
  return {
    ok: false,
    code: 'on-its-way',
    message: `The same is on its way already, as file ${number}. /files shows how far.`,
  }
}

/** `count`: on their way at a time. */
export function tooManyAtOnce(count: number): Fault {
  return { ok: false, code: 'too-many', message: `${count} files are on their way: /cancel one, or wait.` }
}

/** `what`: how those stand that could have been meant. */
export function unknown(text: string, what: string): Fault {
  const message =
    text.trim() === '' ? `Say which: /files lists what ${what}.` : `No file "${text}" ${what}. /files lists them.`
  return { ok: false, code: 'no-such-file', message }
}

/** Only its author takes it back, where he offered it. */
export function nameOf(id: string, from: string, room: string): string {
  return `${id} ${from} ${room}`
}

export function troubleOf({ code }: FilesFault): FileTrouble {
  return code === 'full' ? 'full' : 'disk'
}
