import { compareBytes } from '../base/bytes.ts'
import { comparePlaces, EMOJI_PER_PERSON_MAX, isEmoji } from '../core/room/timeline.ts'
import type { ToldEvent, ToldMessage } from '../core/room/told.ts'
import { NO_EVENT } from '../wire/bundle.ts'
import { TEXT_BYTES_MAX } from '../wire/limits.ts'
import { Copies } from './sqlite-copies.ts'
import type { SearchIndex } from './sqlite-index.ts'
import type { FeedState, Registry } from './sqlite-registry.ts'
import { blob, integer, maybeBlob, maybeInteger, type Row, type Rows, text } from './sqlite-rows.ts'
import { type Amending, Waiting } from './sqlite-waiting.ts'

/** `messages.state`. */
export const STATES = ['whole', 'edited', 'gone', 'deleted'] as const
const [WHOLE, EDITED, GONE, DELETED] = [0, 1, 2, 3]

/** Ids for the messages of one 1,024 ms, before they run on into the next. */
const SLOT_IDS = 64
const SLOT_MS = 1_024

const FOUND = `SELECT id, feed, number, ms, counter, event, state, reacted, substr(text, 1, ${TEXT_BYTES_MAX}) AS text, edit_ms, edit_counter,
  edit_number, substr(edit_event, 1, 32) AS edit_event FROM messages`

export function firstIdAt(ms: number): number {
  return Math.floor(ms / SLOT_MS) * SLOT_IDS
}

/** Keeps the `messages` tables as `core/room/timeline.ts` has it: an amendment changes one row of them. */
export class Projection {
  /** Messages that were there before and look different now, by row. */
  readonly changed = new Map<number, Uint8Array>()
  /** It is being made again: what comes does not come late, and every body is or is not there as it should be. */
  isRebuilding = false
  private readonly fresh = new Set<number>()
  private readonly waiting: Waiting
  private readonly copies: Copies

  constructor(
    private readonly rows: Rows,
    private readonly registry: Registry,
    private readonly index: SearchIndex,
    private readonly bodies: { forget(feed: FeedState, number: number, event: Uint8Array | null): void },
  ) {
    this.waiting = new Waiting(rows, registry)
    this.copies = new Copies(rows)
  }

  /** A batch begins. */
  begin(): void {
    this.changed.clear()
    this.fresh.clear()
  }

  tell(feed: FeedState, event: ToldEvent): void {
    const { tells } = event
    if (tells.what === 'message') return this.message(feed, event, tells)
    if (tells.what === 'profile') return this.profile(feed, event.number, tells.name)
    if (tells.what === 'reaction' && !isEmoji(tells.emoji)) return
    const amending: Amending = { feed, number: event.number, time: event.time, event: event.id, change: tells }
    const message = this.find(tells.target)
    if (message === null) this.await(amending, tells.target)
    else this.amend(message, amending)
  }

  /** An event of which there was no body, and now there is. */
  tellAgain(feed: FeedState, event: ToldEvent): void {
    this.tell(feed, event)
    const row = this.find(event.id)
    if (row !== null && integer(row, 'state') === DELETED) this.forgetBody(feed, event.number, event.id)
  }

  /** Everything about a message goes, for good. */
  drop(id: Uint8Array): void {
    if (this.copies.drop(id)) return
    const row = this.find(id)
    if (row !== null) this.dropRow(row)
  }

  private dropRow(row: Row): void {
    const at = integer(row, 'id')
    this.index.remove(at, this.entryOf(row))
    this.dropAbout(row)
    this.rows.run('DELETE FROM messages WHERE id = ?', at)
    this.copies.dropAll(at)
    const { room } = this.feedOf(row)
    room.messages--
    this.registry.roomChanged(room)
  }

  /** What was said in a feed below a number waits no longer. */
  dropWaiting(feed: FeedState, below: number): void {
    this.waiting.drop(feed, below)
  }

  private find(event: Uint8Array): Row | null {
    const own = this.rows.one(`${FOUND} WHERE substr(event, 1, 8) = ? AND event = ?`, event.subarray(0, 8), event)
    if (own !== null) return own
    const same = this.copies.messageOf(event)
    return same === null ? null : this.byId(same)
  }

  private byId(at: number): Row | null {
    return this.rows.one(`${FOUND} WHERE id = ?`, at)
  }

  private feedOf(row: Row): FeedState {
    return this.registry.feedOfRow(integer(row, 'feed'))
  }

  private entryOf(row: Row): { text: string; room: number; author: number } {
    const { room, author } = this.feedOf(row)
    return { text: text(row, 'text'), room: room.id, author: author.id }
  }

