import { expect, test } from 'bun:test'
import { QuietResults } from '../../scripts/quiet.ts'

function quietly(output: string): string {
  const quiet = new QuietResults()
  return output
    .split('\n')
    .flatMap((line) => quiet.push(line))
    .join('\n')
}

test('says nothing of files whose tests all passed, and keeps the summary', () => {
  const output =
    'bun test v1\n\na.test.ts:\n(pass) one\n(pass) two\n\nb.test.ts:\n(pass) three\n\n 3 pass\n 0 fail\nRan 3 tests'
  expect(quietly(output)).toBe('bun test v1\n\n 3 pass\n 0 fail\nRan 3 tests')
})

test('keeps a failure whole, with the name of its file', () => {
  const output =
    'a.test.ts:\n(pass) one\n\nb.test.ts:\n(pass) two\nerror: x\n\nExpected: 1\n(fail) three\n(pass) four\n\n 3 pass\n 1 fail'
  expect(quietly(output)).toBe('\nb.test.ts:\nerror: x\n\nExpected: 1\n(fail) three\n\n 3 pass\n 1 fail')
})

test('keeps what is skipped', () => {
  expect(quietly('a.test.ts:\n(pass) one\n(skip) two')).toBe('\na.test.ts:\n(skip) two')
})
