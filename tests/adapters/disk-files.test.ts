import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFiles } from '../../src/adapters/disk-files.ts'
import { OWNER_BYTES } from '../../src/adapters/disk-owner.ts'
import { planFolder } from '../../src/core/transfer/folder.ts'
import type { ResumeHeader } from '../../src/core/transfer/resume.ts'
import { Shape } from '../../src/core/transfer/shape.ts'
import { LEAF_BYTES } from '../../src/wire/content.ts'
import { encodeManifest } from '../../src/wire/manifest.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-disk-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function headerOf(name: string, size: number, manifest: Uint8Array = new Uint8Array(), entries = 0): ResumeHeader {
  const root = new Uint8Array(32).fill(7)
  const offer = { root, size, manifestBytes: manifest.length, entries, changedMs: 0, name }
  return { offer, from: new Uint8Array(32), event: new Uint8Array(32), room: 'general', name }
}

async function created(header: ResumeHeader, manifest: Uint8Array | null = null) {
  const plan = manifest === null ? null : planFolder(manifest, header.offer.size)
  const target = await diskFiles.create(folder, header, plan)
  if (!target.ok) throw new Error(target.message)
  return target
}

describe('what is being received', () => {
  test('is left to the process that receives it, and taken over from one that is gone', async () => {
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, 'disk-files-entry.ts'), folder, headerOf('a', 10).name],
      { stdout: 'pipe', stderr: 'inherit', stdin: 'pipe' },
    )
    await child.stdout.getReader().read()
    const [name] = await diskFiles.unfinished(folder)
    expect(await diskFiles.resume(folder, name!, () => null)).toMatchObject({
      ok: false,
      code: 'busy',
      message: `a is being received by another hearsay, process ${child.pid}.`,
    })
    child.kill('SIGKILL')
    await child.exited
    const target = await diskFiles.resume(folder, name!, () => null)
    expect(target).toMatchObject({ ok: true, path: join(folder, 'a') })
    if (target.ok) await target.discard()
    expect(readdirSync(folder)).toEqual([])
  })

  test('leaves nothing when it is given up while it is written, and writes nothing from then on', async () => {
    const files = Array.from({ length: 200 }, (_, i) => `d${i % 9}/${i}`)
    const entries = files.map((path) => ({ isFolder: false, size: 300, changedMs: 0, path }))
    const manifest = encodeManifest(entries)!.slice()
    const size = manifest.length + 200 * 300
    for (let round = 0; round < 5; round++) {
      const target = await created(headerOf('tree', size, manifest, entries.length), manifest)
      const written = target.write(0, new Uint8Array(size))
      await target.discard()
      expect(await target.write(0, new Uint8Array(Math.min(size, LEAF_BYTES)))).toMatchObject({ ok: false })
      await written
      expect(readdirSync(folder)).toEqual([])
    }
  })

  test('has its name free for the next run where one was killed before it had said what it is for', async () => {
    writeFileSync(join(folder, 'a.part.hearsay'), '')
    writeFileSync(join(folder, 'a.part'), '')
    writeFileSync(join(folder, 'tree.part.hearsay'), '')
    mkdirSync(join(folder, 'tree.part'))
    for (const name of await diskFiles.unfinished(folder)) {
      expect(await diskFiles.resume(folder, name, () => null)).toMatchObject({ ok: false, code: 'missing' })
    }
    expect(readdirSync(folder)).toEqual([])
    const target = await created(headerOf('a', 10))
    expect(target.path).toBe(join(folder, 'a'))
    await target.discard()
  })

  test('leaves a part that was there before it, or has something in it', async () => {
    writeFileSync(join(folder, 'old.part'), '')
    utimesSync(join(folder, 'old.part'), 1, 1)
    writeFileSync(join(folder, 'old.part.hearsay'), '')
    writeFileSync(join(folder, 'full.part.hearsay'), '')
    writeFileSync(join(folder, 'full.part'), 'mine')
    for (const name of await diskFiles.unfinished(folder)) await diskFiles.resume(folder, name, () => null)
    expect(readdirSync(folder).sort()).toEqual(['full.part', 'old.part'])
  })

  test('is not taken from who has just made a place for it', async () => {
    for (let round = 0; round < 20; round++) {
      const name = 'a.part.hearsay'
      const creating = created(headerOf('a', 10))
      const resuming = (async () => {
        while (!readdirSync(folder).includes(name)) await new Promise((resolve) => setImmediate(resolve))
        return await diskFiles.resume(folder, name, () => null)
      })()
      const [target, resumed] = await Promise.all([creating, resuming])
      expect(readdirSync(folder).sort()).toEqual(['a.part', name])
      if (resumed.ok) resumed.close()
      await target.discard()
    }
  })

  test('keeps nobody waiting, and leaves nothing, where a run was killed as it claimed it', async () => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'disk-files-entry.ts'), folder, 'a'], {
      ...{ stdout: 'pipe', stderr: 'inherit', stdin: 'pipe' },
    })
    await child.stdout.getReader().read()
    // As the state says it of its owner.
    const owner = readFileSync(join(folder, 'a.part.hearsay')).subarray(-OWNER_BYTES)
    child.kill('SIGKILL')
    await child.exited
    writeFileSync(join(folder, 'a.part.hearsay.claim'), owner)
    const startedAt = performance.now()
    const target = await diskFiles.resume(folder, 'a.part.hearsay', () => null)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    if (target.ok) target.close()
    expect(target.ok).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['a.part', 'a.part.hearsay'])
  })

  test('is forgotten where its part was taken away while nobody was at it, and has its name again', async () => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'disk-files-entry.ts'), folder, 'a'], {
      ...{ stdout: 'pipe', stderr: 'inherit', stdin: 'pipe' },
    })
    await child.stdout.getReader().read()
    child.kill('SIGKILL')
    await child.exited
    rmSync(join(folder, 'a.part'))
    expect(await diskFiles.resume(folder, 'a.part.hearsay', () => null)).toMatchObject({ ok: false, code: 'missing' })
    expect(readdirSync(folder)).toEqual([])
  })

  test('has a state that takes no room for what has not come, of the longest content there can be', async () => {
    const target = await created(headerOf('a', 2 ** 40))
    expect(await target.keepPage(new Shape(2 ** 40).pages - 1, new Uint8Array(32).fill(1))).toBeNull()
    await target.discard()
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('what is given', () => {
  test('says which file in a folder has been changed since', async () => {
    mkdirSync(join(folder, 'tree', 'sub'), { recursive: true })
    writeFileSync(join(folder, 'tree', 'sub', 'a'), 'one')
    const source = await diskFiles.source(join(folder, 'tree'))
    if (!source.ok) throw new Error(source.message)
    writeFileSync(join(folder, 'tree', 'sub', 'a'), 'three')
    expect(await source.read(0, source.size)).toMatchObject({
      code: 'changed',
      message: 'tree/sub/a has been changed since it was offered. Send it again.',
    })
    source.close()
  })

  test('is said not to be there where no path can be so', async () => {
    expect(await diskFiles.source('a\0b')).toMatchObject({
      code: 'missing',
      message: 'a\0b cannot be sent: no path has such characters in it. Check the path.',
    })
  })

  test('has a name where it is the root of all', async () => {
    const source = await diskFiles.source('/')
    if (source.ok) source.close()
    expect(source.ok ? source.name : source.message.split(' ')[0]).toBe('/')
  })
})
