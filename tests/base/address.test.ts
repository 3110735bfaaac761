import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatAddress, makeAddress, parseAddress } from '../../src/base/address.ts'

const ports = fc.integer({ min: 1, max: 65_535 })
const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constant('localhost'))

describe('addresses', () => {
  test('what is written as text is read back as the same address', () => {
    fc.assert(
      fc.property(hosts, ports, (host, port) => {
        const address = makeAddress(host, `${port}`)!
        expect(address).toEqual({ host, port })
        expect(parseAddress(formatAddress(address))).toEqual(address)
      }),
    )
  })

  test.each([
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['127.0.0.1:65535', { host: '127.0.0.1', port: 65_535 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['[fe80::1%eth0]:8080', { host: 'fe80::1%eth0', port: 8080 }],
    ['  example.org:8080 ', { host: 'example.org', port: 8080 }],
  ])('%j is an address', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  test.each([
    '',
    ':80',
    'localhost',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'localhost:-1',
    'localhost:8e1',
    'localhost:99999999999',
    '::1:80',
    '[]:80',
    '[::1]',
    '[::1:80',
    'a b:80',
    'http://x:80',
    'x/y:80',
    'a\u0000b:80',
    'a\n:80',
    '\u202eevil:80',
    `${'a'.repeat(254)}:80`,
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull()
  })

  test('a host in brackets and a port apart are an address too', () => {
    expect(makeAddress('[::1]', '80')).toEqual({ host: '::1', port: 80 })
    expect(makeAddress('::1', '80')).toEqual({ host: '::1', port: 80 })
    expect(makeAddress('a'.repeat(253), '80')).not.toBeNull()
  })

  test('no text makes it throw, and what is taken is taken again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const address = parseAddress(text)
        if (address === null) return
        expect(address.port).toBeGreaterThan(0)
        expect(parseAddress(formatAddress(address))).toEqual(address)
      }),
    )
  })
})
