import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PeerFile } from '../../src/app/peer-file.ts'
import type { Contact } from '../../src/wire/membership.ts'

let folder: string
let logged: string[]
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'hearsay-peers-')), 'data')
  logged = []
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const file = (): PeerFile => new PeerFile(folder, (_, message) => logged.push(message))
const contact = (n: number, host = `192.0.2.${n}`): Contact => ({
  key: n.toString(16).padStart(64, '0'),
  address: { host, port: 5_000 + n },
})
const write = (text: string | Uint8Array): void => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'peers.txt'), text)
}

describe('peers remembered from one start to the next', () => {
  test('are those that were kept last, in their order, IPv6 ones too', () => {
    const kept = [contact(3), contact(1, '2001:db8::7'), contact(2)]
    file().save([contact(9)])
    file().save(kept)
    expect(file().load()).toEqual(kept)
    expect(readdirSync(folder)).toEqual(['peers.txt'])
    expect(statSync(join(folder, 'peers.txt')).mode & 0o777).toBe(0o600)
    expect(logged).toEqual([])
  })

  test('are not forgotten by a run that met nobody, nor written where nothing has changed', () => {
    const peers = file()
    peers.save([contact(1)])
    const { mtimeMs } = statSync(peers.path)
    peers.save([])
    peers.save([{ key: contact(2).key, address: null }])
    peers.save([contact(1)])
    expect(statSync(peers.path).mtimeMs).toBe(mtimeMs)
    expect(file().load()).toEqual([contact(1)])
  })

  test('there are at most 128 of them', () => {
    const many = Array.from({ length: 200 }, (_, i) => contact(i % 250))
    file().save(many)
    expect(file().load()).toEqual(many.slice(0, 128))
    write(many.map(({ key, address }) => `${key} ${address!.host}:${address!.port}\n`).join(''))
    expect(file().load()).toHaveLength(128)
  })

  test('a file that says nothing, or nonsense, remembers nobody and breaks nothing', () => {
    expect(file().load()).toEqual([])
    expect(logged).toEqual([])
    const { key } = contact(10)
    for (const text of [
      '',
      '\0\0\0',
      `${key}`,
      `${key} nowhere`,
      `${key.toUpperCase()} a:1`,
      `x ${key} a:1`,
      `${key} a:0`,
    ]) {
      write(text)
      expect(file().load()).toEqual([])
    }
    write(`${key} nowhere\nrubbish\n${contact(2).key} 192.0.2.2:5002\r\n`)
    expect(file().load()).toEqual([contact(2)])
    write(new Uint8Array(70_000).fill(65))
    expect(file().load()).toEqual([])
    expect(logged).toEqual([expect.stringContaining('cannot be read: it is larger than')])
  })

  test('a folder that cannot be written to is told of once and is no reason to stop', () => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), '')
    const peers = new PeerFile(join(folder, 'file'), (_, message) => logged.push(message))
    peers.save([contact(1)])
    expect(logged).toEqual([expect.stringContaining('cannot be written')])
  })

  test('the file is replaced whole: what was there stays if the new one cannot be made', () => {
    file().save([contact(1)])
    mkdirSync(join(folder, `peers.txt.${process.pid}.tmp`, 'in the way'), { recursive: true })
    file().save([contact(2)])
    expect(readFileSync(join(folder, 'peers.txt'), 'utf8')).toContain(contact(1).key)
    chmodSync(folder, 0o700)
    expect(logged).toHaveLength(1)
  })
})
