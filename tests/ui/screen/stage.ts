import { COMMANDS } from '../../../src/app/commands/table.ts'
import type { Person } from '../../../src/app/events.ts'
import { keymapOf } from '../../../src/app/keymap.ts'
import type { FileEntry, MessageEntry, NoteEntry } from '../../../src/ui/screen/model/entry.ts'
import type { Effect, Message, Model, PersonItem } from '../../../src/ui/screen/model/model.ts'
import { draftOf } from '../../../src/ui/screen/model/places.ts'
import { initialModel, update } from '../../../src/ui/screen/model/update.ts'
import type { Size } from '../../../src/ui/screen/terminal/grid.ts'
import { frameOf } from '../../../src/ui/screen/views/frame.ts'
import { lookOf } from '../../../src/ui/screen/views/look.ts'

// Models in the states that tests look at, and what is to be seen of them.

/** 2026-03-14 09:26 where the tests run (UTC or elsewhere: midday is far). */
export const NOON = new Date(2026, 2, 14, 12, 0).getTime()
export const MINUTE = 60_000

export const ALICE: PersonItem = {
  id: 'a'.repeat(52),
  name: 'Alice',
  self: true,
  hops: 0,
  verified: true,
  network: null,
  voice: null,
}
export const BOB: PersonItem = {
  id: 'b'.repeat(52),
  name: 'Bob',
  self: false,
  hops: 1,
  verified: true,
  network: null,
  voice: null,
}
export const CAROL: PersonItem = { ...BOB, id: 'c'.repeat(52), name: 'Carol', hops: 2, verified: false }

let count = 0

export function said(from: PersonItem, text: string, more: Partial<MessageEntry> = {}): MessageEntry {
  count++
  return {
    kind: 'message',
    id: `id${count}`,
    order: String(count).padStart(8, '0'),
    from: { id: from.id, name: from.name, self: from.self },
    how: 'text',
    text,
    at: NOON + count * 1_000,
    state: 'whole',
    isForked: false,
    mentions: false,
    answers: null,
    reactions: [],
    standing: null,
    ...more,
  }
}

export function note(text: string, tone: NoteEntry['tone'] = 'faint', at = NOON): NoteEntry {
  return { kind: 'note', id: `note${++count}`, at, text, tone }
}

export function file(from: PersonItem, more: Partial<FileEntry>): FileEntry {
  const whole = { name: 'plan.pdf', size: 1_234_567, done: 0, state: 'offered', number: 3, remark: '' } as const
  return {
    kind: 'file',
    id: `f${++count}`,
    at: NOON,
    from: { id: from.id, name: from.name, self: from.self },
    ...{ ...whole, files: null, bytesPerSecond: 0, holders: 0, takers: [], refused: [] },
    ...more,
  }
}

/** A model, and what it wanted done since it was last asked. */
export class Stage {
  model: Model
  effects: Effect[] = []

  constructor(size: Size = { columns: 80, rows: 24 }) {
    count = 0
    const setup = { commands: COMMANDS, keymap: keymapOf(), look: lookOf('auto', 256) }
    this.model = initialModel(setup, size, { id: ALICE.id, name: ALICE.name }, NOON)
  }

  tell(...messages: readonly Message[]): this {
    for (const message of messages) {
      const [model, effects] = update(this.model, message)
      this.model = model
      this.effects.push(...effects)
    }
    return this
  }

  /** Joins a room and goes there. */
  enter(
    room: string,
    entries: readonly MessageEntry[] = [],
    more: { hasOlder?: boolean; unreadFrom?: string; unread?: number } = {},
  ): this {
    const { hasOlder = false, unreadFrom = null, unread = 0 } = more
    const opened = { kind: 'opened', room, label: room, entries, hasOlder, unreadFrom, unread, mentions: 0 } as const
    return this.tell(opened, { kind: 'entered', room, label: room })
  }

  hear(room: string, ...entries: readonly (MessageEntry | NoteEntry | FileEntry)[]): this {
    return this.tell(...entries.map((entry) => ({ kind: 'added', room, label: room, entry, isLive: true }) as const))
  }

  /** Nobody can come from elsewhere, and nobody is looked for. */
  secluded(): this {
    const { network, people, self } = this.model
    const secluded = 'Start with --host 0.0.0.0 (or --host :: for IPv6 too) to be reached from other machines.'
    const alone = {
      ...network,
      addresses: ['127.0.0.1:8080'],
      secluded,
      hints: ['10.0.0.9:5000 did not answer (tried twice).'],
    }
    return this.tell({ kind: 'network', network: alone, people, elsewhere: [], ignored: [], self, labels: new Map() })
  }

  with(
    people: readonly PersonItem[],
    links = 1,
    ignored: readonly string[] = [],
    elsewhere: readonly Person[] = [],
  ): this {
    const names = links > 0 ? ['Bob'] : []
    const addresses = links > 0 ? [] : ['192.168.1.7:5000', '198.51.100.9:5000']
    const hints = links > 0 ? [] : ['The local network is searched (239.192.72.83:9053): nobody was found so far.']
    const network = { links, names, addresses, secluded: '', hints }
    const self = { id: ALICE.id, name: ALICE.name }
    return this.tell({ kind: 'network', network, people, elsewhere, ignored, self, labels: new Map() })
  }

  /** Chords between braces, anything else typed: `hi{enter}`. */
  press(keys: string): this {
    for (const [part, chord] of keys.matchAll(/\{([^}]+)\}|[^{]+/g)) {
      const input = chord === undefined ? ({ kind: 'text', text: part } as const) : ({ kind: 'key', chord } as const)
      this.tell({ kind: 'input', input, now: this.model.now })
    }
    return this
  }

  taken(): Effect[] {
    const { effects } = this
    this.effects = []
    return effects
  }

  get draft(): string {
    return draftOf(this.model).text
  }

  /** The screen's rows; the cursor is `▏` before its cell. */
  get rows(): string[] {
    const { grid, cursor } = frameOf(this.model)
    return Array.from({ length: grid.rows }, (_, y) => {
      if (cursor?.y !== y) return grid.row(y)
      const cells = grid.chars.slice(y * grid.columns, (y + 1) * grid.columns)
      return `${cells.slice(0, cursor.x).join('')}▏${cells.slice(cursor.x).join('')}`.trimEnd()
    })
  }
}
