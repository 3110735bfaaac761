import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { diskFiles } from '../../src/adapters/disk-files.ts'
import { type PlannedEntry, planFolder } from '../../src/core/transfer/folder.ts'
import type { ResumeHeader } from '../../src/core/transfer/resume.ts'
import type { Files, FilesFault, Target } from '../../src/ports/files.ts'
import { encodeManifest } from '../../src/wire/manifest.ts'
import { MemoryFiles } from './memory-files.ts'

/** A disk of some kind, and what a test does behind its back. */
interface Bench {
  readonly files: Files
  readonly folder: string
  put(path: string, bytes: Uint8Array): void
  get(path: string): Uint8Array | null
  /** Takes away the part of what will stand at this path, or puts something else in its place. */
  exchange(path: string, by: Uint8Array | null): void
  clear(): void
}

function memoryBench(): Bench {
  const files = new MemoryFiles()
  return {
    ...{ files, folder: '/in' },
    put: (path, bytes) => void files.files.set(path, bytes),
    get: (path) => files.files.get(path) ?? null,
    exchange: (path, by) => files.exchange(path, by),
    clear() {},
  }
}

function diskBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-disk-'))
  return {
    ...{ files: diskFiles, folder },
    put(path, bytes) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
    },
    get: (path) => (existsSync(path) ? new Uint8Array(readFileSync(path)) : null),
    exchange(path, by) {
      rmSync(`${path}.part`, { recursive: true })
      if (by !== null) writeFileSync(`${path}.part`, by)
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const header = (size: number, name = 'x.bin', manifestBytes = 0): ResumeHeader => ({
  offer: {
    root: new Uint8Array(32).fill(1),
    size,
    manifestBytes,
    entries: manifestBytes === 0 ? 0 : 2,
    changedMs: 1_500_000_000_000,
    name,
  },
  ...{ from: new Uint8Array(32), event: new Uint8Array(32), room: 'general', name },
})

/** Sources and targets of the test under way: the runtime ends a program that forgets to close a file. */
const open: { close(): void }[] = []

function opened<T extends { readonly ok: true; close?(): void }>(result: T | FilesFault): T {
  if (!result.ok) throw new Error(result.message)
  open.push({ close: () => result.close?.() })
  return result
}

afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

const bytes = (length: number, fill = 7): Uint8Array =>
  new Uint8Array(length).map((_, i) => (i * fill + (i >> 8)) & 0xff)
const nothing = () => null

for (const [name, make] of [
  ['in memory', memoryBench],
  ['on a disk', diskBench],
] as const) {
  describe(`files ${name}`, () => {
    let bench: Bench
    const create = async (size: number, called = 'x.bin'): Promise<Target> =>
      opened(await bench.files.create(bench.folder, header(size, called), null))

    const folderOf = async (called: string) => {
      const manifest = encodeManifest([{ isFolder: false, size: 3, changedMs: 0, path: 'a' }])!
      const content = new Uint8Array([...manifest, ...bytes(3)])
      const plan = planFolder(manifest, content.length)
      const about = header(content.length, called, manifest.length)
      return { plan, content, target: opened(await bench.files.create(bench.folder, about, plan)) }
    }

    beforeEach(() => {
      bench = make()
    })
    afterEach(() => bench.clear())

    test('what is written in any order is there when it is finished, and can still be read', async () => {
      const whole = bytes(200_000)
      const target = await create(whole.length)
      expect(await target.write(65_536, whole.slice(65_536))).toBeNull()
      expect(await target.write(0, whole.slice(0, 65_536))).toBeNull()
      const end = opened(await target.finish())
      expect(end.path).toBe(`${bench.folder}/x.bin`)
      expect(bench.get(end.path)).toEqual(whole)
      expect(await target.read(65_000, 1000)).toEqual(whole.slice(65_000, 66_000))
      await target.settle()
      expect(await bench.files.unfinished(bench.folder)).toEqual([])
    })

    test('a name that is taken before or meanwhile is left alone', async () => {
      bench.put(`${bench.folder}/x.bin`, bytes(5))
      const target = await create(3)
      expect(target.path).toBe(`${bench.folder}/x (2).bin`)
      await target.write(0, bytes(3))
      bench.put(`${bench.folder}/x (2).bin`, bytes(6))
      const end = opened(await target.finish())
      expect(bench.get(`${bench.folder}/x.bin`)).toEqual(bytes(5))
      expect(bench.get(`${bench.folder}/x (2).bin`)).toEqual(bytes(6))
      expect(bench.get(end.path)).toEqual(bytes(3))
    })

    test('a later run finds what was recorded, the pages, and what was written', async () => {
      const target = await create(20 * 65_536)
      const page = bytes(20 * 32, 3)
      await target.write(65_536, bytes(65_536))
      await target.record(0, Uint8Array.of(2))
      await target.keepPage(0, page)
      target.close()
      const [begun] = await bench.files.unfinished(bench.folder)
      const again = opened(await bench.files.resume(bench.folder, begun!, nothing))
      expect(again.header).toEqual(header(20 * 65_536))
      expect(again.bitmap).toEqual(Uint8Array.of(2, 0, 0))
      expect(await again.pages(10)).toEqual([{ number: 0, bytes: page }])
      expect(await again.read(65_536, 65_536)).toEqual(bytes(65_536))
      await again.discard()
      expect(await bench.files.unfinished(bench.folder)).toEqual([])
    })

    test('what is whole and has not been settled is in its place for a later run, once, and cannot be written to', async () => {
      bench.put(`${bench.folder}/x.bin`, bytes(5))
      const target = await create(3)
      await target.write(0, bytes(3))
      await target.record(0, Uint8Array.of(1))
      bench.put(`${bench.folder}/x (2).bin`, bytes(6))
      const { path } = opened(await target.finish())
      target.close()
      const [begun] = await bench.files.unfinished(bench.folder)
      const again = opened(await bench.files.resume(bench.folder, begun!, nothing))
      expect([again.isPlaced, again.path]).toEqual([true, path])
      expect(await again.read(0, 3)).toEqual(bytes(3))
      expect(await again.finish()).toEqual({ ok: true, path })
      await again.settle()
      expect(await bench.files.unfinished(bench.folder)).toEqual([])
      expect(bench.get(path)).toEqual(bytes(3))
    })

    test('a folder that is whole and has not been settled is in its place for a later run', async () => {
      const { plan, content, target } = await folderOf('tree')
      await target.write(0, content)
      const { path } = opened(await target.finish())
      target.close()
      const [begun] = await bench.files.unfinished(bench.folder)
      const again = opened(await bench.files.resume(bench.folder, begun!, () => plan))
      expect([again.isPlaced, again.path]).toEqual([true, path])
      expect(await again.read(0, content.length)).toEqual(content)
      expect(await again.finish()).toEqual({ ok: true, path })
    })

    test.each([
      ['of the same size', bytes(100, 9)],
      ['of another size', bytes(7, 9)],
      ['of no kind', null],
    ])(
      'something else %s in the place of a part gets no name, and stays, and it begins anew beside it',
      async (_, other) => {
        const target = await create(100)
        await target.write(0, bytes(100))
        bench.exchange(target.path, other)
        expect(await target.finish()).toMatchObject({
          ...{ ok: false, code: 'changed' },
          what: 'x.bin cannot be finished: what had come of it was taken away, or exchanged for something else, which stays as it is.',
        })
        expect(bench.get(target.path)).toBeNull()
        await target.settle()
        target.close()
        expect(bench.get(`${target.path}.part`)).toEqual(other)
        expect(await bench.files.unfinished(bench.folder)).toEqual([])
        const anew = await create(100)
        await anew.write(0, bytes(100))
        expect(opened(await anew.finish()).path).toBe(other === null ? target.path : `${bench.folder}/x (2).bin`)
        expect(bench.get(`${target.path}.part`)).toEqual(other)
      },
    )

    test('a later run is told what it was of which nothing is there any more, once', async () => {
      const target = await create(100)
      target.close()
      bench.exchange(target.path, null)
      const [begun] = await bench.files.unfinished(bench.folder)
      const resumed = await bench.files.resume(bench.folder, begun!, nothing)
      expect(resumed).toMatchObject({ ok: false, code: 'missing', header: header(100) })
      expect(await bench.files.unfinished(bench.folder)).toEqual([])
    })

    test('a folder whose part was exchanged gets no name', async () => {
      const { target, content } = await folderOf('tree')
      await target.write(0, content)
      bench.exchange(target.path, bytes(5))
      expect(await target.finish()).toMatchObject({ ok: false, code: 'changed' })
      expect(bench.get(`${target.path}/a`)).toBeNull()
      await target.settle()
      expect(bench.get(`${target.path}.part`)).toEqual(bytes(5))
    })

    test('a folder of which nothing has come, not even what is in it, is begun anew under its name', async () => {
      const { target } = await folderOf('tree')
      target.close()
      const [begun] = await bench.files.unfinished(bench.folder)
      expect(await bench.files.resume(bench.folder, begun!, nothing)).toMatchObject({ ok: false, code: 'missing' })
      expect((await folderOf('tree')).target.path).toBe(`${bench.folder}/tree`)
    })

    test('a folder is made of its manifest, empty ones and empty files too', async () => {
      const entries = ['a/one', 'b'].map((path, i) => ({
        isFolder: false,
        size: i * 70_000,
        changedMs: 1_400_000_000_000,
        path,
      }))
      const manifest = encodeManifest(entries)!
      const size = manifest.length + 70_000
      const plan: readonly PlannedEntry[] = planFolder(manifest, size)!
      const target = opened(await bench.files.create(bench.folder, header(size, 'tree', manifest.length), plan))
      const content = new Uint8Array([...manifest, ...bytes(70_000)])
      await target.write(0, content.slice(0, 65_536))
      await target.record(0, Uint8Array.of(1))
      target.close()
      const [begun] = await bench.files.unfinished(bench.folder)
      const again = opened(await bench.files.resume(bench.folder, begun!, (_, read) => planFolder(read, size)))
      await again.write(65_536, content.slice(65_536))
      const end = opened(await again.finish())
      expect(bench.get(`${end.path}/a/one`)).toEqual(new Uint8Array())
      expect(bench.get(`${end.path}/b`)).toEqual(bytes(70_000))
      expect(await again.read(0, manifest.length)).toEqual(manifest)
    })

    test('a source is its bytes, a folder its manifest first; one that is not there is a fault', async () => {
      bench.put(`${bench.folder}/out/b`, bytes(100))
      bench.put(`${bench.folder}/out/a/c`, bytes(50, 9))
      const file = opened(await bench.files.source(`${bench.folder}/out/b`))
      expect([file.name, file.size, file.manifest.length]).toEqual(['b', 100, 0])
      expect(await file.read(10, 20)).toEqual(bytes(100).slice(10, 30))
      const folder = opened(await bench.files.source(`${bench.folder}/out`))
      expect(planFolder(folder.manifest, folder.size)?.map(({ path }) => path.join('/'))).toEqual(['a/c', 'b'])
      expect([file.omitted, folder.omitted]).toEqual([null, null])
      const at = folder.manifest.length
      expect(await folder.read(at, 150)).toEqual(new Uint8Array([...bytes(50, 9), ...bytes(100)]))
      expect(await bench.files.source(`${bench.folder}/none`)).toMatchObject({ ok: false, code: 'missing' })
    })

    test('a source that is changed says so instead of giving something else', async () => {
      bench.put(`${bench.folder}/b`, bytes(100))
      const file = opened(await bench.files.source(`${bench.folder}/b`))
      bench.put(`${bench.folder}/b`, bytes(101))
      expect(await file.read(0, 100)).toMatchObject({ ok: false, code: 'changed' })
    })
  })
}

describe('a disk that others write to', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearsay-disk-'))
    mkdirSync(join(folder, 'in'))
    mkdirSync(join(folder, 'elsewhere'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const inside = () => join(folder, 'in')
  const untouched = () => expect(readdirSync(join(folder, 'elsewhere'))).toEqual([])

  test.each(['x.bin', 'x.bin.part', 'x.bin.part.hearsay'])('is not led elsewhere by a link at %s', async (name) => {
    symlinkSync(join(folder, 'elsewhere', 'caught'), join(inside(), name))
    const target = opened(await diskFiles.create(inside(), header(3), null))
    await target.write(0, bytes(3))
    expect(opened(await target.finish()).path).toBe(join(inside(), 'x (2).bin'))
    untouched()
  })

  test('is not led elsewhere by a link in a folder that is being received', async () => {
    const manifest = encodeManifest([{ isFolder: false, size: 3, changedMs: 0, path: 'a/b' }])!
    const size = manifest.length + 3
    const target = opened(
      await diskFiles.create(inside(), header(size, 'tree', manifest.length), planFolder(manifest, size)),
    )
    symlinkSync(join(folder, 'elsewhere'), join(inside(), 'tree.part', 'a'))
    expect(await target.write(manifest.length, bytes(3))).toMatchObject({ ok: false })
    untouched()
  })

  test('a part that was cut is gone on with', async () => {
    const target = opened(await diskFiles.create(inside(), header(100_000), null))
    await target.write(0, bytes(100_000))
    target.close()
    truncateSync(join(inside(), 'x.bin.part'), 10)
    const again = opened(await diskFiles.resume(inside(), 'x.bin.part.hearsay', nothing))
    expect(await again.read(0, 65_536)).toMatchObject({ ok: false })
    again.close()
  })

  test('what was in its place and was taken away or cut since is not gone on with', async () => {
    const target = opened(await diskFiles.create(inside(), header(100), null))
    await target.write(0, bytes(100))
    const { path } = opened(await target.finish())
    target.close()
    truncateSync(path, 10)
    const resumed = await diskFiles.resume(inside(), 'x.bin.part.hearsay', nothing)
    expect(resumed).toMatchObject({ ok: false, code: 'missing' })
    expect(readdirSync(inside())).toEqual(['x.bin'])
    expect(statSync(path).size).toBe(10)
  })

  test('what somebody has put into the part of a folder of which nothing had come stays', async () => {
    const manifest = encodeManifest([{ isFolder: false, size: 3, changedMs: 0, path: 'a' }])!
    const size = manifest.length + 3
    const plan = planFolder(manifest, size)
    opened(await diskFiles.create(inside(), header(size, 'tree', manifest.length), plan)).close()
    writeFileSync(join(inside(), 'tree.part', 'mine'), bytes(1))
    const resumed = await diskFiles.resume(inside(), 'tree.part.hearsay', nothing)
    expect(resumed).toMatchObject({ ok: false, code: 'damaged' })
    expect(readdirSync(join(inside(), 'tree.part'))).toEqual(['mine'])
  })

  test('an empty folder that a run made for what it was moving there is not in the way of the next one, another is', async () => {
    const manifest = encodeManifest([{ isFolder: false, size: 3, changedMs: 0, path: 'a' }])!
    const size = manifest.length + 3
    const plan = planFolder(manifest, size)
    const target = opened(await diskFiles.create(inside(), header(size, 'tree', manifest.length), plan))
    await target.write(0, new Uint8Array([...manifest, ...bytes(3)]))
    // Where it goes is said first; then somebody else, or the run itself, makes a folder there, and the run ends.
    const end = opened(await target.finish())
    target.close()
    renameSync(end.path, join(inside(), 'tree.part'))
    mkdirSync(end.path)
    const again = opened(await diskFiles.resume(inside(), 'tree.part.hearsay', () => plan))
    expect(again.isPlaced).toBe(false)
    expect(opened(await again.finish()).path).toBe(end.path)
    again.close()
    renameSync(end.path, join(inside(), 'tree.part'))
    mkdirSync(end.path)
    writeFileSync(join(end.path, 'mine'), bytes(1))
    const third = opened(await diskFiles.resume(inside(), 'tree.part.hearsay', () => plan))
    expect(opened(await third.finish()).path).toBe(join(inside(), 'tree (2)'))
    expect(readdirSync(end.path)).toEqual(['mine'])
  })

  test('an empty file that somebody has under the name stays, however often a run is ended at it', async () => {
    const target = opened(await diskFiles.create(inside(), header(100), null))
    await target.write(0, bytes(100))
    writeFileSync(join(inside(), 'x.bin'), '')
    const end = opened(await target.finish())
    target.close()
    renameSync(end.path, join(inside(), 'x.bin.part'))
    const again = opened(await diskFiles.resume(inside(), 'x.bin.part.hearsay', nothing))
    expect(opened(await again.finish()).path).toBe(join(inside(), 'x (2).bin'))
    await again.settle()
    again.close()
    expect(readdirSync(inside()).sort()).toEqual(['x (2).bin', 'x.bin'])
    expect(statSync(join(inside(), 'x.bin')).size).toBe(0)
  })

  test('a state of another name, or of nothing, is of no use', async () => {
    writeFileSync(join(inside(), 'y.part.hearsay'), bytes(9000))
    expect(await diskFiles.resume(inside(), 'y.part.hearsay', nothing)).toMatchObject({ ok: false, code: 'damaged' })
  })

  test('its free room is told, and that of nowhere is not', async () => {
    expect(await diskFiles.freeBytes(inside())).toBeGreaterThan(0)
    expect(await diskFiles.freeBytes(join(folder, 'nowhere'))).toBeNull()
  })
})
