import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLine } from '../../../src/app/command.ts'
import { COMMANDS } from '../../../src/app/commands/table.ts'
import { pathsFor } from '../../../src/ui/screen/paths.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-paths-'))
  for (const name of ['plain.txt', 'a photo.jpg', '.hidden', 'quoted".txt', 'red\x1b[31m'])
    writeFileSync(join(folder, name), '')
  mkdirSync(join(folder, 'my holidays'))
  writeFileSync(join(folder, 'my holidays', 'beach.jpg'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('paths', () => {
  test('are offered as one would type them, with quotation marks around blanks', async () => {
    const all = [`"${folder}/a photo.jpg" `, `"${folder}/my holidays/`, `${folder}/plain.txt `]
    expect(await pathsFor(`${folder}/`)).toEqual(all)
    expect(await pathsFor(`${folder}/.h`)).toEqual([`${folder}/.hidden `])
  })

  test('go on within the quotation marks', async () => {
    expect(await pathsFor(`"${folder}/my ho`)).toEqual([`"${folder}/my holidays/`])
    expect(await pathsFor(`"${folder}/my holidays/`)).toEqual([`"${folder}/my holidays/beach.jpg" `])
    expect(await pathsFor(`"${folder}/pl`)).toEqual([`"${folder}/plain.txt" `])
    expect(await pathsFor(`${folder}/nowhere/`)).toEqual([])
  })

  test('are read by /send as they were meant', async () => {
    const [path = ''] = await pathsFor(`${folder}/a`)
    const call = readLine(COMMANDS, `/send ${path}`)
    if (call?.ok !== true) throw new Error('not understood')
    expect(call.pending).toBe(`Reading ${folder}/a photo.jpg …`)
    expect(call.to).toBe('send')
  })
})
