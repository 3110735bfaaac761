import { describe, expect, test } from 'bun:test'
import { join, resolve } from 'node:path'
import manifest from '../package.json' with { type: 'json' }
import { isExactVersion, wordsIn } from './style/rules.ts'

const ROOT = resolve(import.meta.dir, '..')
const LINES_MAX = 400

/** Files that are in the repository or would be with the next commit; each as text, or undefined where it is not text. */
async function ownFiles(): Promise<{ path: string; text: string | undefined }[]> {
  const list = Bun.spawnSync(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  if (list.exitCode !== 0) throw new Error(`git ls-files: ${list.stderr.toString()}`)
  const paths = [...new Set(list.stdout.toString().split('\0'))].filter((path) => path !== '')
  return Promise.all(
    paths.map(async (path) => {
      const file = Bun.file(join(ROOT, path))
      const bytes = (await file.exists()) ? await file.bytes() : new Uint8Array()
      return { path, text: bytes.includes(0) ? undefined : new TextDecoder().decode(bytes) }
    }),
  )
}

const files = await ownFiles()

test(`no source file is longer than ${LINES_MAX} lines`, () => {
  const sources = files.filter(({ path }) => /^(src|tests|scripts)\/([^.]*|.*\.(ts|sh))$/.test(path))
  expect(sources.length).toBeGreaterThan(0)
  const lengths = sources.map(({ path, text = '' }) => ({ path, lines: text.split('\n').length - 1 }))
  expect(lengths.filter(({ lines }) => lines > LINES_MAX)).toEqual([])
})

test('nothing is left to be done in a comment, and no file names a folder of one machine', () => {
  // The lock file is made by Bun, and its hashes may spell anything.
  const own = files.filter(({ path }) => !path.endsWith('bun.lock'))
  const found = own.flatMap(({ path, text = '' }) => wordsIn(text).map((each) => `${path}:${each}`))
  expect(found).toEqual([])
})

test('no test is switched off, and none runs alone', () => {
  const off = /\b(test|it|describe)\.(skip|only|todo)\b/
  const tests = files.filter(({ path }) => path.startsWith('tests/') && path.endsWith('.ts'))
  expect(tests.length).toBeGreaterThan(0)
  expect(tests.filter(({ text = '' }) => off.test(text)).map(({ path }) => path)).toEqual([])
})

test('every dependency is pinned to one version, and the types are those of the pinned Bun', () => {
  const pinned = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.engines })
  expect(pinned.filter(([, version]) => !isExactVersion(version))).toEqual([])
  expect(manifest.devDependencies['bun-types']).toBe(manifest.engines.bun)
})

describe('the style check itself', () => {
  const [todo, fixme] = [['TO', 'DO'].join(''), ['FIX', 'ME'].join('')]

  test.each([
    [`// ${todo}: later`, 1],
    [`a\n\n/* ${fixme} */`, 3],
    [`see ${['', 'root', 'notes'].join('/')}`, 1],
  ])('finds the word in %j', (text, line) => {
    expect(wordsIn(text).map((each) => Number.parseInt(each, 10))).toEqual([line])
  })

  test.each([
    'mastodon',
    `${todo}S3aB`,
    'src/root/main.ts',
    'https://example.org/root/',
    '/tmp/xyz',
    '/home/ann/.config',
    '',
  ])('finds none in %j', (text) => expect(wordsIn(text)).toEqual([]))

  test.each(['^1.2.3', '~1.2.3', '1.2', '*', 'latest', '>=1.2.3', '1.x.0', 'github:a/b', '', '1.2.3 || 2.0.0'])(
    'does not take %j for one version',
    (version) => expect(isExactVersion(version)).toBe(false),
  )

  test.each(['1.2.3', '0.0.1', '10.20.30', '1.2.3-beta.1'])('takes %j for one version', (version) => {
    expect(isExactVersion(version)).toBe(true)
  })
})
