import type { FeedKey } from '../core/history/feed-log.ts'
import { comparePlaces, type Place } from '../core/room/timeline.ts'
import type {
  Committed,
  FeedHeld,
  MarkRead,
  NoteReach,
  RoomHeld,
  SearchHit,
  SearchQuery,
  SetAside,
  SetRoom,
  Store,
  StoredBundle,
  StoredMessage,
  StoreFault,
  StoreOperation,
  Unheard,
  Unread,
} from '../ports/store.ts'
import { storeFault } from './sqlite-fault.ts'
import { isIndexBroken } from './sqlite-index.ts'
import { Machinery } from './sqlite-machinery.ts'
import { Messages } from './sqlite-messages.ts'
import { type Registry, rankOf } from './sqlite-registry.ts'
import { type Rows, scrub } from './sqlite-rows.ts'
import { Search } from './sqlite-search.ts'

const NOTHING_UNREAD: Unread = { count: 0, mentions: 0 }

/** What the one who opened a store does beside it. */
export interface Surroundings {
  /** Something could not be read. */
  fault(fault: StoreFault): void
  /** The file is damaged: whoever opens it next must look at all of it. */
  suspect(): void
  hasRoom(): boolean
  closed(): void
}

/** The store over one connection that nobody else has. */
export class SqliteStore implements Store {
  private readonly machinery: Machinery
  private readonly registry: Registry
  private readonly messages: Messages
  private readonly searching: Search
  private isHolding = false

  constructor(
    private readonly rows: Rows,
    private readonly path: string,
    readonly setAside: SetAside | null,
    private readonly surroundings: Surroundings,
  ) {
    this.machinery = new Machinery(rows)
    this.registry = this.machinery.registry
    this.messages = new Messages(rows)
    this.searching = new Search(rows, this.registry, this.messages)
  }

  commit(batch: readonly StoreOperation[]): Committed | StoreFault {
    try {
      this.letGo()
      return this.mending(() => this.transaction(() => this.apply(batch)))
    } catch (error) {
      return this.faultOf(error)
    }
  }

  /** A transaction that is not ended: its pages stay in the cache, where this connection reads them. */
  hold(batch: readonly StoreOperation[]): Committed | StoreFault {
    try {
      if (!this.isHolding) {
        this.isHolding = true
        // Else the cache writes out what it has no place for.
        this.rows.run('PRAGMA cache_spill = OFF')
        this.rows.run('BEGIN IMMEDIATE')
      }
      this.registry.trim()
      return this.apply(batch)
    } catch (error) {
      this.letGo()
      return this.faultOf(error)
    }
  }

  letGo(): void {
    if (!this.isHolding) return
    this.isHolding = false
    this.rollBack()
    this.rows.run('PRAGMA cache_spill = ON')
  }

  hasRoom(): boolean {
    return this.surroundings.hasRoom()
  }

  feeds(room?: Uint8Array): FeedHeld[] {
    return this.read<FeedHeld[]>([], () => this.machinery.bundles.feeds(room))
  }

  bundles(feed: FeedKey, from: number, to: number, bytesMax: number, newestFirst = false): StoredBundle[] {
    return this.read<StoredBundle[]>([], () => this.machinery.bundles.serve(feed, from, to, bytesMax, newestFirst))
  }

  forks(feed: FeedKey): StoredBundle[] {
    return this.read<StoredBundle[]>([], () => this.machinery.forks.serve(feed))
  }

  page(room: Uint8Array, side: 'before' | 'after', place: Place, limit: number, unheard?: Unheard): StoredMessage[] {
    return this.inRoom(room, (known) => this.messages.page(known, side, place, limit, unheard))
  }

  last(room: Uint8Array, limit: number): StoredMessage[] {
    return this.inRoom(room, (known) => this.messages.last(known, limit))
  }

  message(id: Uint8Array): StoredMessage | null {
    return this.read(null, () => this.messages.message(id))
  }

  around(id: Uint8Array, limit: number): StoredMessage[] {
    const middle = this.message(id)
    if (middle === null) return []
    return [
      ...this.page(middle.room, 'before', middle, limit),
      middle,
      ...this.page(middle.room, 'after', middle, limit),
    ]
  }

  *export(room: Uint8Array): Generator<StoredMessage[]> {
    const known = this.read(null, () => this.registry.findRoom(room))
    if (known === null) return
    const chunks = this.messages.export(known)
    for (;;) {
      const next = this.read(null, () => chunks.next())
      if (next === null || next.done === true) return
      yield next.value
    }
  }

  search(query: SearchQuery): SearchHit[] {
    return this.read<SearchHit[]>([], () => this.mending(() => this.searching.search(query)))
  }

  authorsNamed(name: string): Uint8Array[] {
    return this.read<Uint8Array[]>([], () => this.messages.authorsNamed(name))
  }

