import { describe, expect, test } from 'bun:test'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import {
  ANSWER_MS_MAX,
  KNOWN_MAX,
  LOOK_GAP_MS,
  LOOK_MS_MAX,
  REGISTER_EVERY_MS,
  TrackerClient,
} from '../../../src/core/discovery/tracker-client.ts'
import { type SigningKey, signingKeyFromSeed, verifier } from '../../../src/crypto/sign.ts'
import { readRegistration, sealRegistration, verifyRegistration } from '../../../src/wire/registration.ts'
import type { ListedPeer } from '../../../src/wire/tracker.ts'

const WALL_MS = 1_800_000_000_000

function keyOf(number: number): SigningKey {
  return signingKeyFromSeed(seededRng(number).bytes(32))
}

const hexOf = (number: number): string => toHex(keyOf(number).publicKey)
const own = keyOf(1_000)

/** As a tracker would tell of somebody who registered at `ms`. */
function listed(number: number, host: string | null, ms = WALL_MS, lastsS = 15): ListedPeer {
  const key = keyOf(number)
  return { host, registration: sealRegistration({ identity: key.publicKey, ms, lastsS, tcpPort: 6_000 }, key) }
}

/** A node that registers, on time that the test lets pass. */
class Station {
  nowMs = 0
  readonly client = new TrackerClient(own, () => 5_001, seededRng(2), verifier)
  readonly sent: { readonly atMs: number; readonly registration: Uint8Array }[] = []
  silent = 0

  get wallMs(): number {
    return WALL_MS + this.nowMs
  }

  follow(): this {
    this.client.follow(this.nowMs)
    return this
  }

  pass(ms: number, answers = true): void {
    for (const endMs = this.nowMs + ms; ; ) {
      const wakeMs = this.client.nextWakeMs()
      if (wakeMs === null || wakeMs > endMs) {
        this.nowMs = endMs
        return
      }
      this.nowMs = wakeMs
      this.client.wake(this.nowMs, this.wallMs)
      this.collect()
      if (answers) this.client.answered(this.nowMs)
    }
  }

  collect(): void {
    for (const output of this.client.takeOutputs()) {
      if (output.kind === 'silent') this.silent++
      else this.sent.push({ atMs: this.nowMs, registration: output.registration })
    }
  }

  told(peers: readonly ListedPeer[], trackerHost = '10.0.0.9'): string[] {
    return this.client.listed(peers, trackerHost, this.nowMs, this.wallMs).map(({ key }) => key)
  }
}

describe('one who is registered', () => {
  test('says so every five seconds, each time later than the time before, signed', () => {
    const station = new Station().follow()
    station.pass(60_000)
    expect(station.sent.length).toBeWithin(11, 13)
    const times = station.sent.map(({ registration }) => readRegistration(registration)!.ms)
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    const check = verifier(own.publicKey)!
    for (const { registration } of station.sent) {
      expect(verifyRegistration(registration, check)).toBe(true)
      expect(readRegistration(registration)).toMatchObject({ tcpPort: 5_001, lastsS: 15 })
    }
  })

  test('never says the same time twice, though its clock stands still or goes back', () => {
    const { client } = new Station()
    const times = [5, 5, 4, 9].map((wallMs) => readRegistration(client.registration(WALL_MS + wallMs))!.ms - WALL_MS)
    expect(times).toEqual([5, 6, 7, 9])
    expect(readRegistration(client.registration(WALL_MS, true))!.lastsS).toBe(0)
  })

  test('gives the tracker up three seconds after an answer was due, and asks no more', () => {
    const station = new Station().follow()
    station.pass(REGISTER_EVERY_MS * 1.1, false)
    expect(station.sent).toHaveLength(1)
    expect(station.silent).toBe(0)
    station.pass(ANSWER_MS_MAX, false)
    expect(station.silent).toBe(1)
    station.pass(60_000, false)
    expect([station.sent.length, station.silent]).toEqual([1, 1])
  })

  test('looks at once when somebody says that the tracker is lost, and gives it up within a second', () => {
    const station = new Station().follow()
    station.pass(1_000)
    expect(station.client.look(station.nowMs, station.wallMs)).toBe(true)
    station.collect()
    expect(station.sent).toHaveLength(1)
    station.pass(LOOK_MS_MAX + 1, false)
    expect(station.silent).toBe(1)
  })

  test('looks once in two seconds: what is said in between waits, and an answer meanwhile is enough', () => {
    const station = new Station().follow()
    station.pass(1_000)
    const look = (): boolean => station.client.look(station.nowMs, station.wallMs)
    look()
    station.collect()
    station.client.answered(station.nowMs)
    station.pass(500)
    expect(look()).toBe(true)
    station.collect()
    expect(station.sent).toHaveLength(1)
    station.pass(LOOK_GAP_MS - 500)
    expect(station.sent.map(({ atMs }) => atMs)).toEqual([1_000, 1_000 + LOOK_GAP_MS])
    station.pass(500)
    look()
    station.client.answered(station.nowMs)
    station.pass(LOOK_GAP_MS)
    expect(station.sent).toHaveLength(2)
    expect(station.silent).toBe(0)
  })

  test('a thousand who say so make it ask once a round, and an answer just heard is enough', () => {
    const station = new Station().follow()
    expect(station.client.look(station.nowMs, station.wallMs)).toBe(false)
    station.pass(1_000)
    for (let i = 0; i < 1_000; i++) station.client.look(station.nowMs, station.wallMs)
    station.collect()
    expect(station.sent).toHaveLength(1)
    expect(station.client.answered(station.nowMs)).toBe(true)
    expect(station.client.answered(station.nowMs)).toBe(false)
    for (let i = 0; i < 1_000; i++) station.client.look(station.nowMs, station.wallMs)
    station.collect()
    expect(station.sent).toHaveLength(1)
  })
})

