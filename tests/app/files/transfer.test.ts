import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRng } from '../../../src/base/rng.ts'
import { type Done, End } from './transfer-processes.ts'

const MEGABYTE = 1024 * 1024

let folder: string
let ends: End[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-files-'))
  mkdirSync(join(folder, 'taken'))
  ends = []
})

afterEach(async () => {
  for (const end of ends) await end.kill()
  rmSync(folder, { recursive: true })
})

const started = (end: End): End => {
  ends.push(end)
  return end
}

/** Bytes that no two leaves share, soon made. */
function bytesOf(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const block = seededRng(seed).bytes(Math.min(size, 70_001))
  for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at)
  return bytes
}

const sourceOf = (name: string, size: number): string => {
  const path = join(folder, name)
  writeFileSync(path, bytesOf(size, size))
  return path
}

const taken = () => join(folder, 'taken')

async function transfer(path: string): Promise<Done> {
  const offered = await started(End.give(path)).offered()
  return await started(End.take(taken(), offered)).done()
}

describe('between two processes', () => {
  test.each([0, 1, 88_556, 5 * MEGABYTE])(
    'a file of %d bytes is the same, with its time and no traces of its coming',
    async (size) => {
      const path = sourceOf('a file.bin', size)
      utimesSync(path, 1_600_000_000, 1_600_000_000)
      const done = await transfer(path)
      expect(done.path).toBe(join(taken(), 'a file.bin'))
      expect(readFileSync(done.path).equals(readFileSync(path))).toBe(true)
      expect(statSync(done.path).mtimeMs).toBe(1_600_000_000_000)
      expect(statSync(done.path).mode & 0o111).toBe(0)
      expect(readdirSync(taken())).toEqual(['a file.bin'])
    },
  )

  test('a name that is taken, and be it by a link that leads nowhere, is left alone', async () => {
    const path = sourceOf('photo.jpg', 1000)
    symlinkSync(join(folder, 'elsewhere'), join(taken(), 'photo.jpg'))
    const done = await transfer(path)
    expect(done.path).toBe(join(taken(), 'photo (2).jpg'))
    expect(readdirSync(folder).sort()).toEqual(['photo.jpg', 'taken'])
  })

  test('a folder of 2,000 small files and some others comes as it is', async () => {
    const path = join(folder, 'tree')
    mkdirSync(join(path, 'deep', 'er'), { recursive: true })
    mkdirSync(join(path, 'empty'))
    for (let i = 0; i < 2000; i++) writeFileSync(join(path, 'deep', `${i}.txt`), bytesOf(i % 900, i + 1))
    writeFileSync(join(path, 'deep', 'er', 'large'), bytesOf(3 * MEGABYTE, 5))
    symlinkSync('/etc/passwd', join(path, 'link'))
    const done = await transfer(path)
    expect(done.path).toBe(join(taken(), 'tree'))
    const listing = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name !== 'link')
    expect(readdirSync(done.path, { recursive: true }).sort()).toEqual(listing.sort())
    for (const name of listing) {
      const [there, here] = [join(path, name), join(done.path, name)]
      if (statSync(there).isDirectory()) continue
      expect(readFileSync(here).equals(readFileSync(there))).toBe(true)
      expect(Math.floor(statSync(here).mtimeMs)).toBe(Math.floor(statSync(there).mtimeMs))
    }
    expect(readdirSync(taken())).toEqual(['tree'])
  })
})

describe('killed in the middle', () => {
  test('either end, time and again, it goes on where it was', async () => {
    const path = sourceOf('large.bin', 48 * MEGABYTE)
    let giver = started(End.give(path))
    const offered = await giver.offered()
    const rng = seededRng(9)
    let had = 0
    for (let kills = 0; kills < 8; kills++) {
      const taker = started(End.take(taken(), offered))
      const begun = await taker.lines.next((line) => line.event === 'begun')
      const here = begun?.event === 'begun' ? begun.done : 0
      expect(here).toBeGreaterThanOrEqual(had - MEGABYTE)
      const aim = here + rng.below(6) * MEGABYTE
      const last = await taker.lines.next(
        (line) => line.event === 'done' || (line.event === 'progress' && line.done >= aim),
      )
      if (kills % 3 === 2) {
        await giver.kill()
        giver = started(End.give(path, offered.port))
        await giver.offered()
      }
      await taker.kill()
      had = Math.max(0, ...taker.lines.seen.map((line) => (line.event === 'progress' ? line.done : 0)))
      if (last?.event === 'done') break
    }
    const done = readdirSync(taken()).includes('large.bin') ? null : await started(End.take(taken(), offered)).done()
    expect(readFileSync(done?.path ?? join(taken(), 'large.bin')).equals(readFileSync(path))).toBe(true)
    expect(readdirSync(taken())).toEqual(['large.bin'])
  }, 60_000)
})
