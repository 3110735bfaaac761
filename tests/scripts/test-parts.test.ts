import { expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { argumentsOf, isIn, TEST_PARTS } from '../../scripts/test-parts.ts'

const ROOT = resolve(import.meta.dir, '../..')
const FILES = [...new Bun.Glob('tests/**/*.test.ts').scanSync(ROOT)].map((path) => path.replaceAll('\\', '/'))
const PARTS = Object.entries(TEST_PARTS)

test('every test file is run, and once', () => {
  expect(FILES.length).toBeGreaterThan(300)
  for (const path of FILES) {
    const parts = PARTS.filter(([, part]) => isIn(part, path)).map(([name]) => name)
    expect({ path, parts: parts.length }).toEqual({ path, parts: 1 })
  }
})

test('whatever a part names is there', () => {
  for (const [, { of, without }] of PARTS) {
    for (const beginning of [...of, ...without]) {
      expect({ beginning, isThere: FILES.some((path) => path.startsWith(beginning)) }).toEqual({
        beginning,
        isThere: true,
      })
    }
  }
})

test('bun test takes the arguments in the same way', () => {
  const part = {
    of: ['tests/scripts/', 'tests/base/'],
    without: ['tests/base/', 'tests/scripts/test-parts', 'tests/scripts/counts'],
  }
  const run = Bun.spawnSync([process.execPath, 'test', ...argumentsOf(part)], { cwd: ROOT, stderr: 'pipe' })
  const output = run.stdout.toString() + run.stderr.toString()
  const ran = [...output.matchAll(/^(tests\/\S+\.test\.ts):$/gm)].map(([, path]) => path)
  expect(ran.length).toBeGreaterThan(0)
  expect(ran.sort()).toEqual(FILES.filter((path) => isIn(part, path)).sort())
})
