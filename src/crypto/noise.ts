import { joinBytes } from '../base/bytes.ts'
import { type CipherState, KEY_BYTES, TAG_BYTES } from './aead.ts'
import { type AgreementKey, agreementKeyFromSecret, canAgree } from './agree.ts'
import type { Pattern, Token } from './noise-pattern.ts'
import { SymmetricState } from './noise-symmetric.ts'

/**
 * The Noise Protocol Framework, revision 34, for `25519_AESGCM_SHA256`: the handshake state of section 5.3, driven by a pattern that
 * is data. Randomness comes in as the ephemeral secret. What a peer can get wrong is answered with null; calls out of turn and
 * missing keys are faults of the program and throw.
 */
export interface HandshakeOptions {
  readonly pattern: Pattern
  readonly initiator: boolean
  /** What both sides must agree on besides the handshake itself; any length. */
  readonly prologue: Uint8Array
  /** Ours, where the pattern has one. */
  readonly staticKey?: AgreementKey
  /** 32 random bytes for this handshake only: used twice they give away what they protect. */
  readonly ephemeralSecret?: Uint8Array
  /** Makes a key of it; `agreementKeyFromSecret` when absent. */
  readonly agreementKey?: ((secret: Uint8Array) => AgreementKey) | undefined
  /** The other's X25519 static key, where the pattern says that it is known beforehand. */
  readonly remoteStatic?: Uint8Array
  /** Pre-shared keys of 32 bytes in the order of the pattern's `psk` tokens (section 9). */
  readonly presharedKeys?: readonly Uint8Array[]
}

/** Section 3: no Noise message is longer, so that a reader may hold a whole one. */
export const NOISE_MESSAGE_BYTES_MAX = 65_535

export class HandshakeState {
  private readonly symmetric: SymmetricState
  private readonly ephemeral: AgreementKey | null
  private readonly presharedKeys: readonly Uint8Array[]
  private remoteEphemeral: Uint8Array | null = null
  private remoteStatic: Uint8Array | null
  private turn = 0
  private presharedTurn = 0
  private dead = false

  constructor(private readonly options: HandshakeOptions) {
    const { pattern, initiator, prologue, staticKey, ephemeralSecret, remoteStatic, presharedKeys } = options
    const agreementKey = options.agreementKey ?? agreementKeyFromSecret
    this.ephemeral = ephemeralSecret === undefined ? null : agreementKey(ephemeralSecret)
    this.remoteStatic = remoteStatic === undefined ? null : new Uint8Array(remoteStatic)
    this.presharedKeys = presharedKeys ?? []
    this.symmetric = new SymmetricState(`Noise_${pattern.name}_25519_AESGCM_SHA256`)
    this.symmetric.mixHash(prologue)
    const ours = staticKey?.publicKey
    if (pattern.initiatorKnown) this.symmetric.mixHash(need(initiator ? ours : this.remoteStatic))
    if (pattern.responderKnown) this.symmetric.mixHash(need(initiator ? this.remoteStatic : ours))
  }

  /** True once every message is through. */
  get finished(): boolean {
    return !this.dead && this.turn === this.options.pattern.messages.length
  }

  /** The other's static key: from the start, or once the message that carries it has been read whole; null after a failure. */
  get remoteStaticKey(): Uint8Array | null {
    return this.dead ? null : this.remoteStatic
  }

  /** 32 bytes; when `finished`, the same on both sides and in no other handshake (section 11.2). A copy. */
  get handshakeHash(): Uint8Array {
    return this.symmetric.hash.slice()
  }

