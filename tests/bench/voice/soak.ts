import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../../src/ports/sound.ts'
import { VoiceNode } from '../../voice/voice-node.ts'
import { writeWav } from '../../voice/wav.ts'
import { measureSpeed } from '../gossip/rounds.ts'
import { topologyNamed } from '../gossip/topology.ts'
import { type MachineTime, machineTime, processorWaitMs } from '../kernel.ts'
import { type Sample, summarise } from '../statistics.ts'
import { type FileLoad, noFileLoad, sendUntil } from './file-load.ts'
import { concealedPercent, statisticsOf } from './talk.ts'

/** Not counted: programs start. */
const WARM_S = 5

export interface SoakFigures {
  readonly minutes: number
  /** Rounds of gossip at full speed that ran beside it; null where it ran alone. */
  readonly rounds: number | null
  /** What was sent from one program to another beside it; null where nothing was. */
  readonly transfer: Omit<FileLoad, 'isOver'> | null
  /** How long each of the two voice processes waited for a processor, ms a second. */
  readonly waitedMs: { readonly speaking: number; readonly listening: number } | null
  /** Of all processors' time: taken by the host of a virtual machine, and idle. */
  readonly machine: { readonly stolenPercent: number; readonly idlePercent: number } | null
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
  /** Whether files are sent beside it, between two compiled programs. */
  readonly files: boolean
  readonly spoken: Float32Array
  readonly folder: string
  readonly minutes: number
}

/** Somebody speaks to somebody else for minutes, while the machine is busy with gossip and with a file. */
export async function measureSoak(options: SoakOptions): Promise<SoakFigures> {
  const { command, gossip, files, spoken, folder, minutes } = options
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
  const transfer = noFileLoad()
  const over = (): void => {
    load.isOver = true
    transfer.isOver = true
  }
  try {
    await Promise.all([a.start(), b.start()])
    await Promise.all([a.begin(), b.begin()])
    a.meet(b)
    await Bun.sleep(1_000 * WARM_S)
    const warm = statisticsOf(b).length
    const machineBefore = machineTime()
    const waits = [waitedMs(a), waitedMs(b)] as const
    const busy = Promise.all([
      gossip === null ? null : gossipUntil(load, gossip),
      files ? sendUntil(transfer, folder) : null,
    ])
    // Without what is beside it, it would be another measurement.
    await Promise.race([Bun.sleep(60_000 * minutes), busy.then(() => new Promise<never>(() => {}))])
    const speakingMs = waitedMs(a) - waits[0]
    const listeningMs = waitedMs(b) - waits[1]
    const machineAfter = machineTime()
    over()
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
      transfer: files ? { files: transfer.files, megabytes: transfer.megabytes, seconds: transfer.seconds } : null,
      waitedMs: Number.isFinite(speakingMs + listeningMs)
        ? { speaking: speakingMs / (60 * minutes), listening: listeningMs / (60 * minutes) }
        : null,
      machine: machineShares(machineBefore, machineAfter),
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
    over()
    await Promise.all([a.stop(), b.stop()])
  }
}

function machineShares(before: MachineTime | null, after: MachineTime | null): SoakFigures['machine'] {
  if (before === null || after === null) return null
  const percent = (ms: number): number => (100 * ms) / Math.max(1, after.totalMs - before.totalMs)
  return {
    stolenPercent: percent(after.stolenMs - before.stolenMs),
    idlePercent: percent(after.idleMs - before.idleMs),
  }
}

/** NaN where that is not told. */
function waitedMs({ pid }: VoiceNode): number {
  return (pid === null ? null : processorWaitMs(pid)) ?? Number.NaN
}

async function gossipUntil(load: { isOver: boolean; rounds: number }, command: readonly string[]): Promise<void> {
  const chain = topologyNamed('chain3')!
  while (!load.isOver) {
    await measureSpeed('hearsay', command, chain, { timedMessages: 0, share: 0.5 })
    load.rounds++
  }
}
