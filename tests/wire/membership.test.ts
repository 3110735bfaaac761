import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../src/base/bytes.ts'
import { formatIp, parseIp } from '../../src/base/ip.ts'
import { FrameType } from '../../src/wire/frame.ts'
import {
  CONTACTS_MAX,
  type Contact,
  type MembershipMessage,
  MembershipType,
  membershipType,
  readMembership,
  writeMembership,
} from '../../src/wire/membership.ts'
import { obeysTheLaws } from './codec-laws.ts'

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex())
const ports = fc.integer({ min: 1, max: 65535 })
const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join('.'))
const ipv6 = fc.uint8Array({ minLength: 15, maxLength: 15 }).map((rest) => formatIp(Uint8Array.of(0x20, ...rest)))
const addresses = fc.record({ host: fc.oneof(ipv4, ipv6), port: ports })
const contact: fc.Arbitrary<Contact> = fc.record({ key: keys, address: addresses })
const contacts = fc.array(contact, { maxLength: CONTACTS_MAX })
const bytes = fc.nat(255)
const nonces = fc.nat(2 ** 32 - 1)

const VALUES: Readonly<Record<MembershipMessage['kind'], fc.Arbitrary<MembershipMessage>>> = {
  join: fc.constant({ kind: 'join' }),
  'forward-join': fc.record({ kind: fc.constant('forward-join'), ttl: bytes, contact }),
  neighbor: fc.record({ kind: fc.constant('neighbor'), priority: fc.constantFrom('low', 'high', 'splice') }),
  'neighbor-reply': fc.record({ kind: fc.constant('neighbor-reply'), accepted: fc.boolean(), contacts }),
  disconnect: fc.record({ kind: fc.constant('disconnect'), hasHeir: fc.boolean(), contacts }),
  shuffle: fc.record({
    kind: fc.constant('shuffle'),
    ttl: bytes,
    nonce: nonces,
    contacts: fc
      .tuple(
        fc.record({ key: keys, address: fc.option(addresses) }),
        fc.array(contact, { maxLength: CONTACTS_MAX - 1 }),
      )
      .map(([origin, others]) => [origin, ...others]),
  }),
  'shuffle-reply': fc.record({ kind: fc.constant('shuffle-reply'), nonce: nonces, contacts }),
}

function encode(message: MembershipMessage): Uint8Array {
  const out = new ByteWriter(16)
  writeMembership(out, message)
  return out.copy()
}

const decode = (type: number, body: Uint8Array): MembershipMessage | null => readMembership(type, new ByteReader(body))

const KEY = '07'.repeat(32)
const at = (host: string, port = 5000): Contact => ({ key: KEY, address: { host, port } })
const listOf = (count: number): Contact[] => Array.from({ length: count }, () => at('192.0.2.1'))

for (const values of Object.values(VALUES)) {
  const type = membershipType(fc.sample(values, 1)[0]!)
  const name = Object.entries(MembershipType).find(([, number]) => number === type)![0]
  describe(name, () => obeysTheLaws(name, { values, encode, decode: (body) => decode(type, body) }))
}

test('no two kinds of frame have one number, here or among the others', () => {
  const numbers = [...Object.values(MembershipType), ...Object.values(FrameType)]
  expect(new Set(numbers).size).toBe(numbers.length)
})

test('a type of another family is nothing', () => {
  for (const type of [0, MembershipType.join - 1, MembershipType.shuffleReply + 1, 255]) {
    expect(decode(type, new Uint8Array(0))).toBeNull()
  }
})

test('sixteen contacts at most, read or written', () => {
  const full: MembershipMessage = { kind: 'disconnect', hasHeir: false, contacts: listOf(CONTACTS_MAX) }
  expect(decode(MembershipType.disconnect, encode(full))).toEqual(full)
  expect(() => encode({ kind: 'disconnect', hasHeir: false, contacts: listOf(CONTACTS_MAX + 1) })).toThrow(RangeError)
  const more = Uint8Array.of(0, CONTACTS_MAX + 1, ...encode(full).subarray(2), ...encode(full).subarray(2, 41))
  expect(decode(MembershipType.disconnect, more)).toBeNull()
})

test('a count that promises more than there is costs nothing', () => {
  expect(decode(MembershipType.shuffleReply, Uint8Array.of(0, 0, 0, 1, CONTACTS_MAX))).toBeNull()
})

test('only the one who begins a shuffle may be without an address', () => {
  const nowhere: Contact = { key: KEY, address: null }
  const shuffle = (list: Contact[]): MembershipMessage => ({ kind: 'shuffle', ttl: 6, nonce: 1, contacts: list })
  const begun = shuffle([nowhere, at('192.0.2.1')])
  expect(decode(MembershipType.shuffle, encode(begun))).toEqual(begun)
  expect(() => encode(shuffle([at('192.0.2.1'), nowhere]))).toThrow(TypeError)
  expect(() => encode({ kind: 'forward-join', ttl: 1, contact: nowhere })).toThrow(TypeError)
  expect(decode(MembershipType.forwardJoin, Uint8Array.of(6, ...new Uint8Array(32), 0))).toBeNull()
})

test('a name instead of an address is not passed on', () => {
  expect(() => encode({ kind: 'forward-join', ttl: 1, contact: at('example.org') })).toThrow(TypeError)
})

test('an address that nobody can dial is refused', () => {
  const refused = ['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.0.1', '255.255.255.255', '::', 'ff02::1']
  for (const host of refused) {
    const body = encode({ kind: 'forward-join', ttl: 1, contact: at(host) })
    expect(decode(MembershipType.forwardJoin, body)).toBeNull()
  }
  for (const host of ['127.0.0.1', '10.0.0.1', '::1', 'fe80::1', '2001:db8::1']) {
    const message: MembershipMessage = { kind: 'forward-join', ttl: 1, contact: at(host) }
    expect(decode(MembershipType.forwardJoin, encode(message))).toEqual(message)
  }
})

test('port 0, an unknown family and IPv4 dressed as IPv6 are refused', () => {
  const body = (family: number, ip: number[], port: number): Uint8Array =>
    Uint8Array.of(1, ...new Uint8Array(32), family, ...ip, port >> 8, port & 255)
  const read = (...args: Parameters<typeof body>) => decode(MembershipType.forwardJoin, body(...args))
  const mapped = [...new Uint8Array(10), 255, 255, 192, 0, 2, 1]
  expect(read(4, [192, 0, 2, 1], 5000)).not.toBeNull()
  expect(read(4, [192, 0, 2, 1], 0)).toBeNull()
  expect(read(5, [192, 0, 2, 1], 5000)).toBeNull()
  expect(read(6, mapped, 5000)).toBeNull()
  expect(parseIp('::ffff:192.0.2.1')).toEqual(Uint8Array.of(192, 0, 2, 1))
})

test('a priority is 0 to 2, an answer 0 or 1', () => {
  expect(decode(MembershipType.neighbor, Uint8Array.of(3))).toBeNull()
  expect(decode(MembershipType.neighborReply, Uint8Array.of(2, 0))).toBeNull()
})
