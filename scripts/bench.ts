/**
 * Measures the program, figures of the machine itself first, and prints them beside their goals. It judges and never fails: how fast
 * a machine is that day is no fault of the code. Everything talks over loopback, in a network namespace of its own where there is one.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { whyNoWormhole } from '../tests/bench/files/wormhole.ts'
import { IMPLEMENTATIONS, type Implementation, type Prepared, prepare } from '../tests/bench/gossip/implementations.ts'
import { gossipPart } from '../tests/bench/gossip/part.ts'
import { measureSpeed } from '../tests/bench/gossip/rounds.ts'
import { type Topology, topologyNamed } from '../tests/bench/gossip/topology.ts'
import { historyPart } from '../tests/bench/history/part.ts'
import { describeMachine, measureCrypto, measureNoise } from '../tests/bench/machine.ts'
import { measureIdleMemory, measureNodeStart, measureReady } from '../tests/bench/program.ts'
import { against, atMost, figure, type Goal, goalLine, spread } from '../tests/bench/report.ts'
import { screenPart } from '../tests/bench/screen/part.ts'
import { whyNoMumble } from '../tests/bench/voice/mumble.ts'
import { voicePart } from '../tests/bench/voice/part.ts'

const ROOT = resolve(import.meta.dir, '..')
const BUILD_MS_MAX = 120_000
const PARTS = ['machine', 'ready', 'memory', 'screen', 'gossip', 'kill', 'history', 'files', 'voice'] as const
type Part = (typeof PARTS)[number]
const TOPOLOGIES = ['chain3', 'rr8d3', 'rr16d3']
/** No measurement begins later than this after the start, but for history, files and voice, which come last and have bounds of their own. */
const QUICK_MS_MAX = 200_000
const FULL_MS_MAX = 14 * 60_000

/** How long two talk beside gossip. */
const VOICE_MINUTES = 2
const VOICE_MINUTES_QUICK = 0.25
const VOICE_MINUTES_MAX = 24 * 60

const USAGE = `Usage: scripts/bench [--quick] [--only PART] [--topology NAME] [--minutes N] [--json FILE]

  --quick           fewer repeats and messages: a first impression in three to four minutes; all of it takes half an hour
  --only PART       ${PARTS.join(', ')}; may be given more than once
  --topology NAME   chainN or rrNdD (N nodes of D neighbours each); may be given more than once; ${TOPOLOGIES.join(', ')} where not given
  --minutes N       how long two talk beside gossip in the part voice; ${VOICE_MINUTES} where not given
  --json FILE       writes every single figure there`

interface Options {
  readonly quick: boolean
  readonly parts: readonly Part[]
  readonly topologies: readonly Topology[]
  readonly endAtMs: number
  readonly minutes: number
  readonly json: string | null
}

/** What is got ready while there is still a network; handed to the process inside the namespace. */
interface Setup {
  readonly isolated: boolean
  readonly program: Prepared
  readonly prepared: Readonly<Record<Implementation, Prepared>>
}

class UsageError extends Error {}

function isPart(text: string): text is Part {
  return PARTS.some((part) => part === text)
}

function parseOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      topology: { type: 'string', multiple: true },
      minutes: { type: 'string' },
      json: { type: 'string' },
    },
  })
  if (values.help) return null
  const parts = (values.only ?? [...PARTS]).map((text) => {
    if (!isPart(text)) throw new UsageError(`--only ${text} is none of ${PARTS.join(', ')}.`)
    return text
  })
  const topologies = (values.topology ?? TOPOLOGIES).map((text) => {
    const topology = topologyNamed(text)
    if (topology === null) throw new UsageError(`--topology ${text} is neither chainN nor rrNdD.`)
    return topology
  })
  const { quick } = values
  const endAtMs = performance.now() + (quick ? QUICK_MS_MAX : FULL_MS_MAX)
  const minutes = Number(values.minutes ?? (quick ? VOICE_MINUTES_QUICK : VOICE_MINUTES))
  if (!(minutes > 0 && minutes <= VOICE_MINUTES_MAX)) {
    throw new UsageError(`--minutes ${values.minutes} is not a number from a little above 0 to ${VOICE_MINUTES_MAX}.`)
  }
  return { quick, parts, topologies, endAtMs, minutes, json: values.json === undefined ? null : resolve(values.json) }
}

