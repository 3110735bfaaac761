import { toHex } from '../../base/bytes.ts'
import type { Source } from '../../ports/files.ts'
import { contentTag, readSeek } from '../../wire/holding.ts'
import type { DeskOptions } from './contract.ts'
import { Holding } from './holding.ts'
import type { Job } from './job.ts'
import type { Seeking, Sought } from './seeking.ts'
import type { Shelf } from './shelf.ts'
import { TAKEN_MAX, type Taken } from './taken.ts'

/** `job`: this run has taken it, and gives it by that. `unread`: of an earlier run, and nobody has asked for it in this one. */
type How = 'job' | 'unread' | 'given'

interface Kept {
  readonly taken: Taken
  how: How
  /** What it is read from, while it is given. */
  source: Source | null
}

/**
 * What earlier runs have taken in rooms, and this one gives on, so that a room's file outlives its sender's presence and a restart of those who have
 * it. Nothing is read before somebody asks for it; then all of it is hashed, once, and given if it is still what was offered.
 */
export class Stock {
  private kept: Kept[] = []
  private reading: Promise<void> = Promise.resolve()

  constructor(
    private readonly options: DeskOptions,
    private readonly shelf: Shelf,
    private readonly seeking: Seeking,
  ) {}

  load(): void {
    const taken = (this.options.taken?.load() ?? []).filter(({ id }) => !this.options.talk.isWithdrawn(id))
    this.kept = taken.slice(-TAKEN_MAX).map((each) => ({ taken: each, how: 'unread', source: null }))
  }

  /** Something is here. Between two people nobody else is to have it. */
  add({ entry: { id, from, room, root, size }, offer: { changedMs }, path }: Job): void {
    if (room.startsWith('@') || this.options.taken == null) return
    // By each offer: one of them may be taken back.
    this.drop(({ taken }) => taken.id === id)
    this.kept.push({ taken: { id, from, room, root, path, size, changedMs }, how: 'job', source: null })
    const [oldest] = this.kept
    if (this.kept.length > TAKEN_MAX) this.drop((each) => each === oldest)
    this.save()
  }

  /** Its offer has been taken back. */
  withdrawn(id: string, from: string, room: string): void {
    this.drop(({ taken }) => taken.id === id && taken.from === from && taken.room === room)
  }

  /** It is not any more what it was, or cannot be read. */
  lost(id: string): void {
    this.drop(({ taken }) => taken.id === id)
  }

  /** What we have, for those who ask. */
  contents(): Sought[] {
    return this.kept.flatMap(({ taken: { root, room }, how }) =>
      how === 'given' ? [{ root: Uint8Array.fromHex(root), room, whole: true, wants: false }] : [],
    )
  }

  /** A room is asked who has something: what was not looked at yet is. */
  asked(room: string, body: Uint8Array): void {
    const mine = this.kept.filter(({ how, taken }) => how === 'unread' && taken.room === room)
    if (mine.length === 0) return
    const tags = new Set(readSeek(body)?.map(toHex))
    for (const each of mine) {
      if (!tags.has(toHex(contentTag(Uint8Array.fromHex(each.taken.root))))) continue
      // Whether it comes to something or not: it is read once.
      each.how = 'job'
      this.reading = this.reading.then(() => this.read(each))
    }
  }

  private async read(kept: Kept): Promise<void> {
    const { taken } = kept
    const read = await this.readOf(taken)
    // Withdrawn meanwhile.
    if (!this.kept.includes(kept)) return read?.source.close()
    if (read === null) {
      this.options.log(`${taken.path} is not given on any more: it is not what it was.`)
      return this.drop((each) => each === kept)
    }
    const { source, holding } = read
    kept.how = 'given'
    kept.source = source
    this.shelf.give(taken.id, holding, (key) => this.options.talk.mayHave(taken.room, key))
    this.seeking.tell(taken.room, [{ root: holding.root, room: taken.room, whole: true, wants: false }])
  }

  private async readOf({ path, root, size, changedMs }: Taken): Promise<{ source: Source; holding: Holding } | null> {
    const source = await this.options.files.source(path)
    if (!source.ok) return null
    const isSame = source.size === size && (changedMs === 0 || source.changedMs === changedMs)
    const holding = isSame ? await Holding.of(source) : null
    if (holding instanceof Holding && toHex(holding.root) === root) return { source, holding }
    source.close()
    return null
  }

  private drop(is: (kept: Kept) => boolean): void {
    const gone = this.kept.filter(is)
    if (gone.length === 0) return
    this.kept = this.kept.filter((each) => !is(each))
    for (const { taken, how, source } of gone) {
      if (how === 'given') this.shelf.withdraw(taken.id, Uint8Array.fromHex(taken.root))
      source?.close()
    }
    this.save()
  }

  private save(): void {
    this.options.taken?.save(this.kept.map(({ taken }) => taken))
  }
}
