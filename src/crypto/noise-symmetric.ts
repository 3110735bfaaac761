import { EMPTY, utf8 } from '../base/bytes.ts'
import { CipherState } from './aead.ts'
import { hkdf, sha256, sha256Of } from './hash.ts'

const HASH_BYTES = 32

/** Noise's `SymmetricState` (revision 34, section 5.2) for AES-GCM and SHA-256: the keys and the running hash of a handshake. */
export class SymmetricState {
  private running: Uint8Array
  private chainingKey: Uint8Array
  private cipher: CipherState | null = null

  constructor(protocolName: string) {
    const name = utf8(protocolName)
    this.running = name.length > HASH_BYTES ? sha256(name) : new Uint8Array(HASH_BYTES)
    if (name.length <= HASH_BYTES) this.running.set(name)
    this.chainingKey = this.running
  }

  /** Everything said so far, in 32 bytes. Replaced, never written over. */
  get hash(): Uint8Array {
    return this.running
  }

  /** True once there is a key: from here on what is written is sealed. */
  get keyed(): boolean {
    return this.cipher !== null
  }

  mixHash(data: Uint8Array): void {
    this.running = sha256Of(this.running, data)
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.chainingKey, input, 2)
    this.chainingKey = chainingKey
    this.cipher = new CipherState(key)
  }

  /** For pre-shared keys (section 9.2). */
  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, mixed, key] = hkdf(this.chainingKey, input, 3)
    this.chainingKey = chainingKey
    this.mixHash(mixed)
    this.cipher = new CipherState(key)
  }

  /** Before the first key the answer is `plaintext` itself, not a copy. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = this.cipher === null ? plaintext : this.cipher.seal(plaintext, this.running)
    this.mixHash(sealed)
    return sealed
  }

  /** A fresh buffer; null when it does not open. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | null {
    const plaintext = this.cipher === null ? new Uint8Array(sealed) : this.cipher.open(sealed, this.running)
    this.mixHash(sealed)
    return plaintext
  }

  /** The initiator's sending key, then the responder's. */
  split(): [CipherState, CipherState] {
    const [first, second] = hkdf(this.chainingKey, EMPTY, 2)
    return [new CipherState(first), new CipherState(second)]
  }
}
