/**
 * Where voice of another protocol meets the room's own: raw sound at 16 kHz, mono, 16 bits, in frames of 20 ms (320 samples). Whoever has the
 * room's voice resamples and codes it; whoever speaks the other protocol knows of neither.
 */
export interface ForeignVoice {
  /** What those of the other protocol say, all of them mixed: goes into the room as our voice does. The samples are the taker's. */
  hear(samples: Int16Array): void
  /** Calls `say` every 20 ms with what is heard in the room, our own voice in it and theirs not; the returned function stops it. */
  listen(say: (samples: Int16Array) => void): () => void
}
