import { PulseServer, whyNoSound } from '../../ports/pulse-server.ts'
import type { Echo } from '../../voice/chirps.ts'
import { echoing, mouthToEar } from '../../voice/mouth-to-ear.ts'
import { freePorts } from '../gossip/free-ports.ts'
import { type Sample, summarise } from '../statistics.ts'
import { MumbleRoom, mumbleVersion, whyNoMumble } from './mumble.ts'

/** From mouth to ear by way of a sound server's null sinks, in rounds, each with everything started anew. */

const CHIRPS = 20
/** In the picture, between rounds. */
const GAP_MS = 1_000

export interface DelayFigures {
  /** All that was measured, one round behind the other. */
  readonly echoes: readonly Echo[]
  readonly all: Sample | null
  /** The rounds' medians. */
  readonly rounds: Sample | null
  readonly medians: readonly number[]
}

export interface BothDelays {
  /** Why not, as the end of a sentence. */
  readonly hearsay: DelayFigures | { readonly missing: string }
  readonly mumble: DelayFigures | { readonly missing: string }
  readonly mumbleVersion: string
}

/** Turn and turn about, so that what slows the machine down slows both. */
export async function measureDelays(command: readonly string[], rounds: number): Promise<BothDelays> {
  const noSound = whyNoSound()
  const missing = { missing: noSound ?? '' }
  if (noSound !== null) return { hearsay: missing, mumble: missing, mumbleVersion: '' }
  const ours: Echo[][] = []
  const theirs: Echo[][] = []
  let noMumble = whyNoMumble()
  for (let round = 0; round < rounds; round++) {
    ours.push(await withServer((server) => hearsayOnce(server, command)))
    if (noMumble !== null) continue
    try {
      theirs.push(await withServer(mumbleOnce))
    } catch (error) {
      noMumble = error instanceof Error ? error.message : String(error)
    }
  }
  const mumble = theirs.length === 0 ? { missing: noMumble ?? 'nothing was heard' } : figuresOf(theirs)
  return { hearsay: figuresOf(ours), mumble, mumbleVersion: mumbleVersion() }
}

async function withServer<T>(run: (server: PulseServer) => Promise<T>): Promise<T> {
  const server = await PulseServer.start()
  try {
    return await run(server)
  } finally {
    await server.close()
  }
}

async function hearsayOnce(server: PulseServer, command: readonly string[]): Promise<Echo[]> {
  const nodes = await echoing(server, command)
  try {
    return await mouthToEar(server, CHIRPS)
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

/** It holds back nothing for noise suppression that is switched off here. */
async function mumbleOnce(server: PulseServer): Promise<Echo[]> {
  const room = await MumbleRoom.open(server, await freePorts(1))
  try {
    return await mouthToEar(server, CHIRPS, 0)
  } finally {
    await room.close()
  }
}

function figuresOf(rounds: readonly Echo[][]): DelayFigures {
  const echoes: Echo[] = []
  let beganMs = 0
  for (const round of rounds) {
    const startedMs = round[0]?.atMs ?? 0
    for (const { atMs, delayMs } of round) echoes.push({ atMs: beganMs + atMs - startedMs, delayMs })
    beganMs = (echoes.at(-1)?.atMs ?? beganMs) + GAP_MS
  }
  const medians = rounds.flatMap((round) => summarise(round.map(({ delayMs }) => delayMs))?.median ?? [])
  return { echoes, all: summarise(echoes.map(({ delayMs }) => delayMs)), rounds: summarise(medians), medians }
}
