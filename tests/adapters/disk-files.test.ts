import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFiles } from '../../src/adapters/disk-files.ts'
import { planFolder } from '../../src/core/transfer/folder.ts'
import type { ResumeHeader } from '../../src/core/transfer/resume.ts'
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
})
