import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../../../src/base/bytes.ts'
import { Handshake, type HandshakeStep, type LinkKeys, proofOf } from '../../../src/core/link/handshake.ts'
import { agreementKeyFromSecret } from '../../../src/crypto/agree.ts'
import { sha256Of } from '../../../src/crypto/hash.ts'
import { HandshakeState } from '../../../src/crypto/noise.ts'
import { XX } from '../../../src/crypto/noise-pattern.ts'
import { signingKeyFromSeed, verifier } from '../../../src/crypto/sign.ts'
import { FRAME_BYTES_MAX_UNAUTHENTICATED } from '../../../src/wire/limits.ts'
import { GREETING, MAGIC } from '../../../src/wire/magic.ts'
import { SharedAgreements } from '../../sim/shared-agreements.ts'

function keys(seed: number): LinkKeys {
  return {
    identity: signingKeyFromSeed(new Uint8Array(32).fill(seed)),
    staticKey: agreementKeyFromSecret(new Uint8Array(32).fill(seed + 50)),
    ephemeralSecret: new Uint8Array(32).fill(seed + 100),
  }
}

const dialler = () => new Handshake(true, keys(1))
const listener = () => new Handshake(false, keys(2))

/** The three messages, as both honest sides make them. */
function messages(): [Uint8Array, Uint8Array, Uint8Array] {
  const a = dialler()
  const b = listener()
  const first = a.start()
  const second = b.receive(first).send
  return [first, second, a.receive(second).send]
}

function frame(type: number, ...body: number[]): Uint8Array {
  return Uint8Array.of(0, 0, (body.length + 1) >> 8, (body.length + 1) & 0xff, type, ...body)
}

function code(step: HandshakeStep): string {
  return step.state === 'fault' ? step.code : step.state
}

