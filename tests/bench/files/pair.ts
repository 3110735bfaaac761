import { rmSync } from 'node:fs'
import { Program } from '../../e2e/program.ts'
import { cpuMsOf, memoryOf, peakMbOf } from '../kernel.ts'
import { quantile } from '../statistics.ts'

const TRANSFER_MS_MAX = 120_000
const TALK_EVERY_MS = 5

export interface TransferFigures {
  /** From the word to accept it until it stands under its name. */
  readonly gigabytesPerS: number
  /** Read and hashed before it is offered. */
  readonly hashGigabytesPerS: number
  /** Greatest resident memory less what was resident before. */
  readonly senderAboveIdleMb: number | null
  readonly receiverAboveIdleMb: number | null
  readonly senderCpuS: number | null
  readonly receiverCpuS: number | null
}

/** From saying a line until the other has it, in milliseconds. */
export interface TalkDelays {
  readonly count: number
  readonly medianMs: number
  readonly p99Ms: number
}

export interface Beside {
  readonly idle: TalkDelays
  readonly transfer: TalkDelays
  /** Of the transfers that there was talk beside: what giving way to it costs them. */
  readonly gigabytesPerS: readonly number[]
}

/** Two compiled programs, each with a home in `folder`, that talk and send files. */
export class Pair {
  private constructor(
    private readonly sender: Program,
    private readonly receiver: Program,
  ) {}

  static async open(folder: (name: string) => string): Promise<Pair> {
    const sender = await Program.start(['--static', '--ephemeral', '--username', 'Ann'], { home: folder('sender') })
    const options = [
      '--static',
      '--ephemeral',
      '--username',
      'Ben',
      '--accept-files',
      'ask',
      '--connect',
      sender.address,
    ]
    const receiver = await Program.start(options, { home: folder('receiver') })
    await receiver.peerUp(sender.id)
    await sender.until((line) => line.event === 'member' && line.state === 'joined' && line.name === 'Ben')
    return new Pair(sender, receiver)
  }

  async close(): Promise<void> {
    await Promise.all([this.sender.close(), this.receiver.close()])
  }

  /** Sends a file of so many bytes; the copy is taken away again. `beside` runs until it is over. */
  async transfer(path: string, size: number, beside: (isOver: () => boolean) => Promise<void> = async () => {}) {
    const { sender, receiver } = this
    const ends = [sender, receiver]
    const idleMb = ends.map(({ pid }) => memoryOf(pid)?.rssMb ?? null)
    const offeredAtMs = performance.now()
    const before = receiver.lines.length
    const [, offered] = await Promise.all([sender.do({ do: 'send', path }), this.next('offered', before)])
    const hashMs = performance.now() - offeredAtMs
    const cpuMs = ends.map(({ pid }) => cpuMsOf(pid))
    let isOver = false
    const talking = beside(() => isOver)
    const beganMs = performance.now()
    receiver.write(JSON.stringify({ do: 'accept', file: String(offered.number) }))
    const done = await this.next('done', before)
    const tookMs = performance.now() - beganMs
    isOver = true
    await talking
    const usedS = ends.map(({ pid }, i) => difference(cpuMsOf(pid), cpuMs[i] ?? null, 1000))
    const grownMb = ends.map(({ pid }, i) => difference(peakMbOf(pid), idleMb[i] ?? null, 1))
    rmSync(done.path ?? '', { force: true })
    const figures: TransferFigures = {
      gigabytesPerS: size / tookMs / 1e6,
      hashGigabytesPerS: size / hashMs / 1e6,
      senderAboveIdleMb: grownMb[0] ?? null,
      receiverAboveIdleMb: grownMb[1] ?? null,
      senderCpuS: usedS[0] ?? null,
      receiverCpuS: usedS[1] ?? null,
    }
    return figures
  }

  /** One line after the other from the one that sends to the one that receives, until it is said to be over or there are so many. */
  async talk(mark: string, isOver: () => boolean, most: number): Promise<number[]> {
    const delays: number[] = []
    while (!isOver() && delays.length < most) {
      const text = `${mark} ${delays.length}`
      const saidMs = performance.now()
      const from = this.receiver.lines.length
      this.sender.write(JSON.stringify({ do: 'say', text }))
      await this.receiver.when(() =>
        this.receiver.lines.slice(from).some((line) => line.event === 'message' && line.text === text),
      )
      delays.push(performance.now() - saidMs)
      await Bun.sleep(TALK_EVERY_MS)
    }
    return delays
  }

  private async next(state: 'offered' | 'done', from: number) {
    const find = () =>
      this.receiver.lines
        .slice(from)
        .find((line) => line.event === 'file' && (line.state === state || line.state === 'failed'))
    await this.receiver.when(() => find() !== undefined, TRANSFER_MS_MAX)
    const line = find()
    if (line?.event !== 'file' || line.state !== state) throw new Error('the transfer failed')
    return line
  }
}

export function delaysOf(delays: readonly number[]): TalkDelays {
  const sorted = delays.toSorted((a, b) => a - b)
  return { count: sorted.length, medianMs: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) }
}

function difference(now: number | null, before: number | null, unit: number): number | null {
  return now === null || before === null ? null : (now - before) / unit
}
