import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileEvent } from '../../src/app/events.ts'
import { seededRng } from '../../src/base/rng.ts'
import { freePort, type Line, Program, removeHomes } from './program.ts'
import { isAbout } from './transfers.ts'

afterAll(removeHomes)

const bytesOf = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  const block = seededRng(size).bytes(Math.min(size, 70_001))
  for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at)
  return bytes
}

async function fileEvent(program: Program, state: FileEvent['state'], name: string): Promise<FileEvent> {
  const line = await program.until((each) => each.event === 'file' && each.state === state && each.name === name)
  if (line.event !== 'file') throw new Error('not about a file')
  return line
}

test('a file that is sent in a room is offered, accepted, watched, and the same', async () => {
  const anna = await Program.start(['--username', 'Anna'])
  const ben = await Program.start(['--username', 'Ben', '--connect', `127.0.0.1:${anna.port}`])
  const path = join(anna.home, 'photo of us.jpg')
  writeFileSync(path, bytesOf(20_000_000))
  await ben.until((line) => line.event === 'peer' && line.state === 'up')
  expect(await anna.do({ do: 'send', path })).toMatchObject({ ok: true })
  const offered = await fileEvent(ben, 'offered', 'photo of us.jpg')
  expect(offered).toMatchObject({ size: 20_000_000, from: { name: 'Anna' }, room: 'general', self: false })
  expect(await ben.do({ do: 'accept', file: String(offered.number) })).toMatchObject({ ok: true })
  const done = await fileEvent(ben, 'done', 'photo of us.jpg')
  expect(done.path).toBe(join(ben.home, 'Downloads', 'photo of us.jpg'))
  expect(readFileSync(done.path!).equals(readFileSync(path))).toBe(true)
  await Promise.all([anna.quit(), ben.quit()])
})

test('a folder to one person comes where it is to go, without a question where that is set', async () => {
  const anna = await Program.start(['--username', 'Anna'])
  const taken = join(anna.home, 'taken')
  const options = ['--username', 'Ben', '--accept-files', 'all', '--download-dir', taken]
  const ben = await Program.start([...options, '--connect', `127.0.0.1:${anna.port}`])
  mkdirSync(join(anna.home, 'tree', 'deep'), { recursive: true })
  for (let i = 0; i < 50; i++) writeFileSync(join(anna.home, 'tree', 'deep', `${i}`), bytesOf(i * 997))
  await anna.until((line) => line.event === 'member' && line.state === 'joined' && line.name === 'Ben')
  expect(await anna.do({ do: 'send', path: join(anna.home, 'tree'), to: '@Ben' })).toMatchObject({ ok: true })
  const done = await fileEvent(ben, 'done', 'tree')
  for (let i = 0; i < 50; i++)
    expect(readFileSync(join(done.path!, 'deep', `${i}`)).equals(bytesOf(i * 997))).toBe(true)
  await Promise.all([anna.quit(), ben.quit()])
})

test('killed in the middle, whoever takes and whoever gives goes on, and it is the same', async () => {
  const options = ['--username', 'Anna', '--port', String(await freePort())]
  let anna = await Program.start(options)
  const path = join(anna.home, 'large.bin')
  writeFileSync(path, bytesOf(150_000_000))
  const connect = ['--username', 'Ben', '--accept-files', 'all', '--connect', `127.0.0.1:${anna.port}`]
  let ben = await Program.start(connect)
  await ben.until((line) => line.event === 'peer' && line.state === 'up')
  await anna.do({ do: 'send', path })
  let had = 0
  for (let kills = 0; kills < 4; kills++) {
    const aim = had + 10_000_000
    const line = await ben.until((each) => each.event === 'file' && each.state !== 'offered' && each.done >= aim)
    had = line.event === 'file' ? line.done : 0
    if (kills % 2 === 1) {
      await anna.kill()
      anna = await Program.start(options, { home: anna.home })
    }
    await ben.kill()
    ben = await Program.start(connect, { home: ben.home })
    const again = await ben.until((each) => each.event === 'file' && each.done > 0)
    // What a kill costs: at most 1 MiB of what was there.
    if (again.event === 'file') expect(again.done).toBeGreaterThanOrEqual(had - 1024 * 1024)
  }
  const done = await fileEvent(ben, 'done', 'large.bin')
  expect(readFileSync(done.path!).equals(readFileSync(path))).toBe(true)
  await Promise.all([anna.quit(), ben.quit()])
}, 60_000)

test('whoever gives and is killed again and again is dialled as soon as he is there again, and asks nobody to pass it on', async () => {
  const options = ['--username', 'Anna', '--port', String(await freePort())]
  let anna = await Program.start(options)
  const ben = await Program.start(['--username', 'Ben', '--accept-files', 'all', '--connect', `127.0.0.1:${anna.port}`])
  await ben.until((line) => line.event === 'peer' && line.state === 'up')
  for (let kills = 0; kills < 4; kills++) {
    const name = `${kills}.bin`
    const path = join(anna.home, name)
    writeFileSync(path, bytesOf(150_000_000 + kills))
    expect(await anna.do({ do: 'send', path })).toMatchObject({ ok: true })
    await ben.until((line) => line.event === 'file' && line.name === name && line.done > 3_000_000)
    await anna.kill()
    const gone = ben.lines.length
    anna = await Program.start(options, { home: anna.home })
    const done = await fileEvent(ben, 'done', name)
    expect(readFileSync(done.path!).equals(readFileSync(path))).toBe(true)
    const later = ben.lines.slice(gone).filter((line) => line.event === 'file' && line.name === name)
    expect(later.filter((line) => 'through' in line)).toEqual([])
  }
  await Promise.all([anna.quit(), ben.quit()])
}, 120_000)

test('what is offered to somebody who is killed as he hears of it is known to him when he comes again', async () => {
  const anna = await Program.start(['--username', 'Anna'])
  const options = ['--username', 'Ben', '--connect', anna.address]
  for (let i = 0; i < 6; i++) {
    const ben = await Program.start(options)
    await ben.until((line) => line.event === 'member' && line.state === 'joined')
    const name = `photo ${i}.jpg`
    writeFileSync(join(anna.home, name), bytesOf(1_000 + i))
    await Promise.all([anna.do({ do: 'send', path: join(anna.home, name) }), fileEvent(ben, 'offered', name)])
    await ben.kill()
    const again = await Program.start(options, { home: ben.home })
    const isIt = (line: Line) => (line.event === 'notice' && line.code === 'files-waiting') || isAbout(line, name)
    await again.until(isIt)
    expect(await again.do({ do: 'accept', file: name })).toMatchObject({ ok: true })
    const { path } = await fileEvent(again, 'done', name)
    expect(path).toBe(join(ben.home, 'Downloads', name))
    await again.quit()
  }
  await anna.quit()
}, 60_000)
