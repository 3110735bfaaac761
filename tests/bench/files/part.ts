import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { leafHashes } from '../../../src/core/transfer/tree.ts'
import { freePorts } from '../gossip/free-ports.ts'
import { against, atMost, figure, type Goal, goalLine, spread } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { type Beside, delaysOf, Pair, type TransferFigures } from './pair.ts'
import { measurePlain, PLAIN_BYTES } from './plain.ts'
import { measureWormhole, type WormholeFigures, whyNoWormhole, wormholeVersion } from './wormhole.ts'

const MEMORY_DISK = '/dev/shm'
const ROOM_BYTES = 4 * PLAIN_BYTES
const CHUNK_BYTES = 1024 * 1024
const SHARE_OF_PLAIN = 0.6
const ABOVE_IDLE_MB_MAX = 150
const TALKED_MAX = 2000

export interface FilesPartOptions {
  readonly quick: boolean
  /** A folder on a disk, where there is no file system in memory with room. */
  readonly disk: string
}

interface FilesFigures {
  readonly plainMemory: Sample | null
  readonly plainFiles: Sample | null
  readonly bare: Sample | null
  readonly rawHash: number
  readonly rawWrite: number
  readonly transfers: readonly TransferFigures[]
  readonly wormhole: readonly WormholeFigures[] | string
  readonly beside: Beside
}

