import { EMPTY } from '../base/bytes.ts'
import type { ResumeHeader } from '../core/transfer/resume.ts'
import type { Files, FilesFault, Target } from '../ports/files.ts'
import { diskFault, errorCode } from './disk-fault.ts'
import { diskSource } from './disk-source.ts'

/** Writes all of it; null when it has been taken, else what was thrown. The bytes may be changed only after that. */
export type WriteOut = (bytes: Uint8Array) => Promise<unknown>

/** Verified bytes in memory that wait for those before them, or for a slow reader. */
const AHEAD_BYTES = 16 * 1024 * 1024
/** More is asked for when so much has been handed on. */
const TOLD_EVERY_BYTES = 1024 * 1024

/** Files of a run that hands what it takes to a stream, in order: nothing goes on the disk, and a folder has no place in a stream. */
export function orderedFiles(write: WriteOut): Files {
  const fault = (code: FilesFault['code'], message: string): FilesFault => ({ ok: false, code, message, cause: null })
  return {
    source: diskSource,
    async create(_folder, header, entries) {
      if (entries === null) return new OrderedTarget(header, write)
      return fault('not-a-file', `${header.name} is a folder: it needs a folder to go to, not standard output.`)
    },
    unfinished: async () => [],
    resume: async (_folder, name) =>
      fault('missing', `${name} cannot be gone on with: nothing of it was kept. Take it again.`),
    freeBytes: async () => null,
  }
}

/** Takes verified bytes in any order and hands them on from the first to the last. */
class OrderedTarget implements Target {
  readonly ok = true
  readonly path = ''
  readonly bitmap = EMPTY
  readonly inOrder = {
    aheadBytes: AHEAD_BYTES,
    hear: (handedOn: (bytes: number) => void): void => {
      this.told = handedOn
    },
  }
  private readonly held = new Map<number, Uint8Array>()
  private at = 0
  private toldAt = 0
  private told: (bytes: number) => void = () => {}
  private fault: FilesFault | null = null
  private isHanding = false
  private handing: Promise<void> | null = null
  private isClosed = false

  constructor(
    readonly header: ResumeHeader,
    private readonly out: WriteOut,
  ) {}

  async write(at: number, bytes: Uint8Array): Promise<FilesFault | null> {
    if (this.fault !== null) return this.fault
    // What it came in is used again, and it may have to wait.
    this.held.set(at, bytes.slice())
    if (!this.isHanding) this.handing = this.handOn()
    return null
  }

  async finish(): Promise<{ readonly ok: true; readonly path: string } | FilesFault> {
    await this.handing
    return this.fault ?? { ok: true, path: '' }
  }

  async settle(): Promise<void> {}

  async pages(): Promise<readonly []> {
    return []
  }

  async record(): Promise<null> {
    return null
  }

  async keepPage(): Promise<null> {
    return null
  }

  async page(): Promise<null> {
    return null
  }

  async read(): Promise<FilesFault> {
    return {
      ok: false,
      code: 'missing',
      message: `${this.header.name} has been handed on. Ask whoever sent it.`,
      cause: null,
    }
  }

  async discard(): Promise<void> {
    this.close()
  }

  close(): void {
    this.isClosed = true
    this.held.clear()
  }

  private async handOn(): Promise<void> {
    this.isHanding = true
    for (let next = this.held.get(this.at); next !== undefined; next = this.held.get(this.at)) {
      const error = await this.out(next)
      if (error !== null) {
        this.fault =
          errorCode(error) === 'EPIPE'
            ? {
                ok: false,
                code: 'failed',
                message: 'Nobody reads standard output any more. Start both again.',
                cause: error,
              }
            : diskFault('Standard output cannot be written', error)
        break
      }
      if (this.isClosed) break
      this.held.delete(this.at)
      this.at += next.length
      if (this.at - this.toldAt < TOLD_EVERY_BYTES) continue
      this.toldAt = this.at
      this.told(this.at)
    }
    this.isHanding = false
  }
}
