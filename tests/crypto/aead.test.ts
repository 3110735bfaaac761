import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { CipherState, REKEY_RECORDS, TAG_BYTES } from '../../src/crypto/aead.ts'
import { filled, flipped } from './hex.ts'

const key = (): Uint8Array => filled(32, 0x42)

function pair(counter = 0): [CipherState, CipherState] {
  return [new CipherState(key(), counter), new CipherState(key(), counter)]
}

/** The body of a record: what is left once its length has been read. */
function bodyOf(record: Uint8Array): Uint8Array {
  const length = new DataView(record.buffer, record.byteOffset).getUint32(0)
  expect(record.length).toBe(4 + length)
  return record.subarray(4)
}

/** AES-256-GCM by the browser's interface, with a nonce written out in full. */
async function webSeal(keyBytes: Uint8Array, nonceHex: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const cryptoKey = await crypto.subtle.importKey('raw', new Uint8Array(keyBytes), 'AES-GCM', false, ['encrypt'])
  const iv = Uint8Array.fromHex(nonceHex)
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, cryptoKey, new Uint8Array(plaintext)))
}

describe('AES-256-GCM as Noise uses it', () => {
  test('gives test cases 13 and 14 of the GCM specification', () => {
    expect(toHex(new CipherState(filled(32, 0)).seal(filled(0, 0)))).toBe('530f8afbc74536b9a963b4f1c4cb738b')
    expect(toHex(new CipherState(filled(32, 0)).seal(filled(16, 0)))).toBe(
      'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    )
  })

  test('its nonce is four zero bytes and the counter in 64 bits, big-endian', async () => {
    for (const [counter, nonce] of [
      [1, '000000000000000000000001'],
      [0x01020304, '000000000000000001020304'],
      [0xffffffff, '0000000000000000ffffffff'],
      [0x0102_03040506, '000000000000010203040506'],
      [2 ** 48 - 1, '000000000000ffffffffffff'],
    ] as const) {
      const sealed = new CipherState(key(), counter).seal(utf8('counted'))
      expect(sealed).toEqual(await webSeal(key(), nonce, utf8('counted')))
    }
  })

  test('what was sealed opens, in order, with its associated data', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 8 }),
        (messages) => {
          const [send, receive] = pair()
          const sealed = messages.map(([plaintext, ad]) => send.seal(plaintext, ad))
          messages.forEach(([plaintext, ad], i) => {
            expect(sealed[i]!.length).toBe(plaintext.length + TAG_BYTES)
            expect(receive.open(sealed[i]!, ad)).toEqual(plaintext)
          })
          expect(receive.nonce).toBe(messages.length)
        },
      ),
    )
  })

  test('not one bit of the ciphertext, tag, associated data or key can differ', () => {
    const ad = utf8('bound')
    const sealed = new CipherState(key()).seal(utf8('sixteen or so bytes'), ad)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      expect(new CipherState(key()).open(flipped(sealed, bit >> 3, bit & 7), ad)).toBeNull()
    }
    for (let bit = 0; bit < ad.length * 8; bit++) {
      expect(new CipherState(key()).open(sealed, flipped(ad, bit >> 3, bit & 7))).toBeNull()
    }
    for (let bit = 0; bit < 256; bit++) {
      expect(new CipherState(flipped(key(), bit >> 3, bit & 7)).open(sealed, ad)).toBeNull()
    }
    expect(new CipherState(key()).open(sealed)).toBeNull()
    expect(new CipherState(key()).open(sealed, ad)).toEqual(utf8('sixteen or so bytes'))
  })

  test('nothing opens that was cut short, lengthened, replayed or put in another order', () => {
    const [send, receive] = pair()
    const [first, second] = [send.seal(utf8('one')), send.seal(utf8('two'))]
    for (let length = 0; length < first.length; length++) {
      expect(receive.open(first.subarray(0, length))).toBeNull()
    }
    expect(receive.open(new Uint8Array([...first, 0]))).toBeNull()
    expect(receive.open(second)).toBeNull()
    expect(receive.nonce).toBe(0)
    expect(receive.open(first)).toEqual(utf8('one'))
    expect(receive.open(first)).toBeNull()
    expect(receive.open(second)).toEqual(utf8('two'))
  })

  test('an opened plaintext is the caller’s own: plain, apart from the input, its slices copies', () => {
    const [send, receive] = pair()
    const sealed = send.seal(filled(100, 5))
    const plaintext = receive.open(sealed)!
    sealed.fill(0)
    expect(plaintext).toEqual(filled(100, 5))
    expect(plaintext.constructor).toBe(Uint8Array)
    expect(plaintext.slice(0, 1).buffer.byteLength).toBe(1)
  })

  test('a key of another length, and a counter at its end, are faults of the program', () => {
    expect(() => new CipherState(filled(16, 1))).toThrow(RangeError)
    const spent = new CipherState(key(), 2 ** 48)
    expect(() => spent.seal(utf8('x'))).toThrow(RangeError)
    expect(() => spent.sealRecord(utf8('x'))).toThrow(RangeError)
    expect(() => spent.open(filled(20, 0))).toThrow(RangeError)
  })
})

