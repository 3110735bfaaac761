import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatIp, ipBlock, ipScope, parseIp } from '../../src/base/ip.ts'

const ips = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // Many zeros, so that runs of them are met.
  fc.array(fc.constantFrom(0, 0, 0, 1, 0xab), { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes)),
)

test('what is written is read back', () => {
  fc.assert(fc.property(ips, (ip) => expect(parseIp(formatIp(ip))).toEqual(ip)))
})

test.each([
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::', '2001:db8::'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['::', '::'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
])('%s is written %s', (text, written) => expect(formatIp(parseIp(text)!)).toBe(written))

test.each([
  ...[
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1..2.3',
    '1.2.3.',
    '.1.2.3',
    '1.2.3.4 ',
    '0x1.2.3.4',
    'localhost',
  ],
  ...[
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::12345',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    '::g',
  ],
  ...['1:2:3:4:5:6:7:1.2.3.4', '9'.repeat(100)],
])('"%s" is no address', (text) => expect(parseIp(text)).toBeNull())

describe('how far an address reaches', () => {
  test.each([
    ['127.1.2.3', 'loopback'],
    ['::1', 'loopback'],
    ['169.254.9.9', 'link'],
    ['fe80::1', 'link'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'global'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'global'],
    ['fd00::1', 'private'],
    ['192.0.2.1', 'global'],
    ['2001:db8::1', 'global'],
    ['0.0.0.0', 'none'],
    ['224.0.0.251', 'none'],
    ['255.255.255.255', 'none'],
    ['::', 'none'],
    ['ff02::1', 'none'],
  ])('%s: %s', (text, scope) => expect(ipScope(parseIp(text)!)).toBe(scope as never))
})

test('a block is a /24 or a /48', () => {
  const block = (text: string): string => ipBlock(parseIp(text)!)
  expect(block('192.0.2.1')).toBe(block('192.0.2.254'))
  expect(block('192.0.2.1')).not.toBe(block('192.0.3.1'))
  expect(block('2001:db8:1::1')).toBe(block('2001:db8:1:ffff::2'))
  expect(block('2001:db8:1::1')).not.toBe(block('2001:db8:2::1'))
})
