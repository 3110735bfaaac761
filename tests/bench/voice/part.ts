import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../../src/ports/sound.ts'
import { voiceSound } from '../../ports/voice-sound.ts'
import { speech, whyNoSpeech } from '../../voice/speech.ts'
import { atMost, figure, type Goal, goalLine, spread, table } from '../report.ts'
import { delayPicture, type Series } from './delay-picture.ts'
import { type BothDelays, type DelayFigures, measureDelays } from './delays.ts'
import { measureSoak, type SoakFigures } from './soak.ts'
import { type CrowdFigures, measureCrowd, measureTalk, type TalkFigures } from './talk.ts'

const MOUTH_TO_EAR_MS_MAX = 90
const CROWD_CPU_PERCENT_MAX = 25
const CONCEALED_PERCENT_MAX = 0.1
const CROWD_S = 10
/** Where there is no speech on this machine, a made-up voice stands in: no words, but the same bits. */
const MADE_UP_S = 12

export interface VoicePartOptions {
  readonly quick: boolean
  /** Starts the program. */
  readonly command: readonly string[]
  /** What gossips beside the soak; null for nothing. */
  readonly gossip: readonly string[] | null
  /** Of the soak. */
  readonly minutes: number
  /** Where the picture goes. */
  readonly out: string
}

export interface VoiceFigures {
  readonly delays: BothDelays
  readonly talk: TalkFigures
  readonly crowd: CrowdFigures
  readonly soak: SoakFigures
}

