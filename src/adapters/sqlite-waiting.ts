import type { HlcTime } from '../base/hlc.ts'
import type { Change } from '../core/room/timeline.ts'
import { TEXT_BYTES_MAX } from '../wire/limits.ts'
import type { FeedState, Registry } from './sqlite-registry.ts'
import { blob, integer, type Row, type Rows, text, type Value } from './sqlite-rows.ts'

/** An event that says something about a message. */
export interface Amending {
  readonly feed: FeedState
  readonly number: number
  readonly time: HlcTime
  readonly event: Uint8Array
  readonly change: Change
}

/** `waiting.what`. */
const [EDIT, DELETE, REACTION] = [0, 1, 2] as const

const OF_AUTHOR = 'target = ? AND author = ? AND feed IN (SELECT id FROM feeds WHERE room = ?)'

/**
 * Amendments of one author that wait for their message. Somebody coming back after a year hears the newest first, so a whole year's
 * edits and reactions may wait for a while; a row is about 150 bytes and its text. Beyond that the oldest go.
 */
const WAITING_PER_AUTHOR_MAX = 10_000

/** Amendments whose message has not come yet. */
export class Waiting {
  constructor(
    private readonly rows: Rows,
    private readonly registry: Registry,
  ) {}

  add({ feed, number, time, event, change }: Amending, target: Uint8Array): void {
    const { author } = feed
    const what = change.what === 'edit' ? EDIT : change.what === 'delete' ? DELETE : REACTION
    this.rows.run(
      `INSERT INTO waiting (target, author, feed, number, ms, counter, event, what, chosen, text)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      target,
      author.id,
      feed.id,
      number,
      time.ms,
      time.counter,
      event,
      what,
      change.what === 'reaction' && change.on ? 1 : 0,
      change.what === 'edit' ? change.text : change.what === 'reaction' ? change.emoji : '',
    )
    this.waited(feed, 1)
    if (author.waiting <= WAITING_PER_AUTHOR_MAX) return
    this.rows.run(
      `DELETE FROM waiting WHERE id = (SELECT id FROM waiting WHERE author = ? ORDER BY ms, counter, number LIMIT 1)`,
      author.id,
    )
    this.waited(feed, -1)
  }

  private waited({ author }: FeedState, more: number): void {
    author.waiting = Math.max(0, author.waiting + more)
    this.registry.authorChanged(author)
  }

  /** Those for a message that has come; they wait no longer. */
  take(target: Uint8Array): Amending[] {
    return this.takeWhere('target = ?', target)
  }

  /** What the author of a feed has made of a message that he then took back, in the same room. */
  takeEdits(target: Uint8Array, { author, room }: FeedState): Amending[] {
    return this.takeWhere(`${OF_AUTHOR} AND what = ${EDIT}`, target, author.id, room.id)
  }

  /** Whether the author of a feed takes a message back that has not come. */
  isDeleted(target: Uint8Array, { author, room }: FeedState): boolean {
    if (author.waiting === 0) return false
    const sql = `SELECT 1 FROM waiting WHERE ${OF_AUTHOR} AND what = ${DELETE} LIMIT 1`
    return this.rows.one(sql, target, author.id, room.id) !== null
  }

  private takeWhere(which: string, ...values: Value[]): Amending[] {
    const rows = this.rows.all(
      `SELECT feed, number, ms, counter, substr(event, 1, 32) AS event, what, chosen, substr(text, 1, ${TEXT_BYTES_MAX}) AS text
      FROM waiting WHERE ${which}`,
      ...values,
    )
    if (rows.length === 0) return []
    this.rows.run(`DELETE FROM waiting WHERE ${which}`, ...values)
    return rows.map((row) => {
      const feed = this.registry.feedOfRow(integer(row, 'feed'))
      this.waited(feed, -1)
      return readWaiting(feed, row)
    })
  }

  drop(feed: FeedState, below: number): void {
    if (feed.author.waiting === 0) return
    const gone = this.rows.all(
      'DELETE FROM waiting WHERE author = ? AND feed = ? AND number < ? RETURNING id',
      feed.author.id,
      feed.id,
      below,
    )
    this.waited(feed, -gone.length)
  }
}

function readWaiting(feed: FeedState, row: Row): Amending {
  const [what, chosen, said] = [integer(row, 'what'), integer(row, 'chosen') === 1, text(row, 'text')]
  return {
    feed,
    number: integer(row, 'number'),
    time: { ms: integer(row, 'ms'), counter: integer(row, 'counter') },
    event: blob(row, 'event'),
    change:
      what === REACTION
        ? { what: 'reaction', emoji: said, on: chosen }
        : what === EDIT
          ? { what: 'edit', text: said }
          : { what: 'delete' },
  }
}