describe('records', () => {
  test('are a length and what seal would have given, at every size up to 64 KiB', () => {
    for (const size of [0, 1, 15, 16, 17, 255, 4096, 65_535, 65_536]) {
      const plaintext = filled(size, size & 0xff)
      const body = bodyOf(new CipherState(key()).sealRecord(plaintext))
      expect(body).toEqual(new CipherState(key()).seal(plaintext))
      expect(new CipherState(key()).openRecord(body)).toEqual(plaintext)
    }
  })

  test('sealed in two parts, it is the same record as in one', () => {
    for (const [first, rest] of [
      [0, 5],
      [9, 0],
      [13, 65_536],
      [16, 65_537],
      [7, 262_144],
    ] as const) {
      const whole = Uint8Array.from({ length: first + rest }, (_, i) => (i * 31) >>> 3)
      const inOne = new CipherState(key()).sealRecord(whole)
      expect(new CipherState(key()).sealRecord(whole.subarray(0, first), whole.subarray(first))).toEqual(inOne)
      expect(new CipherState(key()).openRecord(inOne.subarray(4))).toEqual(whole)
    }
  })

  test('are the same in memory of an earlier one, and in fresh memory where that is too small', () => {
    const [long, short] = [filled(262_144, 1), filled(9, 2)]
    const memory = new CipherState(key()).sealRecord(short, filled(262_144, 3)).buffer
    for (const room of [memory, new ArrayBuffer(100_000)]) {
      const record = new CipherState(key()).sealRecord(short, long, room)
      expect(record).toEqual(new CipherState(key()).sealRecord(short, long))
      expect(record.buffer === room).toBe(room === memory)
    }
    const shorter = new CipherState(key()).sealRecord(short, short, memory)
    expect(shorter).toEqual(new CipherState(key()).sealRecord(short, short))
  })

  test('change their key every 2^20, alike on both sides, while the counter goes on', async () => {
    const [send, receive] = pair(REKEY_RECORDS - 2)
    const stale = new CipherState(key(), REKEY_RECORDS)
    const records = ['a', 'b', 'c', 'd'].map((text) => bodyOf(send.sealRecord(utf8(text))))
    expect(records.map((record) => new TextDecoder().decode(receive.openRecord(record)!))).toEqual(['a', 'b', 'c', 'd'])
    expect(receive.nonce).toBe(REKEY_RECORDS + 2)
    expect(stale.open(records[2]!)).toBeNull()
    const renewed = (await webSeal(key(), '00000000ffffffffffffffff', filled(32, 0))).subarray(0, 32)
    expect(records[2]!).toEqual(await webSeal(renewed, '000000000000000000100000', utf8('c')))
  })

  test('a record that does not open just where the key changes leaves the right one openable', () => {
    const [send, receive] = pair(REKEY_RECORDS - 1)
    const before = bodyOf(send.sealRecord(utf8('before')))
    const after = bodyOf(send.sealRecord(utf8('after')))
    expect(receive.openRecord(before)).toEqual(utf8('before'))
    expect(receive.openRecord(flipped(after, 0))).toBeNull()
    expect(receive.openRecord(after)).toEqual(utf8('after'))
  })

  test('rekeying by hand must be done on both sides', () => {
    const [send, receive] = pair()
    send.rekey()
    const sealed = send.seal(utf8('new key'))
    expect(receive.open(sealed)).toBeNull()
    receive.rekey()
    expect(receive.open(sealed)).toEqual(utf8('new key'))
  })
})
