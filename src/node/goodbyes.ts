import { ByeCode } from '../wire/hello.ts'
import type { Links } from './links.ts'

const REFUSALS: ReadonlyMap<number, string> = new Map([
  [ByeCode.self, 'self'],
  [ByeCode.duplicateLink, 'duplicate'],
  [ByeCode.notNeeded, 'somebody-else'],
  [ByeCode.tooSlow, 'too-slow'],
])

/** What a dial has come to that ended in a goodbye of ours: a stable code. */
export function refusalCode(code: number): string {
  return REFUSALS.get(code) ?? 'refused'
}

/** A peer's goodbye, as the end of a sentence about it. */
export function byeSentence(code: number, reason: string): string {
  if (code === ByeCode.leaving) return 'left'
  return reason === '' ? 'said goodbye' : `said goodbye: this side ${reason}`
}

/** Takes leave of everybody: a goodbye where one can be heard. */
export function sayGoodbyes(links: Links): void {
  for (const link of [...links.all.values()]) {
    if (link.phase === 'open' || link.phase === 'hello') links.bye(link, ByeCode.leaving, 'left')
    else if (link.phase !== 'closing') links.end(link, true, 'leaving', 'we are leaving')
  }
}
