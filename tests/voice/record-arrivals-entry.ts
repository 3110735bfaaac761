/**
 * Records how packets of real voice arrive, for tests of the jitter buffer:
 *
 *     bun tests/voice/record-arrivals-entry.ts FOLDER [NAME…]
 *
 * Two voice processes of the program, one that speaks from a WAV file (or a microphone of a sound server whose clock is off) and one that
 * hears, each in a network namespace of its own where that is asked for; between them a queue of the kernel's, other programs, or a
 * processor that has no time. What is written down is when a socket like the hearer's got each datagram. Takes Linux, root, iproute2,
 * util-linux, libcap's capsh, espeak-ng, sox and, for microphones, PulseAudio. Writes FOLDER/NAME.txt for each of `NETWORKS`, or those named.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, release, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { writeRecording } from '../core/voice/recording.ts'
import { Cable, DEVICE, run } from './arrival-cable.ts'
import { type ArrivalNetwork, NETWORKS, type Place } from './arrival-networks.ts'
import { ArrivalTap, fromZero } from './arrival-tap.ts'
import { Microphone } from './microphone.ts'
import { SENTENCES, speech } from './speech.ts'
import { VoiceNode } from './voice-node.ts'
import { writeWav } from './wav.ts'

const LOOPBACK = '127.0.0.1'
/** Heard before anything is written down: programs have started by then. */
const WARM_MS = 1_000
/** Programs take that long to start at most. */
const SPARE_S = 10
/** Longer than a gate stays open. */
const PAUSE_S = 1.2
/** Under the voice, or the codec would send nothing between words. */
const NOISE = 0.003
const MAIN = join(import.meta.dir, '../../src/main.ts')

function talkOf({ talk, seconds }: ArrivalNetwork): Float32Array {
  const spoken = talk === 'in sentences' ? SENTENCES.map((sentence) => speech('en-us', sentence)) : [speech('en-us')]
  const pause = talk === 'in sentences' ? PAUSE_S * SAMPLE_RATE_HZ : 0
  const sound = new Float32Array((seconds + SPARE_S) * SAMPLE_RATE_HZ)
  for (let [at, i] = [0, 0]; at < sound.length; i++) {
    const next = spoken[i % spoken.length]!
    sound.set(next.subarray(0, sound.length - at), at)
    at += next.length + pause
  }
  if (talk === 'on and on') for (let i = 0; i < sound.length; i++) sound[i] = sound[i]! + NOISE * (Math.random() - 0.5)
  return sound
}

