import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { readWav } from './wav.ts'

/** The first of the Harvard sentences (IEEE Recommended Practice for Speech Quality Measurements, 1969, list 1). */
export const SENTENCES = [
  'The birch canoe slid on the smooth planks.',
  'Glue the sheet to the dark blue background.',
  'It is easy to tell the depth of a well.',
  'These days a chicken leg is a rare dish.',
  'Rice is often served in round bowls.',
]

/** Names of espeak-ng: a man, and a woman. */
export type Speaker = 'en-us' | 'en-gb+f3'

const missing = ['espeak-ng', 'sox'].filter((tool) => Bun.which(tool) === null)

/** Why there is no speech here, as the end of a sentence; null where there is. */
export const whyNoSpeech = missing.length === 0 ? null : `${missing.join(' and ')} cannot be found`

function run(command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command])
  if (exitCode !== 0) throw new Error(`${command[0]} ended with ${exitCode}: ${stderr.toString()}`)
}

/** The text spoken, at 48 kHz, its peak at half of full scale; some 14 seconds of the sentences above. The same samples each time (`-R`: the dither too). */
export function speech(speaker: Speaker, text = SENTENCES.join(' ')): Float32Array {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-speech-'))
  try {
    const [spoken, resampled] = [join(folder, 'spoken.wav'), join(folder, 'resampled.wav')]
    run(['espeak-ng', '-v', speaker, '-s', '160', '-w', spoken, text])
    run(['sox', '-R', spoken, '-r', String(SAMPLE_RATE_HZ), '-c', '1', '-b', '16', resampled, 'gain', '-n', '-6'])
    return readWav(resampled).sound
  } finally {
    rmSync(folder, { recursive: true })
  }
}
