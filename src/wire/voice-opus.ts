/**
 * What the first bytes of an Opus packet tell (RFC 6716 section 3), enough to know before decoding how much sound comes out, so that what
 * a stranger sends is refused by length and never by a decoder's mercy.
 */

/** Sound of one packet at most (section 3.4, R5), at 48 kHz. */
const PACKET_SAMPLES_MAX = 5_760
const SILK_SAMPLES = [480, 960, 1_920, 2_880]
const HYBRID_SAMPLES = [480, 960]
const CELT_SAMPLES = [120, 240, 480, 960]
/** Longest compressed frame (section 3.2.1). */
const FRAME_BYTES_MAX = 1_275

/** Samples at 48 kHz that a packet decodes to; 0 where it is no Opus packet. */
export function opusSamples(packet: Uint8Array): number {
  const toc = packet[0]
  if (toc === undefined) return 0
  const config = toc >> 3
  const ofFrame =
    config < 12 ? SILK_SAMPLES[config & 3]! : config < 16 ? HYBRID_SAMPLES[config & 1]! : CELT_SAMPLES[config & 3]!
  const samples = ofFrame * frameCount(packet, toc & 3)
  return samples <= PACKET_SAMPLES_MAX ? samples : 0
}

/** Section 3.2; 0 where the lengths cannot be. */
function frameCount(packet: Uint8Array, code: number): number {
  const bytes = packet.length - 1
  if (code === 0) return bytes <= FRAME_BYTES_MAX ? 1 : 0
  if (code === 1) return bytes % 2 === 0 && bytes / 2 <= FRAME_BYTES_MAX ? 2 : 0
  if (bytes === 0) return 0
  if (code === 3) return packet[1]! & 0x3f
  const long = packet[1]! >= 252
  if (long && bytes < 2) return 0
  const first = long ? packet[1]! + 4 * packet[2]! : packet[1]!
  const rest = bytes - (long ? 2 : 1) - first
  return rest >= 0 && rest <= FRAME_BYTES_MAX ? 2 : 0
}

/** One or two bytes say "nothing to send": the encoder is in discontinuous transmission. */
export function isOpusPause(packet: Uint8Array): boolean {
  return packet.length <= 2
}
