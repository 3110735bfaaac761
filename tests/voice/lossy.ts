import { type Rng, seededRng } from '../../src/base/rng.ts'
import { type EncoderSettings, PAYLOAD_BYTES_MAX, type VoiceCodec } from '../../src/ports/codec.ts'

/** Which packets are lost: a share of them, in runs of a length. */
export interface Loss {
  readonly share: number
  /** 1: each by itself, whatever became of the one before. */
  readonly run: number
}

export interface Trial {
  readonly settings: Partial<EncoderSettings>
  /** Samples of a packet: 480 or 960. */
  readonly samples: 480 | 960
  /** Each packet carries the payload again that is so many before; 0 for none. */
  readonly againAge: number
}

export const PLAIN_TRIAL: Trial = { settings: {}, samples: 960, againAge: 0 }

/** Speech as encoded once, to be lost in many ways. */
export interface Sent {
  readonly trial: Trial
  readonly payloads: readonly Uint8Array[]
  readonly recovers: readonly boolean[]
  /** Of payloads said again, too; without the headers around them. */
  readonly kbits: number
}

export function lossPattern(packets: number, { share, run }: Loss, random: Rng): boolean[] {
  const lost = new Array<boolean>(packets).fill(false)
  // Of all packets that are not within a run, so many must begin one that the share comes out.
  const begins = share / (run * (1 - share) + share)
  for (let at = 0; at < packets; ) {
    const length = random.float() < begins ? run : 0
    lost.fill(true, at, at + length)
    at += Math.max(1, length)
  }
  return lost
}

export function send(codec: VoiceCodec, speech: Float32Array, trial: Trial): Sent {
  const { settings, samples, againAge } = trial
  const encoder = codec.encoder(settings)
  const into = new Uint8Array(PAYLOAD_BYTES_MAX)
  const payloads: Uint8Array[] = []
  const recovers: boolean[] = []
  for (let at = 0; at + samples <= speech.length; at += samples) {
    payloads.push(into.slice(0, encoder.encode(speech.subarray(at, at + samples), into)))
    recovers.push(encoder.recovers)
  }
  encoder.close()
  const again = againAge > 0 ? payloads.slice(0, -againAge) : []
  const bytes = [...payloads, ...again].reduce((sum, { length }) => sum + length, 0)
  return { trial, payloads, recovers, kbits: (bytes * 8 * 48) / (payloads.length * samples) }
}

/** Whatever else helps is there in time: the next packet with what it says of the one before, or the one that says it again. */
export function receive(codec: VoiceCodec, sent: Sent, loss: Loss, seed: number): Float32Array {
  const { payloads, recovers, trial } = sent
  const { samples, againAge } = trial
  const decoder = codec.decoder()
  if (decoder === null) throw new Error('no decoder is left')
  const lost = lossPattern(payloads.length, loss, seededRng(seed))
  const isThere = (i: number): boolean => lost[i] === false || (againAge > 0 && lost[i + againAge] === false)
  const heard = new Float32Array(payloads.length * samples)
  for (const [i, payload] of payloads.entries()) {
    const into = heard.subarray(i * samples, (i + 1) * samples)
    const made = isThere(i)
      ? decoder.decode(payload, into, samples)
      : recovers[i + 1] === true && isThere(i + 1)
        ? decoder.recover(payloads[i + 1]!, into, samples)
        : decoder.conceal(into, samples)
    if (!made) throw new Error('an honest payload was refused')
  }
  decoder.close()
  return heard
}
