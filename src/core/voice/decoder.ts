/**
 * What turns a speaker's packets into sound; each speaker has one, with its state. A port behind which a codec stands, and in tests a signal
 * that is known at every sample. Each call writes `samples` samples of 48 kHz mono to the beginning of `into`, a multiple of 120; a call
 * that cannot leaves it as it is and answers false. None throws, whatever the bytes.
 */
export interface SpeechDecoder {
  /** The next packet in order. */
  decode(opus: Uint8Array, into: Float32Array, samples: number): boolean
  /** The frame before `opus`, which is missing, from what `opus` repeats of it. `opus` itself is decoded after. */
  recover(opus: Uint8Array, into: Float32Array, samples: number): boolean
  /** Sound that goes on from the last, for what is missing. */
  conceal(into: Float32Array, samples: number): boolean
  /** As if nothing had been decoded yet: what comes next was encoded so. */
  reset(): void
}