function buildProgram(): Prepared {
  const program = join(ROOT, 'dist', process.platform === 'win32' ? 'hearsay.exe' : 'hearsay')
  const built = Bun.spawnSync([process.execPath, join(ROOT, 'scripts/build.ts'), '--quiet'], {
    stdin: 'ignore',
    timeout: BUILD_MS_MAX,
  })
  if (built.exitCode === 0 && existsSync(program)) return { command: [program] }
  const why = built.stderr.toString().trim().split('\n')[0] ?? ''
  return { missing: `not measured: dist/hearsay could not be built. ${why}` }
}

async function getReady(parts: readonly Part[]): Promise<Omit<Setup, 'isolated'>> {
  const prepared: Partial<Record<Implementation, Prepared>> = {}
  for (const implementation of IMPLEMENTATIONS) {
    const isCompared = parts.includes('gossip') || parts.includes('kill')
    const needed =
      isCompared ||
      (implementation === 'rawtcp' && parts.includes('machine')) ||
      (implementation === 'hearsay' && parts.includes('voice'))
    prepared[implementation] = needed ? await prepare(implementation) : { missing: 'not asked for' }
  }
  const needsProgram = parts.some((part) => part !== 'machine' && part !== 'gossip' && part !== 'kill')
  // It may have to be installed, and inside there is no network.
  if (parts.includes('voice')) whyNoMumble()
  if (parts.includes('files')) whyNoWormhole()
  const program: Prepared = needsProgram ? buildProgram() : { missing: 'not asked for' }
  return { program, prepared: { ...missingAll(), ...prepared } }
}

function missingAll(): Record<Implementation, Prepared> {
  const missing: Prepared = { missing: 'not asked for' }
  return { hearsay: missing, overlay: missing, flood: missing, gossipsub: missing, rawtcp: missing }
}

/** A way to run a command with no network but loopback; null where the system does not let us. */
function isolation(): string[] | null {
  for (const flags of ['-n', '-rn']) {
    const enter = ['unshare', flags, 'sh', '-c', 'ip link set lo up && exec "$0" "$@"']
    try {
      if (Bun.spawnSync([...enter, 'true'], { stdio: ['ignore', 'ignore', 'ignore'] }).exitCode === 0) return enter
    } catch {
      return null
    }
  }
  return null
}

type Figures = Record<string, unknown>

async function machinePart(options: Options, setup: Setup, figures: Figures): Promise<void> {
  const [samples, sampleMs] = options.quick ? [5, 100] : [20, 200]
  const noise = await measureNoise(samples, sampleMs)
  const crypto = measureCrypto(options.quick ? 20 : 100)
  const node = await measureNodeStart(options.quick ? 5 : 20)
  console.log(`machine: ${describeMachine()}${setup.isolated ? '; network namespace of its own' : '; shared loopback'}`)
  console.log(
    `  SHA-256, MiB/s            ${spread(noise.alone)}, two processes at once ${spread(noise.together)} each`,
  )
  const { signUs, verifyUs, sha256Us, sealUs, sealMbPerS } = crypto
  console.log(
    `  sign ${figure(signUs)} µs, verify ${figure(verifyUs)} µs, SHA-256 of 256 B ${figure(sha256Us)} µs, ` +
      `AES-256-GCM of 256 B ${figure(sealUs)} µs, of 64 KiB ${figure(sealMbPerS)} MB/s`,
  )
  console.log(`  node -e 0, ms             ${spread(node)}`)
  const rawTcp = await rawTcpOf(setup)
  console.log(`  raw TCP, chain3, messages/s ${rawTcp === null ? 'not measured' : figure(rawTcp)}`)
  Object.assign(figures, { machine: { description: describeMachine(), noise, crypto, node, rawTcp } })
}

async function rawTcpOf(setup: Setup): Promise<number | null> {
  const { rawtcp } = setup.prepared
  if ('missing' in rawtcp) return null
  const chain = topologyNamed('chain3')!
  const once = await measureSpeed('rawtcp', rawtcp.command, chain, { timedMessages: 0, share: 0.5 })
  return once.fullSpeed?.messagesPerS ?? null
}

async function readyPart(program: string, options: Options, figures: Figures): Promise<Goal[]> {
  const times = await measureReady(program, options.quick ? 5 : 20)
  console.log('time to ready')
  console.log(`  hearsay --json, ms        ${spread(times.ready)}`)
  console.log(`  node -e 0, ms             ${spread(times.node)}`)
  Object.assign(figures, { ready: times })
  return [against('at most 1.5 × node -e 0', times.ready, times.node, 1.5, false)]
}

async function memoryPart(program: string, options: Options, figures: Figures): Promise<Goal[]> {
  const memory = await measureIdleMemory(program, options.quick ? 1 : 3)
  console.log('idle memory, 2 s after ready')
  console.log(`  RSS, MB                   ${spread(memory?.rssMb ?? null)}`)
  console.log(`  PSS, MB                   ${spread(memory?.pssMb ?? null)}`)
  Object.assign(figures, { memory })
  return [atMost('at most 90 MB', memory?.rssMb ?? null, 90, 'MB')]
}