async function record(network: ArrivalNetwork, folder: string): Promise<string> {
  const cable = network.link === 'lo' ? null : new Cable(network.link === 'router')
  const started: Bun.Subprocess[] = []
  const closing: (() => unknown)[] = []
  const inside = cable?.inside ?? []
  const atQueue = cable?.atQueue ?? []
  const rights = network.goesFirst === true ? [] : ['capsh', '--drop=cap_sys_nice', '--', '-c', 'exec "$0" "$@"']
  const program = [...rights, process.execPath, MAIN]
  try {
    closing.push(() => cable?.remove())
    if (network.queue !== undefined) run(...atQueue, 'tc', 'qdisc', 'add', 'dev', DEVICE, ...network.queue)
    const sound = talkOf(network)
    const [input, nothing] = [join(folder, 'talk.wav'), join(folder, 'nothing.wav')]
    writeWav(input, sound, SAMPLE_RATE_HZ)
    writeWav(nothing, new Float32Array(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    const host = cable?.speaker ?? LOOPBACK
    const microphone =
      network.microphonePpm === undefined ? null : await Microphone.plugIn(sound, network.microphonePpm, folder)
    closing.push(() => microphone?.close())
    const speaking =
      microphone === null
        ? { files: { input, output: join(folder, 'unheard.wav') } }
        : { environment: microphone.environment }
    const devices = microphone === null ? {} : { input: microphone.name, output: 'ear' }
    const a = new VoiceNode('a', {
      ...{ command: [...inside, ...program], host, ...speaking },
      settings: { ...network.settings, ...devices },
    })
    const b = new VoiceNode('b', {
      command: program,
      files: { input: nothing, output: join(folder, 'heard.wav') },
      settings: { muted: true },
    })
    closing.push(() => Promise.all([a.stop(), b.stop()]))
    await Promise.all([a.start(), b.start()])
    await Promise.all([a.begin(), b.begin()])
    const tap = await ArrivalTap.open(a.audio, cable?.hearer ?? LOOPBACK)
    closing.push(() => tap.close())
    a.meetThrough(tap, b)
    await Promise.all([a, b].map((each) => each.until('sound', ({ input, output }) => input && output)))
    const sink = Bun.listen({ hostname: cable?.hearer ?? LOOPBACK, port: 0, socket: { data() {}, error() {} } })
    closing.push(() => sink.stop(true))
    await Bun.sleep(WARM_MS)
    tap.begin()
    let isOver = false
    const toItsEnd = async (command: string[]): Promise<void> => {
      if (isOver) throw new Error('it is over')
      const program = Bun.spawn(command, { stderr: 'inherit', stdout: 'ignore' })
      if ((await program.exited) !== 0) throw new Error(`${command.join(' ')} ended with ${program.exitCode}`)
    }
    const place: Place = {
      speaker: (...command) => toItsEnd([...inside, ...command]),
      queue: (...command) => toItsEnd([...atQueue, ...command]),
      beside(...command) {
        started.push(Bun.spawn([...inside, ...command], { stderr: 'ignore', stdout: 'ignore' }))
      },
      pid: a.pid!,
      hearer: cable?.hearer ?? LOOPBACK,
      sinkPort: sink.port,
      after: (ms) => Bun.sleep(ms),
    }
    const failed = new Promise<never>((_, reject) => {
      network.during?.(place).catch((error: unknown) => (isOver ? undefined : reject(error)))
    })
    await Promise.race([Bun.sleep(1_000 * network.seconds), failed])
    isOver = true
    for (const program of started) program.kill('SIGKILL')
    const packets = fromZero(tap.arrivals)
    const member = b.about(a)
    console.log(network.name, packets.length, JSON.stringify(member?.hearing))
    return writeRecording({ about: aboutOf(network), packets })
  } finally {
    for (const program of started) program.kill('SIGKILL')
    for (const close of closing.toReversed()) await close()
  }
}

function aboutOf({ says, queue, talk, settings, goesFirst, microphonePpm }: ArrivalNetwork): Map<string, string> {
  const [major, minor] = release().split('.')
  const priority = goesFirst === true ? 'real time (round robin)' : 'ordinary'
  return new Map([
    ['network', says],
    ['queue', queue === undefined ? 'none' : `tc qdisc add dev DEVICE ${queue.join(' ')}`],
    ['voice', `${talk}, ${settings.mode}, frames of ${settings.frameMs ?? 20} ms`],
    [
      'microphone',
      microphonePpm === undefined ? 'a file, paced by a timer' : `PulseAudio pipe source, ${microphonePpm} ppm`,
    ],
    ['priority', priority],
    [
      'machine',
      `virtual, ${navigator.hardwareConcurrency} processors, ${process.arch}, Linux ${major}.${minor}, Bun ${Bun.version}`,
    ],
    ['recorded', new Date().toISOString().slice(0, 10)],
  ])
}

/** As voice processes do where they may: what is written down is to be no later than what they would get. */
function goFirst(): void {
  setPriority(constants.priority.PRIORITY_HIGH)
  run('chrt', '--rr', '--reset-on-fork', '--all-tasks', '--pid', '1', `${process.pid}`)
}

const [folder, ...names] = process.argv.slice(2)
if (folder === undefined) throw new Error('name a folder to write to')
for (const network of NETWORKS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const own = mkdtempSync(join(tmpdir(), 'hearsay-arrivals-'))
  try {
    if (network.goesFirst === true) goFirst()
    else run('chrt', '--other', '--all-tasks', '--pid', '0', `${process.pid}`)
    await Bun.write(join(folder, `${network.name}.txt`), await record(network, own))
  } finally {
    rmSync(own, { recursive: true })
  }
}
process.exit(0)
