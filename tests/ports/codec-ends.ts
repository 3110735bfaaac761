import { PAYLOAD_BYTES_MAX, type VoiceCodec, type VoiceDecoder, type VoiceEncoder } from '../../src/ports/codec.ts'

/** All whole frames of `sound`, each in bytes of its own. */
export function encodeAll(
  encoder: VoiceEncoder,
  sound: Float32Array,
  samples: number,
): { payloads: Uint8Array<ArrayBuffer>[]; recovers: boolean[] } {
  const into = new Uint8Array(PAYLOAD_BYTES_MAX)
  const payloads: Uint8Array<ArrayBuffer>[] = []
  const recovers: boolean[] = []
  for (let at = 0; at + samples <= sound.length; at += samples) {
    payloads.push(into.slice(0, encoder.encode(sound.subarray(at, at + samples), into)))
    recovers.push(encoder.recovers)
  }
  return { payloads, recovers }
}

export function decoderOf(codec: VoiceCodec): VoiceDecoder {
  const decoder = codec.decoder()
  if (decoder === null) throw new Error('no decoder is left')
  return decoder
}

/** Keeps all that comes out of a decoder; silence where it refuses. */
export class Listener {
  private readonly parts: Float32Array[] = []

  constructor(private readonly decoder: VoiceDecoder) {}

  decode(payload: Uint8Array, samples: number): boolean {
    return this.decoder.decode(payload, this.part(samples), samples)
  }

  recover(next: Uint8Array, samples: number): boolean {
    return this.decoder.recover(next, this.part(samples), samples)
  }

  conceal(samples: number): boolean {
    return this.decoder.conceal(this.part(samples), samples)
  }

  heard(): Float32Array {
    const heard = new Float32Array(this.parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of this.parts) {
      heard.set(part, at)
      at += part.length
    }
    return heard
  }

  close(): void {
    this.decoder.close()
  }

  private part(samples: number): Float32Array {
    const part = new Float32Array(samples)
    this.parts.push(part)
    return part
  }
}
