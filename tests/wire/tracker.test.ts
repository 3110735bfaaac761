import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { decodeNote, encodeNote, trackerGroupId } from '../../src/wire/election.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { MembershipType } from '../../src/wire/membership.ts'
import { REGISTRATION_BYTES } from '../../src/wire/registration.ts'
import {
  isTrackerType,
  LISTED_MAX,
  readTracker,
  type TrackerMessage,
  TrackerType,
  trackerType,
} from '../../src/wire/tracker.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { encodeTracker, noteCodec, TRACKER_VALUES } from './tracker-codecs.ts'

const decode = (type: number, body: Uint8Array): TrackerMessage | null => readTracker(type, new ByteReader(body))

for (const [kind, values] of Object.entries(TRACKER_VALUES)) {
  const type = trackerType(fc.sample(values, 1)[0]!)
  describe(kind, () => obeysTheLaws(kind, { values, encode: encodeTracker, decode: (body) => decode(type, body) }))
}

describe('election notes', () => {
  obeysTheLaws('a note', noteCodec)

  test('need a port to be ranked by, and none is dialled at port 0', () => {
    const note = encodeNote({ kind: 'coordinator', tcpPort: 5, address: { host: '192.0.2.1', port: 6 } })
    expect(decodeNote(note)).not.toBeNull()
    expect(decodeNote(Uint8Array.of(note[0]!, 0, 0, ...note.subarray(3)))).toBeNull()
    expect(decodeNote(Uint8Array.of(...note.subarray(0, -2), 0, 0))).toBeNull()
  })

  test('a group is one for all who write the address the same, and one for each machine where it has to be', () => {
    expect(trackerGroupId('t:1', '')).toEqual(trackerGroupId('t:1', ''))
    const all = [
      trackerGroupId('t:1', ''),
      trackerGroupId('t:2', ''),
      trackerGroupId('t:1', 'a'),
      trackerGroupId('t:', '1a'),
    ]
    expect(new Set(all.map((id) => id.toHex())).size).toBe(all.length)
  })
})

test('no two kinds of frame have one number, here or among the others', () => {
  const numbers = [...Object.values(TrackerType), ...Object.values(MembershipType), ...Object.values(FrameType)]
  expect(new Set<number>(numbers).size).toBe(numbers.length)
  expect(numbers.filter(isTrackerType)).toEqual(Object.values(TrackerType))
})

test('a type of another family is nothing', () => {
  for (const type of [0, TrackerType.register - 1, TrackerType.yield + 1, 255]) {
    expect(decode(type, new Uint8Array(0))).toBeNull()
  }
})

const peersOf = (count: number): TrackerMessage => ({
  kind: 'peers',
  office: 'elected',
  seen: null,
  registered: count,
  peers: Array.from({ length: count }, () => ({ host: null, registration: new Uint8Array(REGISTRATION_BYTES) })),
})

test('fifty peers at most, read or written, and a count that promises more costs nothing', () => {
  const full = peersOf(LISTED_MAX)
  expect(decode(TrackerType.peers, encodeTracker(full))).toEqual(full)
  expect(() => encodeTracker(peersOf(LISTED_MAX + 1))).toThrow(RangeError)
  expect(decode(TrackerType.peers, Uint8Array.of(0, 0, 0, 0, LISTED_MAX + 1))).toBeNull()
  expect(decode(TrackerType.peers, Uint8Array.of(0, 0, 0, 0, LISTED_MAX))).toBeNull()
})

test('a name, an address that nobody can dial, IPv4 dressed as IPv6 and an unknown family are refused', () => {
  const seenAt = (host: string): TrackerMessage => ({
    kind: 'peers',
    office: 'first',
    seen: host,
    registered: 0,
    peers: [],
  })
  expect(() => encodeTracker(seenAt('example.org'))).toThrow(TypeError)
  for (const host of ['0.0.0.0', '224.0.0.1', '::', 'ff02::1']) {
    expect(decode(TrackerType.peers, encodeTracker(seenAt(host)))).toBeNull()
  }
  const mapped = [...new Uint8Array(10), 255, 255, 192, 0, 2, 1]
  expect(decode(TrackerType.peers, Uint8Array.of(1, 6, ...mapped, 0, 0, 0))).toBeNull()
  expect(decode(TrackerType.peers, Uint8Array.of(1, 5, 192, 0, 2, 1, 0, 0, 0))).toBeNull()
  expect(decode(TrackerType.peers, Uint8Array.of(3, 0, 0, 0, 0))).toBeNull()
})
