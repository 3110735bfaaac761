import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { formatIp } from '../../src/base/ip.ts'
import { decodeNote, type ElectionNote, encodeNote } from '../../src/wire/election.ts'
import { REGISTRATION_BYTES } from '../../src/wire/registration.ts'
import { readTracker, type TrackerMessage, trackerType, writeTracker } from '../../src/wire/tracker.ts'
import { type Codec, exactly } from './codec-laws.ts'
import { written } from './codecs.ts'

const ipv4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255)).map((ip) => ip.join('.'))
const ipv6 = exactly(15).map((rest) => formatIp(Uint8Array.of(0x20, ...rest)))
const hosts = fc.oneof(ipv4, ipv6)
const ports = fc.integer({ min: 1, max: 65_535 })
const registrations = exactly(REGISTRATION_BYTES)

export const TRACKER_VALUES: Readonly<Record<TrackerMessage['kind'], fc.Arbitrary<TrackerMessage>>> = {
  register: fc.record({ kind: fc.constant('register'), registration: registrations }),
  peers: fc.record({
    kind: fc.constant('peers'),
    office: fc.constantFrom('appointed', 'first', 'elected'),
    seen: fc.option(hosts, { nil: null }),
    registered: fc.nat(0xffff),
    peers: fc.array(fc.record({ host: fc.option(hosts), registration: registrations }), { maxLength: 5 }),
  }),
  closed: fc.constant({ kind: 'closed' }),
  yield: fc.constant({ kind: 'yield' }),
}

export function encodeTracker(message: TrackerMessage): Uint8Array {
  return written((out) => writeTracker(out, message))
}

/** Any of the family's frames, its type in front of its body. */
export const trackerCodec: Codec<TrackerMessage> = {
  values: fc.oneof(...Object.values(TRACKER_VALUES)),
  encode: (message) => Uint8Array.of(trackerType(message), ...encodeTracker(message)),
  decode: (bytes) => (bytes.length === 0 ? null : readTracker(bytes[0]!, new ByteReader(bytes, 1))),
}

export const noteCodec: Codec<ElectionNote> = {
  values: fc.record({
    kind: fc.constantFrom('election', 'alive', 'coordinator', 'present'),
    tcpPort: ports,
    address: fc.option(fc.record({ host: hosts, port: ports })),
  }),
  encode: encodeNote,
  decode: decodeNote,
}
