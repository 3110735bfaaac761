import { createCipheriv, createDecipheriv } from 'node:crypto'

/**
 * AES-256-GCM with a counter for nonce, as Noise's `CipherState` (revision 34, sections 5.1 and 12.4): four zero bytes, then
 * the counter as 64 bits big-endian. The key is renewed by Noise's REKEY (section 4.2) every 2^20 records, on both sides
 * at the same count and far below the 2^32 records that AES-GCM bears.
 */
export const REKEY_RECORDS = 2 ** 20
const NONCE_MAX = 2 ** 48
const TAG_BYTES = 16
const HEADER_BYTES = 4
const NO_DATA = new Uint8Array(0)

export class CipherState {
  private counter = 0
  private readonly iv = new Uint8Array(12)

  /** `key`: 32 bytes; belongs to the state from here on. */
  constructor(private key: Uint8Array) {}

  /** Counter of the next message. */
  get nonce(): number {
    return this.counter
  }

  /** Ciphertext and tag, fresh. */
  seal(plaintext: Uint8Array, ad: Uint8Array = NO_DATA): Uint8Array {
    const cipher = createCipheriv('aes-256-gcm', this.key, this.nextIv())
    if (ad.length > 0) cipher.setAAD(ad)
    const body = cipher.update(plaintext)
    cipher.final()
    const sealed = new Uint8Array(body.length + TAG_BYTES)
    sealed.set(body)
    sealed.set(cipher.getAuthTag(), body.length)
    return sealed
  }

  /** Length (4 bytes, big-endian), ciphertext and tag in one fresh buffer: a record ready to be written. */
  sealRecord(plaintext: Uint8Array): Uint8Array {
    this.maybeRekey()
    const cipher = createCipheriv('aes-256-gcm', this.key, this.nextIv())
    const body = cipher.update(plaintext)
    cipher.final()
    const length = body.length + TAG_BYTES
    const record = new Uint8Array(HEADER_BYTES + length)
    record[0] = length >>> 24
    record[1] = length >>> 16
    record[2] = length >>> 8
    record[3] = length
    record.set(body, HEADER_BYTES)
    record.set(cipher.getAuthTag(), HEADER_BYTES + body.length)
    return record
  }

  /** The plaintext, fresh; null when it does not open. The counter moves only when it does (Noise section 5.1). */
  open(sealed: Uint8Array, ad: Uint8Array = NO_DATA): Uint8Array | null {
    if (sealed.length < TAG_BYTES) return null
    const decipher = createDecipheriv('aes-256-gcm', this.key, this.ivOf(this.counter))
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
    if (ad.length > 0) decipher.setAAD(ad)
    const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
    try {
      decipher.final()
    } catch {
      return null
    }
    this.counter++
    return plaintext
  }

  /** Opens a record's ciphertext and tag, renewing the key where the sealing side did. */
  openRecord(sealed: Uint8Array): Uint8Array | null {
    this.maybeRekey()
    return this.open(sealed)
  }

  /** Noise section 4.2: the first 32 bytes of 32 zeros sealed under the highest nonce. */
  rekey(): void {
    const iv = new Uint8Array(12).fill(0xff, 4)
    this.key = createCipheriv('aes-256-gcm', this.key, iv).update(new Uint8Array(32))
  }

  private rekeyedAt = 0

  private maybeRekey(): void {
    if (this.counter === this.rekeyedAt || this.counter % REKEY_RECORDS !== 0) return
    this.rekeyedAt = this.counter
    this.rekey()
  }

  private nextIv(): Uint8Array {
    const iv = this.ivOf(this.counter)
    this.counter++
    return iv
  }

  private ivOf(counter: number): Uint8Array {
    if (counter >= NONCE_MAX) throw new RangeError('more records than one link may carry')
    const high = Math.floor(counter / 0x100000000)
    const { iv } = this
    iv[6] = high >>> 8
    iv[7] = high
    iv[8] = counter >>> 24
    iv[9] = counter >>> 16
    iv[10] = counter >>> 8
    iv[11] = counter
    return iv
  }
}
