import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import { sealAnnouncement } from '../../src/wire/announcement.ts'
import {
  REGISTRATION_BYTES,
  type Registration,
  readRegistration,
  sealRegistration,
  verifyRegistration,
} from '../../src/wire/registration.ts'

const key = signingKeyFromSeed(new Uint8Array(32).fill(6))
const check = verifier(key.publicKey)!

const values: fc.Arbitrary<Registration> = fc.record({
  identity: fc.constant(key.publicKey),
  ms: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  lastsS: fc.nat(65_535),
  tcpPort: fc.integer({ min: 0, max: 65_535 }),
})

describe('registrations', () => {
  test('are read back as they were made, and verify', () => {
    fc.assert(
      fc.property(values, (registration) => {
        const sealed = sealRegistration(registration, key)
        expect(sealed.length).toBe(REGISTRATION_BYTES)
        expect(readRegistration(sealed)).toEqual(registration)
        expect(verifyRegistration(sealed, check)).toBe(true)
      }),
    )
  })

  test('with any bit changed are another and do not verify', () => {
    const sealed = sealRegistration({ identity: key.publicKey, ms: 7, lastsS: 15, tcpPort: 5000 }, key)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(verifyRegistration(changed, check)).toBe(false)
    }
  })

  test('of any other length are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        fc.pre(bytes.length !== REGISTRATION_BYTES)
        expect(readRegistration(bytes)).toBeNull()
      }),
    )
  })

  test('are not announcements, nor the other way: what is signed for the one is nothing as the other', () => {
    const announcement = { kind: 'here', identity: key.publicKey, ms: 7, lastsS: 15, tcpPort: 5000 } as const
    const datagram = sealAnnouncement(announcement, key)
    const dressed = datagram.slice(datagram.length - REGISTRATION_BYTES)
    expect(readRegistration(dressed)).toEqual({ identity: key.publicKey, ms: 7, lastsS: 15, tcpPort: 5000 })
    expect(verifyRegistration(dressed, check)).toBe(false)
  })
})
