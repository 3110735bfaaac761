import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { TAG_BYTES } from '../../src/crypto/aead.ts'
import { hkdf } from '../../src/crypto/hash.ts'
import { NUMBERED_SECRET_BYTES, NUMBERS, NumberedKey } from '../../src/crypto/numbered.ts'
import { filled } from './hex.ts'

const PURPOSE = utf8('to be tested')
const HEADER = Uint8Array.of(1, 2, 3)
const secret = (): Uint8Array => filled(NUMBERED_SECRET_BYTES, 0x42)
const numbers = fc.oneof(
  fc.constantFrom(0, 1, 255, 256, 65_536, 2 ** 31 - 1, 2 ** 31, NUMBERS - 1),
  fc.nat(0x7fff_ffff),
)

function seal(key: NumberedKey, number: number, plaintext: Uint8Array, header = HEADER): Uint8Array {
  const into = new Uint8Array(plaintext.length + TAG_BYTES)
  expect(key.seal(number, header, plaintext, into, 0)).toBe(into.length)
  return into
}

/** The same by the browser's interface, the nonce put together by hand. */
async function webSeal(number: number, plaintext: Uint8Array): Promise<Uint8Array> {
  const [key, mask] = hkdf(secret(), PURPOSE, 2)
  const iv = new Uint8Array(mask.subarray(0, 12))
  const view = new DataView(iv.buffer)
  view.setUint32(8, (view.getUint32(8) ^ number) >>> 0)
  const cryptoKey = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt'])
  const algorithm = { name: 'AES-GCM', iv, additionalData: new Uint8Array(HEADER) }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, cryptoKey, new Uint8Array(plaintext)))
}

describe('messages that carry their own number', () => {
  test('are AES-256-GCM with the number XORed into the end of the nonce', async () => {
    const key = new NumberedKey(secret(), PURPOSE)
    for (const number of [0, 1, 0x0102_0304, 0xfffe_fdfc, NUMBERS - 1]) {
      expect(toHex(seal(key, number, utf8('counted')))).toBe(toHex(await webSeal(number, utf8('counted'))))
    }
  })

  test('open in any order, and only with the number, header, secret and purpose they were sealed with', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), numbers, numbers, fc.nat(), (plaintext, number, other, place) => {
        const [key, same] = [new NumberedKey(secret(), PURPOSE), new NumberedKey(secret(), PURPOSE)]
        const sealed = seal(key, number, plaintext)
        const into = new Uint8Array(300)
        expect(same.open(number, HEADER, sealed, into)).toBe(plaintext.length)
        expect(into.subarray(0, plaintext.length)).toEqual(plaintext)
        if (other !== number) expect(same.open(other, HEADER, sealed, into)).toBe(-1)
        expect(same.open(number, Uint8Array.of(1, 2, 4), sealed, into)).toBe(-1)
        expect(new NumberedKey(secret(), utf8('else')).open(number, HEADER, sealed, into)).toBe(-1)
        expect(new NumberedKey(filled(32, 0x43), PURPOSE).open(number, HEADER, sealed, into)).toBe(-1)
        sealed[place % sealed.length]! ^= 1 << (place % 8)
        expect(same.open(number, HEADER, sealed, into)).toBe(-1)
      }),
    )
  })

  test('what is too short for a tag, or too long for the room, does not open', () => {
    const key = new NumberedKey(secret(), PURPOSE)
    for (let length = 0; length < TAG_BYTES; length++) {
      expect(key.open(0, HEADER, new Uint8Array(length), new Uint8Array(10))).toBe(-1)
    }
    expect(key.open(7, HEADER, seal(key, 7, new Uint8Array(11)), new Uint8Array(10))).toBe(-1)
    expect(key.open(7, HEADER, seal(key, 7, new Uint8Array(10)), new Uint8Array(10))).toBe(10)
  })

  test('a number that cannot be, a buffer without room and a short secret are the caller’s fault', () => {
    const key = new NumberedKey(secret(), PURPOSE)
    const into = new Uint8Array(50)
    for (const number of [-1, NUMBERS, Number.NaN]) {
      expect(() => key.seal(number, HEADER, new Uint8Array(1), into, 0)).toThrow(RangeError)
    }
    expect(() => key.seal(0, HEADER, new Uint8Array(30), into, 5)).toThrow(RangeError)
    expect(() => new NumberedKey(new Uint8Array(16), PURPOSE)).toThrow(RangeError)
  })
})
