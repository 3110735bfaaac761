import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockIdentity } from '../../src/app/identity-lock.ts'
import { createSmallFile } from '../../src/app/small-file.ts'
import { startRacer } from './identity-processes.ts'

let root: string
let folders = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-lock-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const fresh = () => join(root, `${++folders}`)
const lockFile = (folder: string) => join(folder, 'identity.lock')

function plant(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(lockFile(folder), text)
}

function locked(folder: string): () => void {
  const lock = lockIdentity(folder)
  if (!lock.ok || 'heldBy' in lock) throw new Error(JSON.stringify(lock))
  return lock.release
}

describe('the lock of an identity', () => {
  test('is had by one at a time, and given back', () => {
    const folder = fresh()
    const release = locked(folder)
    expect(lockIdentity(folder)).toEqual({ ok: true, heldBy: process.pid })
    release()
    release()
    expect(readdirSync(folder)).toEqual([])
    locked(folder)()
  })

  test('released late does not take away the lock of the next', () => {
    const folder = fresh()
    const late = locked(folder)
    rmSync(lockFile(folder))
    const next = locked(folder)
    late()
    expect(lockIdentity(folder)).toEqual({ ok: true, heldBy: process.pid })
    next()
  })

  test('of another process is respected while that runs, and taken over when it was killed', async () => {
    const folder = fresh()
    const other = await startRacer('lock', folder)
    expect(await other.go()).toEqual({ ok: true })
    expect(lockIdentity(folder)).toEqual({ ok: true, heldBy: other.pid })
    await other.kill()
    expect(existsSync(lockFile(folder))).toBe(true)
    locked(folder)()
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a process whose number another has now is taken over', () => {
    const folder = fresh()
    const release = locked(folder)
    const [pid, start, nonce] = readFileSync(lockFile(folder), 'utf8').split(' ')
    release()
    plant(folder, `${pid} ${start}0 ${nonce}`)
    // Where the system does not tell when a process began, a running one of that number has to be believed.
    if (start === '-') expect(lockIdentity(folder)).toEqual({ ok: true, heldBy: process.pid })
    else locked(folder)()
  })

  test('that does not say when its process began holds while there is one of that number', () => {
    const folder = fresh()
    plant(folder, `${process.ppid} - x\n`)
    expect(lockIdentity(folder)).toEqual({ ok: true, heldBy: process.ppid })
  })

  test('that says nothing sensible holds nobody', () => {
    for (const text of ['', '\0\0\0', 'abc', '0 - x\n', '-1 - x\n', `${process.pid}`, '9'.repeat(1000)]) {
      const folder = fresh()
      plant(folder, text)
      if (text.length > 256) expect(lockIdentity(folder)).toMatchObject({ ok: false, exit: 4 })
      else locked(folder)()
    }
  })

  test('goes to one of many who come at once, also when a dead one is in the way', async () => {
    const folder = fresh()
    const dead = await startRacer('lock', folder)
    await dead.go()
    await dead.kill()
    const racers = await Promise.all(Array.from({ length: 5 }, () => startRacer('lock', folder)))
    const said = await Promise.all(racers.map((racer) => racer.go()))
    const winners = said.flatMap((one, index) => ('heldBy' in one ? [] : [racers[index]!.pid]))
    expect(winners.length).toBe(1)
    for (const one of said) if ('heldBy' in one) expect(one['heldBy']).toBe(winners[0]!)
    await Promise.all(racers.map((racer) => racer.finish()))
  })

  test('that cannot be made is told of', () => {
    const blocked = join(root, 'a file')
    writeFileSync(blocked, '')
    const lock = lockIdentity(join(blocked, 'hearsay'))
    expect(lock).toMatchObject({ ok: false, code: 'identity-unlockable', exit: 4 })
  })
})

describe('a file made on a file system without links', () => {
  const link: typeof linkSync = () => {
    throw Object.assign(new Error('no links here'), { code: 'EPERM' })
  }

  test('is whole, and still never over another', () => {
    const path = join(fresh(), 'a')
    expect(createSmallFile(path, 'one', { durable: true, link })).toEqual({ ok: true })
    expect(createSmallFile(path, 'two', { durable: true, link })).toMatchObject({ ok: false, code: 'exists' })
    expect(readFileSync(path, 'utf8')).toBe('one')
    expect(readdirSync(join(path, '..'))).toEqual(['a'])
  })

  test('is made by a link where there are some, and leaves nothing beside it', () => {
    const path = join(fresh(), 'a')
    expect(createSmallFile(path, 'one', { durable: false, link: linkSync })).toEqual({ ok: true })
    expect(createSmallFile(path, 'two', { durable: false })).toMatchObject({ ok: false, code: 'exists' })
    expect(readdirSync(join(path, '..'))).toEqual(['a'])
  })
})