  private message(feed: FeedState, event: ToldEvent, told: ToldMessage): void {
    const known = this.find(event.id)
    if (known !== null) return this.refill(known, feed, event, told)
    if (told.name !== null) this.nameOf(feed.id, event.number, told.name)
    if (this.isCopy(feed, event, told)) return
    const { room, author } = feed
    const { time, number } = event
    const at = this.freeId(time.ms)
    const { read } = room
    const place = { time, author: author.key, number, id: event.id }
    const late = !this.isRebuilding && !feed.own && read !== null && comparePlaces(place, read) < 0
    this.rows.run(
      `INSERT INTO messages (id, room, feed, number, ms, counter, rank, event, kind, state, text, late, answers)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      at,
      room.id,
      feed.id,
      number,
      time.ms,
      time.counter,
      author.rank,
      event.id,
      told.kind,
      told.text === null ? GONE : WHOLE,
      told.text ?? '',
      late ? 1 : 0,
      told.answers,
    )
    this.index.put(at, { text: told.text ?? '', room: room.id, author: author.id })
    if (told.origin !== undefined) this.copies.first(room.id, told.origin, at)
    this.fresh.add(at)
    room.messages++
    this.registry.roomChanged(room)
    this.amendFromWaiting(event.id)
  }

  /** Another node has passed the same words on: they stay one message, which stands where it was passed on first. */
  private isCopy(feed: FeedState, event: ToldEvent, { origin }: ToldMessage): boolean {
    const at = origin === undefined ? null : this.copies.messageFrom(feed.room.id, origin)
    const row = at === null ? null : this.byId(at)
    if (at === null || row === null) return false
    const { time, number, id } = event
    const before = this.feedOf(row)
    const stands = { time: { ms: integer(row, 'ms'), counter: integer(row, 'counter') }, author: before.author.key }
    const isFirst =
      comparePlaces(
        { time, number, id, author: feed.author.key },
        { ...stands, number: integer(row, 'number'), id: blob(row, 'event') },
      ) < 0
    this.copies.add(isFirst ? blob(row, 'event') : id, at)
    if (isFirst) {
      this.index.remove(at, this.entryOf(row))
      this.rows.run(
        'UPDATE messages SET feed = ?, number = ?, ms = ?, counter = ?, rank = ?, event = ? WHERE id = ?',
        ...[feed.id, number, time.ms, time.counter, feed.author.rank, id, at],
      )
      this.index.put(at, this.entryOf(this.byId(at)!))
    }
    this.amendFromWaiting(id)
    return true
  }

  /** A body that was gone has been brought by somebody who had it. */
  private refill(row: Row, feed: FeedState, event: ToldEvent, told: ToldMessage): void {
    if (integer(row, 'state') !== GONE || told.text === null) return
    const { origin } = told
    if (origin !== undefined && this.copies.messageFrom(feed.room.id, origin) !== null) {
      this.dropRow(row)
      return void this.isCopy(feed, event, told)
    }
    if (origin !== undefined) this.copies.first(feed.room.id, origin, integer(row, 'id'))
    this.setText(row, WHOLE, told.text)
    this.rows.run('UPDATE messages SET answers = ? WHERE id = ?', told.answers, integer(row, 'id'))
  }

  private setText(row: Row, state: number, shown: string): void {
    const at = integer(row, 'id')
    const entry = this.entryOf(row)
    this.index.remove(at, entry)
    this.index.put(at, { ...entry, text: shown })
    this.rows.run('UPDATE messages SET state = ?, text = ? WHERE id = ?', state, shown, at)
    if (!this.fresh.has(at)) this.changed.set(at, blob(row, 'event'))
  }

  /** Where an author has told two names at one number, all who know of both come to the same. */
  private profile(feed: FeedState, number: number, name: string): void {
    if (feed.forked === null) return this.nameFrom(feed.id, number, name)
    this.rows.run(
      'INSERT INTO profiles (feed, number, name) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = max(name, excluded.name)',
      feed.id,
      number,
      name,
    )
  }

  private nameFrom(feed: number, number: number, name: string): void {
    this.rows.run('INSERT OR REPLACE INTO profiles (feed, number, name) VALUES (?, ?, ?)', feed, number, name)
  }

  /** The name of one message, where each tells its own: a row only where it differs from the one before. */
  private nameOf(feed: number, number: number, name: string): void {
    const before = this.rows.one(
      'SELECT name FROM profiles WHERE feed = ? AND number <= ? ORDER BY number DESC LIMIT 1',
      feed,
      number,
    )
    if (before !== null && before['name'] === name) return
    this.nameFrom(feed, number, name)
    // What came before this one and stands after it keeps the name it had.
    if (before === null) return
    this.rows.run(
      'INSERT OR IGNORE INTO profiles (feed, number, name) VALUES (?, ?, ?)',
      feed,
      number + 1,
      text(before, 'name'),
    )
  }

  private amend(row: Row, amending: Amending): void {
    const { change, feed } = amending
    const said = this.feedOf(row)
    if (said.room !== feed.room) return
    const isDeleted = integer(row, 'state') === DELETED
    if (change.what === 'reaction') {
      if (!isDeleted) this.react(row, amending, change.emoji, change.on)
    } else if (said.author === feed.author) {
      if (change.what === 'delete') this.delete(row)
      // An edit that comes after the deletion must not keep the words either.
      else if (isDeleted) this.forgetBody(feed, amending.number, amending.event)
      else this.edit(row, amending, change.text)
    }
  }

  private edit(row: Row, { time, number, event, feed }: Amending, shown: string): void {
    const at = integer(row, 'id')
    const values = [at, feed.id, number, event]
    this.rows.run('INSERT OR IGNORE INTO edits (message, feed, number, event) VALUES (?, ?, ?, ?)', ...values)
    const ms = maybeInteger(row, 'edit_ms')
    if (ms !== null) {
      const order =
        time.ms - ms ||
        time.counter - integer(row, 'edit_counter') ||
        number - integer(row, 'edit_number') ||
        compareBytes(event, blob(row, 'edit_event'))
      if (order <= 0) return
    }
    this.setText(row, EDITED, shown)
    this.rows.run(
      'UPDATE messages SET edit_ms = ?, edit_counter = ?, edit_number = ?, edit_event = ? WHERE id = ?',
      time.ms,
      time.counter,
      number,
      event,
      at,
    )
  }

  private delete(row: Row): void {
    const at = integer(row, 'id')
    if (integer(row, 'state') === DELETED) return
    // Also where the bundle that said it has gone before.
    this.rows.hasErased = true
    this.setText(row, DELETED, '')
    // Also what it answered was said with the words that go.
    this.rows.run('UPDATE messages SET answers = NULL WHERE id = ?', at)
    this.forgetBody(this.feedOf(row), integer(row, 'number'), blob(row, 'event'))
    const edits = this.rows.all('SELECT feed, number, substr(event, 1, 32) AS event FROM edits WHERE message = ?', at)
    for (const edit of edits) {
      // Those from before there were forks have no id.
      const event = maybeBlob(edit, 'event')
      this.forgetBody(this.feedOf(edit), integer(edit, 'number'), event?.length === NO_EVENT.length ? event : null)
    }
    this.dropAbout(row)
  }

  private dropAbout(row: Row): void {
    const at = integer(row, 'id')
    if (row['edit_ms'] !== null) this.rows.run('DELETE FROM edits WHERE message = ?', at)
    if (integer(row, 'reacted') === 1) this.rows.run('DELETE FROM reactions WHERE message = ?', at)
  }

  private react(row: Row, { feed: { author }, time, number, event }: Amending, emoji: string, on: boolean): void {
    const at = integer(row, 'id')
    this.rows.run(
      `INSERT INTO reactions (message, author, emoji, chosen, ms, counter, number, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET chosen = excluded.chosen, ms = excluded.ms, counter = excluded.counter,
      number = excluded.number, event = excluded.event
      WHERE (excluded.ms, excluded.counter, excluded.number, excluded.event) > (ms, counter, number, event)`,
      at,
      author.id,
      emoji,
      on ? 1 : 0,
      time.ms,
      time.counter,
      number,
      event,
    )
    this.rows.run(
      `DELETE FROM reactions WHERE (message, author, emoji) IN (SELECT message, author, emoji FROM reactions
      WHERE message = ? AND author = ? ORDER BY ms DESC, counter DESC, number DESC, event DESC LIMIT -1 OFFSET ?)`,
      at,
      author.id,
      EMOJI_PER_PERSON_MAX,
    )
    if (integer(row, 'reacted') === 0) this.rows.run('UPDATE messages SET reacted = 1 WHERE id = ?', at)
    if (!this.fresh.has(at)) this.changed.set(at, blob(row, 'event'))
  }

  private forgetBody(feed: FeedState, number: number, event: Uint8Array | null): void {
    if (!this.isRebuilding) this.bodies.forget(feed, number, event)
  }

  /** Its message has not come. What its own author takes back goes at once all the same, whoever the message may turn out to be by. */
  private await(amending: Amending, target: Uint8Array): void {
    const { change, feed } = amending
    if (change.what === 'edit' && this.waiting.isDeleted(target, feed)) {
      return this.forgetBody(feed, amending.number, amending.event)
    }
    if (change.what === 'delete') {
      for (const edit of this.waiting.takeEdits(target, feed)) {
        this.forgetBody(edit.feed, edit.number, edit.event)
      }
    }
    this.waiting.add(amending, target)
  }

  private amendFromWaiting(target: Uint8Array): void {
    for (const amending of this.waiting.take(target)) {
      // Each time anew: the one before may have changed it.
      const message = this.find(target)
      if (message !== null) this.amend(message, amending)
    }
  }

  /** An id by the time, so that ids are in the room's order but for the last second's; with more than fit there it runs on into what follows. */
  private freeId(ms: number): number {
    const first = firstIdAt(ms)
    for (let span = SLOT_IDS; ; span *= 16) {
      const row = this.rows.one('SELECT max(id) AS id FROM messages WHERE id >= ? AND id < ?', first, first + span)
      const last = row === null ? null : maybeInteger(row, 'id')
      if (last === null) return first
      if (last + 1 < first + span) return last + 1
    }
  }
}
