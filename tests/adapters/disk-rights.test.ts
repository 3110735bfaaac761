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

  test('that cannot be read, or a part of it, is called so that it can be found', async () => {
    put('mx', 'deep', 'er', 'a')
    chmodSync(put('mx', 'deep', 'er', 'b'), 0)
    expect(await asNobody('source', join(folder, 'mx'), '1')).toMatchObject({
      read: {
        code: 'denied',
        message: 'mx/deep/er/b cannot be read: permission denied. Change its rights, and send it again.',
      },
    })
    chmodSync(join(folder, 'mx'), 0)
    expect(await asNobody('source', join(folder, 'mx'))).toEqual({
      code: 'denied',
      message: `${folder}/mx cannot be sent: permission denied. Change its rights, and send it again.`,
    })
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

describe('a folder that is received into', () => {
  const into = () => join(folder, 'in')

  test.each([
    ['without any rights', 0],
    ['that may not be gone into', 0o666],
    ['that may not be written to', 0o555],
  ])('%s is said to be that', async (_, mode) => {
    mkdirSync(into())
    chmodSync(into(), mode)
    const message = `ok.bin cannot be received into ${into()}: permission denied. Change the rights of that folder, or choose another.`
    expect(await asNobody('create', into())).toEqual({ code: 'denied', message })
    chmodSync(into(), 0o777)
    expect(await asNobody('create', into())).toEqual({ path: join(into(), 'ok.bin') })
  })

  test('and is a file, or in one, is said to be that', async () => {
    put('in')
    const [doing, advice] = ['ok.bin cannot be received into', 'Put a folder there, or choose another.']
    expect(await asNobody('create', into())).toEqual({
      code: 'not-a-folder',
      message: `${doing} ${into()}: that is a file, not a folder. ${advice}`,
    })
    expect(await asNobody('create', join(into(), 'deeper'))).toEqual({
      code: 'not-a-folder',
      message: `${doing} ${into()}/deeper: a part of that path is a file, not a folder. ${advice}`,
    })
  })

  test('and is a link that leads nowhere is said to be that', async () => {
    symlinkSync('nowhere', into())
    expect(await asNobody('create', into())).toEqual({
      code: 'not-a-folder',
      message: `ok.bin cannot be received into ${into()}: that is a link that does not lead to a folder. Put a folder there, or choose another.`,
    })
  })
})