/** Measures voice and prints it, goals last. */
export async function voicePart(options: VoicePartOptions): Promise<{ goals: Goal[]; figures: VoiceFigures }> {
  const { command, quick, gossip, minutes } = options
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-bench-voice-'))
  try {
    const spoken = whyNoSpeech === null ? speech('en-us') : voiceSound(MADE_UP_S * SAMPLE_RATE_HZ)
    const delays = await measureDelays(command, quick ? 2 : 5)
    printDelays(delays)
    const talk = await measureTalk(command, spoken, folder)
    printTalk(talk)
    const crowd = await measureCrowd(command, spoken, folder, CROWD_S)
    printCrowd(crowd)
    const soak = await measureSoak({ command, gossip, files: true, spoken, folder, minutes })
    printSoak(soak)
    const picture = writePicture(options.out, delays, soak)
    console.log(`  a picture of the delay over time: ${picture}`)
    const goals = goalsOf({ delays, talk, crowd, soak })
    for (const goal of goals) console.log(goalLine(goal))
    return { goals, figures: { delays, talk, crowd, soak } }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function printDelays({ hearsay, mumble, mumbleVersion }: BothDelays): void {
  const row = (name: string, each: BothDelays['hearsay']): string[] =>
    'missing' in each
      ? [name, 'not measured', '', `${each.missing}`]
      : [name, spread(each.rounds), spread(each.all), each.medians.map((median) => Math.round(median)).join(' ')]
  console.log(`voice, mouth to ear over a sound server's null sinks, in ms (load average ${figure(loadavg()[0]!)})`)
  const name = mumbleVersion === '' ? 'Mumble' : `Mumble ${mumbleVersion}`
  console.log(table([['', 'rounds', 'all', 'medians'], row('hearsay', hearsay), row(name, mumble)]))
}

function printTalk({ speech: spoken, silence, openSilence, speakingCpuPercent }: TalkFigures): void {
  console.log('voice, what one listener is sent, kbit/s a second')
  const row = (name: string, rate: TalkFigures['speech']): string[] => [
    name,
    spread(rate.payloadKbits),
    spread(rate.wireKbits),
  ]
  const rows = [row('speech', spoken), row('silence', silence), row('silence, open microphone', openSilence)]
  console.log(table([['', 'voice', 'with all headers'], ...rows]))
  console.log(`  processor, one who speaks     ${spread(speakingCpuPercent)} % of a core`)
}

function printCrowd({ speakers, cpuPercent, idleCpuPercent, concealedPercent, peak, flatTops }: CrowdFigures): void {
  console.log(`voice, ${speakers} speak at once into one`)
  console.log(`  processor, % of a core        ${spread(cpuPercent)}; with nobody there ${spread(idleCpuPercent)}`)
  if (cpuPercent !== null && idleCpuPercent !== null) {
    const each = (cpuPercent.median - idleCpuPercent.median) / Math.max(1, speakers)
    console.log(`  each of them                  ${figure(each)} %`)
  }
  console.log(`  made up (concealed)           ${figure(concealedPercent)} %`)
  console.log(`  greatest sample               ${figure(peak)} of full scale; cut off ${flatTops} times`)
}

function printSoak(soak: SoakFigures): void {
  const { minutes, rounds, transfer, concealedPercent, lost, late, jitterMs, delayMs, waitedMs, machine } = soak
  const sent = transfer === null ? '' : `${transfer.files} files, ${figure(transfer.megabytes / transfer.seconds)} MB/s`
  const loads = [
    ...(rounds === null ? [] : [`gossip at full speed (${rounds} rounds)`]),
    ...(transfer === null ? [] : [`a file transfer at full speed (${sent})`]),
  ]
  const beside = loads.length === 0 ? 'with nothing beside' : `beside ${loads.join(' and ')}`
  const held = delayMs.map((each) => each.delayMs).toSorted((a, b) => a - b)
  console.log(`voice, ${figure(minutes)} min ${beside}`)
  console.log(`  made up (concealed)           ${figure(concealedPercent)} %; lost ${lost}, late ${late}`)
  console.log(`  jitter, ms                    ${spread(jitterMs)}`)
  if (waitedMs !== null) {
    const { speaking, listening } = waitedMs
    console.log(
      `  waited for a processor        ${figure(speaking)} ms a second who speaks, ${figure(listening)} who listens`,
    )
  }
  const [median, most] = [held[held.length >> 1] ?? 0, held.at(-1) ?? 0]
  console.log(`  held back against it, ms      ${figure(median)}, at most ${figure(most)}`)
  if (machine === null) return
  const { idlePercent, stolenPercent } = machine
  console.log(
    `  the machine meanwhile         ${figure(idlePercent)} % idle, ${figure(stolenPercent)} % taken by its host`,
  )
}

function goalsOf({ delays: { hearsay, mumble }, crowd, soak }: VoiceFigures): Goal[] {
  const ours = 'missing' in hearsay ? null : hearsay
  const theirs = 'missing' in mumble ? null : mumble
  const worst = ours?.rounds === null || ours === null ? null : { ...ours.rounds, median: ours.rounds.max }
  const beside = (): Goal => {
    const what = "mouth to ear below Mumble's in the same run"
    if (ours?.rounds == null || theirs?.rounds == null) return { what, met: null, detail: 'not measured' }
    const detail = `${figure(ours.rounds.median)} and ${figure(theirs.rounds.median)} ms`
    return { what, met: ours.rounds.median < theirs.rounds.median, detail }
  }
  const clean = crowd.flatTops === 0 && crowd.peak < 1
  const concealed = { median: soak.concealedPercent, min: 0, max: 0, count: 1 }
  return [
    atMost(`mouth to ear at most ${MOUTH_TO_EAR_MS_MAX} ms in every round`, worst, MOUTH_TO_EAR_MS_MAX, 'ms'),
    beside(),
    atMost('25 speakers at most a quarter of a core', crowd.cpuPercent, CROWD_CPU_PERCENT_MAX, '%'),
    { what: 'and nothing of them cut off', met: clean, detail: `greatest ${figure(crowd.peak)}` },
    atMost(
      `at most ${CONCEALED_PERCENT_MAX} % concealed beside gossip and a file`,
      concealed,
      CONCEALED_PERCENT_MAX,
      '%',
    ),
  ]
}

/** Answers where it is. */
function writePicture(out: string, { hearsay, mumble }: BothDelays, soak: SoakFigures): string {
  const dots = (name: string, colour: string, each: DelayFigures | { missing: string }): Series[] =>
    'missing' in each ? [] : [{ name, colour, as: 'dots', points: each.echoes }]
  const rounds = [...dots('hearsay', '#1a6', hearsay), ...dots('Mumble', '#36c', mumble)]
  const path = join(out, 'voice-delay.svg')
  const held: Series = { name: 'hearsay', colour: '#1a6', as: 'line', points: soak.delayMs }
  mkdirSync(out, { recursive: true })
  writeFileSync(
    path,
    delayPicture([
      { title: 'From mouth to ear, one round behind the other', series: rounds, goalMs: MOUTH_TO_EAR_MS_MAX },
      { title: 'Held back by the jitter buffer, beside gossip at full speed', series: [held], goalMs: null },
    ]),
  )
  return path
}
