import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import type { AgreementKey } from './agree.ts'
import { hmacSha256 } from './hash.ts'
import { HandshakeState } from './noise.ts'
import { K } from './noise-pattern.ts'

/**
 * One-way messages between two identities: `Noise_K_25519_AESGCM_SHA256`. Only the recipient can open one, and knows that the sender
 * made it. The sender cannot open it again, because the ephemeral key is gone: who wants to keep what they said must keep the plaintext.
 */
const PADDING_BYTES = 64
const EPHEMERAL_BYTES = 32
const TAG_BYTES = 16
const LENGTH_BYTES = 4
const CONVERSATION_DOMAIN = utf8('hearsay conversation 1')

/** What sealing adds at most: length, padding, ephemeral key, tag. */
export const SEAL_OVERHEAD_BYTES = LENGTH_BYTES + PADDING_BYTES - 1 + EPHEMERAL_BYTES + TAG_BYTES

export interface SealKeys {
  readonly sender: AgreementKey
  /** X25519 public key. */
  readonly recipient: Uint8Array
  /** 32 random bytes, for this message only. */
  readonly ephemeralSecret: Uint8Array
  /** What the message belongs to; it opens nowhere else. */
  readonly context: Uint8Array
}

export interface OpenKeys {
  readonly recipient: AgreementKey
  readonly sender: Uint8Array
  readonly context: Uint8Array
}

/** Pads to a multiple of 64 bytes first, so that a relay cannot tell "yes" from "no" by its length. */
export function sealTo(keys: SealKeys, plaintext: Uint8Array): Uint8Array {
  const { sender, recipient, ephemeralSecret, context } = keys
  const padded = new Uint8Array(Math.ceil((LENGTH_BYTES + plaintext.length) / PADDING_BYTES) * PADDING_BYTES)
  padded.set(new ByteWriter(LENGTH_BYTES).u32(plaintext.length).view())
  padded.set(plaintext, LENGTH_BYTES)
  return new HandshakeState({
    pattern: K,
    initiator: true,
    prologue: context,
    staticKey: sender,
    remoteStatic: recipient,
    ephemeralSecret,
  }).writeMessage(padded)
}

/** The plaintext; null when it was not sealed by that sender, to this recipient, in this context. */
export function openFrom(keys: OpenKeys, sealed: Uint8Array): Uint8Array | null {
  const state = new HandshakeState({
    pattern: K,
    initiator: false,
    prologue: keys.context,
    staticKey: keys.recipient,
    remoteStatic: keys.sender,
  })
  const padded = state.readMessage(sealed)
  if (padded === null) return null
  const reader = new ByteReader(padded)
  const plaintext = reader.take(reader.u32())
  return reader.ok ? plaintext : null
}

/** 32 bytes that name the conversation of two people: the same from both sides, and known to nobody else. */
export function conversationId(mine: AgreementKey, theirs: Uint8Array): Uint8Array | null {
  const shared = mine.agree(theirs)
  return shared === null ? null : hmacSha256(shared, CONVERSATION_DOMAIN)
}
