import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskThread } from '../../src/adapters/disk-thread.ts'
import { seededRng } from '../../src/base/rng.ts'
import { leafHashes } from '../../src/core/transfer/tree.ts'
import { LEAF_BYTES } from '../../src/wire/content.ts'

let folder: string
let file: FileHandle
const path = () => join(folder, 'file')
/** Two leaves and a little. */
const content = seededRng(7).bytes(2 * LEAF_BYTES + 99)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-thread-'))
  writeFileSync(path(), '')
  file = await open(path(), 'r+')
})
afterEach(async () => {
  await file.close()
  rmSync(folder, { recursive: true })
})

describe('the thread for files', () => {
  test('writes where it belongs what has its hashes, and answers when it stands there', async () => {
    expect(await diskThread.store(content, leafHashes(content), { fd: file.fd, at: 1000 })).toBe(true)
    expect(readFileSync(path()).subarray(1000).equals(content)).toBe(true)
  })

  test('writes nothing of a run of which one bit is not what it should be', async () => {
    for (const at of [0, LEAF_BYTES, content.length - 1]) {
      const wrong = content.slice()
      wrong[at]! ^= 1
      expect(await diskThread.store(wrong, leafHashes(content), { fd: file.fd, at: 0 })).toBe(false)
    }
    expect(await diskThread.store(content, leafHashes(content).subarray(32), { fd: file.fd, at: 0 })).toBe(false)
    expect(readFileSync(path())).toHaveLength(0)
  })

  test('only looks where there is nowhere to write to', async () => {
    expect(await diskThread.store(content, leafHashes(content), null)).toBe(true)
    expect(await diskThread.store(content, new Uint8Array(96), null)).toBe(false)
  })

  test('leaves what it was given alone, which may be used again, and keeps runs that are under way apart', async () => {
    const runs = Array.from({ length: 20 }, (_, i) => seededRng(i).bytes((1 + (i % 4)) * LEAF_BYTES))
    const starts = runs.map((_, i) => runs.slice(0, i).reduce((sum, run) => sum + run.length, 0))
    const whole = Buffer.concat(runs)
    const stored = runs.map((run, i) => {
      const own = run.slice()
      const storing = diskThread.store(own, leafHashes(run), { fd: file.fd, at: starts[i]! })
      own.fill(0)
      return storing
    })
    expect(await Promise.all(stored)).toEqual(runs.map(() => true))
    expect(readFileSync(path()).equals(whole)).toBe(true)
  })

  test('reads into shared memory and says how the file stands, also where it ends too soon', async () => {
    writeFileSync(path(), content)
    const into: Uint8Array<SharedArrayBuffer> = new Uint8Array(new SharedArrayBuffer(content.length + 5), 5)
    const { mtimeMs } = await file.stat()
    expect(await diskThread.read(file.fd, 0, into)).toMatchObject({
      read: content.length,
      size: content.length,
      mtimeMs,
    })
    expect(Buffer.from(into).equals(content)).toBe(true)
    expect(await diskThread.read(file.fd, 100, into)).toMatchObject({ read: content.length - 100 })
  })

  test('takes as many memories as there are', async () => {
    writeFileSync(path(), content)
    for (let i = 0; i < 150; i++) {
      const into: Uint8Array<SharedArrayBuffer> = new Uint8Array(new SharedArrayBuffer(9))
      expect(await diskThread.read(file.fd, i, into)).toMatchObject({ read: 9 })
      expect(into[0]).toBe(content[i]!)
    }
  })

  test('says why the disk did not do it, and goes on', async () => {
    const readOnly = await open(path(), 'r')
    const stored = diskThread.store(content, leafHashes(content), { fd: readOnly.fd, at: 0 })
    expect(await stored.catch((error: unknown) => error)).toMatchObject({ code: 'EBADF' })
    await readOnly.close()
    expect(await diskThread.store(content, leafHashes(content), { fd: file.fd, at: 0 })).toBe(true)
  })
})
