import type fc from 'fast-check'
import { parseAddress } from '../../src/base/address.ts'
import { decodeBase32, encodeBase32 } from '../../src/base/base32.ts'
import { ByteReader, equalBytes } from '../../src/base/bytes.ts'
import { normaliseRoom } from '../../src/base/room-name.ts'
import { cleanLine, cleanName, cleanText, decodeUtf8 } from '../../src/base/text.ts'
import { Handshake } from '../../src/core/link/handshake.ts'
import { RecordReader } from '../../src/core/link/records.ts'
import { CipherState } from '../../src/crypto/aead.ts'
import { openFrom } from '../../src/crypto/seal.ts'
import { verifier } from '../../src/crypto/sign.ts'
import { chainBundle, decodeBundle, NO_EVENT, signatureOf, signedPart } from '../../src/wire/bundle.ts'
import { eachFrame } from '../../src/wire/frame.ts'
import { recogniseCaller } from '../../src/wire/magic.ts'
import { readPassing, verifyPassing } from '../../src/wire/passing.ts'
import { readRegistration, verifyRegistration } from '../../src/wire/registration.ts'
import { datagramFault, VOICE_PAYLOAD_BYTES_MAX, VoiceOpener } from '../../src/wire/voice-datagram.ts'
import { openEndpoints } from '../../src/wire/voice-signal-keys.ts'
import { identityOf } from '../node/bench.ts'
import { directEventCodec, reactionCodec, removalCodec, textAboutCodec } from '../wire/amendment-codecs.ts'
import { circuitCodec } from '../wire/circuit-codec.ts'
import type { Codec } from '../wire/codec-laws.ts'
import {
  bundleCodec,
  byeCodec,
  directCodec,
  feedCodec,
  fetchCodec,
  fetchedCodec,
  filledCodec,
  gapCodec,
  haveCodec,
  helloCodec,
  lazyCodec,
  membershipCodec,
  passingCodec,
  prefixesCodec,
  presenceCodec,
  wantCodec,
} from '../wire/codecs.ts'
import { forkCodec } from '../wire/fork-codec.ts'
import { receiptsCodec } from '../wire/receipts-codec.ts'
import { reconcileCodec } from '../wire/reconcile-codecs.ts'
import { noteCodec, trackerCodec } from '../wire/tracker-codecs.ts'
import { audioCodec, controlCodec, endpointsCodec, signalCodec } from '../wire/voice-codecs.ts'
import { DIALECT_DECODERS } from './dialect-decoders.ts'
import { FILE_CONVERSATIONS, FILE_DECODERS } from './file-decoders.ts'

/** Reads one input; true when it could be read. Throws only where something is wrong. */
export type Decoder = (bytes: Uint8Array) => boolean

interface CodecUnderTest {
  readonly decode: Decoder
  /** What an honest writer writes. */
  readonly encodings: fc.Arbitrary<Uint8Array>
}

/** Reads with a codec, and checks that it would write what it has read the same. */
function lawful<T>({ values, decode, encode, growing }: Codec<T>): CodecUnderTest {
  return {
    encodings: values.map((value) => encode(value)),
    decode(bytes) {
      const value = decode(bytes)
      if (value === null) return false
      const again = encode(value)
      const known = growing === true ? bytes.subarray(0, again.length) : bytes
      if (!equalBytes(known, again)) throw new Error('read, and would be written otherwise')
      return true
    },
  }
}

export const CODECS: Record<string, CodecUnderTest> = {
  hello: lawful(helloCodec),
  bye: lawful(byeCodec),
  feed: lawful(feedCodec),
  have: lawful(haveCodec),
  want: lawful(wantCodec),
  gap: lawful(gapCodec),
  lazy: lawful(lazyCodec),
  fetch: lawful(fetchCodec),
  fetched: lawful(fetchedCodec),
  filled: lawful(filledCodec),
  fork: lawful(forkCodec),
  bundle: lawful(bundleCodec),
  passing: lawful(passingCodec),
  prefixes: lawful(prefixesCodec),
  membership: lawful(membershipCodec),
  reconcile: lawful(reconcileCodec),
  receipts: lawful(receiptsCodec),
  presence: lawful(presenceCodec),
  direct: lawful(directCodec),
  'direct-event': lawful(directEventCodec),
  'text-about': lawful(textAboutCodec),
  removal: lawful(removalCodec),
  reaction: lawful(reactionCodec),
  tracker: lawful(trackerCodec),
  circuit: lawful(circuitCodec),
  note: lawful(noteCodec),
  'voice-signal': lawful(signalCodec),
  'voice-endpoints': lawful(endpointsCodec),
  'voice-audio': lawful(audioCodec),
  'voice-control': lawful(controlCodec),
}

