import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IN_USE_EVERY_MS, makeVoiceFolder, sweepVoiceFolders } from '../../../src/app/voice/own-folder.ts'

const NOW_MS = Date.now()
const LONG_AGO_S = NOW_MS / 1_000 - 3_600
let parent: string
const children: Bun.Subprocess[] = []

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'hearsay-sweep-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill()
    await child.exited
  }
  rmSync(parent, { recursive: true })
})

function left(): string {
  const folder = makeVoiceFolder(parent)
  writeFileSync(join(folder, 'alsa.conf'), 'what ALSA reads')
  utimesSync(folder, LONG_AGO_S, LONG_AGO_S)
  return folder
}

test('folders that killed voice processes left are taken away, and nothing else', async () => {
  const [one, other] = [left(), left()]
  const used = left()
  children.push(Bun.spawn([process.execPath, '-e', 'setTimeout(() => {}, 60_000)', used]))
  const young = makeVoiceFolder(parent)
  const said = left()
  utimesSync(said, (NOW_MS - 2 * IN_USE_EVERY_MS) / 1_000, (NOW_MS - 2 * IN_USE_EVERY_MS) / 1_000)
  const named = join(parent, 'hearsay-voice-notes')
  mkdirSync(named)
  const target = join(parent, 'target')
  mkdirSync(target)
  const link = join(parent, 'hearsay-voice-abcdef')
  symlinkSync(target, link)
  for (const path of [named, target]) utimesSync(path, LONG_AGO_S, LONG_AGO_S)
  await sweepVoiceFolders(parent, NOW_MS)
  expect([one, other].map((path) => existsSync(path))).toEqual([false, false])
  const kept = [used, young, said, named, target, link]
  expect(kept.filter((path) => !existsSync(path))).toEqual([])
})

test('where there is no folder to look in, nothing happens', async () => {
  expect(await sweepVoiceFolders(join(parent, 'missing'), NOW_MS)).toBeUndefined()
})
