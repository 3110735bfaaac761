import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../../src/ports/sound.ts'
import { VoiceNode } from '../../voice/voice-node.ts'
import { writeWav } from '../../voice/wav.ts'
import { measureSpeed } from '../gossip/rounds.ts'
import { topologyNamed } from '../gossip/topology.ts'
import { type Sample, summarise } from '../statistics.ts'
import { concealedPercent, statisticsOf } from './talk.ts'

/** Not counted: programs start. */
const WARM_S = 5

export interface SoakFigures {
  readonly minutes: number
  /** Rounds of gossip at full speed that ran beside it; null where it ran alone. */
  readonly rounds: number | null
  readonly concealedPercent: number
  readonly lost: number
  readonly late: number
  readonly jitterMs: Sample | null
  /** What the jitter buffer holds back, second by second. */
  readonly delayMs: readonly { readonly atMs: number; readonly delayMs: number }[]
}

export interface SoakOptions {
  readonly command: readonly string[]
  /** What gossips beside it; null for nothing. */
  readonly gossip: readonly string[] | null
  readonly spoken: Float32Array
  readonly folder: string
  readonly minutes: number
}

/** Somebody speaks to somebody else for minutes, while the machine is busy with gossip. */
export async function measureSoak({ command, gossip, spoken, folder, minutes }: SoakOptions): Promise<SoakFigures> {
  const seconds = Math.ceil(60 * minutes) + WARM_S
  const said = new Float32Array((seconds + 2) * SAMPLE_RATE_HZ)
  for (let at = 0; at < said.length; at += spoken.length) said.set(spoken.subarray(0, said.length - at), at)
  const file = (name: string): string => join(folder, `soak-${name}.wav`)
  writeWav(file('said'), said, SAMPLE_RATE_HZ)
  writeWav(file('nothing'), new Float32Array(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
  const speaking = { input: file('said'), output: file('unheard') }
  const listening = { input: file('nothing'), output: file('heard') }
  const a = new VoiceNode('a', { command, files: speaking, settings: { mode: 'open' } })
  const b = new VoiceNode('b', { command, files: listening, settings: { muted: true } })
  const load = { isOver: false, rounds: 0 }
  try {
    await Promise.all([a.start(), b.start()])
    await Promise.all([a.begin(), b.begin()])
    a.meet(b)
    await Bun.sleep(1_000 * WARM_S)
    const warm = statisticsOf(b).length
    const busy = gossip === null ? Promise.resolve() : gossipUntil(load, gossip)
    await Bun.sleep(60_000 * minutes)
    load.isOver = true
    const all = statisticsOf(b).map(({ members }) => members[0]?.hearing ?? null)
    await Promise.all([a.stop(), b.stop(), busy])
    const [before, after] = [all[warm - 1], all.at(-1)]
    if (before === null || before === undefined || after === null || after === undefined) {
      throw new Error('nothing was heard')
    }
    const counted = all.slice(warm).flatMap((each) => (each === null ? [] : [each]))
    return {
      minutes,
      rounds: gossip === null ? null : load.rounds,
      concealedPercent: concealedPercent([
        {
          playedTicks: after.playedTicks - before.playedTicks,
          recoveredTicks: after.recoveredTicks - before.recoveredTicks,
          concealedTicks: after.concealedTicks - before.concealedTicks,
        },
      ]),
      lost: after.lost - before.lost,
      late: after.late - before.late,
      jitterMs: summarise(counted.map(({ jitterMs }) => jitterMs)),
      delayMs: counted.map(({ delayMs }, i) => ({ atMs: 1_000 * i, delayMs })),
    }
  } finally {
    load.isOver = true
    await Promise.all([a.stop(), b.stop()])
  }
}

async function gossipUntil(load: { isOver: boolean; rounds: number }, command: readonly string[]): Promise<void> {
  const chain = topologyNamed('chain3')!
  while (!load.isOver) {
    await measureSpeed('hearsay', command, chain, { timedMessages: 0, share: 0.5 })
    load.rounds++
  }
}
