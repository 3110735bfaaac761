import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downloadsFolder } from '../../../src/app/files/downloads.ts'

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