describe('a list', () => {
  test('tells of peers, those on the tracker’s machine being where the tracker is', () => {
    const station = new Station()
    expect(station.told([listed(1, '10.0.0.1'), listed(2, null)])).toEqual([hexOf(1), hexOf(2)])
    expect(station.client.known.get(hexOf(1))?.address).toEqual({ host: '10.0.0.1', port: 6_000 })
    expect(station.client.known.get(hexOf(2))?.address).toEqual({ host: '10.0.0.9', port: 6_000 })
    expect(station.told([listed(1, '10.0.0.1', WALL_MS + 1), listed(3, '10.0.0.3')])).toEqual([hexOf(3)])
  })

  test('from a tracker that lies: who did not sign, who left, who signed long ago, ourselves, are left out', () => {
    const station = new Station()
    const forged = listed(1, '10.0.0.1')
    forged.registration[40]! ^= 1
    const ourselves = { identity: own.publicKey, ms: WALL_MS, lastsS: 15, tcpPort: 1 }
    const peers = [
      forged,
      listed(2, '10.0.0.2', WALL_MS, 0),
      listed(3, '10.0.0.3', WALL_MS - 700_000),
      listed(4, '10.0.0.4', WALL_MS + 700_000),
      { host: '10.0.0.5', registration: sealRegistration(ourselves, own) },
      listed(6, '10.0.0.6'),
    ]
    expect(station.told(peers)).toEqual([hexOf(6)])
    expect([...station.client.known.keys()]).toEqual([hexOf(6)])
  })

  test('cannot make us knock at doors of our own: nobody is believed to be nearer to us than the tracker', () => {
    const station = new Station()
    const near = ['127.0.0.1', '::1', 'fe80::1', '192.168.1.1', '203.0.113.7'].map((host, i) => listed(i, host))
    expect(station.told(near, '198.51.100.1')).toEqual([hexOf(4)])
    expect(new Station().told(near, '10.0.0.9')).toEqual([hexOf(3), hexOf(4)])
    expect(new Station().told(near, '127.0.0.1')).toHaveLength(5)
  })

  test('an older registration does not take the place of a newer one', () => {
    const station = new Station()
    station.told([listed(1, '10.0.0.1', WALL_MS)])
    station.told([listed(1, '10.0.0.66', WALL_MS - 1)])
    expect(station.client.known.get(hexOf(1))?.address.host).toBe('10.0.0.1')
  })

  test('one who is told of for ever but says nothing new is forgotten', () => {
    const station = new Station().follow()
    const stale = listed(1, '10.0.0.1')
    for (let i = 0; i < 4; i++) {
      station.told([stale, listed(2, '10.0.0.2', station.wallMs)])
      station.pass(REGISTER_EVERY_MS)
    }
    station.pass(REGISTER_EVERY_MS)
    expect([...station.client.known.keys()]).toEqual([hexOf(2)])
  })

  test('what was learnt stays once the tracker is lost: whoever takes over needs it', () => {
    const station = new Station().follow()
    station.told([listed(1, '10.0.0.1')])
    station.client.unfollow()
    station.pass(600_000)
    expect([...station.client.known.keys()]).toEqual([hexOf(1)])
  })

  test('no tracker can make us remember more than a bounded number', () => {
    const station = new Station()
    for (let at = 0; at < KNOWN_MAX + 100; at += 50) {
      station.told(Array.from({ length: 50 }, (_, i) => listed(at + i, '10.0.0.1')))
    }
    expect(station.client.known.size).toBe(KNOWN_MAX)
  })
})
