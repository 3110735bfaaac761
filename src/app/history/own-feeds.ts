import { statSync } from 'node:fs'
import { readSmallFile, removeSmallFile, replaceSmallFile } from '../small-file.ts'

/** Feeds of ours: rooms a person was ever in, 65 bytes each. */
const FEEDS_MAX = 10_000
const BYTES_MAX = FEEDS_MAX * 65 + 100

/**
 * Which of our own feeds may go on where the store has them: those of which everything that ever left this machine is in it. They stand in
 * a file beside the database, one id a line, below a line that says which file the database is. It is taken away before anything leaves that
 * could not be stored, which works on a full disk too; without it, or where the database is another file than it was (it came back from a
 * copy, or was copied elsewhere, perhaps with this list), feeds begin anew, and no number is used twice. A copy that cannot be told from the
 * file itself, as of a whole machine, is found out when others have more (`Overtaking`).
 */
export class OwnFeeds {
  private readonly listed = new Set<string>()
  private readonly written = new Set<string>()
  private readonly disownedIds = new Set<string>()
  private isBroken = false

  /** `path` null: nothing is written, and nothing goes on. `database`: where that is, once it is opened. */
  constructor(
    private readonly path: string | null,
    private readonly database = '',
  ) {
    const file = path === null ? null : readSmallFile(path, BYTES_MAX)
    if (file?.ok !== true) return
    const [which, ...ids] = new TextDecoder().decode(file.bytes).split('\n')
    if (which !== whichFile(database)) return
    for (const id of ids) if (/^[0-9a-f]{64}$/.test(id)) this.listed.add(id)
  }

  /** Whether what comes next may be numbered after what the store has of it. `id`: the feed's, in hexadecimal. */
  mayGoOn(id: string): boolean {
    return this.listed.has(id) || this.written.has(id)
  }

  /** Something of ours has been committed. */
  committed(id: string): void {
    if (this.disownedIds.has(id)) return
    this.written.add(id)
    if (this.isBroken || this.listed.has(id) || this.listed.size >= FEEDS_MAX) return
    this.listed.add(id)
    this.write()
  }

  /** Others have more of it than is here: it is never gone on with. */
  disowned(id: string): void {
    this.disownedIds.add(id)
    this.written.delete(id)
    if (this.listed.delete(id) && !this.isBroken) this.write()
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
    if (this.path === null) return
    replaceSmallFile(this.path, `${[whichFile(this.database), ...this.listed].join('\n')}\n`)
  }
}

/** Tells a file from its copies: its number in the file system, and when it was made there (0 where that is not known). */
function whichFile(path: string): string {
  try {
    const { ino, birthtimeNs } = statSync(path, { bigint: true })
    return `file ${ino} of ${birthtimeNs}`
  } catch {
    return 'no file'
  }
}
