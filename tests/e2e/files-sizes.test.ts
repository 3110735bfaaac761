import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileEvent } from '../../src/app/events.ts'
import { Program, removeHomes } from './program.ts'
import { amount, fileLine, hashOf, MEBIBYTE, makeFile, makeFolder, offer, taken, treeOf } from './transfers.ts'

/**
 * Files of every size between two programs. `HEARSAY_FILE_MIB=1024` and `HEARSAY_FILE_COUNT=10000` for what is promised.
 */

const LARGE_MIB = amount('HEARSAY_FILE_MIB', 24)
const SMALL_FILES = amount('HEARSAY_FILE_COUNT', 400)
const PATIENCE_MS = 60_000 + LARGE_MIB * 100 + SMALL_FILES * 10

setDefaultTimeout(2 * PATIENCE_MS)

let anna: Program
let ben: Program

beforeAll(async () => {
  const options = ['--static', '--ephemeral', '--accept-files', 'all']
  anna = await Program.start([...options, '--username', 'Anna'])
  ben = await Program.start([...options, '--username', 'Ben', '--connect', anna.address])
  await ben.peerUp(anna.id)
})

afterAll(async () => {
  await Promise.all([anna.close(), ben.close()])
  removeHomes()
})

async function isTheSame(from: Program, to: Program, name: string): Promise<void> {
  const path = await taken(to, name, PATIENCE_MS)
  expect(path).toBe(join(to.home, 'Downloads', name))
  expect(await hashOf(path)).toBe(await hashOf(join(from.home, name)))
}

describe('what is sent is the same where it comes to', () => {
  test.each([0, 1, 88_556])('a file of %d bytes', async (size) => {
    const name = `${size} bytes.bin`
    await offer(anna, makeFile(join(anna.home, name), size))
    await isTheSame(anna, ben, name)
  })

  test(`one of ${LARGE_MIB} MiB`, async () => {
    await offer(anna, makeFile(join(anna.home, 'large.bin'), LARGE_MIB * MEBIBYTE))
    await isTheSame(anna, ben, 'large.bin')
  })

  test(`a folder of ${SMALL_FILES} small files`, async () => {
    const path = makeFolder(join(anna.home, 'many'), SMALL_FILES)
    await offer(anna, path)
    const there = treeOf(await taken(ben, 'many', PATIENCE_MS))
    expect(there.size).toBe(SMALL_FILES)
    expect(there).toEqual(treeOf(path))
  })

  test('both ways at once', async () => {
    const size = Math.ceil(LARGE_MIB / 4) * MEBIBYTE
    makeFile(join(anna.home, 'there.bin'), size, 1)
    makeFile(join(ben.home, 'back.bin'), size, 2)
    await Promise.all([offer(anna, join(anna.home, 'there.bin')), offer(ben, join(ben.home, 'back.bin'))])
    await Promise.all([isTheSame(anna, ben, 'there.bin'), isTheSame(ben, anna, 'back.bin')])
  })

  test('ten at once', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `ten ${i}.bin`)
    for (const [i, name] of names.entries()) {
      makeFile(join(anna.home, name), Math.ceil((LARGE_MIB * MEBIBYTE) / 20) + i * 1_001, 100 + i)
    }
    await Promise.all(names.map((name) => offer(anna, join(anna.home, name))))
    await Promise.all(names.map((name) => isTheSame(anna, ben, name)))
  })
})

describe('what stands in the way', () => {
  test('links where the file and its parts are to go are left alone, and lead nothing out of the folder', async () => {
    const outside = join(ben.home, 'outside')
    writeFileSync(outside, 'mine')
    for (const end of ['', '.part', '.part.hearsay'])
      symlinkSync(outside, join(ben.home, 'Downloads', `linked.bin${end}`))
    await offer(anna, makeFile(join(anna.home, 'linked.bin'), 300_000))
    const path = await taken(ben, 'linked.bin')
    expect(await hashOf(path)).toBe(await hashOf(join(anna.home, 'linked.bin')))
    expect(await Bun.file(outside).text()).toBe('mine')
    expect(path).toStartWith(join(ben.home, 'Downloads', 'linked'))
    expect(readdirSync(join(ben.home, 'Downloads')).filter((name) => name.startsWith('linked')).length).toBe(4)
  })

  test.each([
    ['changes', (path: string) => makeFile(path, 3 * MEBIBYTE, 9)],
    ['shrinks', (path: string) => truncateSync(path, MEBIBYTE)],
  ] as const)(
    'a file that %s before it is asked for: both are told, and nothing of it takes the name',
    async (how, change) => {
      const name = `${how}.bin`
      const carl = await Program.start(['--static', '--ephemeral', '--username', 'Carl'])
      const dora = await Program.start(['--static', '--ephemeral', '--username', 'Dora', '--connect', carl.address])
      await dora.peerUp(carl.id)
      const path = makeFile(join(carl.home, name), 3 * MEBIBYTE, 8)
      await offer(carl, path)
      const { number } = await fileLine(dora, name, ({ state }) => state === 'offered')
      change(path)
      await dora.do({ do: 'accept', file: String(number) })
      const changed = ({ reason }: FileEvent) => reason?.includes('changed') === true
      await Promise.all([fileLine(carl, name, changed), fileLine(dora, name, changed)])
      expect(readdirSync(join(dora.home, 'Downloads'))).not.toContain(name)
      await Promise.all([carl.close(), dora.close()])
    },
  )
})
