import { createCipheriv, createDecipheriv } from 'node:crypto'
import { EMPTY, release } from '../base/bytes.ts'
import { bare } from './bare.ts'

/**
 * AES-256-GCM with a counter for nonce, as Noise's `CipherState` has it (revision 34, sections 5.1 and 12.4): four zero
 * bytes, then the counter as 64 bits, big-endian. `seal` and `open` are Noise's EncryptWithAd and DecryptWithAd;
 * `sealRecord` and `openRecord` are what a link sends after its handshake, with the key renewed as they go.
 */
const ALGORITHM = 'aes-256-gcm'
export const KEY_BYTES = 32
export const TAG_BYTES = 16
const IV_BYTES = 12
const LENGTH_BYTES = 4

/**
 * Records under one key, in each direction. RFC 8446 section 5.5 allows AES-GCM 2^24.5 records of 16 KiB, which is 2^22.5 of our 64
 * KiB; staying well below costs nothing. Both sides count alike, so no message announces it, and a key found in memory opens
 * nothing from before its renewal.
 */
export const REKEY_RECORDS = 2 ** 20

/** Numbers stay exact up to 2^53; at a million records a second this is nine years. */
const COUNTER_MAX = 2 ** 48

/**
 * Where the ciphertext begins in the memory of a record: the 4-byte length stands right before it. Copying 64 KiB to an address that
 * is just past a page's beginning (4 bytes, say) from one that begins a page takes 19 µs on current AMD processors, and to a 16-byte
 * boundary 1.5 µs.
 */
const BODY_AT = 16
/** Of a long record, so much at a time: the cipher's own output is copied while it is still in the cache. */
const PART_BYTES = 64 * 1024

export class CipherState {
  private readonly iv = new Uint8Array(IV_BYTES)
  private rekeyedAt: number

  /**
   * `key`: 32 bytes, the state's own from here on. `counter`: the nonce to begin with (Noise's SetNonce), for a direction that
   * is taken up in the middle.
   */
  constructor(
    private key: Uint8Array,
    private counter = 0,
  ) {
    if (key.length !== KEY_BYTES) throw new RangeError(`an AES-256 key has ${KEY_BYTES} bytes, not ${key.length}`)
    this.rekeyedAt = counter
  }

  /** Counter of the next message. */
  get nonce(): number {
    return this.counter
  }

  /** Ciphertext, then tag: fresh, 16 bytes longer than the plaintext. */
  seal(plaintext: Uint8Array, ad: Uint8Array = EMPTY): Uint8Array {
    return this.sealAfter(0, plaintext, ad)
  }

  /**
   * A record ready to be written, in one fresh buffer: 4-byte big-endian length of what follows, ciphertext, tag. For 64 KiB
   * some 12 µs, of which the cipher takes 9. `rest`: more plaintext, which nobody has to copy behind the other for it.
   */
  sealRecord(plaintext: Uint8Array, rest: Uint8Array = EMPTY): Uint8Array {
    this.renewKey()
    const record = this.sealAfter(LENGTH_BYTES, plaintext, EMPTY, rest)
    const length = record.length - LENGTH_BYTES
    record[0] = length >>> 24
    record[1] = length >>> 16
    record[2] = length >>> 8
    record[3] = length
    return record
  }

  /**
   * The plaintext, fresh and the caller's own; null when a bit of it, of `ad`, of the key or of the order of messages is
   * not what it was. The counter moves only when it opens (Noise section 5.1).
   */
  open(sealed: Uint8Array, ad: Uint8Array = EMPTY): Uint8Array | null {
    const length = sealed.length - TAG_BYTES
    if (length < 0) return null
    const decipher = createDecipheriv(ALGORITHM, this.key, this.nextIv())
    decipher.setAuthTag(sealed.subarray(length))
    if (ad.length > 0) decipher.setAAD(ad)
    const plaintext = decipher.update(sealed.subarray(0, length))
    try {
      decipher.final()
    } catch {
      return null
    }
    this.counter++
    return bare(plaintext)
  }

  /** Opens what followed a record's length, renewing the key where the sealing side did. */
  openRecord(sealed: Uint8Array): Uint8Array | null {
    this.renewKey()
    return this.open(sealed)
  }

  /** Noise section 4.2, REKEY: the first 32 bytes of 32 zeros sealed under the highest nonce. The counter goes on. */
  rekey(): void {
    const iv = new Uint8Array(IV_BYTES).fill(0xff, 4)
    this.key = bare(createCipheriv(ALGORITHM, this.key, iv).update(new Uint8Array(KEY_BYTES)))
  }

  private renewKey(): void {
    if (this.counter === this.rekeyedAt || this.counter % REKEY_RECORDS !== 0) return
    this.rekeyedAt = this.counter
    this.rekey()
  }

  private sealAfter(room: number, plaintext: Uint8Array, ad: Uint8Array, rest: Uint8Array = EMPTY): Uint8Array {
    const length = plaintext.length + rest.length
    const cipher = createCipheriv(ALGORITHM, this.key, this.nextIv())
    if (ad.length > 0) cipher.setAAD(ad)
    const start = BODY_AT + (rest.length === 0 ? 0 : -plaintext.length & (BODY_AT - 1))
    const sealed = new Uint8Array(new ArrayBuffer(start + length + TAG_BYTES), start - room)
    sealed.set(cipher.update(plaintext), room)
    for (let at = 0; at < rest.length; at += PART_BYTES) {
      const part = cipher.update(rest.subarray(at, at + PART_BYTES))
      sealed.set(part, room + plaintext.length + at)
      release(part)
    }
    cipher.final()
    sealed.set(cipher.getAuthTag(), room + length)
    this.counter++
    return sealed
  }

  /** The nonce of the next message, in a buffer that is filled again each time. */
  private nextIv(): Uint8Array {
    const { counter, iv } = this
    if (counter >= COUNTER_MAX) throw new RangeError('this key has sealed as much as it may')
    const high = Math.floor(counter / 2 ** 32)
    iv[6] = high >>> 8
    iv[7] = high
    iv[8] = counter >>> 24
    iv[9] = counter >>> 16
    iv[10] = counter >>> 8
    iv[11] = counter
    return iv
  }
}
