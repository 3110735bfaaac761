import { compareBytes } from '../base/bytes.ts'
import { compareHlc } from '../base/hlc.ts'
import { decodeUtf8 } from '../base/text.ts'
import { EventKind } from '../wire/event.ts'
import { NAME_BYTES_MAX } from '../wire/limits.ts'
import type { EventTelling } from './outputs.ts'

/** An event in the clear. */
export interface Words {
  readonly kind: number
  readonly body: Uint8Array
  /** As a direct message itself tells it; null elsewhere. */
  readonly name: string | null
}

/** Whether somebody waits for the next word: an offer of a file is no reason to hold that file back, nor is a name. */
export function isTalk(kind: number): boolean {
  return kind !== EventKind.file && kind !== EventKind.profile
}

/** What an author wants to be called, as sent; null where that is no name. */
export function nameIn(body: Uint8Array): string | null {
  return body.length <= NAME_BYTES_MAX ? decodeUtf8(body) : null
}

/** The room's order: clock time, then author, then number. */
export function inOrder(a: EventTelling, b: EventTelling): number {
  return compareHlc(a.time, b.time) || compareBytes(a.author, b.author) || a.number - b.number
}
