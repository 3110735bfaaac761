import { joinBytes, utf8 } from '../base/bytes.ts'
import { TAG_BYTES } from '../crypto/aead.ts'
import { NumberedKey } from '../crypto/numbered.ts'
import { readU32 } from './frame.ts'

/**
 * A voice datagram:
 *
 *     form 1 · stream tag 4 · number 4 · sealed payload 1 or more · authentication tag 16
 *
 * and, on its way through a member who passes it on: `form 1 · tag of who it is for 4 · datagram`. Integers are big-endian. The first nine
 * bytes are authenticated with the payload.
 *
 * A *stream* is one key with its numbers. Each sender has one audio stream, whose key every member of the room has, so that a packet is
 * sealed once for all of them; and one control stream to each member, whose key only those two have, so that no third member can answer
 * a probe or report in another's name, and so that the numbers of the audio stream have no gaps but losses.
 *
 * The number travels whole, in 32 bits: a key is retired at 2^31 datagrams (16 months of talking), long before they run out, so nothing is
 * reconstructed, and no forged number can lead a receiver astray. That is also well within what AES-GCM may seal under one key
 * (RFC 8446 section 5.5: 2^34.5 blocks; here some 2^34).
 */
export const DIRECT = 0xb1
export const RELAYED = 0xb9

const VOICE_HEADER_BYTES = 9
export const RELAY_HEADER_BYTES = 5
/** With the relay's header, IPv6 and UDP around it still within the 1,280 bytes that every path carries (RFC 8200 section 5). */
export const VOICE_DATAGRAM_BYTES_MAX = 1_200
export const VOICE_DATAGRAM_BYTES_MIN = VOICE_HEADER_BYTES + 1 + TAG_BYTES
export const VOICE_OVERHEAD_BYTES = VOICE_HEADER_BYTES + TAG_BYTES
export const VOICE_PAYLOAD_BYTES_MAX = VOICE_DATAGRAM_BYTES_MAX - VOICE_OVERHEAD_BYTES
/** Datagrams under one key. */
export const STREAM_DATAGRAMS_MAX = 2 ** 31

export type StreamUse = 'audio' | 'control'

/** What a stream's receiver must know; told over encrypted links only. */
export interface StreamKey {
  /** 32 random bits that name the stream on the wire. */
  readonly tag: number
  /** 32 random bytes. */
  readonly secret: Uint8Array
  readonly use: StreamUse
}

const DOMAINS = { audio: utf8('hearsay voice audio 1'), control: utf8('hearsay voice control 1') } as const

function keyOf({ tag, secret, use }: StreamKey): NumberedKey {
  const tagBytes = Uint8Array.of(tag >>> 24, tag >>> 16, tag >>> 8, tag)
  return new NumberedKey(secret, joinBytes([DOMAINS[use], tagBytes]))
}

/** Why bytes are no voice datagram; null where they may be one. */
export function datagramFault(datagram: Uint8Array): 'short' | 'long' | 'form' | null {
  const relayed = datagram[0] === RELAYED
  const extra = relayed ? RELAY_HEADER_BYTES : 0
  if (datagram.length < VOICE_DATAGRAM_BYTES_MIN + extra) return 'short'
  if (datagram.length > VOICE_DATAGRAM_BYTES_MAX + extra) return 'long'
  // What is passed on is never itself something to be passed on, so that nothing goes in circles.
  return datagram[extra] === DIRECT ? null : 'form'
}

/** The stream's tag, or in a relayed datagram that of whom it is for. */
export function tagOf(datagram: Uint8Array): number {
  return readU32(datagram, 1)
}

export function numberOf(datagram: Uint8Array): number {
  return readU32(datagram, 5)
}

/** The datagram within a relayed one, as a view. */
export function relayedDatagram(relayed: Uint8Array): Uint8Array {
  return relayed.subarray(RELAY_HEADER_BYTES)
}

/** Writes `datagram` with the header of a relayed one to the beginning of `into`; answers the length. */
export function wrapForRelay(destinationTag: number, datagram: Uint8Array, into: Uint8Array): number {
  into[0] = RELAYED
  writeU32(into, 1, destinationTag)
  into.set(datagram, RELAY_HEADER_BYTES)
  return RELAY_HEADER_BYTES + datagram.length
}

/** The sending end of a stream: numbers what it seals. */
export class VoiceSealer {
  private readonly key: NumberedKey
  private readonly header = new Uint8Array(VOICE_HEADER_BYTES)

  /** `next`: the number to begin with, above all that this key has ever sealed. */
  constructor(
    stream: StreamKey,
    private next = 0,
  ) {
    this.key = keyOf(stream)
    this.header[0] = DIRECT
    writeU32(this.header, 1, stream.tag)
  }

  /** Number of the next datagram, which is how many were sealed. */
  get number(): number {
    return this.next
  }

  /** True once the stream has to be replaced by one with another key; `seal` throws from here on. */
  get spent(): boolean {
    return this.next >= STREAM_DATAGRAMS_MAX
  }

  /** Writes a datagram to the beginning of `into`; answers its length. `payload`: 1 to `VOICE_PAYLOAD_BYTES_MAX` bytes. */
  seal(payload: Uint8Array, into: Uint8Array): number {
    if (this.spent) throw new RangeError('this stream has sealed as much as it may')
    if (payload.length < 1 || payload.length > VOICE_PAYLOAD_BYTES_MAX) {
      throw new RangeError(`a payload has 1 to ${VOICE_PAYLOAD_BYTES_MAX} bytes, not ${payload.length}`)
    }
    const number = this.next++
    writeU32(this.header, 5, number)
    into.set(this.header)
    return this.key.seal(number, this.header, payload, into, VOICE_HEADER_BYTES)
  }
}

/** The receiving end: knows whether the sender sealed it, not whether it was here before. */
export class VoiceOpener {
  private readonly key: NumberedKey

  constructor(stream: StreamKey) {
    this.key = keyOf(stream)
  }

  /** `datagram`: direct, of this stream, without fault. Writes its payload to the beginning of `into`; the length, or -1. */
  open(datagram: Uint8Array, into: Uint8Array): number {
    const header = datagram.subarray(0, VOICE_HEADER_BYTES)
    return this.key.open(numberOf(datagram), header, datagram.subarray(VOICE_HEADER_BYTES), into)
  }
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
