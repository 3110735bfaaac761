import { expect, test } from 'bun:test'
import { notBegunReason } from '../../../src/app/files/refusals.ts'

const fault = { ok: false, cause: null, message: 'It cannot be received: change something.' } as const

test('what the disk did not let begin is said to be there for the taking, by the command that is at hand', () => {
  expect(notBegunReason({ ...fault, code: 'denied' }, 3, false)).toBe(
    `${fault.message} /accept 3 takes it then; --download-dir at the start chooses the folder.`,
  )
  expect(notBegunReason({ ...fault, code: 'failed' }, 3, false)).toBe(`${fault.message} /accept 3 takes it then.`)
  expect(notBegunReason({ ...fault, code: 'denied' }, 3, true)).toBe(`${fault.message} Then receive it again.`)
})
