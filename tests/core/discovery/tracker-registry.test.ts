import { describe, expect, test } from 'bun:test'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import {
  REGISTRATION_LASTS_MS,
  REGISTRATIONS_MAX,
  REGISTRATIONS_PER_BLOCK_MAX,
  TrackerRegistry,
} from '../../../src/core/discovery/tracker-registry.ts'
import { type SigningKey, signingKeyFromSeed, verifier } from '../../../src/crypto/sign.ts'
import { readRegistration, sealRegistration } from '../../../src/wire/registration.ts'
import { LISTED_MAX } from '../../../src/wire/tracker.ts'

function keyOf(number: number): SigningKey {
  return signingKeyFromSeed(seededRng(number).bytes(32))
}

function hexOf(number: number): string {
  return toHex(keyOf(number).publicKey)
}

function signed(number: number, ms = 1_000, lastsS = 15): Uint8Array {
  const key = keyOf(number)
  return sealRegistration({ identity: key.publicKey, ms, lastsS, tcpPort: 5_000 + (number % 1_000) }, key)
}

/** A tracker's list with nobody on it. */
function empty(): TrackerRegistry {
  return new TrackerRegistry(seededRng(1), verifier)
}

function listedKeys(registry: TrackerRegistry, forKey: string, nowMs: number): string[] {
  return registry.list(forKey, nowMs).map(({ registration }) => toHex(readRegistration(registration)!.identity))
}

