import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { type AgreementKey, agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import { encodeCoordinate, P, SMALL_ORDER_U } from '../../src/crypto/field.ts'
import { HandshakeState, NOISE_MESSAGE_BYTES_MAX } from '../../src/crypto/noise.ts'
import { K, type Pattern, XX } from '../../src/crypto/noise-pattern.ts'
import { filled, flipped } from './hex.ts'
import { ALL_PATTERN_NAMES, patternOf } from './noise-patterns.ts'

const PROLOGUE = utf8('hearsay test')
const STATIC = [agreementKeyFromSecret(filled(32, 1)), agreementKeyFromSecret(filled(32, 2))] as const
const EPHEMERAL = [filled(32, 3), filled(32, 4)] as const

interface Changes {
  readonly prologue?: Uint8Array
  readonly staticKey?: AgreementKey
  readonly remoteStatic?: Uint8Array
}

function begin(pattern: Pattern, initiator: boolean, changes: Changes = {}): HandshakeState {
  const [mine, theirs] = initiator ? [0, 1] : [1, 0]
  return new HandshakeState({
    pattern,
    initiator,
    prologue: PROLOGUE,
    staticKey: STATIC[mine]!,
    ephemeralSecret: EPHEMERAL[mine]!,
    ...((initiator ? pattern.responderKnown : pattern.initiatorKnown)
      ? { remoteStatic: STATIC[theirs]!.publicKey }
      : {}),
    ...changes,
  })
}

interface Run {
  readonly sides: readonly [HandshakeState, HandshakeState]
  readonly messages: readonly Uint8Array[]
  /** The message that was not read; null when all were. */
  readonly failedAt: number | null
}

/** Carries a handshake through, with `onWire` between the sides. */
function run(
  pattern: Pattern,
  onWire: (message: Uint8Array, turn: number) => Uint8Array = (message) => message,
  changes: readonly [Changes, Changes] = [{}, {}],
): Run {
  const sides = [begin(pattern, true, changes[0]), begin(pattern, false, changes[1])] as const
  const messages: Uint8Array[] = []
  for (let turn = 0; turn < pattern.messages.length; turn++) {
    const [writer, reader] = turn % 2 === 0 ? sides : [sides[1], sides[0]]
    const message = writer.writeMessage(utf8(`payload ${turn}`))
    messages.push(message)
    if (reader.readMessage(onWire(message, turn)) === null) return { sides, messages, failedAt: turn }
  }
  return { sides, messages, failedAt: null }
}

/** Both sides are through, hold the same hash, and understand each other. */
function agreed({ sides: [a, b], failedAt }: Run): boolean {
  if (failedAt !== null || toHex(a.handshakeHash) !== toHex(b.handshakeHash)) return false
  return b.split().receive.open(a.split().send.seal(utf8('hello'))) !== null
}

describe('a handshake under attack', () => {
  test.each(['XX', 'K', 'IK', 'X', 'NK1', 'I1X1'])('%s: no bit of any message can be turned over', (name) => {
    const pattern = patternOf(name)
    const honest = run(pattern)
    expect(agreed(honest)).toBe(true)
    honest.messages.forEach((message, turn) => {
      for (let byte = 0; byte < message.length; byte++) {
        const bit = byte & 7
        // The top bit of a public key is ignored by X25519, but not by the hash.
        const tampered = run(pattern, (sent, at) => (at === turn ? flipped(sent, byte, bit) : sent))
        expect(agreed(tampered)).toBe(false)
      }
    })
  })

  test('the top bit of an ephemeral key, which X25519 ignores, is still noticed', () => {
    expect(run(XX, (sent, at) => (at === 0 ? flipped(sent, 31, 7) : sent)).failedAt).toBe(1)
    expect(run(K, (sent) => flipped(sent, 31, 7)).failedAt).toBe(0)
  })

  test('XX: what is sealed is refused at once, wherever it is changed', () => {
    const { messages } = run(XX)
    const clear = [messages[0]!.length, 0, 0]
    for (const [turn, message] of messages.entries()) {
      for (let byte = clear[turn]!; byte < message.length; byte++) {
        expect(run(XX, (sent, at) => (at === turn ? flipped(sent, byte, 7) : sent)).failedAt).toBe(turn)
      }
    }
  })

  test('a message cut short anywhere, or lengthened, is refused', () => {
    for (const pattern of [XX, K]) {
      const { messages } = run(pattern)
      messages.forEach((message, turn) => {
        const sealedFrom = turn === 0 && pattern === XX ? 32 : message.length
        for (let length = 0; length < sealedFrom; length++) {
          expect(run(pattern, (sent, at) => (at === turn ? sent.subarray(0, length) : sent)).failedAt).toBe(turn)
        }
        expect(agreed(run(pattern, (sent, at) => (at === turn ? new Uint8Array([...sent, 0]) : sent)))).toBe(false)
      })
    }
  })

  test('an ephemeral key of small order is refused when it is read, in every spelling', () => {
    let spellings = 0
    for (const u of SMALL_ORDER_U) {
      for (let spelt = u; spelt < 2n ** 255n; spelt += P) {
        for (const top of [0n, 2n ** 255n]) {
          const message = encodeCoordinate(spelt + top)
          const responder = begin(XX, false)
          expect(responder.readMessage(message)).toBeNull()
          expect(() => responder.writeMessage(filled(0, 0))).toThrow()
          spellings++
        }
      }
    }
    expect(spellings).toBe(14)
  })

  test('a static key of small order, properly sealed, is refused too', () => {
    const evil: AgreementKey = { publicKey: encodeCoordinate(1n), agree: () => filled(32, 0) }
    expect(run(XX, undefined, [{}, { staticKey: evil }]).failedAt).toBe(1)
    expect(run(XX, undefined, [{ staticKey: evil }, {}]).failedAt).toBe(2)
  })

  test('random bytes are refused and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...ALL_PATTERN_NAMES), (bytes, name) => {
        const pattern = patternOf(name)
        const responder = begin(pattern, false)
        const payload = responder.readMessage(bytes)
        // Only where a first message holds nothing sealed can any bytes pass for one.
        if (payload !== null) expect(pattern.messages[0]!.every((token) => token === 'e' || token === 's')).toBe(true)
      }),
    )
  })

  test.each(['XX', 'K', 'IK', 'NN'])('%s: other prologues do not meet', (name) => {
    expect(agreed(run(patternOf(name), undefined, [{}, { prologue: utf8('hearsay tesT') }]))).toBe(false)
  })

  test('K: neither another sender nor another recipient will do', () => {
    const stranger = agreementKeyFromSecret(filled(32, 9))
    expect(run(K, undefined, [{ staticKey: stranger }, {}]).failedAt).toBe(0)
    expect(run(K, undefined, [{}, { staticKey: stranger }]).failedAt).toBe(0)
    expect(run(K, undefined, [{}, { remoteStatic: stranger.publicKey }]).failedAt).toBe(0)
  })

  test('IK: an initiator who has the wrong responder in mind is not read', () => {
    const stranger = agreementKeyFromSecret(filled(32, 9))
    expect(run(patternOf('IK'), undefined, [{ remoteStatic: stranger.publicKey }, {}]).failedAt).toBe(0)
  })
})

