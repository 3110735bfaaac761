import { expect, setDefaultTimeout, test } from 'bun:test'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { launching } from './launching.ts'
import type { Program } from './program.ts'
import { fileLine, hashOf, isAbout, MEBIBYTE, makeFile, makeFolder, offer, taken, treeOf } from './transfers.ts'

/** What has come moves to its place: nothing else takes that, and whoever is killed at it tells of it all the same. */

setDefaultTimeout(60_000)

const launch = launching()

const TAKING = ['--username', 'Ben', '--accept-files', 'all', '--connect']
const isDone = ({ lines }: Program, name: string) => lines.some((line) => isAbout(line, name) && line.state === 'done')

/** Resolves as soon as this holds of a folder, at one of its changes. */
function whenChanged(folder: string, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, () => {
      if (!holds()) return
      watcher.close()
      resolve()
    })
  })
}

/** Each by whether it holds of the folder, of something called so. */
const MOMENTS: readonly (readonly [string, (path: string) => boolean])[] = [
  ['has its name', (path) => existsSync(path)],
  ['has no other name any more', (path) => existsSync(path) && !existsSync(`${path}.part`)],
  ['leaves nothing for a later run', (path) => existsSync(path) && !existsSync(`${path}.part.hearsay`)],
]

test.each(MOMENTS)('killed as soon as it %s, it was told of, or is by the next run', async (_, holds) => {
  const anna = await launch(['--username', 'Anna'])
  let ben = await launch([...TAKING, anna.address])
  const folder = join(ben.home, 'Downloads')
  mkdirSync(folder, { recursive: true })
  await ben.peerUp(anna.id)
  for (const name of ['file', 'empty', 'folder']) {
    const path = join(anna.home, name)
    if (name === 'folder') makeFolder(path, 20)
    else makeFile(path, name === 'file' ? 90_000 : 0)
    const at = whenChanged(folder, () => holds(join(folder, name)))
    await offer(anna, path)
    await at
    await ben.kill()
    const wasTold = isDone(ben, name)
    ben = await launch([...TAKING, anna.address], ben.home)
    if (!wasTold) await taken(ben, name)
    await ben.peerUp(anna.id)
    const there = join(folder, name)
    if (name === 'folder') expect(treeOf(there)).toEqual(treeOf(path))
    else expect(await hashOf(there)).toBe(await hashOf(path))
  }
  expect(readdirSync(folder).filter((name) => name.includes('('))).toEqual([])
})

test('a link that somebody puts in the place of a part gets no name, and it comes whole beside that', async () => {
  const anna = await launch(['--username', 'Anna'])
  const ben = await launch([...TAKING, anna.address])
  await ben.peerUp(anna.id)
  const victim = join(ben.home, 'victim')
  writeFileSync(victim, 'mine')
  const path = makeFile(join(anna.home, 'large.bin'), 200 * MEBIBYTE)
  await offer(anna, path)
  await fileLine(ben, 'large.bin', ({ done }) => done > MEBIBYTE)
  const part = join(ben.home, 'Downloads', 'large.bin.part')
  renameSync(part, `${part}.away`)
  symlinkSync(victim, part)
  const here = await taken(ben, 'large.bin')
  expect(here).toBe(join(ben.home, 'Downloads', 'large (2).bin'))
  expect(await hashOf(here)).toBe(await hashOf(path))
  expect(lstatSync(part).isSymbolicLink()).toBe(true)
  expect(readFileSync(victim, 'utf8')).toBe('mine')
  expect(ben.lines.find((line) => isAbout(line, 'large.bin') && line.reason !== undefined)).toMatchObject({
    ...{ state: 'waiting', trouble: 'disk' },
    reason: expect.stringContaining('It begins anew.'),
  })
})

test('a file in the place of the folder for what is taken is told at the start, and once it is a folder /accept takes it', async () => {
  const anna = await launch(['--username', 'Anna'])
  const place = makeFile(join(anna.home, 'place'), 10)
  const ben = await launch(['--username', 'Ben', '--download-dir', place, '--connect', anna.address])
  await ben.when(() => ben.lines.some((line) => line.event === 'error' && line.code === 'download-folder'))
  await ben.peerUp(anna.id)
  const path = makeFile(join(anna.home, 'ok.bin'), 1_000)
  await offer(anna, path)
  await fileLine(ben, 'ok.bin', ({ state }) => state === 'offered')
  await ben.do({ do: 'accept', file: '1' })
  expect((await fileLine(ben, 'ok.bin', ({ state }) => state === 'failed')).reason).toBe(
    `ok.bin cannot be received into ${place}: that is a file, not a folder. Put a folder there, or choose another. /accept 1 takes it then; --download-dir at the start chooses the folder.`,
  )
  rmSync(place)
  mkdirSync(place)
  expect(await ben.do({ do: 'accept', file: '1' })).toMatchObject({ ok: true })
  await fileLine(ben, 'ok.bin', ({ state }) => state === 'done')
  expect(await hashOf(join(place, 'ok.bin'))).toBe(await hashOf(path))
})
