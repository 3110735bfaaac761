import { readSmallFile, removeSmallFile, replaceSmallFile } from '../small-file.ts'

/** Feeds of ours: rooms a person was ever in, 65 bytes each. */
const FEEDS_MAX = 10_000
const BYTES_MAX = FEEDS_MAX * 65

/**
 * Which of our own feeds may go on where the store has them: those of which everything that ever left this machine is in it. They stand in
 * a file beside the database, one id a line. It is taken away before anything leaves that could not be stored, which works on a full
 * disk too; without it (also where the database alone came back from a copy) feeds begin anew, and no number is used twice.
 */
export class OwnFeeds {
  private readonly listed = new Set<string>()
  private readonly written = new Set<string>()
  private isBroken = false

  /** `path` null: nothing is written, and nothing goes on. */
  constructor(private readonly path: string | null) {
    const file = path === null ? null : readSmallFile(path, BYTES_MAX)
    if (file?.ok !== true) return
    for (const id of new TextDecoder().decode(file.bytes).split('\n'))
      if (/^[0-9a-f]{64}$/.test(id)) this.listed.add(id)
  }

  /** Whether what comes next may be numbered after what the store has of it. `id`: the feed's, in hexadecimal. */
  mayGoOn(id: string): boolean {
    return this.listed.has(id) || this.written.has(id)
  }

  /** Something of ours has been committed. */
  committed(id: string): void {
    this.written.add(id)
    if (this.isBroken || this.listed.has(id) || this.listed.size >= FEEDS_MAX) return
    this.listed.add(id)
    this.write()
  }

  /** Something of ours is about to leave without being stored. False where that cannot be written down: then it must not leave. */
  broken(): boolean {
    if (this.isBroken) return true
    if (this.path !== null && !removeSmallFile(this.path).ok) return false
    this.isBroken = true
    return true
  }

  /** All of it is stored after all. */
  mended(): void {
    if (!this.isBroken) return
    this.isBroken = false
    this.write()
  }

  private write(): void {
    if (this.path !== null) replaceSmallFile(this.path, `${[...this.listed].join('\n')}\n`)
  }
}
