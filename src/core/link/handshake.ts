import { ByteWriter, EMPTY, utf8 } from '../../base/bytes.ts'
import type { CipherState } from '../../crypto/aead.ts'
import type { AgreementKey } from '../../crypto/agree.ts'
import { sha256Of } from '../../crypto/hash.ts'
import { HandshakeState } from '../../crypto/noise.ts'
import { XX } from '../../crypto/noise-pattern.ts'
import { type SigningKey, type Verifier, verifier } from '../../crypto/sign.ts'
import { beginFrame, endFrame, FrameType, readU32 } from '../../wire/frame.ts'
import { FRAME_BYTES_MAX_UNAUTHENTICATED } from '../../wire/limits.ts'
import { GREETING_BYTES, greetingOf, MAGIC, PROTOCOL_VERSION, recogniseCaller } from '../../wire/magic.ts'

/**
 * The first three messages of a link: `Noise_XX_25519_AESGCM_SHA256` (Noise revision 34, section 7.5) after the greeting,
 * with the greeting as prologue. Messages two and three carry the sender's Ed25519 identity and its signature over the
 * X25519 static key, which ties the key that Noise proves to the name people know. Pure: bytes in, bytes out.
 */
export interface LinkKeys extends LinkWork {
  readonly identity: SigningKey
  /** This process's X25519 static key: new at each start, so a peer can tell a restart from a second link. */
  readonly staticKey: AgreementKey
  /** 32 random bytes, for this handshake only. */
  readonly ephemeralSecret: Uint8Array
  /** `proofOf` these keys, where that is known: the same in each handshake. */
  readonly proof?: Uint8Array
}

/** For simulations that do once for all their nodes what each would do alike; the real thing when absent. */
export interface LinkWork {
  readonly identityVerifier?: ((identity: Uint8Array) => Verifier | null) | undefined
  readonly agreementKey?: ((secret: Uint8Array) => AgreementKey) | undefined
}

export interface Established {
  /** The peer's Ed25519 identity, proved. */
  readonly peer: Uint8Array
  /** The peer's X25519 static key: stays the same for as long as its process runs. */
  readonly peerStatic: Uint8Array
  /** The same 32 bytes on both sides, and on no other link (Noise section 11.2). */
  readonly hash: Uint8Array
  readonly send: CipherState
  readonly receive: CipherState
  /** What came after the last handshake message: the first records. */
  readonly rest: Uint8Array
}

export type HandshakeStep =
  | { readonly state: 'more'; readonly send: Uint8Array }
  | { readonly state: 'established'; readonly send: Uint8Array; readonly link: Established }
  | { readonly state: 'fault'; readonly code: HandshakeFault; readonly message: string; readonly send: Uint8Array }

export type HandshakeFault = 'not-hearsay' | 'other-version' | 'handshake-broken' | 'identity-unproved'

const PROOF_DOMAIN = utf8('hearsay link 1')
const PROOF_BYTES = 96

export class Handshake {
  private readonly noise: HandshakeState
  private readonly greeting: Uint8Array
  private held: Uint8Array = EMPTY
  private greeted = false
  private written = 0

  /** `magic`: what the link is for. */
  constructor(
    private readonly initiator: boolean,
    private readonly keys: LinkKeys,
    magic: Uint8Array = MAGIC,
  ) {
    this.greeting = greetingOf(magic)
    this.noise = new HandshakeState({
      pattern: XX,
      initiator,
      prologue: this.greeting,
      staticKey: keys.staticKey,
      ephemeralSecret: keys.ephemeralSecret,
      agreementKey: keys.agreementKey,
    })
  }

  /** What to send before anything is heard: the dialler's greeting and first message; nothing for a listener. */
  start(): Uint8Array {
    return this.initiator ? this.message(EMPTY, true) : EMPTY
  }

  /** Takes bytes as they come. After `established` or `fault` it must not be called again. */
  receive(bytes: Uint8Array): HandshakeStep {
    this.held = this.held.length === 0 ? bytes : concat(this.held, bytes)
    if (!this.greeted) {
      const fault = this.greet()
      if (fault !== null) return fault
      if (!this.greeted) return { state: 'more', send: EMPTY }
    }
    if (this.held.length < 4) return { state: 'more', send: EMPTY }
    const length = readU32(this.held, 0)
    if (length < 1 || length > FRAME_BYTES_MAX_UNAUTHENTICATED) {
      return fault('handshake-broken', `announced a handshake message of ${length} bytes`)
    }
    if (this.held.length < 4 + length) return { state: 'more', send: EMPTY }
    if (this.held[4] !== FrameType.handshake)
      return fault('handshake-broken', 'sent something else before the handshake')
    const message = this.held.subarray(5, 4 + length)
    this.held = this.held.subarray(4 + length)
    return this.take(message)
  }

  private greet(): HandshakeStep | null {
    const caller = recogniseCaller(this.held, this.greeting)
    if (caller.kind === 'foreign') return fault('not-hearsay', `is ${caller.guess}, not hearsay`)
    if (caller.kind === 'undecided') return null
    if (caller.version !== PROTOCOL_VERSION) {
      const message = `speaks version ${caller.version} of the protocol, this hearsay version ${PROTOCOL_VERSION}`
      return { ...fault('other-version', message), send: this.initiator ? EMPTY : this.greeting }
    }
    this.greeted = true
    this.held = this.held.subarray(GREETING_BYTES)
    return null
  }

  private take(message: Uint8Array): HandshakeStep {
    const payload = this.noise.readMessage(message)
    if (payload === null) return fault('handshake-broken', 'failed the handshake: damaged on the way, or an impostor')
    const isFirst = !this.initiator && this.written === 0
    if (isFirst) return { state: 'more', send: this.message(this.proof(), true) }
    const peerStatic = this.noise.remoteStaticKey!
    const peer = provenIdentity(payload, peerStatic, this.keys.identityVerifier ?? verifier)
    if (peer === null) return fault('identity-unproved', 'did not prove its identity')
    const send = this.initiator ? this.message(this.proof(), false) : EMPTY
    const ciphers = this.noise.split()
    const hash = this.noise.handshakeHash
    return { state: 'established', send, link: { peer, peerStatic, hash, ...ciphers, rest: this.held } }
  }

  private proof(): Uint8Array {
    return this.keys.proof ?? proofOf(this.keys)
  }

  private message(payload: Uint8Array, withGreeting: boolean): Uint8Array {
    const out = new ByteWriter(256)
    if (withGreeting) out.bytes(this.greeting)
    const at = beginFrame(out, FrameType.handshake)
    out.bytes(this.noise.writeMessage(payload))
    endFrame(out, at)
    this.written++
    return out.copy()
  }
}

/** That an identity stands behind a static key: the identity, and its signature over that key. */
export function proofOf({ identity, staticKey }: Pick<LinkKeys, 'identity' | 'staticKey'>): Uint8Array {
  return concat(identity.publicKey, identity.sign(sha256Of(PROOF_DOMAIN, staticKey.publicKey)))
}

function provenIdentity(
  payload: Uint8Array,
  staticKey: Uint8Array,
  verifierOf: (identity: Uint8Array) => Verifier | null,
): Uint8Array | null {
  if (payload.length !== PROOF_BYTES) return null
  const identity = payload.slice(0, 32)
  const proved = verifierOf(identity)?.verify(sha256Of(PROOF_DOMAIN, staticKey), payload.subarray(32)) ?? false
  return proved ? identity : null
}

function fault(code: HandshakeFault, message: string): HandshakeStep & { state: 'fault' } {
  return { state: 'fault', code, message, send: EMPTY }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
