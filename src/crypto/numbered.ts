import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { TAG_BYTES } from './aead.ts'
import { hkdf } from './hash.ts'

/**
 * AES-256-GCM for messages that carry their own number and may come in any order, or not at all: datagrams. Key and nonce mask come from
 * one secret; the nonce is the mask with the number XORed into its end (as RFC 8446 section 5.3 and RFC 9001 section 5.3 have it), so it is
 * unique for as long as no number is sealed twice. That is the caller's to see to, as is telling old from new when opening.
 *
 * 100 bytes take 1.0 µs to seal and 1.0 µs to open; what does not open costs 1.8 µs.
 */
const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
/** The number takes the last four bytes of the nonce. */
const NUMBER_AT = NONCE_BYTES - 4
export const NUMBERED_SECRET_BYTES = 32
/** One more than the highest number. */
export const NUMBERS = 2 ** 32

export class NumberedKey {
  private readonly key: KeyObject
  private readonly mask: Uint8Array
  private readonly nonce: Uint8Array

  /** `secret`: 32 random bytes. `purpose` tells apart the keys that come from one secret. Neither is kept. */
  constructor(secret: Uint8Array, purpose: Uint8Array) {
    if (secret.length !== NUMBERED_SECRET_BYTES) {
      throw new RangeError(`a secret has ${NUMBERED_SECRET_BYTES} bytes, not ${secret.length}`)
    }
    const [key, mask] = hkdf(secret, purpose, 2)
    this.key = createSecretKey(key)
    this.mask = mask.slice(0, NONCE_BYTES)
    this.nonce = this.mask.slice()
  }

  /**
   * Writes ciphertext, then the 16-byte tag, to `into` from `at`; answers where they end. `header` is authenticated with them.
   * `number`: a whole number below 2^32 that this key never sealed before.
   */
  seal(number: number, header: Uint8Array, plaintext: Uint8Array, into: Uint8Array, at: number): number {
    const end = at + plaintext.length + TAG_BYTES
    if (!(number >= 0 && number < NUMBERS)) throw new RangeError(`a number is from 0 to 2^32 - 1, not ${number}`)
    if (into.length < end) throw new RangeError(`${end} bytes do not fit in ${into.length}`)
    const cipher = createCipheriv(ALGORITHM, this.key, this.nonceOf(number))
    cipher.setAAD(header)
    into.set(cipher.update(plaintext), at)
    cipher.final()
    into.set(cipher.getAuthTag(), end - TAG_BYTES)
    return end
  }

  /** Writes the plaintext to the beginning of `into`, which has room for it, and answers its length; -1 where it was not sealed so. */
  open(number: number, header: Uint8Array, sealed: Uint8Array, into: Uint8Array): number {
    const length = sealed.length - TAG_BYTES
    if (length < 0 || length > into.length) return -1
    const decipher = createDecipheriv(ALGORITHM, this.key, this.nonceOf(number))
    decipher.setAuthTag(sealed.subarray(length))
    decipher.setAAD(header)
    const plaintext = decipher.update(sealed.subarray(0, length))
    try {
      decipher.final()
    } catch {
      return -1
    }
    into.set(plaintext)
    return length
  }

  private nonceOf(number: number): Uint8Array {
    const { nonce, mask } = this
    nonce[NUMBER_AT] = mask[NUMBER_AT]! ^ (number >>> 24)
    nonce[NUMBER_AT + 1] = mask[NUMBER_AT + 1]! ^ (number >>> 16)
    nonce[NUMBER_AT + 2] = mask[NUMBER_AT + 2]! ^ (number >>> 8)
    nonce[NUMBER_AT + 3] = mask[NUMBER_AT + 3]! ^ number
    return nonce
  }
}