  unread(
    room: Uint8Array,
    own: Uint8Array,
    ownNames: readonly string[],
    untilMs = Number.MAX_SAFE_INTEGER,
    ignored: readonly Uint8Array[] = [],
  ): Unread {
    return this.read(NOTHING_UNREAD, () => {
      const known = this.registry.findRoom(room)
      return known === null ? NOTHING_UNREAD : this.messages.unread(known, [own, ...ignored], ownNames, untilMs)
    })
  }

  rooms(): RoomHeld[] {
    return this.read<RoomHeld[]>([], () => this.messages.rooms())
  }

  check(): boolean {
    return this.read(false, () => this.rows.one('PRAGMA quick_check(1)')?.['quick_check'] === 'ok')
  }

  close(): void {
    this.rows.close()
    this.surroundings.closed()
  }

  private inRoom(room: Uint8Array, read: (known: NonNullable<ReturnType<Registry['findRoom']>>) => StoredMessage[]) {
    return this.read<StoredMessage[]>([], () => {
      const known = this.registry.findRoom(room)
      return known === null ? [] : read(known)
    })
  }

  private read<T>(nothing: T, read: () => T): T {
    try {
      return read()
    } catch (error) {
      this.surroundings.fault(this.faultOf(error))
      return nothing
    }
  }

  private faultOf(error: unknown): StoreFault {
    const fault = storeFault(error, this.path)
    if (fault === null) throw error
    if (fault.code === 'damaged') this.surroundings.suspect()
    return fault
  }

  /** An index that is out of order is made anew from the messages, once. */
  private mending<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (!isIndexBroken(error)) throw error
      const rebuild = () => this.machinery.index.rebuild()
      if (this.isHolding) rebuild()
      else this.transaction(rebuild)
      return run()
    }
  }

  private transaction<T>(run: () => T): T {
    this.registry.trim()
    try {
      this.rows.run('BEGIN IMMEDIATE')
      const result = run()
      this.rows.run('COMMIT')
      if (this.rows.hasErased) this.scrub()
      return result
    } catch (error) {
      this.rollBack()
      throw error
    }
  }

  private rollBack(): void {
    // A full disk may have ended the transaction already.
    if (this.rows.db.inTransaction) this.rows.run('ROLLBACK')
    this.registry.forget()
    this.machinery.index.forget()
  }

  private scrub(): void {
    try {
      scrub(this.rows)
    } catch (error) {
      // What was committed is: the next commit tries again.
      this.surroundings.fault(this.faultOf(error))
    }
  }

  private apply(batch: readonly StoreOperation[]): Committed {
    const { projection, index } = this.machinery
    projection.begin()
    let more = false
    for (const op of batch) if (this.carryOut(op)) more = true
    index.flush()
    this.registry.flush()
    return { ok: true, changed: [...projection.changed.values()], more }
  }

  /** Answers whether there is more of the same to do. */
  private carryOut(op: StoreOperation): boolean {
    const { bundles, forks } = this.machinery
    switch (op.what) {
      case 'keep':
        bundles.keep(op)
        return false
      case 'fork':
        forks.keep(op)
        return false
      case 'forget':
        bundles.forget(op)
        return false
      case 'read':
        this.markRead(op)
        return false
      case 'reach':
        this.noteReach(op)
        return false
      case 'room':
        this.setRoom(op)
        return false
      case 'drop':
        return bundles.drop(op)
    }
  }

  private markRead({ room: key, upTo }: MarkRead): void {
    const room = this.registry.room(key)
    if (room.read === null || comparePlaces(upTo, room.read) > 0) {
      room.read = { ...upTo, author: upTo.author.slice(), id: upTo.id.slice() }
      this.registry.roomChanged(room)
    }
    this.rows.run(
      'UPDATE messages SET late = 0 WHERE room = ? AND late = 1 AND (ms, counter, rank, number) <= (?, ?, ?, ?)',
      room.id,
      upTo.time.ms,
      upTo.time.counter,
      rankOf(upTo.author),
      upTo.number,
    )
  }

  private noteReach({ id, reached, members }: NoteReach): void {
    this.rows.run(
      `UPDATE messages SET reached = ?1, members = ?2 WHERE substr(event, 1, 8) = ?3 AND event = ?4
      AND (reached IS NULL OR reached <= ?1)`,
      reached,
      members,
      id.subarray(0, 8),
      id,
    )
  }

  private setRoom({ room: key, settings }: SetRoom): void {
    const { name, peer, joined, ageMsMax, bytesMax } = settings
    this.rows.run(
      'UPDATE rooms SET name = ?, peer = ?, joined = ?, age_ms = ?, bytes_max = ? WHERE id = ?',
      name,
      peer,
      joined ? 1 : 0,
      ageMsMax,
      bytesMax,
      this.registry.room(key).id,
    )
  }
}
