import { compareBytes } from '../base/bytes.ts'
import { groupReactions, type Place, type Reaction } from '../core/room/timeline.ts'
import { type Reply, type RoomHeld, type StoredMessage, UNREAD_MAX, type Unheard, type Unread } from '../ports/store.ts'
import { NO_EVENT } from '../wire/bundle.ts'
import { EventKind, isSpoken } from '../wire/event.ts'
import { TEXT_BYTES_MAX } from '../wire/limits.ts'
import { AUTHOR_BYTES, ROOM_ID_BYTES } from '../wire/replication.ts'
import { STATES } from './sqlite-projection.ts'
import { type RoomState, rankOf, readPlace } from './sqlite-registry.ts'
import {
  BrokenRow,
  blob,
  integer,
  maybeBlob,
  maybeInteger,
  type Row,
  type Rows,
  text,
  type Value,
} from './sqlite-rows.ts'
import { heardOnly } from './sqlite-unheard.ts'
import { find as findWords, termsOf } from './sqlite-words.ts'

/** Messages answered at once: a screen is a tenth of it. */
const PAGE_MAX = 1_000
/** What an answer quotes. */
const QUOTED_LENGTH_MAX = 256
/** Reactions read of one message: more people than that are a crowd. */
const REACTIONS_MAX = 1_024
const ROOMS_MAX = 10_000
const AUTHORS_MAX = 64
const OWN_NAMES_MAX = 8
const MENTIONS_LENGTH_MAX = 4_096
const EXPORT_CHUNK = 500

/** Of a message `m`: by what name it was said. */
export const NAME = `(SELECT substr(p.name, 1, 256) FROM profiles p WHERE p.feed = m.feed AND p.number <= m.number ORDER BY p.number DESC LIMIT 1)`
const COLUMNS = `m.id, substr(m.event, 1, 33) AS event, m.number, m.ms, m.counter, m.kind, m.state, m.reacted, m.number >= f.forked AS forked, substr(m.answers, 1, 33) AS answers, m.reached, m.members,
substr(a.key, 1, 33) AS author, substr(r.key, 1, 33) AS room,
substr(m.text, 1, ${TEXT_BYTES_MAX}) AS text, ${NAME} AS name`
const JOINED =
  'messages m JOIN feeds f ON f.id = m.feed JOIN authors a ON a.id = f.author JOIN rooms r ON r.id = m.room'
const ORDER = '(m.ms, m.counter, m.rank, m.number)'
/** Of more than so many unread it does not matter how many were taken back, and looking at each takes time: of these some 0.5 ms. */
const COUNTED_MAX = 1_000
/** Nothing is left of what was taken back; and what is offered to us alone waits for an answer, not for a reader. */
const NOT_TO_BE_READ = `(m.state = ${STATES.indexOf('deleted')} OR (m.kind = ${EventKind.file} AND (SELECT peer FROM rooms WHERE id = ?1) IS NOT NULL))`
/** Said by none of those whose ranks are in a list. */
const OTHERS = 'm.rank NOT IN (SELECT value FROM json_each(?6))'
const UPWARD = 'm.ms, m.counter, m.rank, m.number, m.event'
const DOWNWARD = 'm.ms DESC, m.counter DESC, m.rank DESC, m.number DESC, m.event DESC'

/** Reads what people see. */
export class Messages {
  constructor(private readonly rows: Rows) {}

  page(room: RoomState, side: 'before' | 'after', place: Place, limit: number, unheard?: Unheard): StoredMessage[] {
    const heard = heardOnly(unheard, NAME, 8)
    const values: Value[] = [room.id, ...orderOf(place), place.id, pageOf(limit), ...heard.values]
    const beside =
      side === 'before'
        ? `${ORDER} <= (?2, ?3, ?4, ?5) AND (${ORDER} < (?2, ?3, ?4, ?5) OR m.event < ?6)${heard.sql} ORDER BY ${DOWNWARD}`
        : `${ORDER} >= (?2, ?3, ?4, ?5) AND (${ORDER} > (?2, ?3, ?4, ?5) OR m.event > ?6)${heard.sql} ORDER BY ${UPWARD}`
    const found = this.read(`WHERE m.room = ?1 AND ${beside} LIMIT ?7`, values)
    return side === 'before' ? found.reverse() : found
  }

