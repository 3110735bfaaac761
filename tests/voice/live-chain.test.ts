import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, getPriority, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VoiceSettings } from '../../src/app/voice/messages.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import type { Loss } from './lossy.ts'
import { speechTests } from './requirements.ts'
import { type Speaker, speech } from './speech.ts'
import { type StoiPair, stoiOf } from './stoi.ts'
import { UdpRelay } from './udp-relay.ts'
import { VoiceNode } from './voice-node.ts'
import { readWav, writeWav } from './wav.ts'

/** Said before what is measured, while the codec learns of the loss and the jitter buffer of the network. */
const LEAD_S = 9
const LEAD_SPEECH_S = 8
/** The delay changes in pauses, and as a busy machine has it; a word is understood as a whole. */
const PIECE_S = 0.5
/** Processes begin at once, and the one that hears not always with the one that speaks: a recording may begin so much before the speech, or after. */
const BEGIN_APART_MS = 6_000
/** What the last word may take to be heard, and the devices' beginning. */
const TAIL_MS = 1_500
/** Sixteen processes leave no network its time on two cores: there were gaps of 0.2 s in all of them at once. */
const AT_ONCE = 4
const LATENCY_MS = 15
const JITTER_MS = 6
/** One of so many is later by this: overtaken by the one that follows it 20 ms later. */
const STRAGGLER_OF = 60
const STRAGGLER_MS = 25
const MS_MAX = 90_000

type Sounds = Readonly<Record<Speaker, Float32Array>>

interface Chain {
  readonly name: string
  readonly speaker: Speaker
  readonly loss: Loss
  readonly least: number
  readonly settings?: Partial<VoiceSettings>
}

const alone = (share: number): Loss => ({ share, run: 1 })
const inRuns = (share: number): Loss => ({ share, run: 3 })

/** What is asked for; measured were .985 .976 .973 .965, in runs .965 .965 .95, and .98 opened by the voice. */
const CHAINS: readonly Chain[] = [
  { name: 'nothing lost', speaker: 'en-us', loss: alone(0), least: 0.95 },
  {
    name: 'nothing lost, opened by the voice',
    speaker: 'en-gb+f3',
    loss: alone(0),
    least: 0.95,
    settings: { mode: 'voice' },
  },
  { name: '5 % lost', speaker: 'en-gb+f3', loss: alone(0.05), least: 0.94 },
  { name: '10 % lost', speaker: 'en-us', loss: alone(0.1), least: 0.93 },
  { name: '20 % lost', speaker: 'en-gb+f3', loss: alone(0.2), least: 0.88 },
  { name: '5 % lost, three in a row', speaker: 'en-us', loss: inRuns(0.05), least: 0.94 },
  { name: '10 % lost, three in a row', speaker: 'en-gb+f3', loss: inRuns(0.1), least: 0.93 },
  { name: '20 % lost, three in a row', speaker: 'en-us', loss: inRuns(0.2), least: 0.88 },
]

function said(speaker: Speaker): Float32Array {
  const spoken = speech(speaker)
  const sound = new Float32Array(LEAD_S * SAMPLE_RATE_HZ + spoken.length)
  sound.set(spoken.subarray(0, LEAD_SPEECH_S * SAMPLE_RATE_HZ))
  sound.set(spoken, LEAD_S * SAMPLE_RATE_HZ)
  return sound
}

/** What one says, in the file named after them, and another hears, each in a process of their own. */
class Meeting {
  private constructor(
    readonly chain: Chain,
    private readonly a: VoiceNode,
    private readonly b: VoiceNode,
    private readonly heardFile: string,
    private readonly relay: UdpRelay,
  ) {}

  static async start(chain: Chain, seed: number, folder: string): Promise<Meeting> {
    const file = (name: string): string => join(folder, `${name}.wav`)
    const settings = { mode: 'open', ...chain.settings } as const
    const speaking = { input: file(chain.speaker), output: file(`${seed}-unheard`) }
    const listening = { input: file('nothing'), output: file(`${seed}-heard`) }
    const [a, b] = [
      new VoiceNode('a', { files: speaking, settings }),
      new VoiceNode('b', { files: listening, settings: { muted: true } }),
    ]
    const late = { jitterMs: JITTER_MS, stragglerOf: STRAGGLER_OF, stragglerMs: STRAGGLER_MS }
    const relay = await UdpRelay.open({ loss: chain.loss, latencyMs: LATENCY_MS, ...late, seed })
    await Promise.all([a.start(), b.start()])
    return new Meeting(chain, a, b, listening.output, relay)
  }

