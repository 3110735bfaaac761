import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFiles } from '../../src/adapters/disk-files.ts'
import { takeBack } from '../../src/adapters/disk-known.ts'
import { planFolder } from '../../src/core/transfer/folder.ts'
import type { ResumeHeader } from '../../src/core/transfer/resume.ts'
import type { FilesFault, Target } from '../../src/ports/files.ts'
import { encodeManifest } from '../../src/wire/manifest.ts'

/** Somebody puts something else in the place of a part while it comes: nothing of that is written to, moved or taken away. */

const CONTENT = new Uint8Array(100).fill(1)
const OTHER = new Uint8Array(100).fill(2)
const CHANGED = { ok: false, code: 'changed' }

let root: string
let folder: string
let elsewhere: string
let victim: string
let open: Target[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-disk-'))
  folder = join(root, 'in')
  elsewhere = join(root, 'elsewhere')
  victim = join(elsewhere, 'victim')
  mkdirSync(folder)
  mkdirSync(elsewhere)
  writeFileSync(victim, OTHER)
  open = []
})
afterEach(() => {
  for (const each of open) each.close()
  expect(readdirSync(elsewhere)).toEqual(['victim'])
  expect(seen(victim)).toEqual(OTHER)
  rmSync(root, { recursive: true })
})

const seen = (path: string) => new Uint8Array(readFileSync(path))

function headerOf(name: string, size: number, manifestBytes = 0): ResumeHeader {
  const entries = manifestBytes === 0 ? 0 : 2
  const offer = { root: new Uint8Array(32).fill(7), size, manifestBytes, entries, changedMs: 0, name }
  return { offer, from: new Uint8Array(32), event: new Uint8Array(32), room: 'general', name }
}

function opened(target: Target | FilesFault): Target {
  if (!target.ok) throw new Error(target.message)
  open.push(target)
  return target
}

const create = async () => opened(await diskFiles.create(folder, headerOf('x', CONTENT.length), null))
const resume = async () => opened(await diskFiles.resume(folder, 'x.part.hearsay', () => null))
const part = () => join(folder, 'x.part')

function linkPart(): void {
  rmSync(part())
  symlinkSync(victim, part())
}

describe('a link in the place of a part', () => {
  const acts: readonly (readonly [string, (target: Target) => Promise<unknown>])[] = [
    ['finish', (target) => target.finish()],
    ['write', (target) => target.write(0, CONTENT)],
  ]
  test.each(acts)('is told at the first look at it, and stays: %s', async (name, act) => {
    const target = await create()
    if (name === 'finish') await target.write(0, CONTENT)
    linkPart()
    expect(await act(target)).toMatchObject(CHANGED)
    await target.settle()
    expect(readdirSync(folder)).toEqual(['x.part'])
    expect(readlinkSync(part())).toBe(victim)
  })

  test('stays when what came is given up', async () => {
    const target = await create()
    await target.write(0, CONTENT)
    linkPart()
    await target.discard()
    expect(readdirSync(folder)).toEqual(['x.part'])
  })

  test('is neither written to nor given the name by a later run', async () => {
    const target = await create()
    await target.write(0, CONTENT)
    target.close()
    linkPart()
    const again = await resume()
    expect(await again.write(0, CONTENT)).toMatchObject(CHANGED)
    expect(await again.finish()).toMatchObject(CHANGED)
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })
})

test('what an earlier run left and somebody has made longer gets no name', async () => {
  const target = await create()
  await target.write(0, CONTENT)
  target.close()
  writeFileSync(part(), new Uint8Array(101))
  expect(await (await resume()).finish()).toMatchObject(CHANGED)
  expect(existsSync(join(folder, 'x'))).toBe(false)
})

describe('something else that was moved to the name after all', () => {
  const [from, to] = [() => join(folder, 'x.part'), () => join(folder, 'x')]

  test('goes back to where it was', async () => {
    writeFileSync(to(), OTHER)
    await takeBack(from(), to())
    expect(readdirSync(folder)).toEqual(['x.part'])
  })

  test('loses the second name where it has both', async () => {
    writeFileSync(from(), OTHER)
    linkSync(from(), to())
    await takeBack(from(), to())
    expect(readdirSync(folder)).toEqual(['x.part'])
    expect(seen(from())).toEqual(OTHER)
  })
})

test('the folder that it all is in is taken away: it is told, and it can begin anew', async () => {
  const target = await create()
  await target.write(0, CONTENT)
  rmSync(folder, { recursive: true })
  expect(await target.finish()).toMatchObject(CHANGED)
  await target.settle()
  const anew = await create()
  await anew.write(0, CONTENT)
  expect(await anew.finish()).toEqual({ ok: true, path: join(folder, 'x') })
})

describe('of a folder that comes', () => {
  const exchanges: readonly (readonly [string, (part: string) => void])[] = [
    [
      'itself by a link',
      (at) => {
        renameSync(at, `${at}.old`)
        symlinkSync(elsewhere, at)
      },
    ],
    [
      'itself by a folder',
      (at) => {
        renameSync(at, `${at}.old`)
        mkdirSync(at)
      },
    ],
    [
      'a folder in it by a link',
      (at) => {
        rmSync(join(at, 'd'), { recursive: true })
        symlinkSync(elsewhere, join(at, 'd'))
      },
    ],
    [
      'a file in it by a link',
      (at) => {
        rmSync(join(at, 'd', 'a'))
        symlinkSync(victim, join(at, 'd', 'a'))
      },
    ],
    [
      'a file in it by another of its size',
      (at) => {
        rmSync(join(at, 'd', 'a'))
        writeFileSync(join(at, 'd', 'a'), OTHER)
      },
    ],
    ['a file in it by nothing', (at) => rmSync(join(at, 'd', 'a'))],
  ]

  for (const moment of ['midway', 'when all of it is here'] as const) {
    test.each(exchanges)(`somebody ${moment} exchanges %s: it gets no name`, async (_, exchange) => {
      const entries = ['d/a', 'd/b'].map((path) => ({ isFolder: false, size: 100, changedMs: 0, path }))
      const manifest = encodeManifest(entries)!
      const content = new Uint8Array([...manifest, ...CONTENT, ...CONTENT])
      const header = headerOf('tree', content.length, manifest.length)
      const target = opened(await diskFiles.create(folder, header, planFolder(manifest, content.length)))
      const first = moment === 'midway' ? content.slice(0, -100) : content
      await target.write(0, first)
      exchange(join(folder, 'tree.part'))
      await target.write(first.length, content.slice(first.length))
      expect(await target.finish()).toMatchObject(CHANGED)
      expect(existsSync(join(folder, 'tree'))).toBe(false)
    })
  }
})
