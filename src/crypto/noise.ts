import { utf8 } from '../base/bytes.ts'
import { CipherState } from './aead.ts'
import { type AgreementKey, agreementKeyFromSecret } from './agree.ts'
import { hkdf, joinBytes, sha256 } from './hash.ts'
import type { Pattern, Token } from './noise-pattern.ts'

/**
 * The Noise Protocol Framework, revision 34, for `25519_AESGCM_SHA256`: symmetric state (section 5.2) and handshake state (section 5.3), driven
 * by a pattern given as data. Randomness comes in as the ephemeral secret. After any failure the state is dead.
 */
export interface HandshakeOptions {
  readonly pattern: Pattern
  readonly initiator: boolean
  readonly prologue: Uint8Array
  readonly staticKey?: AgreementKey
  /** 32 random bytes, used for this handshake only. */
  readonly ephemeralSecret?: Uint8Array
  /** The other's static public key, where the pattern says it is known. */
  readonly remoteStatic?: Uint8Array
}

const KEY_BYTES = 32
const TAG_BYTES = 16
/** Section 3: no Noise message is longer. */
export const NOISE_MESSAGE_BYTES_MAX = 65_535

class SymmetricState {
  hash: Uint8Array
  private chainingKey: Uint8Array
  private cipher: CipherState | null = null

  constructor(protocolName: string) {
    const name = utf8(protocolName)
    const padded = new Uint8Array(KEY_BYTES)
    if (name.length <= KEY_BYTES) padded.set(name)
    this.hash = name.length <= KEY_BYTES ? padded : sha256(name)
    this.chainingKey = this.hash
  }

  get keyed(): boolean {
    return this.cipher !== null
  }

  mixHash(data: Uint8Array): void {
    this.hash = sha256(joinBytes([this.hash, data]))
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.chainingKey, input, 2)
    this.chainingKey = chainingKey!
    this.cipher = new CipherState(key!)
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const out = this.cipher === null ? plaintext : this.cipher.seal(plaintext, this.hash)
    this.mixHash(out)
    return out
  }

  decryptAndHash(data: Uint8Array): Uint8Array | null {
    const plaintext = this.cipher === null ? data.slice() : this.cipher.open(data, this.hash)
    this.mixHash(data)
    return plaintext
  }

  split(): [CipherState, CipherState] {
    const [first, second] = hkdf(this.chainingKey, new Uint8Array(0), 2)
    return [new CipherState(first!), new CipherState(second!)]
  }
}

export class HandshakeState {
  private readonly symmetric: SymmetricState
  private readonly ephemeral: AgreementKey | null
  private remoteEphemeral: Uint8Array | null = null
  private remoteStatic: Uint8Array | null
  private turn = 0
  private dead = false

  constructor(private readonly options: HandshakeOptions) {
    const { pattern, initiator, prologue, staticKey, ephemeralSecret, remoteStatic } = options
    this.symmetric = new SymmetricState(`Noise_${pattern.name}_25519_AESGCM_SHA256`)
    this.ephemeral = ephemeralSecret === undefined ? null : agreementKeyFromSecret(ephemeralSecret)
    this.remoteStatic = remoteStatic ?? null
    this.symmetric.mixHash(prologue)
    const ours = staticKey?.publicKey ?? null
    const keys = initiator ? [ours, this.remoteStatic] : [this.remoteStatic, ours]
    if (pattern.initiatorKnown) this.symmetric.mixHash(need(keys[0]))
    if (pattern.responderKnown) this.symmetric.mixHash(need(keys[1]))
  }

  /** Known from the start, or once the message that carries it has been read. */
  get remoteStaticKey(): Uint8Array | null {
    return this.remoteStatic
  }

  /** The same on both sides once all messages are through (section 11.2). */
  get handshakeHash(): Uint8Array {
    return this.symmetric.hash
  }

  get finished(): boolean {
    return this.turn === this.options.pattern.messages.length
  }

  writeMessage(payload: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    for (const token of this.nextTokens(true)) {
      if (token === 'e') {
        const { publicKey } = need(this.ephemeral)
        this.symmetric.mixHash(publicKey)
        parts.push(publicKey)
      } else if (token === 's') parts.push(this.symmetric.encryptAndHash(need(this.options.staticKey).publicKey))
      else if (!this.mixAgreement(token)) throw new Error('the known remote key is of small order')
    }
    parts.push(this.symmetric.encryptAndHash(payload))
    const message = joinBytes(parts)
    if (message.length > NOISE_MESSAGE_BYTES_MAX) throw new RangeError('handshake message too long')
    return message
  }

  /** The payload; null when the message is damaged, forged or of the wrong size. */
  readMessage(message: Uint8Array): Uint8Array | null {
    const tokens = this.nextTokens(false)
    const payload = message.length > NOISE_MESSAGE_BYTES_MAX ? null : this.read(tokens, message)
    if (payload === null) this.dead = true
    return payload
  }

  /** Ciphers for what follows. */
  split(): { send: CipherState; receive: CipherState } {
    if (!this.finished || this.dead) throw new Error('the handshake is not finished')
    const [first, second] = this.symmetric.split()
    return this.options.initiator ? { send: first, receive: second } : { send: second, receive: first }
  }

  private read(tokens: readonly Token[], message: Uint8Array): Uint8Array | null {
    let at = 0
    for (const token of tokens) {
      if (token === 'e' || token === 's') {
        const length = token === 's' && this.symmetric.keyed ? KEY_BYTES + TAG_BYTES : KEY_BYTES
        if (message.length - at < length) return null
        const field = message.subarray(at, at + length)
        at += length
        if (token === 'e') {
          this.remoteEphemeral = field.slice()
          this.symmetric.mixHash(field)
        } else {
          this.remoteStatic = this.symmetric.decryptAndHash(field)
          if (this.remoteStatic === null) return null
        }
      } else if (!this.mixAgreement(token)) return null
    }
    return this.symmetric.decryptAndHash(message.subarray(at))
  }

  /** The first letter names the initiator's key, the second the responder's. */
  private mixAgreement(token: Token): boolean {
    const { initiator, staticKey } = this.options
    const mine = token[initiator ? 0 : 1] === 'e' ? this.ephemeral : staticKey
    const theirs = token[initiator ? 1 : 0] === 'e' ? this.remoteEphemeral : this.remoteStatic
    const shared = need(mine).agree(need(theirs))
    if (shared === null) return false
    this.symmetric.mixKey(shared)
    return true
  }

  private nextTokens(writing: boolean): readonly Token[] {
    const ours = (this.turn % 2 === 0) === this.options.initiator
    const tokens = this.options.pattern.messages[this.turn]
    if (this.dead || tokens === undefined || ours !== writing) throw new Error('not this side’s turn in the handshake')
    this.turn++
    return tokens
  }
}

function need<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('the pattern needs a key that was not given')
  return value
}
