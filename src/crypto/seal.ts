import { compareBytes, utf8 } from '../base/bytes.ts'
import { TAG_BYTES } from './aead.ts'
import type { AgreementKey } from './agree.ts'
import { hmacSha256 } from './hash.ts'
import { HandshakeState } from './noise.ts'
import { K } from './noise-pattern.ts'

/**
 * One-way messages between two identities: one message of `Noise_K_25519_AESGCM_SHA256` (revision 34, section 7.4: e, es,
 * ss). Only the recipient can open it, and knows that the sender made it, though not so that a third person must believe it.
 *
 * The sender cannot open it again, because the ephemeral secret is gone: who wants to keep what they said keeps the plaintext.
 * Section 7.7 gives K "source 1, destination 2": who steals the sender's key reads nothing; who steals the recipient's
 * reads what was sealed to it before, and can write to the recipient in anybody's name (the feed's signature still says
 * who it was). Nothing here stops a message from coming twice; the feed it travels in does.
 */
const EPHEMERAL_BYTES = 32
const LENGTH_BYTES = 4
const CONVERSATION_DOMAIN = utf8('hearsay conversation 1')
const RECEIPT_DOMAIN = utf8('hearsay receipt 1')

/**
 * Plaintext is filled up with zeros to a multiple of this, so that the length a relay sees tells "yes" from "no" no more, and one
 * short remark from another. Finer steps would tell more, coarser ones cost more than a remark is long.
 */
const PADDED_BYTES_STEP = 64

/** What sealing adds at most: ephemeral key, length, padding, tag. At least it adds 63 bytes less. */
export const SEAL_OVERHEAD_BYTES = EPHEMERAL_BYTES + LENGTH_BYTES + (PADDED_BYTES_STEP - 1) + TAG_BYTES

export interface SealKeys {
  readonly sender: AgreementKey
  /** X25519 public key that `canAgree` holds for, as every one from `agreementPublicFromIdentity` is. */
  readonly recipient: Uint8Array
  /** 32 random bytes, for this message only. */
  readonly ephemeralSecret: Uint8Array
  /** What the message belongs to (its feed): it opens nowhere else. */
  readonly context: Uint8Array
}

export interface OpenKeys {
  readonly recipient: AgreementKey
  /** X25519 public key. */
  readonly sender: Uint8Array
  readonly context: Uint8Array
}

/** A fresh buffer. Throws where the result would be over 65,535 bytes, or a key is not 32 bytes or of small order. */
export function sealTo(keys: SealKeys, plaintext: Uint8Array): Uint8Array {
  const { sender, recipient, ephemeralSecret, context } = keys
  const noise = new HandshakeState({
    pattern: K,
    initiator: true,
    prologue: context,
    staticKey: sender,
    remoteStatic: recipient,
    ephemeralSecret,
  })
  return noise.writeMessage(pad(plaintext))
}

/** The plaintext, a fresh buffer; null when it was not sealed by that sender, to this recipient, in this context. */
export function openFrom(keys: OpenKeys, sealed: Uint8Array): Uint8Array | null {
  const noise = new HandshakeState({
    pattern: K,
    initiator: false,
    prologue: keys.context,
    staticKey: keys.recipient,
    remoteStatic: keys.sender,
  })
  const padded = noise.readMessage(sealed)
  return padded === null ? null : unpad(padded)
}

/**
 * 32 bytes that name the conversation of two identities: the same from both sides, and computed by nobody else, since it comes
 * from their X25519 agreement. Both public keys are in it as well, since an agreement alone does not determine them (RFC 7748 section 6.1).
 * Null where there is no agreement with that key.
 */
export function conversationId(mine: AgreementKey, theirs: Uint8Array): Uint8Array | null {
  const shared = mine.agree(theirs)
  if (shared === null) return null
  const [low, high] = compareBytes(mine.publicKey, theirs) < 0 ? [mine.publicKey, theirs] : [theirs, mine.publicKey]
  return hmacSha256(shared, CONVERSATION_DOMAIN, low, high)
}

/**
 * 32 bytes by which a reader says in the open that it has what it was sent in a feed (by the feed's id): the sender knows them, and nobody else
 * can tell whose they are. Null where there is no agreement with that key.
 */
export function receiptTag(mine: AgreementKey, theirs: Uint8Array, feedId: Uint8Array): Uint8Array | null {
  const shared = mine.agree(theirs)
  return shared === null ? null : hmacSha256(shared, RECEIPT_DOMAIN, feedId)
}

function paddedLength(plaintextBytes: number): number {
  return Math.ceil((LENGTH_BYTES + plaintextBytes) / PADDED_BYTES_STEP) * PADDED_BYTES_STEP
}

function pad(plaintext: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedLength(plaintext.length))
  new DataView(padded.buffer).setUint32(0, plaintext.length)
  padded.set(plaintext, LENGTH_BYTES)
  return padded
}

/** Takes only what `pad` makes, so that padding is no place to hide anything. */
function unpad(padded: Uint8Array): Uint8Array | null {
  if (padded.length < LENGTH_BYTES) return null
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0)
  if (padded.length !== paddedLength(length)) return null
  const end = LENGTH_BYTES + length
  return padded.subarray(end).every((byte) => byte === 0) ? padded.slice(LENGTH_BYTES, end) : null
}
