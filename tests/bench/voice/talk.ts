import { join } from 'node:path'
import type { VoiceStatistics } from '../../../src/app/voice/reports.ts'
import { SAMPLE_RATE_HZ } from '../../../src/ports/sound.ts'
import { VOICE_OVERHEAD_BYTES } from '../../../src/wire/voice-datagram.ts'
import { encodeSpeech, RawSpeaker, speakTo } from '../../voice/raw-speakers.ts'
import { VoiceNode } from '../../voice/voice-node.ts'
import { readWav, writeWav } from '../../voice/wav.ts'
import { type Sample, summarise } from '../statistics.ts'

/** Of IPv4 and UDP, for each datagram. */
const WIRE_BYTES = 28
/** At the beginning, until compilers and buffers are done. */
const WARM_S = 3
const SILENCE_S = 8
const FRAMES_A_SECOND = 50
const SPEAKERS = 25
/** A limiter leaves the greatest sample alone among its neighbours; what was cut off stands at one height. */
const FLAT_SAMPLES = 4

interface Rate {
  /** What the codec makes, and with all headers what one listener is sent. */
  readonly payloadKbits: Sample | null
  readonly wireKbits: Sample | null
}

export interface TalkFigures {
  readonly speech: Rate
  readonly silence: Rate
  /** Between words as sent by an open microphone, with nothing but DTX to save bits. */
  readonly openSilence: Rate
  readonly speakingCpuPercent: Sample | null
}

export interface CrowdFigures {
  readonly speakers: number
  readonly cpuPercent: Sample | null
  readonly idleCpuPercent: Sample | null
  readonly concealedPercent: number
  readonly peak: number
  readonly flatTops: number
}

/** What one who speaks and then is silent sends, second by second. */
export async function measureTalk(command: readonly string[], spoken: Float32Array, folder: string) {
  const said = new Float32Array(spoken.length + SILENCE_S * SAMPLE_RATE_HZ)
  said.set(spoken)
  const input = join(folder, 'talk.wav')
  writeWav(input, said, SAMPLE_RATE_HZ)
  const seconds = said.length / SAMPLE_RATE_HZ
  const run = async (mode: 'voice' | 'open') => {
    const files = { input, output: join(folder, `talk-${mode}.wav`) }
    const node = new VoiceNode(mode, { command, files, settings: { mode } })
    try {
      await node.start()
      await node.begin()
      await Bun.sleep(1_000 * seconds)
    } finally {
      await node.stop()
    }
    return statisticsOf(node)
  }
  const byVoice = await run('voice')
  const open = await run('open')
  const spokenS = Math.floor(spoken.length / SAMPLE_RATE_HZ)
  // Of the silence the last part: a gate closes a little later.
  const silent = (all: readonly VoiceStatistics[]): VoiceStatistics[] => all.slice(spokenS + 2, Math.floor(seconds))
  const speaking = byVoice.slice(WARM_S, spokenS)
  return {
    speech: rateOf(speaking),
    silence: rateOf(silent(byVoice)),
    openSilence: rateOf(silent(open)),
    speakingCpuPercent: summarise(speaking.map(({ cpuPercent }) => cpuPercent)),
  } satisfies TalkFigures
}

/** So many at once into one. */
export async function measureCrowd(command: readonly string[], spoken: Float32Array, folder: string, seconds: number) {
  const speech = await encodeSpeech(spoken)
  const spread = Math.floor(speech.packets.length / SPEAKERS)
  const speakers = Array.from({ length: SPEAKERS }, (_, i) => new RawSpeaker(`speaker ${i}`, speech, i * spread))
  const [input, output] = [join(folder, 'crowd-nothing.wav'), join(folder, 'crowd.wav')]
  writeWav(input, new Float32Array(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
  const node = new VoiceNode('listener', { command, files: { input, output }, settings: { muted: true } })
  try {
    await node.start()
    await node.begin()
    await Bun.sleep(1_000 * (WARM_S + 2))
    const idle = statisticsOf(node).slice(WARM_S)
    for (const speaker of speakers) node.send({ do: 'member', member: speaker.member({ host: '127.0.0.1', port: 9 }) })
    const stop = await speakTo(speakers, node.endpoint)
    const before = statisticsOf(node).length
    await Bun.sleep(1_000 * (WARM_S + seconds))
    stop()
    const busy = statisticsOf(node).slice(before + WARM_S)
    await node.stop()
    const hearing = (busy.at(-1)?.members ?? []).flatMap(({ hearing: each }) => (each === null ? [] : [each]))
    return {
      speakers: hearing.filter(({ playedTicks }) => playedTicks > FRAMES_A_SECOND).length,
      cpuPercent: summarise(busy.map(({ cpuPercent }) => cpuPercent)),
      idleCpuPercent: summarise(idle.map(({ cpuPercent }) => cpuPercent)),
      concealedPercent: concealedPercent(hearing),
      ...heightOf(readWav(output).sound),
    } satisfies CrowdFigures
  } finally {
    await node.stop()
  }
}

export function statisticsOf(node: VoiceNode): VoiceStatistics[] {
  return node.reports.flatMap((report) => (report.tell === 'statistics' ? [report.statistics] : []))
}

export function concealedPercent(
  hearing: readonly { playedTicks: number; recoveredTicks: number; concealedTicks: number }[],
): number {
  let all = 0
  let concealed = 0
  for (const { playedTicks, recoveredTicks, concealedTicks } of hearing) {
    all += playedTicks + recoveredTicks + concealedTicks
    concealed += concealedTicks
  }
  return (100 * concealed) / Math.max(1, all)
}

function rateOf(seconds: readonly VoiceStatistics[]): Rate {
  const payload: number[] = []
  const wire: number[] = []
  for (let i = 1; i < seconds.length; i++) {
    const bytes = seconds[i]!.sealedBytes - seconds[i - 1]!.sealedBytes
    const datagrams = seconds[i]!.sealed - seconds[i - 1]!.sealed
    payload.push((8 * bytes) / 1_000)
    wire.push((8 * (bytes + datagrams * (VOICE_OVERHEAD_BYTES + WIRE_BYTES))) / 1_000)
  }
  return { payloadKbits: summarise(payload), wireKbits: summarise(wire) }
}

/** Its greatest sample, and how often it stands still near it. */
function heightOf(sound: Float32Array): { peak: number; flatTops: number } {
  let peak = 0
  for (const sample of sound) peak = Math.max(peak, Math.abs(sample))
  let flatTops = 0
  let run = 0
  for (let i = 1; i < sound.length; i++) {
    const isFlat = sound[i] === sound[i - 1] && Math.abs(sound[i]!) > 0.7 * peak
    run = isFlat ? run + 1 : 0
    if (run === FLAT_SAMPLES - 1) flatTops++
  }
  return { peak, flatTops }
}
