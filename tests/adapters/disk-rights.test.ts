import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What whoever starts the program may not do with the disk. Root may do everything, so each is done by a process of somebody else's. */

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-rights-'))
  chmodSync(folder, 0o777)
})
afterEach(() => {
  Bun.spawnSync(['chmod', '-R', 'u+rwx', folder])
  rmSync(folder, { recursive: true })
})

async function asNobody(...args: readonly string[]): Promise<unknown> {
  const entry = join(import.meta.dir, 'disk-rights-entry.ts')
  const child = Bun.spawn([process.execPath, entry, ...args], { stdout: 'pipe', stderr: 'inherit' })
  return await new Response(child.stdout).json()
}

/** A file in folders that are made for it. */
function put(...path: readonly string[]): string {
  const there = join(folder, ...path)
  mkdirSync(join(there, '..'), { recursive: true })
  writeFileSync(there, 'x')
  return there
}

describe('a folder that is given', () => {
  test('says what is not given of it: how many, the first, and why', async () => {
    const photos = join(folder, 'photos')
    put('photos', 'a.jpg')
    put('photos', 'private', 'b.jpg')
    put('photos', 'sub', 'c.jpg')
    put('photos', 'sub', 'deeper', 'listed', 'd.jpg')
    mkdirSync(join(photos, 'empty'))
    symlinkSync('a.jpg', join(photos, 'sub', 'link'))
    Bun.spawnSync(['mkfifo', join(photos, 'sub', 'pipe')])
    for (const byte of [0xfe, 0xff]) writeFileSync(Buffer.concat([Buffer.from(`${photos}/y`), Buffer.of(byte)]), 'x')
    chmodSync(join(photos, 'private'), 0)
    // Its names can be read, and nothing else of it.
    chmodSync(join(photos, 'sub', 'deeper', 'listed'), 0o444)
    expect(await asNobody('source', photos)).toEqual({
      // None is given as an empty one that is not empty.
      entries: ['a.jpg', 'empty/', 'sub/c.jpg'],
      omitted: { count: 6, first: 'photos/private', kinds: ['link', 'name', 'no-file', 'unreadable'] },
    })
  })

  test('says nothing where all of it is given', async () => {
    put('photos', 'a.jpg')
    mkdirSync(join(folder, 'photos', 'empty'))
    expect(await asNobody('source', join(folder, 'photos'))).toEqual({ entries: ['a.jpg', 'empty/'], omitted: null })
  })

  test('has nothing in it that is too far in to be received', async () => {
    const deep = Array.from({ length: 33 }, () => 'd')
    put('tree', ...deep.slice(1), 'a')
    put('tree', ...deep.slice(2), 'b')
    const entries = [`${deep.slice(2).join('/')}/b`]
    const omitted = { count: 1, first: `tree/${deep.slice(1).join('/')}/a`, kinds: ['path'] }
    expect(await asNobody('source', join(folder, 'tree'))).toEqual({ entries, omitted })
  })
})
