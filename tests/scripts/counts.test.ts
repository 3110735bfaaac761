import { expect, test } from 'bun:test'
import { readCounts, sumOf } from '../../scripts/counts.ts'

test('counts what the summary of bun test says, colours or not', () => {
  const output =
    '(pass) a\n(fail) b\n\n \u001b[32m12 pass\u001b[0m\n 1 skip\n 2 todo\n 3 fail\n 40 expect() calls\nRan 18 tests across 3 files. [4.00ms]\n'
  expect(readCounts(output)).toEqual({ passed: 12, failed: 3, skipped: 3, complete: true })
})

test('takes the last summary, not what a test printed in the shape of one', () => {
  const output =
    ' 99 pass\n 0 fail\nRan 99 tests across 1 file. [1ms]\n(fail) a\n\n 0 pass\n 1 fail\nRan 1 test across 1 file. [1ms]\n'
  expect(readCounts(output)).toEqual({ passed: 0, failed: 1, skipped: 0, complete: true })
})

test('a file that does not load is a failure', () => {
  const output = '\n 2 pass\n 0 fail\n 1 error\nRan 2 tests across 2 files. [1ms]\n'
  expect(readCounts(output)).toEqual({ passed: 2, failed: 1, skipped: 0, complete: true })
})

test('without a summary it counts the results seen so far, and says that there is more', () => {
  const output = 'a.test.ts:\n(pass) one [1ms]\n(fail) two [1ms]\n(skip) three\npanic\n'
  expect(readCounts(output)).toEqual({ passed: 1, failed: 1, skipped: 1, complete: false })
})

test('agrees with a real run of bun test', async () => {
  const run = Bun.spawnSync([process.execPath, 'test', './tests/scripts/executable.test.ts'], { stderr: 'pipe' })
  const { passed, failed, complete } = readCounts(run.stdout.toString() + run.stderr.toString())
  expect({ failed, complete }).toEqual({ failed: 0, complete: true })
  expect(passed).toBeGreaterThan(0)
})

test('several runs count together, and are complete where each of them is', () => {
  const one = { passed: 12, failed: 1, skipped: 2, complete: true }
  const cut = { passed: 3, failed: 0, skipped: 1, complete: false }
  expect(sumOf([one, one])).toEqual({ passed: 24, failed: 2, skipped: 4, complete: true })
  expect(sumOf([one, cut])).toEqual({ passed: 15, failed: 1, skipped: 3, complete: false })
})