describe('a tracker', () => {
  test('tells those who registered of each other, as they signed it, and where it sees them', () => {
    const registry = empty()
    expect(registry.register(signed(1), hexOf(1), '10.0.0.1', 0)).toBe('kept')
    expect(registry.register(signed(2), hexOf(2), '10.0.0.2', 0)).toBe('kept')
    expect(registry.list(hexOf(1), 0)).toEqual([{ host: '10.0.0.2', registration: signed(2) }])
    expect(registry.list(hexOf(2), 0)).toEqual([{ host: '10.0.0.1', registration: signed(1) }])
  })

  test('says of those on its own machine that they are there: at a loopback address everybody sees himself', () => {
    const registry = empty()
    registry.register(signed(1), hexOf(1), '127.0.0.1', 0)
    registry.register(signed(2), hexOf(2), '::1', 0)
    registry.register(signed(3), hexOf(3), '::ffff:10.0.0.3', 0)
    registry.register(signed(4), hexOf(4), 'fe80::4%eth0', 0)
    expect(registry.list('', 0).map(({ host }) => host)).toEqual([null, null, '10.0.0.3', 'fe80::4'])
  })

  test('forgets who does not come back within fifteen seconds, and nobody sooner', () => {
    const registry = empty()
    registry.register(signed(1), hexOf(1), '10.0.0.1', 0)
    registry.register(signed(2), hexOf(2), '10.0.0.2', 0)
    registry.register(signed(2, 6_000), hexOf(2), '10.0.0.2', 5_000)
    expect(listedKeys(registry, '', REGISTRATION_LASTS_MS - 1)).toEqual([hexOf(1), hexOf(2)])
    expect(listedKeys(registry, '', REGISTRATION_LASTS_MS + 600)).toEqual([hexOf(2)])
    expect(listedKeys(registry, '', REGISTRATION_LASTS_MS + 5_600)).toEqual([])
    expect(registry.size).toBe(0)
  })

  test('keeps nobody longer than it would anybody, whatever he asks for', () => {
    const registry = empty()
    registry.register(signed(1, 1_000, 65_535), hexOf(1), '10.0.0.1', 0)
    registry.register(signed(2, 1_000, 3), hexOf(2), '10.0.0.2', 0)
    expect(listedKeys(registry, '', 4_000)).toEqual([hexOf(1)])
    expect(listedKeys(registry, '', REGISTRATION_LASTS_MS + 600)).toEqual([])
  })

  test('takes off who says that he leaves', () => {
    const registry = empty()
    registry.register(signed(1), hexOf(1), '10.0.0.1', 0)
    expect(registry.register(signed(1, 2_000, 0), hexOf(1), '10.0.0.1', 10)).toBe('left')
    expect(registry.size).toBe(0)
  })

  test('refuses what is forged, what is somebody else’s, and what has been said before', () => {
    const registry = empty()
    const good = signed(1)
    for (let at = 0; at < good.length; at += 7) {
      const bad = good.slice()
      bad[at]! ^= 1
      expect(registry.register(bad, hexOf(1), '10.0.0.1', 0)).toBe('forged')
    }
    expect(registry.register(good.subarray(1), hexOf(1), '10.0.0.1', 0)).toBe('forged')
    expect(registry.register(good, hexOf(2), '10.0.0.1', 0)).toBe('foreign')
    expect(registry.size).toBe(0)
    expect(registry.register(good, hexOf(1), '10.0.0.1', 0)).toBe('kept')
    expect(registry.register(good, hexOf(1), '10.0.0.9', 5_000)).toBe('stale')
    expect(registry.list('', 5_000)).toEqual([{ host: '10.0.0.1', registration: good }])
    expect(registry.list('', REGISTRATION_LASTS_MS + 600)).toEqual([])
  })

  test('one host or one block of the public network fills but a part of the list', () => {
    const registry = empty()
    const sealed = Array.from({ length: REGISTRATIONS_PER_BLOCK_MAX + 2 }, (_, i) => signed(i))
    const results = sealed.map((one, i) => registry.register(one, hexOf(i), `203.0.113.${i % 250}`, 0))
    expect(results.filter((result) => result === 'kept')).toHaveLength(REGISTRATIONS_PER_BLOCK_MAX)
    expect(results.at(-1)).toBe('full')
    expect(registry.register(sealed.at(-1)!, hexOf(sealed.length - 1), '198.51.100.1', 0)).toBe('kept')
  })

  test('the whole list has an end too, and who is on it stays', () => {
    const registry = empty()
    const fill = Array.from({ length: REGISTRATIONS_MAX }, (_, i) => i)
    for (const i of fill) registry.register(signed(i), hexOf(i), `10.0.${i >> 7}.1`, 0)
    expect(registry.size).toBe(REGISTRATIONS_MAX)
    expect(registry.register(signed(9_000), hexOf(9_000), '10.9.9.9', 0)).toBe('full')
    expect(registry.register(signed(0, 2_000), hexOf(0), '10.0.0.1', 1)).toBe('kept')
    expect(registry.list(hexOf(0), 1)).toHaveLength(LISTED_MAX)
  })

  test('of a long list each is told another part, and over time all of it', () => {
    const registry = empty()
    for (let i = 0; i < 120; i++) registry.register(signed(i), hexOf(i), '10.0.0.1', 0)
    const seen = new Set<string>()
    for (let i = 0; i < 30; i++) {
      const keys = listedKeys(registry, hexOf(0), 1)
      expect(new Set(keys).size).toBe(LISTED_MAX)
      for (const key of keys) seen.add(key)
    }
    expect(seen.size).toBe(119)
    expect(seen.has(hexOf(0))).toBe(false)
  })

  test('one that is elected begins with those it knows, who have to come back like all others', () => {
    const registry = empty()
    registry.fill(
      [
        { host: '10.0.0.1', registration: signed(1) },
        { host: null, registration: signed(2) },
      ],
      0,
    )
    expect(listedKeys(registry, '', 0)).toEqual([hexOf(1), hexOf(2)])
    expect(registry.register(signed(1), hexOf(1), '10.0.0.1', 1)).toBe('stale')
    expect(registry.register(signed(1, 2_000), hexOf(1), '10.0.0.1', 1_000)).toBe('kept')
    expect(listedKeys(registry, '', REGISTRATION_LASTS_MS + 600)).toEqual([hexOf(1)])
  })
})
