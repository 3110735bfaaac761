import type { FileHandle } from 'node:fs/promises'

/**
 * Written and not yet known to be on the disk, before it is brought there. Measured with lines that others say meanwhile, each of which is saved before it is
 * shown: at four or sixteen MiB they wait for the many commits of the file system's journal, without any of this for hundreds of megabytes at the end.
 */
const STEP_BYTES = 64 * 1024 * 1024
/** Of a single file: one with less is left to the end: each flush is a commit of the journal, and small ones come by the thousand. */
const FILE_BYTES = 1024 * 1024

/**
 * Brings what is received to the disk in steps as it comes, one at a time and beside what receives, which never waits for it: else hundreds of
 * megabytes go there at once in the end, and whoever saves a line meanwhile waits for all of them.
 */
export class DiskFlush {
  /** Bytes written since it was last brought to the disk, by the number of the file. */
  private unflushed = new Map<number, number>()
  private bytes = 0
  private running: Promise<void> | null = null
  private isStopped = false
  private error: unknown = null

  /** `use`: lends the open file of a number. */
  constructor(
    private readonly use: (
      number: number,
      act: (handle: Pick<FileHandle, 'datasync'>) => Promise<void>,
    ) => Promise<void>,
    private readonly stepBytes = STEP_BYTES,
    private readonly fileBytes = FILE_BYTES,
  ) {}

  wrote(number: number, bytes: number): void {
    if (this.isStopped) return
    this.unflushed.set(number, (this.unflushed.get(number) ?? 0) + bytes)
    this.bytes += bytes
    if (this.bytes < this.stepBytes || this.running !== null) return
    this.bytes = 0
    this.running = this.run().finally(() => {
      this.running = null
    })
  }

  /** Throws where the disk has lost what it had taken. The system says that once, and the next flush would pass as if all were well. */
  check(): void {
    if (this.error === null) return
    throw Object.assign(new Error('what was written is not on the disk', { cause: this.error }), { code: 'UNFLUSHED' })
  }

  /** No more of it: resolves when none is under way. */
  async stop(): Promise<void> {
    this.isStopped = true
    await this.running
  }

  private async run(): Promise<void> {
    const all = this.unflushed
    this.unflushed = new Map()
    for (const [number, bytes] of all) {
      if (this.isStopped) return
      if (bytes < this.fileBytes) this.unflushed.set(number, (this.unflushed.get(number) ?? 0) + bytes)
      // One that cannot be opened is met again in the end.
      else await this.use(number, (handle) => this.sync(handle)).catch(() => {})
    }
  }

  private async sync(handle: Pick<FileHandle, 'datasync'>): Promise<void> {
    await handle.datasync().catch((error) => {
      this.error ??= error
    })
  }
}
