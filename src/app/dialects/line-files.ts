import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AcceptPolicy } from '../../core/transfer/offers.ts'
import type { FileTelling } from '../../dialects/outputs.ts'
import { IncomingFile } from './incoming.ts'

/** Their program asks nobody before it sends, so what is not set to be more is little. */
const BYTES_MAX = 25_000_000
const BYTES_MAX_OF_ALL = 1_000_000_000
/** In a run, so many of the largest. */
const LARGEST_MAX = 4

export interface LineFilesOptions {
  readonly policy: AcceptPolicy
  /** Offers what stands at a path to the room that is bridged; answers null, or why not. */
  offer(path: string): Promise<string | null>
  /** Tells the room what a peer sends, and whether it is taken. */
  announce(link: number, name: string, size: number, taken: boolean): void
  log(code: string, message: string): void
}

/** Files that peers of the line program send: taken in, and offered to the room as ours. They are gone with the run. */
export class LineFiles {
  private readonly coming = new Map<number, IncomingFile>()
  private readonly bytesMax: number
  private bytesTaken = 0
  private folder: string | null = null

  constructor(private readonly options: LineFilesOptions) {
    const { mode, bytesMax } = options.policy
    this.bytesMax = mode === 'none' ? -1 : (bytesMax ?? (mode === 'all' ? BYTES_MAX_OF_ALL : BYTES_MAX))
  }

  hear(output: FileTelling): void {
    const { link } = output
    if (output.state === 'begins') return this.begins(link, output.name, output.size)
    const file = this.coming.get(link)
    if (file === undefined || output.state === 'wanted') return
    if (output.state === 'bytes') return this.guard(link, file, () => file.bytes(output.bytes))
    this.coming.delete(link)
    file.whole = output.whole
    if (output.whole) this.guard(link, file, () => this.ends(file))
    else file.discard()
  }

  /** Takes away everything that came. */
  stop(): void {
    for (const file of this.coming.values()) file.discard()
    this.coming.clear()
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true })
    this.folder = null
  }

  private begins(link: number, name: string, size: number): void {
    const { announce } = this.options
    const isTaken = size <= this.bytesMax && this.bytesTaken + size <= LARGEST_MAX * this.bytesMax
    if (!isTaken) return announce(link, name, size, false)
    const file = new IncomingFile(name, size)
    this.bytesTaken += size
    this.guard(link, file, () => {
      this.folder ??= mkdtempSync(join(tmpdir(), 'hearsay-line-'))
      // Of its own, so that each keeps its name.
      file.accept(mkdtempSync(join(this.folder, 'file-')))
      this.coming.set(link, file)
    })
    announce(link, file.name, size, file.state === 'accepted')
  }

  private ends(file: IncomingFile): void {
    const path = file.finish()
    if (path === null) return
    void this.options.offer(path).then((why) => {
      if (why !== null) this.options.log('line-file', `${file.name} could not be offered: ${why}`)
    })
  }

  /** The disk may be full, or the folder nobody's to write to. */
  private guard(link: number, file: IncomingFile, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.coming.delete(link)
      file.decline()
      const why = error instanceof Error ? error.message : String(error)
      this.options.log('line-file', `${file.name} cannot be written: ${why}`)
    }
  }
}
