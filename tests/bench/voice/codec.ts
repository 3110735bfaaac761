/**
 * What coding a voice takes: time and memory of the codec and of the noise suppressor, and with `--loss` how much of speech is left at so many
 * kbit/s. By itself: `bun tests/bench/voice/codec.ts [--loss]`. It judges nothing.
 */
import { openOpus } from '../../../src/adapters/opus.ts'
import { openRnnoise } from '../../../src/adapters/rnnoise.ts'
import { DECODERS_MAX, PAYLOAD_BYTES_MAX, type VoiceCodec } from '../../../src/ports/codec.ts'
import { voiceSound } from '../../ports/voice-sound.ts'
import { describeMachine, measureNoise } from '../machine.ts'
import { figure, spread, table } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { lossTable } from './loss.ts'

const SECONDS = 4
const ROUNDS = 15
const ROUND_CALLS = 100
/** Until the compiler has seen enough of it. */
const WARM_CALLS = 400
const SPEAKERS = 25
const FRAMES_A_SECOND = 50
/** How steady the machine is at the moment. */
const NOISE_SAMPLES = 5
const NOISE_SAMPLE_MS = 100

export interface CodecFigures {
  /** From nothing to the first payload that can be encoded, once for each. */
  readonly openOpusMs: number
  readonly openRnnoiseMs: number
  /** Of 20 ms of sound, by what is done with it. */
  readonly encodeMs: Readonly<Record<string, Sample>>
  readonly decodeMs: Sample
  readonly recoverMs: Sample
  readonly concealMs: Sample
  /** Of 10 ms. */
  readonly suppressMs: Sample
  /** As the modules say, and as the process has grown: pages that are not touched are not there. */
  readonly opusBytes: number
  readonly rnnoiseBytes: number
  readonly residentBytes: number
}

/** `before` each call comes what is not counted. */
function timed(call: (i: number) => void, before: (i: number) => void = () => undefined): Sample {
  const round = (first: number, calls: number): number => {
    let ms = 0
    for (let i = first; i < first + calls; i++) {
      before(i)
      const startedAtMs = performance.now()
      call(i)
      ms += performance.now() - startedAtMs
    }
    return ms / calls
  }
  round(0, WARM_CALLS)
  return summarise(Array.from({ length: ROUNDS }, (_, i) => round(WARM_CALLS + i * ROUND_CALLS, ROUND_CALLS)))!
}

function encoding(
  codec: VoiceCodec,
  sound: Float32Array,
): { encodeMs: Record<string, Sample>; payloads: Uint8Array[] } {
  const frames = Math.floor(sound.length / 960)
  const into = new Uint8Array(PAYLOAD_BYTES_MAX)
  const encodeMs: Record<string, Sample> = {}
  let payloads: Uint8Array[] = []
  for (const complexity of [5, 8, 10]) {
    const encoder = codec.encoder({ complexity, lossPercent: 10 })
    const encode = (i: number): number => {
      const at = (i % frames) * 960
      return encoder.encode(sound.subarray(at, at + 960), into)
    }
    encodeMs[`complexity ${complexity}`] = timed(encode)
    payloads = Array.from({ length: frames }, (_, i) => into.slice(0, encode(i)))
    encoder.close()
  }
  return { encodeMs, payloads }
}

export async function measureCodec(): Promise<CodecFigures> {
  const residentBefore = process.memoryUsage.rss()
  const beganAtMs = performance.now()
  const codec = await openOpus()
  const opusAtMs = performance.now()
  const suppressor = await openRnnoise()
  const [openOpusMs, openRnnoiseMs] = [opusAtMs - beganAtMs, performance.now() - opusAtMs]
  if (!codec.ok) throw codec.cause
  if (!suppressor.ok) throw suppressor.cause
  const sound = voiceSound(SECONDS * 48_000)
  const { encodeMs, payloads } = encoding(codec, sound)
  const decoders = Array.from({ length: DECODERS_MAX }, () => codec.decoder()!)
  const [decoder] = decoders
  const into = new Float32Array(960)
  const payload = (i: number): Uint8Array => payloads[i % payloads.length]!
  const decodeMs = timed((i) => decoder!.decode(payload(i), into, 960))
  const recoverMs = timed((i) => decoder!.recover(payload(i), into, 960))
  // After each of them something comes again, or there would soon be nothing to go on from.
  const concealMs = timed(
    () => decoder!.conceal(into, 960),
    (i) => decoder!.decode(payload(i), into, 960),
  )
  const frame = new Float32Array(480)
  const suppressMs = timed((i) => {
    frame.set(sound.subarray((i % 400) * 480, (i % 400) * 480 + 480))
    suppressor.suppress(frame)
  })
  for (const each of decoders) each.close()
  return {
    openOpusMs,
    openRnnoiseMs,
    encodeMs,
    decodeMs,
    recoverMs,
    concealMs,
    suppressMs,
    opusBytes: codec.memoryBytes,
    rnnoiseBytes: suppressor.memoryBytes,
    residentBytes: process.memoryUsage.rss() - residentBefore,
  }
}

export function codecRows(figures: CodecFigures): string[][] {
  const { encodeMs, decodeMs, recoverMs, concealMs, suppressMs } = figures
  const row = (name: string, sample: Sample, sounding: number): string[] => [
    name,
    spread(sample),
    `${figure((100 * sample.median) / sounding)} %`,
  ]
  return [
    ['', 'ms', 'of a core'],
    ...Object.entries(encodeMs).map(([name, sample]) => row(`encode 20 ms, ${name}`, sample, 20)),
    row('decode 20 ms', decodeMs, 20),
    row('recover 20 ms from the next', recoverMs, 20),
    row('make up 20 ms', concealMs, 20),
    row('suppress noise in 10 ms', suppressMs, 10),
  ]
}

async function main(withLoss: boolean): Promise<void> {
  const figures = await measureCodec()
  const megabytes = (bytes: number): string => `${figure(bytes / 1e6)} MB`
  const { alone, together } = await measureNoise(NOISE_SAMPLES, NOISE_SAMPLE_MS)
  console.log(`${describeMachine()}; SHA-256 ${spread(alone)} MiB/s, ${spread(together)} in two processes at once`)
  console.log('codec: Opus and RNNoise')
  console.log(table(codecRows(figures)))
  const quarter = (SPEAKERS * FRAMES_A_SECOND * figures.decodeMs.median) / 10
  console.log(`  decoding ${SPEAKERS} speakers at once: ${figure(quarter)} % of a core`)
  console.log(`  opened in ${figure(figures.openOpusMs)} and ${figure(figures.openRnnoiseMs)} ms`)
  console.log(
    `  memory with ${DECODERS_MAX} decoders: Opus ${megabytes(figures.opusBytes)}, RNNoise ${megabytes(figures.rnnoiseBytes)} of address space; ` +
      `resident, with compiled code and all of this test: ${megabytes(figures.residentBytes)}`,
  )
  if (withLoss) console.log(await lossTable())
}

if (import.meta.main) await main(process.argv.includes('--loss'))
