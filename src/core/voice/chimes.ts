/** Two short quiet notes when somebody joins (upwards) or leaves (downwards): made, not stored. */

const RATE_HZ = 48_000
/** A fifth apart: heard as friendly, and unlike any word. */
const LOW_HZ = 523.25
const HIGH_HZ = 783.99
const NOTE_MS = 90
const ATTACK_MS = 4
/** -24 dBFS: below speech. */
const PEAK = 0.063
/** A little of the octave above, so that small loudspeakers carry it. */
const OVERTONE = 0.25

export type Chime = 'join' | 'leave'

/** 48 kHz mono, 180 ms, a fresh array that begins and ends in silence. */
export function chime(kind: Chime): Float32Array {
  const notes = kind === 'join' ? [LOW_HZ, HIGH_HZ] : [HIGH_HZ, LOW_HZ]
  const noteSamples = (NOTE_MS * RATE_HZ) / 1000
  const sound = new Float32Array(notes.length * noteSamples)
  for (const [n, hertz] of notes.entries()) {
    for (let i = 0; i < noteSamples; i++) {
      const angle = (2 * Math.PI * hertz * i) / RATE_HZ
      const wave = (Math.sin(angle) + OVERTONE * Math.sin(2 * angle)) / (1 + OVERTONE)
      sound[n * noteSamples + i] = PEAK * wave * envelope(i, noteSamples)
    }
  }
  return sound
}

/** Up in a few milliseconds, down along the note, to nothing at its end. */
function envelope(i: number, samples: number): number {
  const attack = Math.min(1, (i * 1000) / (ATTACK_MS * RATE_HZ))
  const left = 1 - i / samples
  return attack * left * left
}
