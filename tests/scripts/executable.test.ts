import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kindOfExecutable } from '../../scripts/executable.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-executable-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file of 512 bytes that are zero but where `parts` puts something, by offset. */
async function kindOf(parts: Record<number, string | number[]>): Promise<string> {
  const bytes = Buffer.alloc(512)
  for (const [offset, part] of Object.entries(parts)) Buffer.from(part as string).copy(bytes, Number(offset))
  const path = join(folder, 'program')
  await Bun.write(path, bytes)
  return kindOfExecutable(path)
}

test('tells the programs of each system and processor apart', async () => {
  expect(await kindOf({ 0: '\x7fELF', 18: [62, 0], 100: '/lib64/ld-linux-x86-64.so.2' })).toBe('ELF x64 glibc')
  expect(await kindOf({ 0: '\x7fELF', 18: [62, 0], 100: '/lib/ld-musl-x86_64.so.1' })).toBe('ELF x64 musl')
  expect(await kindOf({ 0: '\x7fELF', 18: [183, 0], 100: '/lib/ld-linux-aarch64.so.1' })).toBe('ELF arm64 glibc')
  expect(await kindOf({ 0: [0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1] })).toBe('Mach-O x64')
  expect(await kindOf({ 0: [0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1] })).toBe('Mach-O arm64')
  expect(await kindOf({ 0: 'MZ', 60: [128], 128: [0x50, 0x45, 0, 0, 0x64, 0x86] })).toBe('PE x64')
})

test('does not take anything else for a program', async () => {
  expect(await kindOf({ 0: '#!/bin/sh' })).toBe('unknown')
  expect(await kindOf({ 0: 'MZ', 60: [0xff, 0xff, 0xff, 0xff] })).toBe('unknown')
  expect(await kindOf({ 0: '\x7fELF', 18: [8, 0] })).toBe('ELF unknown static')
  await Bun.write(join(folder, 'short'), 'MZ')
  expect(await kindOfExecutable(join(folder, 'short'))).toBe('unknown')
  expect(await kindOfExecutable(process.execPath)).not.toBe('unknown')
})
