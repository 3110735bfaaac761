import { TEXT_BYTES_MAX } from '../wire/limits.ts'
import { codeOf } from './sqlite-fault.ts'
import { BrokenRow, integer, type Rows, text } from './sqlite-rows.ts'
import { indexed } from './sqlite-words.ts'

/** What the index is given of a message. */
export interface Entry {
  readonly text: string
  readonly room: number
  readonly author: number
}

const REBUILD_CHUNK = 1_000

/**
 * The full-text index. Additions wait for the end of the batch and go in by ascending id: out of that order, each would be a
 * segment of its own.
 */
export class SearchIndex {
  /** It is going to be made anew: nothing need be put or taken. */
  isPaused = false
  private readonly waiting = new Map<number, Entry>()

  constructor(private readonly rows: Rows) {}

  put(id: number, entry: Entry): void {
    if (entry.text !== '' && !this.isPaused) this.waiting.set(id, entry)
  }

  /** `entry` must be what was put. */
  remove(id: number, entry: Entry): void {
    if (this.waiting.delete(id) || entry.text === '' || this.isPaused) return
    this.rows.run(
      `INSERT INTO search (search, rowid, text, tags) VALUES ('delete', ?, ?, ?)`,
      id,
      indexed(entry.text),
      tags(entry),
    )
  }

  flush(): void {
    for (const [id, entry] of [...this.waiting].sort(([a], [b]) => a - b)) {
      this.rows.run('INSERT INTO search (rowid, text, tags) VALUES (?, ?, ?)', id, indexed(entry.text), tags(entry))
    }
    this.waiting.clear()
  }

  forget(): void {
    this.waiting.clear()
  }

  /** Makes it again from the messages, in the caller's transaction: some 10 µs for each. */
  rebuild(): void {
    this.waiting.clear()
    this.isPaused = false
    this.rows.run(`INSERT INTO search (search) VALUES ('delete-all')`)
    for (let after = 0; ; ) {
      const chunk = this.rows.all(
        `SELECT m.id, m.room, f.author, substr(m.text, 1, ${TEXT_BYTES_MAX}) AS text FROM messages m JOIN feeds f ON f.id = m.feed
        WHERE m.id >= ? ORDER BY m.id LIMIT ?`,
        after,
        REBUILD_CHUNK,
      )
      for (const row of chunk) {
        this.put(integer(row, 'id'), {
          text: text(row, 'text'),
          room: integer(row, 'room'),
          author: integer(row, 'author'),
        })
      }
      this.flush()
      const last = chunk.at(-1)
      if (last === undefined) return
      const next = integer(last, 'id') + 1
      if (next <= after) throw new BrokenRow('id')
      after = next
    }
  }
}

export function isIndexBroken(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_CORRUPT_VTAB'
}

export function roomTag(room: number): string {
  return `r${room}`
}

export function authorTag(author: number): string {
  return `a${author}`
}

function tags({ room, author }: Entry): string {
  return `${roomTag(room)} ${authorTag(author)}`
}
