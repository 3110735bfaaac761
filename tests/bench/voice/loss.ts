import { openOpus } from '../../../src/adapters/opus.ts'
import { openRnnoise } from '../../../src/adapters/rnnoise.ts'
import type { VoiceCodec } from '../../../src/ports/codec.ts'
import { SAMPLE_RATE_HZ } from '../../../src/ports/sound.ts'
import { type Loss, PLAIN_TRIAL, receive, send, type Trial } from '../../voice/lossy.ts'
import { type Speaker, speech, whyNoSpeech } from '../../voice/speech.ts'
import { type StoiPair, stoiOf, whyNoStoi } from '../../voice/stoi.ts'
import { figure, table } from '../report.ts'

const SPEAKERS: readonly Speaker[] = ['en-us', 'en-gb+f3']
const SEEDS = [1, 2]

const LOSSES: readonly Loss[] = [
  { share: 0, run: 1 },
  { share: 0.05, run: 1 },
  { share: 0.1, run: 1 },
  { share: 0.2, run: 1 },
  { share: 0.1, run: 3 },
  { share: 0.2, run: 3 },
]

interface Row extends Trial {
  readonly name: string
  /** The speech goes through noise suppression before. */
  readonly suppressed?: boolean
}

const fec = (bitrate: number, againAge = 0, lossPercent = 10): Omit<Row, 'name'> => ({
  ...PLAIN_TRIAL,
  settings: { bitrate, lossPercent },
  againAge,
})

const ROWS: readonly Row[] = [
  { ...PLAIN_TRIAL, name: '32 kbit/s, nothing against loss' },
  ...[18, 24, 32, 48, 64].map((kbits) => ({ ...fec(kbits * 1_000), name: `${kbits} kbit/s, FEC` })),
  { ...fec(32_000), samples: 480, name: '32 kbit/s, FEC, frames of 10 ms' },
  { ...fec(32_000), suppressed: true, name: '32 kbit/s, FEC, noise suppressed' },
  ...[12, 16].map((kbits) => ({
    ...PLAIN_TRIAL,
    settings: { bitrate: kbits * 1_000 },
    againAge: 1,
    name: `${kbits} kbit/s, the last again`,
  })),
  ...[1, 2, 3].flatMap((age) =>
    [18, 24].map((kbits) => ({ ...fec(kbits * 1_000, age), name: `${kbits} kbit/s, FEC, and again ${age} later` })),
  ),
]

async function suppressed(sound: Float32Array): Promise<Float32Array> {
  const suppressor = await openRnnoise()
  if (!suppressor.ok) throw suppressor.cause
  const clean = sound.slice()
  for (let at = 0; at + 480 <= clean.length; at += 480) suppressor.suppress(clean.subarray(at, at + 480))
  return clean
}

function pairsOf(codec: VoiceCodec, row: Row, reference: Float32Array, spoken: Float32Array): [StoiPair[][], number] {
  const sent = send(codec, spoken, row)
  const pairs = LOSSES.map((loss) =>
    SEEDS.map((seed) => ({ reference, degraded: receive(codec, sent, loss, seed), rateHz: SAMPLE_RATE_HZ })),
  )
  return [pairs, sent.kbits]
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** STOI of speech by what is lost, and the bits it takes; or why there is none here. */
export async function lossTable(): Promise<string> {
  const reason = whyNoStoi ?? whyNoSpeech
  if (reason !== null) return `speech through loss: not measured, ${reason}`
  const codec = await openOpus()
  if (!codec.ok) throw codec.cause
  const spoken = SPEAKERS.map((speaker) => speech(speaker))
  const clean = await Promise.all(spoken.map(suppressed))
  const rows = [
    ['STOI', 'kbit/s', ...LOSSES.map(({ share, run }) => `${100 * share} %${run > 1 ? ` in runs of ${run}` : ''}`)],
  ]
  for (const row of ROWS) {
    const made = spoken.map((each, i) => pairsOf(codec, row, each, row.suppressed === true ? clean[i]! : each))
    const found = await stoiOf(LOSSES.flatMap((_, i) => made.flatMap(([pairs]) => pairs[i]!)))
    const each = SPEAKERS.length * SEEDS.length
    const means = LOSSES.map((_, i) => mean(found.slice(i * each, (i + 1) * each).map(({ stoi }) => stoi)))
    rows.push([row.name, figure(mean(made.map(([, kbits]) => kbits))), ...means.map((stoi) => stoi.toFixed(3))])
  }
  return table(rows)
}