describe('the handshake', () => {
  test('establishes the same link on both sides, each with the other proved', () => {
    const a = dialler()
    const b = listener()
    const second = b.receive(a.start())
    const third = a.receive(second.send)
    const last = b.receive(third.send)
    if (third.state !== 'established' || last.state !== 'established') throw new Error('not established')
    expect(third.link.peer).toEqual(keys(2).identity.publicKey)
    expect(last.link.peer).toEqual(keys(1).identity.publicKey)
    expect(third.link.peerStatic).toEqual(keys(2).staticKey.publicKey)
    expect(third.link.hash).toEqual(last.link.hash)
    expect(last.link.receive.openRecord(third.link.send.sealRecord(utf8('hello')).subarray(4))).toEqual(utf8('hello'))
  })

  test('says the same where its work is done elsewhere, and refuses the same', () => {
    const agreements = new SharedAgreements()
    const shared = (seed: number, verifies = true): LinkKeys => ({
      ...keys(seed),
      staticKey: agreements.share(keys(seed).staticKey),
      proof: proofOf(keys(seed)),
      identityVerifier: (identity) => (verifies ? verifier(identity) : { verify: () => false }),
      agreementKey: (secret) => agreements.share(agreementKeyFromSecret(secret)),
    })
    const a = new Handshake(true, shared(1))
    const b = new Handshake(false, shared(2))
    const first = a.start()
    const second = b.receive(first)
    const third = a.receive(second.send)
    expect([first, second.send, third.send]).toEqual(messages())
    expect(code(b.receive(third.send))).toBe('established')
    const doubting = new Handshake(true, shared(1, false))
    doubting.start()
    expect(code(doubting.receive(second.send))).toBe('identity-unproved')
    const impostor = new Handshake(false, { ...shared(2), proof: proofOf(keys(3)) })
    const refusing = new Handshake(true, shared(1))
    expect(code(refusing.receive(impostor.receive(refusing.start()).send))).toBe('identity-unproved')
  })

  test('does not mind how its bytes are cut into pieces, nor what follows them', () => {
    const [first, , third] = messages()
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
        fc.uint8Array(),
        (lengths, rest) => {
          const b = listener()
          let turn = 0
          const feed = (bytes: Uint8Array): HandshakeStep => {
            let step: HandshakeStep = { state: 'more', send: new Uint8Array(0) }
            for (let at = 0; at < bytes.length; ) {
              const length = lengths[turn++ % lengths.length]!
              // The last piece brings what follows: after `established` nothing more may be given.
              const last = at + length >= third.length && bytes === third
              step = b.receive(last ? Uint8Array.of(...bytes.slice(at), ...rest) : bytes.slice(at, at + length))
              if (step.state !== 'more') return step
              at += last ? bytes.length : length
            }
            return step
          }
          feed(first)
          const step = feed(third)
          expect(step.state).toBe('established')
          if (step.state === 'established') expect([...step.link.rest]).toEqual([...rest])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('cut short anywhere, it waits for more', () => {
    const [first, second, third] = messages()
    for (let length = 0; length < first.length; length++) {
      expect(listener().receive(first.slice(0, length))).toEqual({ state: 'more', send: new Uint8Array(0) })
    }
    for (let length = 0; length < second.length; length++) {
      const a = dialler()
      a.start()
      expect(a.receive(second.slice(0, length)).state).toBe('more')
    }
    for (let length = 0; length < third.length; length++) {
      const b = listener()
      b.receive(first)
      expect(b.receive(third.slice(0, length)).state).toBe('more')
    }
  })

  test('with any bit of it turned, no link is established by both', () => {
    const [first, second, third] = messages()
    for (let bit = 0; bit < first.length * 8; bit += 3) {
      const b = listener()
      const answer = b.receive(turned(first, bit))
      if (answer.state !== 'more' || answer.send.length === 0) continue
      const a = dialler()
      a.start()
      expect(a.receive(answer.send).state).toBe('fault')
    }
    for (let bit = 0; bit < second.length * 8; bit += 3) {
      const a = dialler()
      a.start()
      expect(a.receive(turned(second, bit)).state).not.toBe('established')
    }
    for (let bit = 0; bit < third.length * 8; bit += 3) {
      const b = listener()
      b.receive(first)
      expect(b.receive(turned(third, bit)).state).not.toBe('established')
    }
  })

  test.each([
    [GREETING, 'more'],
    [Uint8Array.of(...MAGIC, 2), 'other-version'],
    [utf8('GET / HTTP/1.1\r\n\r\n'), 'not-hearsay'],
    [Uint8Array.of(...GREETING, ...frame(2, 1, 2, 3)), 'handshake-broken'],
    [Uint8Array.of(...GREETING, ...frame(1)), 'handshake-broken'],
    [Uint8Array.of(...GREETING, ...frame(1, 1, 2, 3)), 'handshake-broken'],
    [Uint8Array.of(...GREETING, 0, 0, 0, 0), 'handshake-broken'],
    [Uint8Array.of(...GREETING, 0, 0, 0x10, 0x01), 'handshake-broken'],
    [Uint8Array.of(...GREETING, 0xff, 0xff, 0xff, 0xff), 'handshake-broken'],
  ])('a listener that hears %p says %s', (bytes, expected) => {
    expect(code(listener().receive(bytes))).toBe(expected)
  })

  test('a frame of 4 KiB may come before the peer has proved anything, and not a byte more', () => {
    const length = FRAME_BYTES_MAX_UNAUTHENTICATED
    const most = Uint8Array.of(...GREETING, 0, 0, length >> 8, length & 0xff, 1, ...new Uint8Array(length - 2).fill(9))
    expect(listener().receive(most).state).toBe('more')
    expect(listener().receive(Uint8Array.of(...GREETING, 0, 0, 0x10, 0x01)).state).toBe('fault')
  })

  test('a listener tells a dialler of another version its own; a dialler says nothing', () => {
    const other = Uint8Array.of(...MAGIC, 9)
    expect(listener().receive(other)).toMatchObject({ code: 'other-version', send: GREETING })
    const a = dialler()
    a.start()
    expect(a.receive(other).send.length).toBe(0)
  })
})

describe('keys that no honest side has', () => {
  const smallOrder = [
    new Uint8Array(32),
    Uint8Array.of(1, ...new Uint8Array(31)),
    Uint8Array.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'.match(/../g)!, (h) =>
      Number.parseInt(h, 16),
    ),
    Uint8Array.from('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'.match(/../g)!, (h) =>
      Number.parseInt(h, 16),
    ),
    Uint8Array.of(0xec, ...new Uint8Array(30).fill(0xff), 0x7f),
  ]

  test.each(smallOrder)('a dialler with an ephemeral key of small order is refused, and nothing is thrown', (key) => {
    expect(code(listener().receive(Uint8Array.of(...GREETING, ...frame(1, ...key))))).toBe('handshake-broken')
  })

  test.each(smallOrder)('a listener with one is refused too', (key) => {
    const a = dialler()
    a.start()
    const answer = Uint8Array.of(...GREETING, ...frame(1, ...key, ...new Uint8Array(48 + 16 + 96)))
    expect(code(a.receive(answer))).toBe('handshake-broken')
  })
})

describe('proof of identity', () => {
  const DOMAIN = utf8('hearsay link 1')

  /** A dialler whose noise is honest and whose proof is whatever the test wants. */
  function dialWith(proof: (staticKey: Uint8Array) => Uint8Array): HandshakeStep {
    const { staticKey, ephemeralSecret } = keys(1)
    const noise = new HandshakeState({ pattern: XX, initiator: true, prologue: GREETING, staticKey, ephemeralSecret })
    const b = listener()
    const answer = b.receive(Uint8Array.of(...GREETING, ...frame(1, ...noise.writeMessage(new Uint8Array(0)))))
    noise.readMessage(answer.send.subarray(GREETING.length + 5))
    return b.receive(frame(1, ...noise.writeMessage(proof(staticKey.publicKey))))
  }

  const { identity } = keys(1)
  const honest = (staticKey: Uint8Array) =>
    Uint8Array.of(...identity.publicKey, ...identity.sign(sha256Of(DOMAIN, staticKey)))

  test('holds when the identity signed this static key', () => {
    expect(dialWith(honest).state).toBe('established')
  })

  test('does not hold when another key signed it', () => {
    const stranger = keys(3).identity
    const claim = (staticKey: Uint8Array) =>
      Uint8Array.of(...identity.publicKey, ...stranger.sign(sha256Of(DOMAIN, staticKey)))
    expect(code(dialWith(claim))).toBe('identity-unproved')
  })

  test('does not hold when it was signed for another static key: a proof cannot be passed on', () => {
    expect(code(dialWith(() => honest(keys(3).staticKey.publicKey)))).toBe('identity-unproved')
  })

  test('does not hold when it is shorter, longer, or by a key for which anything verifies', () => {
    expect(code(dialWith((key) => honest(key).slice(0, 95)))).toBe('identity-unproved')
    expect(code(dialWith((key) => Uint8Array.of(...honest(key), 0)))).toBe('identity-unproved')
    expect(code(dialWith(() => new Uint8Array(0)))).toBe('identity-unproved')
    // The neutral element as key, with the signature (R neutral, S zero) that then holds for every message.
    const neutral = Uint8Array.of(1, ...new Uint8Array(31))
    expect(code(dialWith(() => Uint8Array.of(...neutral, ...neutral, ...new Uint8Array(32))))).toBe('identity-unproved')
  })
})

function turned(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}
