import { afterAll, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileEvent } from '../../src/app/events.ts'
import { seededRng } from '../../src/base/rng.ts'
import { Program, removeHomes } from './program.ts'

/** Nobody believes an address of this machine told by somebody who is not known to be on it: so those who are not linked are out of reach of each other here. */

afterAll(removeHomes)

const bytesOf = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  const block = seededRng(size).bytes(Math.min(size, 70_001))
  for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at)
  return bytes
}

async function fileEvent(
  program: Program,
  fits: (event: FileEvent) => boolean,
  patienceMs?: number,
): Promise<FileEvent> {
  const line = await program.until((each) => each.event === 'file' && fits(each), patienceMs)
  if (line.event !== 'file') throw new Error('not about a file')
  return line
}

const start = (name: string, ...more: string[]) => Program.start(['--username', name, '--static', ...more])
const to = (program: Program) => ['--connect', `127.0.0.1:${program.port}`]
const knows = (program: Program, name: string) =>
  program.until((line) => line.event === 'member' && line.state === 'joined' && line.name === name)

test('a file goes through the one both know, who sees to it that it is the same', async () => {
  const carol = await start('Carol')
  const anna = await start('Anna', ...to(carol))
  const ben = await start('Ben', '--accept-files', 'all', ...to(carol))
  await Promise.all([knows(anna, 'Ben'), knows(ben, 'Anna')])
  const path = join(anna.home, 'photo.jpg')
  writeFileSync(path, bytesOf(5_000_000))
  expect(await anna.do({ do: 'send', path, to: '@Ben' })).toMatchObject({ ok: true })
  const going = await fileEvent(ben, ({ through }) => through !== undefined)
  expect(going.through).toEqual([{ id: carol.id, name: 'Carol' }])
  const done = await fileEvent(ben, ({ state }) => state === 'done')
  expect(readFileSync(done.path!).equals(readFileSync(path))).toBe(true)
  // She has carried it, and has been offered nothing.
  expect(carol.lines.some((line) => line.event === 'file')).toBe(false)
  await Promise.all([anna.quit(), ben.quit(), carol.quit()])
}, 60_000)

test('when the one in the middle goes, it goes on through another, and loses next to nothing', async () => {
  const [carol, dora] = [await start('Carol'), await start('Dora')]
  const anna = await start('Anna', ...to(carol), ...to(dora))
  const ben = await start('Ben', '--accept-files', 'all', ...to(carol), ...to(dora))
  await Promise.all([knows(anna, 'Ben'), knows(ben, 'Anna')])
  const path = join(anna.home, 'film.bin')
  writeFileSync(path, bytesOf(12_000_000))
  expect(await anna.do({ do: 'send', path })).toMatchObject({ ok: true })
  const going = await fileEvent(ben, ({ through, done }) => through !== undefined && done > 2_000_000)
  const [first, second] = going.through?.[0]?.id === carol.id ? [carol, dora] : [dora, carol]
  await first.kill()
  const gone = ben.lines.length
  await ben.when(() =>
    ben.lines.slice(gone).some((line) => line.event === 'file' && line.through?.[0]?.id === second.id),
  )
  const done = await fileEvent(ben, ({ state }) => state === 'done', 60_000)
  expect(readFileSync(done.path!).equals(readFileSync(path))).toBe(true)
  await Promise.all([anna.quit(), ben.quit(), second.quit()])
}, 90_000)
