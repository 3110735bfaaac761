import { ByeCode } from '../wire/hello.ts'

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