/** One file between two programs over loopback, beside the runtime's TCP, magic-wormhole, and people who talk meanwhile. */
export async function filesPart({ quick, disk }: FilesPartOptions): Promise<{ goals: Goal[]; figures: FilesFigures }> {
  const place = roomOn(MEMORY_DISK) ? MEMORY_DISK : disk
  mkdirSync(place, { recursive: true })
  const folder = mkdtempSync(join(place, 'hearsay-files-'))
  try {
    const source = join(folder, 'source.bin')
    console.log(`files: 1 GiB over loopback, ${place === MEMORY_DISK ? 'on a file system in memory' : 'on a disk'}`)
    const raw = makeSource(source)
    const rounds = await measureRounds(source, folder, quick ? 1 : 3)
    const beside = await measureTalk(source, folder, quick ? 1 : 3)
    const figures = { ...raw, ...rounds, beside }
    print(figures)
    const goals = goalsOf(figures)
    for (const goal of goals) console.log(goalLine(goal))
    return { goals, figures }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function roomOn(path: string): boolean {
  if (!existsSync(path)) return false
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize > ROOM_BYTES
}

/** Random bytes, the same mebibyte shifted each time; answers how fast this machine writes, reads and hashes them, in GB/s. */
function makeSource(path: string): { rawWrite: number; rawHash: number } {
  const chunk = new Uint8Array(CHUNK_BYTES)
  for (let at = 0; at < chunk.length; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536))
  const view = new DataView(chunk.buffer)
  const out = openSync(path, 'w')
  const writeMs = timed(() => {
    for (let at = 0; at < PLAIN_BYTES; at += CHUNK_BYTES) {
      for (let leaf = 0; leaf < CHUNK_BYTES; leaf += 65_536) view.setUint32(leaf, at + leaf)
      writeSync(out, chunk, 0, CHUNK_BYTES, at)
    }
  })
  closeSync(out)
  const file = openSync(path, 'r')
  const hashMs = timed(() => {
    for (let at = 0; at < PLAIN_BYTES; at += CHUNK_BYTES) {
      readSync(file, chunk, 0, CHUNK_BYTES, at)
      leafHashes(chunk)
    }
  })
  closeSync(file)
  return { rawWrite: PLAIN_BYTES / writeMs / 1e6, rawHash: PLAIN_BYTES / hashMs / 1e6 }
}

function timed(act: () => void): number {
  const beganMs = performance.now()
  act()
  return performance.now() - beganMs
}

/** All of them in each round, so that a busy moment of the machine is nobody's alone. */
async function measureRounds(source: string, folder: string, rounds: number) {
  const memory: number[] = []
  const files: number[] = []
  const bare: number[] = []
  const transfers: TransferFigures[] = []
  const wormholes: WormholeFigures[] = []
  let whyNot = whyNoWormhole()
  for (let round = 0; round < rounds; round++) {
    memory.push(await measurePlain('plain', null))
    const paths = { from: source, to: join(folder, 'plain.bin') }
    files.push(await measurePlain('plain', paths))
    rmSync(paths.to)
    bare.push(await measurePlain('bare', paths))
    rmSync(paths.to)
    const pair = await Pair.open((name) => mkdtempSync(join(folder, `${name}-`)))
    transfers.push(await pair.transfer(source, PLAIN_BYTES).finally(() => pair.close()))
    if (whyNot !== null) continue
    try {
      const mailbox = await freePorts(2)
      wormholes.push(await measureWormhole(source, folder, [mailbox, mailbox + 1]))
    } catch (error) {
      whyNot = error instanceof Error ? error.message : String(error)
    }
  }
  const wormhole = whyNot ?? wormholes
  const samples = { plainMemory: summarise(memory), plainFiles: summarise(files), bare: summarise(bare) }
  return { ...samples, transfers, wormhole }
}

async function measureTalk(source: string, folder: string, rounds: number): Promise<Beside> {
  const idle: number[] = []
  const transfer: number[] = []
  const gigabytesPerS: number[] = []
  for (let round = 0; round < rounds; round++) {
    const pair = await Pair.open((name) => mkdtempSync(join(folder, `${name}-`)))
    try {
      // What is said first makes the engine compile.
      await pair.talk('first', () => false, 200)
      idle.push(...(await pair.talk('idle', () => false, 300)))
      const figures = await pair.transfer(source, PLAIN_BYTES, async (isOver) => {
        transfer.push(...(await pair.talk('beside', isOver, TALKED_MAX)))
      })
      gigabytesPerS.push(figures.gigabytesPerS)
    } finally {
      await pair.close()
    }
  }
  return { idle: delaysOf(idle), transfer: delaysOf(transfer), gigabytesPerS }
}

const of = (transfers: readonly TransferFigures[], pick: (each: TransferFigures) => number | null): Sample | null =>
  summarise(transfers.map((each) => pick(each) ?? Number.NaN))

function print(figures: FilesFigures): void {
  const { rawWrite, rawHash, plainMemory, plainFiles, bare, transfers, wormhole, beside } = figures
  console.log(`  this machine, GB/s        written ${figure(rawWrite)}, read and hashed ${figure(rawHash)}, one thread`)
  console.log(`  plain TCP, GB/s           memory to memory ${spread(plainMemory)}, file to file ${spread(plainFiles)}`)
  console.log(`  sealed, verified, written ${spread(bare)} GB/s, with nothing else`)
  console.log(`  hearsay, GB/s             ${spread(of(transfers, (each) => each.gigabytesPerS))}`)
  console.log(`  hashed to be offered      ${spread(of(transfers, (each) => each.hashGigabytesPerS))} GB/s`)
  const senderS = spread(of(transfers, (each) => each.senderCpuS))
  console.log(
    `  processor, s              sender ${senderS}, receiver ${spread(of(transfers, (each) => each.receiverCpuS))}`,
  )
  const senderMb = spread(of(transfers, (each) => each.senderAboveIdleMb))
  const receiverMb = spread(of(transfers, (each) => each.receiverAboveIdleMb))
  console.log(`  memory above idle, MB     sender ${senderMb}, receiver ${receiverMb}`)
  if (typeof wormhole === 'string') console.log(`  magic-wormhole            not measured: ${wormhole}`)
  else {
    const pick = (each: (figures: WormholeFigures) => number | null) =>
      spread(summarise(wormhole.map((figures) => each(figures) ?? Number.NaN)))
    console.log(`  magic-wormhole ${wormholeVersion()}, GB/s ${pick((each) => each.gigabytesPerS)}`)
    console.log(
      `  its peak memory, MB       sender ${pick((each) => each.senderPeakMb)}, receiver ${pick((each) => each.receiverPeakMb)}`,
    )
  }
  console.log(`  beside talk, GB/s         ${spread(summarise(beside.gigabytesPerS))}`)
  for (const [label, { count, medianMs, p99Ms }] of [
    ['a line said, nothing beside', beside.idle],
    ['a line said, beside it', beside.transfer],
  ] as const) {
    console.log(
      `  ${label.padEnd(28)}median ${figure(medianMs)} ms, 99 of 100 within ${figure(p99Ms)} ms (${count} lines)`,
    )
  }
}

function goalsOf({ plainMemory, plainFiles, transfers, beside }: FilesFigures): Goal[] {
  const speed = of(transfers, (each) => each.gigabytesPerS)
  const one = (value: number): Sample | null => summarise([value])
  const memory = (end: string, pick: (each: TransferFigures) => number | null): Goal =>
    atMost(`the ${end} at most ${ABOVE_IDLE_MB_MAX} MB above idle`, of(transfers, pick), ABOVE_IDLE_MB_MAX, 'MB')
  return [
    against('at least 60 % of plain TCP from memory to memory', speed, plainMemory, SHARE_OF_PLAIN, true),
    against('at least 60 % of plain TCP from file to file', speed, plainFiles, SHARE_OF_PLAIN, true),
    memory('sender', (each) => each.senderAboveIdleMb),
    memory('receiver', (each) => each.receiverAboveIdleMb),
    against(
      "talk's 99th percentile at most doubles beside it",
      one(beside.transfer.p99Ms),
      one(beside.idle.p99Ms),
      2,
      false,
    ),
  ]
}
