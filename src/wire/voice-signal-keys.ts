import type { Address } from '../base/address.ts'
import { ByteWriter, compareBytes, EMPTY, utf8 } from '../base/bytes.ts'
import { TAG_BYTES } from '../crypto/aead.ts'
import type { AgreementKey } from '../crypto/agree.ts'
import { hmacSha256, sha256Of } from '../crypto/hash.ts'
import { NUMBERED_SECRET_BYTES, NumberedKey } from '../crypto/numbered.ts'
import { readU32 } from './frame.ts'
import { decodeEndpoints, encodeEndpoints, GRANT_SEALED_BYTES } from './voice-signal.ts'

/**
 * The keys of a voice room, and where they come from.
 *
 * A *session* is one voice process in one room. It has an X25519 key pair of its own, told in signed events and forgotten when it ends, so that
 * nobody who gets hold of an identity later opens anything of it. Of each two sessions' agreement, by HKDF-SHA-256 (RFC 5869) with the
 * room, both identities and both sessions as salt, come the keys that only these two have.
 *
 * Each session sends audio under one secret at a time. Its *generations* are numbered from 1: another begins whenever somebody who had the
 * last one is gone. A secret goes to each member sealed for them, a *grant*, under the generation's number, so that the same grant may be
 * sealed again and no two different ones ever are under one number.
 *
 * Whenever a session takes somebody for a member, it numbers that: an *admission*. The keys it uses toward them (the control stream and grants)
 * depend on it, so that those of somebody who was given up and has come back are new, and no control stream's numbers begin anew under an old key.
 *
 * Endpoints are sealed for all members at once, under the audio secret and the number of their *revision*, lest relays see where people are.
 *
 * All tags come from what they are the tags of: whoever would have another's tag, and so be in the way of what is for them, has to try 2^32
 * keys for each.
 */
const SESSION_DOMAIN = utf8('hearsay voice session 1')
const AUDIO_DOMAIN = utf8('hearsay voice audio tag 1')
const PAIR_DOMAIN = utf8('hearsay voice pair 1')
const GRANT_DOMAIN = utf8('hearsay voice grant 1')
const ENDPOINTS_DOMAIN = utf8('hearsay voice endpoints 1')
/** Of RFC 5869's T(1): 32 bytes are all that is wanted of each expansion. */
const FIRST_BLOCK = Uint8Array.of(1)

/** A stream's name on the wire, and its secret of 32 bytes: wire/voice-datagram.ts. */
export interface VoiceStream {
  readonly tag: number
  readonly secret: Uint8Array
}

/** Names a session in datagrams and in what others say of it. */
export function sessionTag(room: Uint8Array, author: Uint8Array, session: Uint8Array): number {
  return readU32(sha256Of(SESSION_DOMAIN, room, author, session), 0)
}

/** The audio stream of an author's secret. */
export function audioStream(author: Uint8Array, secret: Uint8Array): VoiceStream {
  return { tag: readU32(hmacSha256(secret, AUDIO_DOMAIN, author), 0), secret }
}

/** One end of a pair: an identity and its session. */
export interface PairEnd {
  /** Ed25519 public key. */
  readonly author: Uint8Array
  /** X25519 public key. */
  readonly session: Uint8Array
}

/** What two sessions have that nobody else has. */
export class VoicePair {
  private constructor(
    private readonly key: Uint8Array,
    private readonly own: PairEnd,
    private readonly other: PairEnd,
  ) {}

  /** `ownKey`: of our session, whose public half `own` tells. Null where there is no agreement with such a key. Some 50 µs. */
  static agree(ownKey: AgreementKey, room: Uint8Array, own: PairEnd, other: PairEnd): VoicePair | null {
    const shared = ownKey.agree(other.session)
    if (shared === null) return null
    const [low, high] = compareBytes(own.author, other.author) < 0 ? [own, other] : [other, own]
    const salt = sha256Of(PAIR_DOMAIN, room, low.author, low.session, high.author, high.session)
    return new VoicePair(hmacSha256(salt, shared), own, other)
  }

  /** From us to them, since our admission of them. */
  outgoing(admission: number): PairDirection {
    return new PairDirection(this.key, this.own, admission)
  }

  /** From them to us, since their admission of us. */
  incoming(admission: number): PairDirection {
    return new PairDirection(this.key, this.other, admission)
  }
}

/** The keys of one direction, since one admission. */
export class PairDirection {
  readonly control: VoiceStream
  private readonly wrap: NumberedKey

  constructor(key: Uint8Array, { author }: PairEnd, admission: number) {
    const expand = (purpose: string): Uint8Array => {
      const info = new ByteWriter(64).bytes(utf8(purpose)).u8(0).bytes(author).u32(admission)
      return hmacSha256(key, info.view(), FIRST_BLOCK)
    }
    this.control = { tag: readU32(expand('tag'), 0), secret: expand('control') }
    this.wrap = new NumberedKey(expand('grant'), GRANT_DOMAIN)
  }

  /** 48 fresh bytes. There is one secret in a generation. */
  seal(generation: number, secret: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(GRANT_SEALED_BYTES)
    this.wrap.seal(generation, EMPTY, secret, sealed, 0)
    return sealed
  }

  /** The secret, fresh; null where it was not sealed so. */
  open(generation: number, sealed: Uint8Array): Uint8Array | null {
    const secret = new Uint8Array(NUMBERED_SECRET_BYTES)
    return this.wrap.open(generation, EMPTY, sealed, secret) === NUMBERED_SECRET_BYTES ? secret : null
  }
}

/** `endpoints`: as `tellableEndpoints` has them. `revision`: another one for others, in one session. */
export function sealEndpoints(secret: Uint8Array, revision: number, endpoints: readonly Address[]): Uint8Array {
  const plain = encodeEndpoints(endpoints)
  const sealed = new Uint8Array(plain.length + TAG_BYTES)
  new NumberedKey(secret, ENDPOINTS_DOMAIN).seal(revision, EMPTY, plain, sealed, 0)
  return sealed
}

/** Null where they were not sealed so, or are none. */
export function openEndpoints(secret: Uint8Array, revision: number, sealed: Uint8Array): Address[] | null {
  const plain = new Uint8Array(sealed.length)
  const length = new NumberedKey(secret, ENDPOINTS_DOMAIN).open(revision, EMPTY, sealed, plain)
  return length < 0 ? null : decodeEndpoints(plain.subarray(0, length))
}
