import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downloadsFolder, folderFault } from '../../../src/app/files/downloads.ts'

let config: string
beforeEach(() => {
  config = mkdtempSync(join(tmpdir(), 'hearsay-xdg-'))
})
afterEach(() => rmSync(config, { recursive: true }))

test.each([
  ['# nothing', '/home/a/Downloads'],
  ['XDG_DOWNLOAD_DIR="$HOME/Laden"', '/home/a/Laden'],
  ['XDG_DESKTOP_DIR="$HOME/x"\nXDG_DOWNLOAD_DIR="/data/in \\"box\\""', '/data/in "box"'],
  ['XDG_DOWNLOAD_DIR="$HOME/"', '/home/a/Downloads'],
  ['XDG_DOWNLOAD_DIR="$HOMER/x"', '/home/a/Downloads'],
  ['XDG_DOWNLOAD_DIR="relative"', '/home/a/Downloads'],
])('with %j files go to %s', (text, folder) => {
  writeFileSync(join(config, 'user-dirs.dirs'), text)
  expect(downloadsFolder('/home/a', config)).toBe(folder)
})

test('without a word about it they go to Downloads', () => {
  expect(downloadsFolder('/home/a', join(config, 'nowhere'))).toBe('/home/a/Downloads')
})

test('where nothing can be received is said at once: in a file, or below one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-downloads-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const advice = 'is a file, not a folder. Start again with a folder (--download-dir).'
  expect(folderFault(file)).toBe(`Nothing can be received into ${file}: that ${advice}`)
  expect(folderFault(`${file}/in`)).toBe(`Nothing can be received into ${file}/in: a part of that path ${advice}`)
  expect([folderFault(folder), folderFault(join(folder, 'none'))]).toEqual([null, null])
  rmSync(folder, { recursive: true })
})