/** Names, rooms, texts and addresses, from bytes that may or may not be UTF-8. */
function readText(bytes: Uint8Array): boolean {
  const text = decodeUtf8(bytes)
  if (text === null) return false
  for (const clean of [cleanText, cleanLine, cleanName]) {
    const once = clean(text)
    if (clean(once) !== once) throw new Error(`cleaning twice is not cleaning once: ${JSON.stringify(text)}`)
  }
  const room = normaliseRoom(text)
  if (room !== null && normaliseRoom(room) !== room) throw new Error('a folded name folds again')
  parseAddress(text)
  return true
}

function readId(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 1_000))
  const read = decodeBase32(text)
  if (read !== null && encodeBase32(read) !== text) throw new Error('an id has two spellings')
  return read !== null
}

function readFrames(bytes: Uint8Array): boolean {
  let end = 0
  const whole = eachFrame(
    bytes,
    (_type, _bytes, bodyStart, bodyEnd) => {
      if (bodyStart !== end + 5 || bodyEnd < bodyStart || bodyEnd > bytes.length) throw new Error('a body out of place')
      end = bodyEnd
    },
    () => true,
  )
  if (whole !== (end === bytes.length)) throw new Error('said to be whole')
  return whole
}

/** Those that cost some microseconds. */
export const CHEAP: Record<string, Decoder> = {
  ...Object.fromEntries(Object.entries(CODECS).map(([name, { decode }]) => [name, decode])),
  frames: readFrames,
  greeting: (bytes) => recogniseCaller(bytes).kind === 'native',
  text: readText,
  id: readId,
  ...DIALECT_DECODERS,
  ...FILE_DECODERS,
}

const ours = identityOf(1)
const theirs = identityOf(2)
const KEY = new Uint8Array(32).fill(1)
const check = verifier(theirs.signing.publicKey)!

function handshake(initiator: boolean): Handshake {
  const shake = new Handshake(initiator, { identity: ours.signing, staticKey: ours.linkStatic, ephemeralSecret: KEY })
  shake.start()
  return shake
}

const opener = new VoiceOpener({ tag: 0x01020304, secret: KEY, use: 'audio' })
const plaintext = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)

/** Those that agree on keys, open seals or check signatures. */
export const DEAR: Record<string, Decoder> = {
  ...FILE_CONVERSATIONS,
  'handshake-listener': (bytes) => handshake(false).receive(bytes).state !== 'fault',
  'handshake-dialler': (bytes) => handshake(true).receive(bytes).state !== 'fault',
  record: (bytes) => new RecordReader(new CipherState(KEY.slice())).receive(bytes, () => true) === null,
  sealed: (bytes) =>
    openFrom({ recipient: ours.agreement, sender: theirs.agreement.publicKey, context: KEY }, bytes) !== null,
  'signed-bundle': (bytes) => {
    const bundle = decodeBundle(bytes)
    if (bundle === null) return false
    const ids = chainBundle(bundle, KEY, NO_EVENT)
    return check.verify(signedPart(bundle.first, ids.at(-1)!), signatureOf(bundle))
  },
  'signed-registration': (bytes) => readRegistration(bytes) !== null && verifyRegistration(bytes, check),
  'voice-datagram': (bytes) => datagramFault(bytes) === null && opener.open(bytes, plaintext) >= 0,
  'sealed-voice-endpoints': (bytes) => openEndpoints(KEY, 1, bytes) !== null,
  'signed-passing': (bytes) => {
    const passing = readPassing(new ByteReader(bytes))
    return passing !== null && verifyPassing(passing, check)
  },
}