describe('a handshake that failed', () => {
  test('is dead: it reads nothing more, writes nothing, splits into nothing and names nobody', () => {
    const initiator = begin(XX, true)
    const responder = begin(XX, false)
    responder.readMessage(initiator.writeMessage(filled(0, 0)))
    const good = responder.writeMessage(filled(0, 0))
    expect(initiator.readMessage(flipped(good, good.length - 1))).toBeNull()
    expect(initiator.readMessage(good)).toBeNull()
    expect(initiator.remoteStaticKey).toBeNull()
    expect(initiator.finished).toBe(false)
    expect(() => initiator.writeMessage(filled(0, 0))).toThrow()
    expect(() => initiator.split()).toThrow()
  })
})

describe('the size of messages', () => {
  test('65,535 bytes are written and read, one more is neither', () => {
    const room = NOISE_MESSAGE_BYTES_MAX - 32
    const full = begin(XX, true).writeMessage(filled(room, 1))
    expect(full.length).toBe(NOISE_MESSAGE_BYTES_MAX)
    expect(begin(XX, false).readMessage(full)).toEqual(filled(room, 1))
    const over = begin(XX, true)
    expect(() => over.writeMessage(filled(room + 1, 1))).toThrow(RangeError)
    expect(begin(XX, false).readMessage(new Uint8Array([...full, 0]))).toBeNull()
  })
})

describe('faults of the program', () => {
  test('writing or reading out of turn throws', () => {
    expect(() => begin(XX, true).readMessage(filled(32, 9))).toThrow()
    expect(() => begin(XX, false).writeMessage(filled(0, 0))).toThrow()
    const { sides } = run(XX)
    expect(() => sides[0].writeMessage(filled(0, 0))).toThrow()
    expect(() => begin(XX, true).split()).toThrow()
  })

  test('a key that the pattern needs and nobody gave throws', () => {
    const bare = { pattern: XX, initiator: true, prologue: PROLOGUE }
    expect(() => new HandshakeState(bare).writeMessage(filled(0, 0))).toThrow()
    expect(() => new HandshakeState({ ...bare, pattern: K })).toThrow()
    const pskLess = new HandshakeState({ ...bare, pattern: patternOf('NNpsk0'), ephemeralSecret: EPHEMERAL[0] })
    expect(() => pskLess.writeMessage(filled(0, 0))).toThrow()
  })
})

describe('what a handshake hands out', () => {
  test('is the caller’s own: changing it changes nothing inside', () => {
    const { sides } = run(XX)
    sides[0].handshakeHash.fill(0)
    expect(sides[0].handshakeHash).toEqual(sides[1].handshakeHash)
    const message = new Uint8Array(begin(XX, true).writeMessage(utf8('clear')))
    const payload = begin(XX, false).readMessage(message)!
    message.fill(0)
    expect(payload).toEqual(utf8('clear'))
  })

  test('two handshakes with other ephemeral keys have nothing in common', () => {
    const one = run(XX)
    const initiator = new HandshakeState({
      pattern: XX,
      initiator: true,
      prologue: PROLOGUE,
      staticKey: STATIC[0],
      ephemeralSecret: filled(32, 77),
    })
    const responder = begin(XX, false)
    responder.readMessage(initiator.writeMessage(utf8('payload 0')))
    initiator.readMessage(responder.writeMessage(utf8('payload 1')))
    responder.readMessage(initiator.writeMessage(utf8('payload 2')))
    expect(initiator.handshakeHash).toEqual(responder.handshakeHash)
    expect(initiator.handshakeHash).not.toEqual(one.sides[0].handshakeHash)
    const sealed = initiator.split().send.seal(utf8('x'))
    expect(one.sides[1].split().receive.open(sealed)).toBeNull()
  })
})
