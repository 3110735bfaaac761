import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../../src/base/bytes.ts'
import { GREETING, GREETING_BYTES, MAGIC, PROTOCOL_VERSION, recogniseCaller } from '../../src/wire/magic.ts'
import { anyBytes } from './codec-laws.ts'

describe('who is calling', () => {
  test('a greeting is undecided until its last byte', () => {
    for (let length = 0; length < GREETING_BYTES; length++) {
      expect(recogniseCaller(GREETING.subarray(0, length))).toEqual({ kind: 'undecided' })
    }
    expect(recogniseCaller(GREETING)).toEqual({ kind: 'native', version: PROTOCOL_VERSION })
  })

  test('any version is told, and what follows does not matter', () => {
    fc.assert(
      fc.property(fc.nat(255), anyBytes(100), (version, rest) => {
        expect(recogniseCaller(Uint8Array.of(...MAGIC, version, ...rest))).toEqual({ kind: 'native', version })
      }),
    )
  })

  test('one wrong byte is enough to know that it is somebody else', () => {
    for (let at = 0; at < MAGIC.length; at++) {
      const first = GREETING.slice(0, at + 1)
      first[at]! ^= 0x01
      expect(recogniseCaller(first).kind).toBe('foreign')
    }
  })

  test('no bytes at all make it throw, and only the magic makes it native', () => {
    fc.assert(
      fc.property(anyBytes(64), (first) => {
        const { kind } = recogniseCaller(first)
        const native = MAGIC.every((byte, at) => first[at] === byte) && first.length >= GREETING_BYTES
        expect(kind === 'native').toBe(native)
      }),
    )
  })

  test.each([
    ['GET / HTTP/1.1\r\n', 'an HTTP client'],
    ['PRI * HTTP/2.0\r\n', 'an HTTP client'],
    ['HTTP/1.1 400 Bad Request\r\n', 'an HTTP server'],
    ['SSH-2.0-OpenSSH_9.6\r\n', 'SSH'],
    ['\x16\x03\x01\x02\x00', 'TLS'],
    ['220 mail.example ESMTP\r\n', 'a mail server'],
    ['{"hello":1}\n', 'a program that speaks JSON'],
    ['\x00\x00\x00\x05', 'a program that sends binary frames'],
    ['hello', 'something else'],
  ])('%j is %s', (first, guess) => {
    expect(recogniseCaller(utf8(first))).toEqual({ kind: 'foreign', guess })
  })
})