  /**
   * Our next message, fresh. Throws out of turn, without a key that the pattern needs, when a key known beforehand is of small order,
   * and when the message would be longer than 65,535 bytes; after a throw the state is dead.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    const tokens = this.takeTurn(true)
    this.dead = true
    const parts: Uint8Array[] = []
    for (const token of tokens) {
      if (token === 'e') parts.push(this.writeEphemeral())
      else if (token === 's') parts.push(this.symmetric.encryptAndHash(need(this.options.staticKey).publicKey))
      else if (!this.mix(token)) throw new RangeError('the key known beforehand is of small order')
    }
    parts.push(this.symmetric.encryptAndHash(payload))
    const message = joinBytes(parts)
    if (message.length > NOISE_MESSAGE_BYTES_MAX) {
      throw new RangeError(`a Noise message has at most ${NOISE_MESSAGE_BYTES_MAX} bytes, not ${message.length}`)
    }
    this.dead = false
    return message
  }

  /**
   * The payload of the other's next message, fresh; null when the message is damaged, forged, cut short, too long, or has a key of small
   * order. After a null the state is dead: every further message is null too.
   */
  readMessage(message: Uint8Array): Uint8Array | null {
    if (this.dead) return null
    const tokens = this.takeTurn(false)
    const payload = message.length > NOISE_MESSAGE_BYTES_MAX ? null : this.read(tokens, message)
    this.dead = payload === null
    return payload
  }

  /** The ciphers of both directions. After a one-way pattern only the initiator's sending one may be used (section 7.4). */
  split(): { send: CipherState; receive: CipherState } {
    if (!this.finished) throw new Error('the handshake is not finished')
    const [first, second] = this.symmetric.split()
    return this.options.initiator ? { send: first, receive: second } : { send: second, receive: first }
  }

  private writeEphemeral(): Uint8Array {
    const { publicKey } = need(this.ephemeral)
    this.mixEphemeral(publicKey)
    return publicKey
  }

  private read(tokens: readonly Token[], message: Uint8Array): Uint8Array | null {
    let at = 0
    for (const token of tokens) {
      if (token === 'e' || token === 's') {
        const length = token === 's' && this.symmetric.keyed ? KEY_BYTES + TAG_BYTES : KEY_BYTES
        const field = message.subarray(at, at + length)
        at += length
        if (!this.readKey(token, field)) return null
      } else if (!this.mix(token)) return null
    }
    return this.symmetric.decryptAndHash(message.subarray(at))
  }

  /** Refuses a key cut short, and one of small order at once: our own next message must not fail for what the other sent. */
  private readKey(token: 'e' | 's', field: Uint8Array): boolean {
    const key = token === 'e' ? new Uint8Array(field) : this.symmetric.decryptAndHash(field)
    if (key === null || !canAgree(key)) return false
    if (token === 's') this.remoteStatic = key
    else {
      this.remoteEphemeral = key
      this.mixEphemeral(key)
    }
    return true
  }

  /** With pre-shared keys the ephemeral goes into the key as well (section 9.2), so that no key is ever used twice. */
  private mixEphemeral(publicKey: Uint8Array): void {
    this.symmetric.mixHash(publicKey)
    if (this.presharedKeys.length > 0) this.symmetric.mixKey(publicKey)
  }

  private mix(token: Exclude<Token, 'e' | 's'>): boolean {
    if (token === 'psk') {
      this.symmetric.mixKeyAndHash(need(this.presharedKeys[this.presharedTurn++]))
      return true
    }
    const { initiator, staticKey } = this.options
    const mine = token[initiator ? 0 : 1] === 'e' ? this.ephemeral : staticKey
    const theirs = token[initiator ? 1 : 0] === 'e' ? this.remoteEphemeral : this.remoteStatic
    const shared = need(mine).agree(need(theirs))
    if (shared !== null) this.symmetric.mixKey(shared)
    return shared !== null
  }

  private takeTurn(writing: boolean): readonly Token[] {
    const tokens = this.options.pattern.messages[this.turn]
    const ours = (this.turn % 2 === 0) === this.options.initiator
    if (this.dead || tokens === undefined || ours !== writing) {
      throw new Error(`it is not our turn to ${writing ? 'write' : 'read'} in this handshake`)
    }
    this.turn++
    return tokens
  }
}

function need<T>(key: T | null | undefined): T {
  if (key === null || key === undefined) throw new Error('the pattern needs a key that was not given')
  return key
}
