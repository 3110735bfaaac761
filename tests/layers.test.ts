import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readSources, type Source } from './layers/read.ts'
import { breachesOf } from './layers/rules.ts'

const ROOT = resolve(import.meta.dir, '..')

test('imports under src/ point up the layers only, and the layers below ports/ are pure', async () => {
  const sources = await readSources(ROOT)
  expect(sources.length).toBeGreaterThan(0)
  expect(sources.flatMap(breachesOf)).toEqual([])
}, 90_000)

/** Files as they may and may not be; a comment `// ✗` at the end of a line marks what the check must find there. */
const SAMPLES: Record<string, string> = {
  'base/words.ts': `
    import { strange } from '../wire/frame.ts' // ✗
    export const word = strange
    export interface Clock { Date: number; setTimeout(): void }
  `,
  'crypto/hash.ts': `
    import { createHash, randomBytes } from 'node:crypto' // ✗
    import * as everything from 'node:crypto' // ✗
    import { readFileSync } from 'node:fs' // ✗
    export const hash = () => Buffer.from(createHash('sha256').digest())
    export const drawn = [randomBytes, everything, readFileSync]
    export const more = crypto.getRandomValues // ✗
  `,
  'wire/frame.ts': `
    import type { Word } from '../core/link/session.ts' // ✗
    export type { Chat } from '../app/chat.ts' // ✗
    export * from '../app/chat.ts' // ✗
    export type Far = import('../ui/screen.ts').Screen // ✗
    export const late = () => import('../main.ts') // ✗
    export const computed = (name: string) => import(name) // ✗
    export const strange: Word = 1
  `,
  'core/link/session.ts': `
    import { word } from '../../base/words.ts'
    import { join } from '../room/room.ts' // ✗
    import { shared } from '../shared.ts'
    import valibot from 'valibot' // ✗
    export type Word = number
    export const session = [word, join, shared, valibot]
  `,
  'core/room/room.ts': `
    // process, Date.now() and setTimeout in a comment
    export const join = 'process.exit() console.log' + \`\${'Date'} fetch\`
    export const own = { process: 1, Date: 2 }.Date
    export function local(setTimeout: () => void, performance: { now: number }) {
      setTimeout()
      return performance.now
    }
  `,
  'core/shared.ts': `
    import { session } from './link/session.ts' // ✗
    export const shared = () => session
    export const noext = () => import('../base/words') // ✗
    export const outside = () => import('../../scripts/x.ts') // ✗
    export const req = (require as (p: string) => unknown)('../base/words.ts') // ✗
  `,
  'node/node.ts': `
    export const now = Date.now() // ✗
    export const when: Date | undefined = undefined // ✗
    export const chance = Math.random() // ✗
    export const { random } = Math // ✗
    export const rounded = Math.round(1.5)
    export const text = new TextEncoder().encode('x')
    export const wait = () => setTimeout(() => {}, 1) // ✗
    export const each = () => setInterval(() => {}, 1) // ✗
    export const soon = () => setImmediate(() => {}) // ✗
    export const next = () => queueMicrotask(() => {}) // ✗
    export const say = () => console.log('x') // ✗
    export const env = process.env // ✗
    export const file = Bun.file // ✗
    export const clock = performance.now() // ✗
    export const got = fetch // ✗
    export const shorthand = { console } // ✗
    export const around = globalThis // ✗
    export const here = import.meta.url // ✗
    export const ofType = (x: typeof process) => x // ✗
    export const bytes = Buffer.alloc(1) // ✗
    export let buns: import('bun').BunFile // ✗
    export const bound = new Map([[1, new Uint8Array(2)]])
  `,
  'ports/clock.ts': `
    import type { Socket } from 'node:net'
    import type { Tcp } from '../adapters/tcp.ts' // ✗
    export const now = (socket: Socket, tcp: Tcp) => [Date.now(), socket, tcp]
  `,
  'adapters/tcp.ts': `
    import { now } from '../ports/clock.ts'
    export type Tcp = typeof now
  `,
  'app/chat.ts': `
    import { now } from '../ports/clock.ts'
    import type { Tcp } from '../adapters/tcp.ts'
    export type Chat = [typeof now, Tcp]
  `,
  'ui/screen.ts': `
    import { word } from '../base/words.ts'
    import type { Chat } from '../app/chat.ts'
    import type { Tcp } from '../adapters/tcp.ts' // ✗
    import { strange } from '../wire/frame.ts' // ✗
    export type Screen = [Chat, Tcp, typeof word, typeof strange]
  `,
  'main.ts': `
    import type { Screen } from './ui/screen.ts'
    export const main = (screen: Screen) => [screen, process.argv]
  `,
}

describe('the layer check itself', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'hearsay-layers-')))
  let sources: Source[] = []

  beforeAll(async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
    await Bun.write(join(folder, 'tsconfig.json'), Bun.file(join(ROOT, 'tsconfig.json')))
    for (const [path, text] of Object.entries(SAMPLES)) {
      mkdirSync(dirname(join(folder, 'src', path)), { recursive: true })
      await Bun.write(join(folder, 'src', path), text)
    }
    sources = await readSources(folder)
  }, 30_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each(Object.entries(SAMPLES))('finds what is wrong in %s, and nothing else', (path, text) => {
    const marked = text.split('\n').flatMap((line, i) => (line.endsWith('// ✗') ? [i + 1] : []))
    const source = sources.find((each) => each.path === path)
    if (!source) throw new Error(`${path} was not read`)
    const found = breachesOf(source)
    const lines = new Set(found.map((breach) => Number(/:(\d+) /.exec(breach)?.[1])))
    expect({ lines: [...lines].sort((a, b) => a - b), found }).toEqual({ lines: marked, found })
  })

  test.each(['core/index.ts', 'app/utils.ts', 'helpers/strings.ts', 'second.ts'])('refuses a file at %s', (path) => {
    expect(breachesOf({ path, imports: [], uses: [] })).toHaveLength(1)
  })
})