  last(room: RoomState, limit: number): StoredMessage[] {
    const values = [room.id, pageOf(limit)]
    return this.read(`WHERE m.room = ? ORDER BY ${DOWNWARD} LIMIT ?`, values).reverse()
  }

  message(id: Uint8Array): StoredMessage | null {
    const found = this.read('WHERE substr(m.event, 1, 8) = ? AND m.event = ?', [id.subarray(0, 8), id])[0]
    return found ?? this.read('WHERE m.id = (SELECT message FROM copies WHERE event = ?)', [id])[0] ?? null
  }

  byRow(id: number): StoredMessage | null {
    return this.read('WHERE m.id = ?', [id])[0] ?? null
  }

  *export(room: RoomState): Generator<StoredMessage[]> {
    let chunk = this.read(`WHERE m.room = ? ORDER BY ${UPWARD} LIMIT ?`, [room.id, EXPORT_CHUNK])
    while (chunk.length > 0) {
      yield chunk
      const last = chunk.at(-1)!
      chunk = this.page(room, 'after', last, EXPORT_CHUNK)
      // An index out of order could lead round for ever.
      if (chunk.length > 0 && !isBefore(last, chunk[0]!)) throw new BrokenRow('ms')
    }
  }

  authorsNamed(name: string): Uint8Array[] {
    const rows = this.rows.all(
      `SELECT DISTINCT a.key FROM profiles p JOIN feeds f ON f.id = p.feed JOIN authors a ON a.id = f.author
      WHERE p.name = ? COLLATE NOCASE LIMIT ?`,
      name,
      AUTHORS_MAX,
    )
    return rows.map((row) => blob(row, 'key', AUTHOR_BYTES))
  }

  unread(room: RoomState, except: readonly Uint8Array[], ownNames: readonly string[], untilMs: number): Unread {
    const mark = room.read === null ? [-1, 0, 0, 0] : orderOf(room.read)
    const others = JSON.stringify(except.map(rankOf))
    const values: Value[] = [room.id, ...mark, others, untilMs, UNREAD_MAX]
    const beyond = `FROM messages m WHERE m.room = ?1 AND ${ORDER} > (?2, ?3, ?4, ?5) AND ${OTHERS} AND m.ms <= ?7`
    const late = `FROM messages m WHERE m.room = ?1 AND m.late = 1 AND ${OTHERS}`
    const count = this.rows.one(`SELECT count(*) AS n FROM (SELECT 1 ${beyond} LIMIT ?8)`, ...values)
    const lateCount = this.rows.one(`SELECT count(*) AS n FROM (SELECT 1 ${late} LIMIT ?8)`, ...values)
    const named = new Set<number>()
    for (const name of ownNames.slice(0, OWN_NAMES_MAX)) {
      const terms = termsOf(`"${name}"`)
      if (terms.length === 0) continue
      for (const which of [`${beyond} ORDER BY ${DOWNWARD} LIMIT ?8`, `${late} LIMIT ?8`]) {
        const inner = `SELECT m.id, substr(m.text, 1, ${MENTIONS_LENGTH_MAX}) AS text ${which}`
        for (const row of this.mentions(inner, values, name)) {
          if (findWords(text(row, 'text'), terms).counts[0]! > 0) named.add(integer(row, 'id'))
        }
      }
    }
    const found = integer(count!, 'n') + integer(lateCount!, 'n')
    const all = found > COUNTED_MAX ? found : found - this.notToBeRead([beyond, late], values)
    return { count: Math.min(all, UNREAD_MAX), mentions: named.size }
  }

  private notToBeRead(sources: readonly string[], values: Value[]): number {
    const counts = sources.map((from) => {
      const limited = `SELECT 1 ${from} AND ${NOT_TO_BE_READ} LIMIT ?8`
      return integer(this.rows.one(`SELECT count(*) AS n FROM (${limited})`, ...values)!, 'n')
    })
    return counts.reduce((sum, each) => sum + each, 0)
  }

  rooms(): RoomHeld[] {
    const rows = this.rows.all(
      `SELECT r.*, substr(r.name, 1, 256) AS name,
      (SELECT ms FROM messages m WHERE m.room = r.id ORDER BY ms LIMIT 1) AS oldest,
      (SELECT ms FROM messages m WHERE m.room = r.id ORDER BY ms DESC LIMIT 1) AS newest FROM rooms r LIMIT ?`,
      ROOMS_MAX,
    )
    return rows.map(readRoom)
  }