async function screenOf(program: string, { quick }: Options, figures: Figures): Promise<Goal[]> {
  const measured = await screenPart({ quick, program, disk: join(ROOT, 'dist') })
  Object.assign(figures, { screen: measured.figures })
  return measured.goals
}

async function filesOf({ quick }: Options, figures: Figures): Promise<Goal[]> {
  // It drives the program, which has been built by now.
  const { filesPart } = await import('../tests/bench/files/part.ts')
  const measured = await filesPart({ quick, disk: join(ROOT, 'dist') })
  Object.assign(figures, { files: measured.figures })
  return measured.goals
}

/** Speed and the kill test go in the same rounds. */
async function comparedParts(options: Options, setup: Setup, figures: Figures): Promise<Goal[]> {
  const { parts, quick, endAtMs } = options
  const topologies = parts.includes('gossip') ? options.topologies : []
  const kills = parts.includes('kill')
  const compared = await gossipPart({ quick, topologies, kills, prepared: setup.prepared, endAtMs })
  Object.assign(figures, { gossip: compared.figures })
  return compared.goals
}

/** Without the program its store is measured all the same. */
async function keptPart({ quick }: Options, { program }: Setup, figures: Figures): Promise<Goal[]> {
  if ('missing' in program) console.log(`history: ${program.missing}`)
  const path = 'missing' in program ? null : program.command[0]!
  const kept = await historyPart({ quick, program: path, disk: join(ROOT, 'dist') })
  Object.assign(figures, { history: kept.figures })
  return kept.goals
}

async function voice(program: string, options: Options, setup: Setup, figures: Figures): Promise<Goal[]> {
  const { hearsay } = setup.prepared
  const { goals, figures: measured } = await voicePart({
    quick: options.quick,
    command: [program],
    gossip: 'missing' in hearsay ? null : hearsay.command,
    minutes: options.minutes,
    out: join(ROOT, 'dist/bench'),
  })
  Object.assign(figures, { voice: measured })
  return goals
}

/** One part; what goes wrong in it is said in a line, and the next one follows. */
async function runPart(part: Part, options: Options, setup: Setup, figures: Figures): Promise<Goal[]> {
  if (part === 'machine') {
    await machinePart(options, setup, figures)
    return []
  }
  if (part === 'gossip' || part === 'kill') return comparedParts(options, setup, figures)
  if (part === 'history') return keptPart(options, setup, figures)
  if ('missing' in setup.program) {
    console.log(`${part}: ${setup.program.missing}`)
    return []
  }
  const program = setup.program.command[0]!
  if (part === 'voice') return voice(program, options, setup, figures)
  if (part === 'files') return filesOf(options, figures)
  if (part === 'screen') return screenOf(program, options, figures)
  const judged = await (part === 'ready' ? readyPart : memoryPart)(program, options, figures)
  for (const goal of judged) console.log(goalLine(goal))
  return judged
}

async function bench(options: Options, setup: Setup): Promise<void> {
  const figures: Figures = { at: new Date().toISOString(), isolated: setup.isolated, quick: options.quick }
  const goals: Goal[] = []
  const parts = options.parts.includes('gossip') ? options.parts.filter((part) => part !== 'kill') : options.parts
  for (const part of PARTS) {
    if (!parts.includes(part)) continue
    try {
      goals.push(...(await runPart(part, options, setup, figures)))
    } catch (error) {
      console.log(`${part}: not measured: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ ...figures, goals }, null, 1)}\n`)
}

async function main(): Promise<number> {
  const options = parseOptions()
  if (options === null) {
    console.log(USAGE)
    return 0
  }
  const handed = process.env['HEARSAY_BENCH_SETUP']
  if (handed !== undefined) {
    const setup: Setup = JSON.parse(handed)
    // Whoever started this is gone, and with this process the nodes go as well.
    process.stdin.on('end', () => process.exit(1)).resume()
    await bench(options, setup)
    process.stdin.destroy()
    return 0
  }
  const ready = await getReady(options.parts)
  const enter = isolation()
  if (enter === null) {
    await bench(options, { ...ready, isolated: false })
    return 0
  }
  const setup: Setup = { ...ready, isolated: true }
  const inside = Bun.spawn([...enter, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, HEARSAY_BENCH_SETUP: JSON.stringify(setup) },
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  return await inside.exited
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`hearsay: bench: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
  process.exitCode = 2
}
