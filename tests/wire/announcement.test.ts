import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import {
  ANNOUNCEMENT_BYTES,
  type Announcement,
  readAnnouncement,
  sealAnnouncement,
  verifyAnnouncement,
} from '../../src/wire/announcement.ts'

const key = signingKeyFromSeed(new Uint8Array(32).fill(5))
const check = verifier(key.publicKey)!

const announcements: fc.Arbitrary<Announcement> = fc.record({
  kind: fc.constantFrom('here' as const, 'goodbye' as const),
  identity: fc.constant(key.publicKey),
  ms: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  lastsS: fc.integer({ min: 0, max: 65_535 }),
  tcpPort: fc.integer({ min: 1, max: 65_535 }),
})

describe('announcements', () => {
  test('are read back as they were made, and verify', () => {
    fc.assert(
      fc.property(announcements, (announcement) => {
        const datagram = sealAnnouncement(announcement, key)
        expect(datagram.length).toBe(ANNOUNCEMENT_BYTES)
        expect(readAnnouncement(datagram)).toEqual(announcement)
        expect(verifyAnnouncement(datagram, check)).toBe(true)
      }),
    )
  })

  test('with any bit changed are another, refused, or do not verify', () => {
    const datagram = sealAnnouncement({ kind: 'here', identity: key.publicKey, ms: 7, lastsS: 16, tcpPort: 5000 }, key)
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const changed = datagram.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(readAnnouncement(changed) !== null && verifyAnnouncement(changed, check)).toBe(false)
    }
  })

  test('of any other length or content are none', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expect(readAnnouncement(bytes)).toBeNull()))
    const portless = sealAnnouncement({ kind: 'here', identity: key.publicKey, ms: 7, lastsS: 16, tcpPort: 0 }, key)
    expect(readAnnouncement(portless)).toBeNull()
  })
})