  /** The database looks for the letters, so that only what may be a mention is read. */
  private mentions(inner: string, values: Value[], name: string): Row[] {
    // It knows no capitals beyond ASCII, so a name that has others is looked for here alone.
    if (!/^[\x20-\x7e]+$/.test(name)) return this.rows.all(inner, ...values)
    return this.rows.all(`SELECT * FROM (${inner}) WHERE instr(lower(text), ?9) > 0`, ...values, name.toLowerCase())
  }

  private read(rest: string, values: Value[]): StoredMessage[] {
    return this.rows.all(`SELECT ${COLUMNS} FROM ${JOINED} ${rest}`, ...values).map((row) => this.shown(row))
  }

  private shown(row: Row): StoredMessage {
    const kind = integer(row, 'kind')
    const state = STATES[integer(row, 'state')]
    if ((!isSpoken(kind) && kind !== EventKind.file) || state === undefined) throw new BrokenRow('kind')
    const answers = maybeBlob(row, 'answers', NO_EVENT.length)
    return {
      id: blob(row, 'event', NO_EVENT.length),
      room: blob(row, 'room', ROOM_ID_BYTES),
      author: blob(row, 'author', AUTHOR_BYTES),
      name: row['name'] === null ? '' : text(row, 'name'),
      number: integer(row, 'number'),
      time: { ms: integer(row, 'ms'), counter: integer(row, 'counter') },
      kind,
      state,
      text: text(row, 'text'),
      reply: answers === null ? null : this.reply(answers, blob(row, 'room')),
      reactions: integer(row, 'reacted') === 0 ? [] : this.reactions(integer(row, 'id')),
      isForked: row['forked'] === 1,
      reach: row['reached'] === null ? null : { reached: integer(row, 'reached'), members: integer(row, 'members') },
    }
  }

  private reactions(message: number): Reaction[] {
    const rows = this.rows.all(
      `SELECT substr(t.emoji, 1, 32) AS emoji, a.key AS author FROM reactions t JOIN authors a ON a.id = t.author
      WHERE t.message = ? AND t.chosen = 1 LIMIT ?`,
      message,
      REACTIONS_MAX,
    )
    return groupReactions(rows.map((row) => ({ emoji: text(row, 'emoji'), author: blob(row, 'author', AUTHOR_BYTES) })))
  }

  private reply(id: Uint8Array, room: Uint8Array): Reply {
    const row = this.rows.one(
      `SELECT m.state, a.key AS author, substr(m.text, 1, ${QUOTED_LENGTH_MAX}) AS text, ${NAME} AS name FROM ${JOINED}
      WHERE substr(m.event, 1, 8) = ? AND m.event = ? AND r.key = ?`,
      id.subarray(0, 8),
      id,
      room,
    )
    const state = row === null ? undefined : STATES[integer(row, 'state')]
    if (row === null || state === undefined) return { id, to: null }
    const name = row['name'] === null ? '' : text(row, 'name')
    return { id, to: { author: blob(row, 'author', AUTHOR_BYTES), name, text: text(row, 'text'), state } }
  }
}

/** A limit below zero is none to the database. */
function pageOf(limit: number): number {
  return Math.max(0, Math.min(limit, PAGE_MAX))
}

/** In the order of the queries. */
function isBefore(a: Place, b: Place): boolean {
  const [orderA, orderB] = [orderOf(a), orderOf(b)]
  const at = orderA.findIndex((value, i) => value !== orderB[i])
  return at < 0 ? compareBytes(a.id, b.id) < 0 : orderA[at]! < orderB[at]!
}

function orderOf({ time, author, number }: Place): number[] {
  return [time.ms, time.counter, rankOf(author), number]
}

function readRoom(row: Row): RoomHeld {
  return {
    room: blob(row, 'key', ROOM_ID_BYTES),
    settings: {
      name: text(row, 'name'),
      peer: maybeBlob(row, 'peer', AUTHOR_BYTES),
      joined: integer(row, 'joined') === 1,
      ageMsMax: maybeInteger(row, 'age_ms'),
      bytesMax: maybeInteger(row, 'bytes_max'),
    },
    messages: integer(row, 'messages'),
    bundles: integer(row, 'bundles'),
    bytes: integer(row, 'bytes'),
    oldestMs: maybeInteger(row, 'oldest'),
    newestMs: maybeInteger(row, 'newest'),
    readTo: readPlace(row),
  }
}
