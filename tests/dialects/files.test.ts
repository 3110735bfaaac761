import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { IncomingFile, safeFileName } from '../../src/app/dialects/incoming.ts'
import { utf8 } from '../../src/base/bytes.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-incoming-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a name that somebody gives a file', () => {
  test.each([
    ['cat.png', 'cat.png'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\win.ini', 'win.ini'],
    ['.bashrc', 'bashrc'],
    ['..', 'file_'],
    ['con.txt', 'file_con.txt'],
    ['a\u202egnp.exe', 'agnp.exe'],
    ['what?.txt', 'what_.txt'],
  ])('%j becomes %j', (given, safe) => expect(safeFileName(given)).toBe(safe))

  test('never leads out of its folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const safe = safeFileName(name)
        expect(basename(safe)).toBe(safe)
        expect(safe.startsWith('.')).toBe(false)
        expect(safe.length).toBeGreaterThan(0)
      }),
    )
  })
})

describe('a file that comes', () => {
  test('is not written before it is accepted, and is whole in the end', () => {
    const file = new IncomingFile('a.txt', 6)
    file.bytes(utf8('abc'))
    expect(existsSync(folder)).toBe(false)
    file.accept(folder)
    file.bytes(utf8('def'))
    expect(readdirSync(folder)).toEqual(['a.txt.part'])
    file.whole = true
    expect(file.finish()).toBe(join(folder, 'a.txt'))
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('abcdef')
  })

  test('takes no other file’s place, and is marked where it broke off', () => {
    const first = new IncomingFile('a.txt', 1)
    first.accept(folder)
    first.bytes(utf8('1'))
    first.whole = true
    first.finish()
    writeFileSync(join(folder, 'a (2).txt'), 'there')
    const second = new IncomingFile('a.txt', 9)
    second.bytes(utf8('2'))
    second.accept(folder)
    second.whole = false
    expect(second.finish()).toBe(join(folder, 'a (3).txt.part'))
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('1')
  })

  test('leaves nothing behind when it is declined', () => {
    const file = new IncomingFile('a.txt', 1)
    file.bytes(utf8('1'))
    file.decline()
    file.bytes(utf8('2'))
    file.whole = true
    expect(file.finish()).toBeNull()
    expect(existsSync(folder)).toBe(false)
  })
})
