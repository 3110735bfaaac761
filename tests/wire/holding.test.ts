import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex } from '../../src/base/bytes.ts'
import {
  contentTag,
  encodeCallBack,
  encodeHolding,
  encodeSeek,
  HOLDING_ADDRESSES_MAX,
  type HoldingBody,
  type HoldingEntry,
  readCallBack,
  readHolding,
  readSeek,
  TAGS_MAX,
} from '../../src/wire/holding.ts'
import { PASSING_BODY_BYTES_MAX } from '../../src/wire/limits.ts'
import { exactly, obeysTheLaws } from './codec-laws.ts'

const hosts = fc.constantFrom('10.0.0.7', '192.168.1.20', '2001:db8::5', 'fd00::1')
const tags = exactly(32)
const entry: fc.Arbitrary<HoldingEntry> = fc.oneof(
  fc.record({ tag: tags, whole: fc.boolean() }),
  tags.map((tag) => ({ tag, whole: false, declined: true as const })),
)
const holdings: fc.Arbitrary<HoldingBody> = fc.record({
  addresses: fc.array(fc.record({ host: hosts, port: fc.nat(0xffff) }), { maxLength: HOLDING_ADDRESSES_MAX }),
  entries: fc.array(entry, { minLength: 1, maxLength: TAGS_MAX }),
})

describe('who has a file', () => {
  obeysTheLaws('SEEK', {
    values: fc.array(exactly(32), { minLength: 1, maxLength: TAGS_MAX }),
    encode: encodeSeek,
    decode: readSeek,
  })
  obeysTheLaws('CALL_BACK', {
    values: fc.record({ to: exactly(32), addresses: holdings.map(({ addresses }) => addresses) }),
    encode: encodeCallBack,
    decode: readCallBack,
  })
  obeysTheLaws('HOLDING', { values: holdings, encode: encodeHolding, decode: readHolding })

  test('fits in a passing event, however many there are', () => {
    const entries = Array.from({ length: TAGS_MAX }, () => ({ tag: new Uint8Array(32), whole: true }))
    const addresses = Array.from({ length: HOLDING_ADDRESSES_MAX }, () => ({ host: '2001:db8::5', port: 1 }))
    expect(encodeHolding({ addresses, entries }).length).toBeLessThanOrEqual(PASSING_BODY_BYTES_MAX)
  })

  test('is told by a tag that is not the root', () => {
    const root = new Uint8Array(32).fill(1)
    expect(toHex(contentTag(root))).not.toBe(toHex(root))
    expect(toHex(contentTag(root))).toBe(toHex(contentTag(root.slice())))
  })
})