  async speak(sound: Float32Array) {
    const { a, b, relay, chain } = this
    await Promise.all([a.begin(), b.begin()])
    a.meetThrough(relay, b)
    await Promise.all([a, b].map((each) => each.until('sound', ({ input, output }) => input && output)))
    await Bun.sleep((1_000 * sound.length) / SAMPLE_RATE_HZ + TAIL_MS)
    const [hearing, path] = [b.about(a)?.hearing, a.about(b)?.path]
    await this.end()
    const pair: StoiPair = {
      reference: sound.subarray(LEAD_S * SAMPLE_RATE_HZ),
      degraded: readWav(this.heardFile).sound,
      ...{ rateHz: SAMPLE_RATE_HZ, pieceS: PIECE_S },
      // All of the recording: cut where the speech should begin, it lacked a word where the one who hears began later.
      ...{ expectedDelayMs: 1_000 * LEAD_S, maxDelayMs: BEGIN_APART_MS },
    }
    return { ...chain, pair, hearing, path, counts: relay.counts[0] }
  }

  async end(): Promise<void> {
    await Promise.all([this.a.stop(), this.b.stop()])
    this.relay.close()
  }
}

/** Some of them side by side: each takes its time, and little of the processor. */
async function speakThrough(chains: readonly Chain[], sounds: Sounds, folder: string) {
  const groups = Array.from({ length: Math.ceil(chains.length / AT_ONCE) }, (_, i) =>
    chains.slice(AT_ONCE * i, AT_ONCE * (i + 1)),
  )
  const runs: Awaited<ReturnType<typeof speakAtOnce>> = []
  for (const group of groups) runs.push(...(await speakAtOnce(group, sounds, folder)))
  return runs
}

async function speakAtOnce(chains: readonly Chain[], sounds: Sounds, folder: string) {
  const ordinary = goFirst()
  const meetings = await Promise.all(chains.map((chain) => Meeting.start(chain, CHAINS.indexOf(chain) + 1, folder)))
  try {
    const runs = await Promise.all(meetings.map((meeting) => meeting.speak(sounds[meeting.chain.speaker])))
    const found = await stoiOf(runs.map(({ pair }) => pair))
    return runs.map(({ pair: _, ...run }, i) => ({
      ...run,
      is: found[i]!.stoi,
      delayMs: found[i]!.delayMs - 1_000 * LEAD_S,
    }))
  } finally {
    await Promise.all(meetings.map((meeting) => meeting.end()))
    ordinary()
  }
}

/**
 * The network is in this process, and a network does not wait for programs: it goes before those that speak, which are real-time themselves
 * where they may. Answers what ends it.
 */
function goFirst(): () => void {
  const priority = getPriority()
  hurry(constants.priority.PRIORITY_HIGH)
  chrt('--rr', '--reset-on-fork', '--pid', '2')
  return () => {
    chrt('--other', '--pid', '0')
    hurry(priority)
  }
}

/** Of this thread alone. Most users may not. */
function chrt(...args: readonly string[]): void {
  if (Bun.which('chrt') !== null) Bun.spawnSync(['chrt', ...args, `${process.pid}`])
}

function hurry(priority: number): void {
  try {
    setPriority(priority)
  } catch {
    // Nor this.
  }
}

describe.skipIf(!speechTests)('two voice processes with a bad network between them', () => {
  test(
    'understand each other',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'hearsay-chains-'))
      try {
        const sounds = { 'en-us': said('en-us'), 'en-gb+f3': said('en-gb+f3') }
        for (const [name, sound] of Object.entries(sounds)) writeWav(join(folder, `${name}.wav`), sound, SAMPLE_RATE_HZ)
        writeWav(join(folder, 'nothing.wav'), new Float32Array(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
        const runs = await speakThrough(CHAINS, sounds, folder)
        for (const { counts, path, name, loss } of runs) {
          const { passed, dropped, overtook } = counts
          expect(path, name).toBe('direct')
          expect(Math.abs(dropped / (passed + dropped) - loss.share), name).toBeLessThan(0.04)
          expect(overtook, name).toBeGreaterThan(0)
        }
        console.log(runs.map(({ name, is }) => `${name}: ${is.toFixed(3)}`).join('; '))
        const short = runs.filter(({ is, least }) => !(is >= least))
        // What another program's work has made late is not the network's doing: what came short is tried again, by itself.
        const again = CHAINS.filter(({ name }) => short.some((run) => run.name === name))
        const still = again.length === 0 ? [] : await speakThrough(again, sounds, folder)
        expect(still.filter(({ is, least }) => !(is >= least)).map((run) => [run, short])).toEqual([])
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
    MS_MAX,
  )
})
