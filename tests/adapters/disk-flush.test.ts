import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFiles } from '../../src/adapters/disk-files.ts'
import { DiskFlush } from '../../src/adapters/disk-flush.ts'

const STEP = 100
const LEAST = 10

/** Files of which it is noted how often each was brought to the disk; a flush lasts until it is let through. */
class SlowDisk {
  readonly flushed: number[] = []
  private over: (() => void)[] = []
  fault: Error | null = null
  readonly flush = new DiskFlush((number, act) => act({ datasync: () => this.datasync(number) }), STEP, LEAST)

  get underWay(): number {
    return this.over.length
  }

  async letThrough(): Promise<void> {
    for (const over of this.over.splice(0)) over()
    await new Promise((resolve) => setImmediate(resolve))
  }

  private async datasync(number: number): Promise<void> {
    this.flushed.push(number)
    await new Promise<void>((resolve) => this.over.push(resolve))
    if (this.fault !== null) throw this.fault
  }
}

describe('what is received', () => {
  test('of many files that are filled side by side each is brought there when there is enough of it', async () => {
    const disk = new SlowDisk()
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < 20; number++) disk.flush.wrote(number, 5)
      await disk.letThrough()
    }
    for (let i = 0; i < 20; i++) await disk.letThrough()
    expect(new Set(disk.flushed).size).toBe(20)
    await disk.flush.stop()
  })

  test('is brought to the disk a step at a time, one after the other, and nobody who writes waits for it', async () => {
    const disk = new SlowDisk()
    for (let i = 0; i < 9; i++) disk.flush.wrote(0, 10)
    expect(disk.flushed).toEqual([])
    for (let i = 0; i < 41; i++) disk.flush.wrote(0, 10)
    expect(disk.flushed).toEqual([0])
    await disk.letThrough()
    disk.flush.wrote(0, 10)
    expect(disk.flushed).toEqual([0, 0])
    expect(disk.underWay).toBe(1)
  })

  test('of a folder is brought there file by file, but for small ones, which are left to the end', async () => {
    const disk = new SlowDisk()
    for (const [number, bytes] of [
      [1, 50],
      [2, LEAST - 1],
      [3, 41],
    ] as const) {
      disk.flush.wrote(number, bytes)
    }
    for (let i = 0; i < 3; i++) {
      expect(disk.underWay).toBeLessThan(2)
      await disk.letThrough()
    }
    expect(disk.flushed).toEqual([1, 3])
  })

  test('is left alone from when it is finished on, which waits for the flush that is under way', async () => {
    const disk = new SlowDisk()
    disk.flush.wrote(1, 60)
    disk.flush.wrote(2, 60)
    const stopped = disk.flush.stop()
    disk.flush.wrote(1, 500)
    await disk.letThrough()
    await stopped
    expect(disk.flushed).toEqual([1])
  })

  test('and lost by the disk is not taken for written, though the system says so once only', async () => {
    const disk = new SlowDisk()
    disk.fault = Object.assign(new Error('lost'), { code: 'EIO' })
    disk.flush.wrote(0, STEP)
    disk.flush.check()
    await disk.letThrough()
    disk.fault = null
    for (let i = 0; i < 2; i++) expect(() => disk.flush.check()).toThrow('what was written is not on the disk')
  })
})

describe('a file that is received', () => {
  const CHUNK = new Uint8Array(4 * 1024 * 1024)
  let folder: string
  let flushes: ReturnType<typeof spyOn<FileHandle, 'datasync'>>

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hearsay-flush-'))
    const handle = await open(folder)
    flushes = spyOn(Object.getPrototypeOf(handle) as FileHandle, 'datasync')
    await handle.close()
  })
  afterEach(() => {
    flushes.mockRestore()
    rmSync(folder, { recursive: true })
  })

  async function received() {
    const root = new Uint8Array(32).fill(7)
    const offer = { root, size: CHUNK.length, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' }
    const header = { offer, from: new Uint8Array(32), event: new Uint8Array(32), room: 'general', name: 'a' }
    const target = await diskFiles.create(folder, header, null)
    if (!target.ok) throw new Error(target.message)
    return target
  }

  test('is on its way to the disk before all of it is here', async () => {
    const target = await received()
    for (let i = 0; i < 15; i++) expect(await target.write(0, CHUNK)).toBeNull()
    expect(flushes).toHaveBeenCalledTimes(0)
    for (let i = 0; i < 3; i++) expect(await target.write(0, CHUNK)).toBeNull()
    expect(flushes).toHaveBeenCalledTimes(1)
    expect(await target.finish()).toMatchObject({ ok: true })
    await target.discard()
  })

  test('is not finished where the disk has lost some of it, and that is said at once', async () => {
    const target = await received()
    flushes.mockImplementationOnce(() => Promise.reject(Object.assign(new Error('lost'), { code: 'EIO' })))
    for (let i = 0; i < 16; i++) expect(await target.write(0, CHUNK)).toBeNull()
    const message =
      'a cannot be finished: the disk has lost some of what was written to it. Check the disk, and start hearsay again: it looks at what is there, and fetches what is not.'
    expect(await target.finish()).toMatchObject({ ok: false, code: 'failed', message })
    expect(await target.write(0, CHUNK)).toMatchObject({ ok: false, code: 'failed' })
    await target.discard()
  })
})
