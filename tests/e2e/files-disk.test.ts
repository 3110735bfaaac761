import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FileEvent } from '../../src/app/events.ts'
import { Program, removeHomes } from './program.ts'
import { diskTests, SmallDisk } from './small-disk.ts'
import { fileLine, hashOf, MEBIBYTE, makeFile, offer, taken } from './transfers.ts'

/** The disk that files are received on fills up on the way. */

setDefaultTimeout(60_000)

const DISK_BYTES = 64 * MEBIBYTE
const SIZE = 40 * MEBIBYTE

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(args: readonly string[], via: readonly string[] = []): Promise<Program> {
  const program = await Program.start(['--static', '--ephemeral', ...args], { via })
  running.push(program)
  return program
}

describe.skipIf(!diskTests)('a disk that is full', () => {
  test('stops a transfer, which says how much is missing and goes on by itself when there is room', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    const anna = await launch(['--username', 'Anna'])
    const options = ['--username', 'Ben', '--accept-files', 'ask', '--download-dir', disk.folder]
    const ben = await launch([...options, '--connect', anna.address], disk.via)
    await ben.peerUp(anna.id)
    await offer(anna, makeFile(join(anna.home, 'large.bin'), SIZE))
    const { number } = await fileLine(ben, 'large.bin', ({ state }) => state === 'offered')
    disk.fill()
    await ben.do({ do: 'accept', file: String(number) })
    const waiting = await fileLine(ben, 'large.bin', ({ state, reason }) => state !== 'offered' && reason !== undefined)
    expect(waiting).toMatchObject({ state: 'waiting', trouble: 'full' })
    expect(waiting.reason).toMatch(/\d[\d.,]* ?MB/)
    const from = ben.lines.length
    disk.makeRoom()
    const done = await fileLine(ben, 'large.bin', ({ state }) => state === 'done', 30_000, from)
    expect(await hashOf(disk.seen(done.path!.slice(disk.folder.length + 1)))).toBe(
      await hashOf(join(anna.home, 'large.bin')),
    )
  })

  test('before one begins has it wait, through a restart as well, and lets others by that fit', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    const anna = await launch(['--username', 'Anna'])
    const options = ['--username', 'Ben', '--static', '--accept-files', 'all', '--download-dir', disk.folder]
    const connect = ['--connect', anna.address]
    let ben = await Program.start([...options, ...connect], { via: disk.via })
    running.push(ben)
    await ben.peerUp(anna.id)
    const isFull = ({ state, trouble }: FileEvent) => state === 'waiting' && trouble === 'full'
    const path = makeFile(join(anna.home, 'large.bin'), DISK_BYTES + 1)
    await offer(anna, path)
    await fileLine(ben, 'large.bin', isFull)
    await offer(anna, makeFile(join(anna.home, 'small.bin'), MEBIBYTE))
    await taken(ben, 'small.bin')
    await ben.quit()
    ben = await Program.start([...options, ...connect], { via: disk.via, home: ben.home })
    running.push(ben)
    const { number } = await fileLine(ben, 'large.bin', isFull)
    expect(await ben.do({ do: 'cancel', file: String(number) })).toMatchObject({ ok: true })
    expect(await ben.do({ do: 'files' })).toMatchObject({ files: [{ name: 'large.bin', state: 'cancelled' }] })
  })

  test('in the middle of it, loses nothing that was written', async () => {
    await using disk = await SmallDisk.open(DISK_BYTES)
    mkdirSync(disk.seen('home'), { recursive: true })
    const anna = await launch(['--username', 'Anna'])
    const options = ['--username', 'Ben', '--accept-files', 'all', '--download-dir', disk.folder]
    const ben = await launch([...options, '--connect', anna.address], disk.via)
    await ben.peerUp(anna.id)
    await offer(anna, makeFile(join(anna.home, 'large.bin'), SIZE))
    // It has its place: whether there is room for it has been looked at before.
    await fileLine(ben, 'large.bin', ({ path }) => path !== undefined)
    disk.fill()
    const isFull = ({ state, reason }: FileEvent) => state === 'done' || reason?.includes('full') === true
    const stopped = await fileLine(ben, 'large.bin', isFull)
    expect(stopped).toMatchObject({
      state: 'waiting',
      reason: expect.stringMatching(/full: \d[\d.,]* ?MB are missing/),
    })
    disk.makeRoom()
    const path = await taken(ben, 'large.bin')
    expect(await hashOf(disk.seen(path.slice(disk.folder.length + 1)))).toBe(await hashOf(join(anna.home, 'large.bin')))
  })
})
