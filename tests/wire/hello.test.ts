import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { ByeCode, type Hello, readBye, readHello, writeBye, writeHello } from '../../src/wire/hello.ts'
import { REASON_BYTES_MAX } from '../../src/wire/limits.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { byeCodec, helloCodec, written } from './codecs.ts'

const HELLO: Hello = { name: 'Ann', tcpPort: 8080, udpPort: 9080, agent: 'hearsay 0.1' }
const BROKEN_UTF8 = Uint8Array.of(0xff, 0xfe, 0xc0, 0x80)

describe('HELLO', () => {
  obeysTheLaws('HELLO', helloCodec)

  const reread = (changed: Partial<Hello>) =>
    readHello(new ByteReader(written((out) => writeHello(out, { ...HELLO, ...changed }))))

  test('a name of 128 bytes and no longer, an agent of 64 and no longer', () => {
    expect(reread({ name: 'é'.repeat(64) })).not.toBeNull()
    expect(reread({ name: `${'é'.repeat(64)}x` })).toBeNull()
    expect(reread({ agent: 'x'.repeat(64) })).not.toBeNull()
    expect(reread({ agent: 'x'.repeat(65) })).toBeNull()
  })

  test('broken UTF-8 is refused, not repaired', () => {
    const withName = written((out) => out.u16(1).u16(2).sized(BROKEN_UTF8).sized(new Uint8Array(0)))
    expect(readHello(new ByteReader(withName))).toBeNull()
    const withAgent = written((out) => out.u16(1).u16(2).sized(new Uint8Array(0)).sized(BROKEN_UTF8))
    expect(readHello(new ByteReader(withAgent))).toBeNull()
  })
})

describe('BYE', () => {
  obeysTheLaws('BYE', byeCodec)

  test('a reason of 256 bytes and no longer, in UTF-8', () => {
    const read = (reason: string) => readBye(new ByteReader(written((out) => writeBye(out, { code: 1, reason }))))
    expect(read('x'.repeat(REASON_BYTES_MAX))).not.toBeNull()
    expect(read('x'.repeat(REASON_BYTES_MAX + 1))).toBeNull()
    expect(readBye(new ByteReader(written((out) => out.u8(1).sized(BROKEN_UTF8))))).toBeNull()
  })

  test('every code means one thing', () => {
    const codes = Object.values(ByeCode)
    expect(new Set<number>(codes).size).toBe(codes.length)
  })
})
