import { type LineReader, lineReader } from './line-reader.ts'

/** What one end says of what it gives, and the other takes. */
export interface Offered {
  readonly event: 'offered'
  readonly port: number
  readonly key: string
  readonly root: string
  readonly name: string
  readonly size: number
  readonly manifestBytes: number
  readonly entries: number
  readonly changedMs: number
  readonly hashMs: number
}

export interface Progress {
  readonly event: 'begun' | 'progress'
  readonly done: number
}

export interface Done {
  readonly event: 'done'
  readonly path: string
  readonly tookMs: number
  readonly aboveIdleBytes: number
}

export type Line = Offered | Progress | Done

const ENTRY = new URL('./transfer-entry.ts', import.meta.url).pathname

/** One end of a transfer in a process of its own. */
export class End {
  readonly lines: LineReader<Line>
  private readonly process

  private constructor(argv: readonly string[]) {
    this.process = Bun.spawn([process.execPath, ENTRY, ...argv], { stdout: 'pipe', stderr: 'inherit' })
    this.lines = lineReader<Line>(this.process.stdout)
  }

  /** `port` 0: any. One `seed` is one identity. */
  static give(path: string, port = 0, seed = '07'.repeat(32)): End {
    return new End(['give', path, String(port), seed])
  }

  static take(folder: string, offered: Offered): End {
    return new End(['take', folder, JSON.stringify(offered)])
  }

  async offered(): Promise<Offered> {
    const line = await this.lines.next((each) => each.event === 'offered')
    if (line?.event !== 'offered') throw new Error('nothing was offered')
    return line
  }

  async done(): Promise<Done> {
    const line = await this.lines.next((each) => each.event === 'done')
    if (line?.event !== 'done') throw new Error('it has not been taken')
    return line
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.process.exited
  }
}
