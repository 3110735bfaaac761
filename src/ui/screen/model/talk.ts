import type { Entry, MessageEntry, Reaction } from './entry.ts'

/** Entries kept of the talk that is looked at, and of one that is not: what is further back comes from the history again. */
export const ENTRIES_MAX = 600
const BACKGROUND_ENTRIES_MAX = 200

/** A stretch of what was said in one place, and where in it one looks. */
export interface Talk {
  readonly entries: readonly Entry[]
  /** The history has more before, and after, what is here. */
  readonly hasOlder: boolean
  readonly hasNewer: boolean
  /** A page was asked for. */
  readonly isPaging: boolean
  /** What stands in the lowest row: a row, from 0, of an entry. null: the end, whatever comes. */
  readonly anchor: Anchor | null
  /** What came since one looks elsewhere. */
  readonly fresh: number
  /** The first that was not read when one came in. */
  readonly unreadFrom: string | null
}

export interface Anchor {
  readonly id: string
  readonly row: number
}

export const EMPTY_TALK: Talk = {
  entries: [],
  hasOlder: false,
  hasNewer: false,
  isPaging: false,
  anchor: null,
  fresh: 0,
  unreadFrom: null,
}

/** Puts something new in its place. A message that is there already takes the place of the one that was. */
export function add(talk: Talk, entry: Entry, isLookedAt: boolean): Talk {
  const { entries } = talk
  const fresh = talk.anchor !== null && entry.kind === 'message' ? talk.fresh + 1 : talk.fresh
  const at = placeOf(entries, entry)
  if (entries[at]?.id === entry.id) return { ...talk, entries: entries.with(at, entry) }
  // What is not here can be read from the history when one comes to it.
  if (talk.hasNewer) return { ...talk, fresh }
  if (at === 0 && entries.length > 0 && talk.hasOlder) return talk
  const added = entries.toSpliced(at, 0, entry)
  return trimmed({ ...talk, entries: added, fresh }, isLookedAt)
}

/** A page of the history in front of what is here, or behind it. */
export function page(talk: Talk, where: 'before' | 'after', found: readonly MessageEntry[], isMore: boolean): Talk {
  const { entries } = talk
  const known = new Set(entries.map((entry) => entry.id))
  const added = found.filter((entry) => !known.has(entry.id))
  // Nothing comes of asking once more.
  const more = added.length > 0 && isMore
  if (where === 'before') {
    const all = [...added, ...entries]
    const kept = all.slice(0, ENTRIES_MAX)
    const hasNewer = talk.hasNewer || kept.length < all.length
    return { ...talk, isPaging: false, entries: kept, hasOlder: more, hasNewer }
  }
  const all = [...entries, ...added]
  const kept = all.slice(-ENTRIES_MAX)
  const hasOlder = talk.hasOlder || kept.length < all.length
  return { ...talk, isPaging: false, entries: kept, hasNewer: more, hasOlder, fresh: more ? talk.fresh : 0 }
}

/** The newest stretch of the history; what is here and newer, and what there is of remarks, stays behind it. */
export function open(talk: Talk, found: readonly MessageEntry[], more: boolean, unreadFrom: string | null): Talk {
  const last = found.at(-1)?.order ?? ''
  const known = new Set(found.map(({ id }) => id))
  const isKept = (entry: Entry): boolean => entry.kind !== 'message' || (entry.order > last && !known.has(entry.id))
  const kept = talk.hasNewer ? [] : talk.entries.filter(isKept)
  // That a file was offered is told by its card, where that is here.
  const cards = new Set(kept.flatMap(({ kind, id }) => (kind === 'file' ? [id] : [])))
  const entries = [...found.filter(({ id }) => !cards.has(id)), ...kept]
  return { ...EMPTY_TALK, entries, hasOlder: more, unreadFrom: unreadFrom ?? talk.unreadFrom }
}

/** Changes the message `id`, if it is here. */
export function amend(talk: Talk, id: string, change: (entry: MessageEntry) => MessageEntry): Talk {
  const at = talk.entries.findLastIndex((entry) => entry.id === id)
  const entry = talk.entries[at]
  return entry?.kind === 'message' ? { ...talk, entries: talk.entries.with(at, change(entry)) } : talk
}

export function withReaction(
  entry: MessageEntry,
  emoji: string,
  person: { readonly id: string; readonly name: string },
  on: boolean,
): MessageEntry {
  const others = entry.reactions.find((each) => each.emoji === emoji)?.by.filter(({ id }) => id !== person.id) ?? []
  const by = on ? [...others, person] : others
  const isThere = entry.reactions.some((each) => each.emoji === emoji)
  const changed: readonly Reaction[] = isThere
    ? entry.reactions.map((each) => (each.emoji === emoji ? { emoji, by } : each))
    : [...entry.reactions, { emoji, by }]
  return { ...entry, reactions: changed.filter((each) => each.by.length > 0) }
}

/** No more than is shown soon. */
export function inBackground(talk: Talk): Talk {
  return trimmed(talk, false)
}

/** Whoever has spoken here, the last one first. */
export function speakers(talk: Talk): string[] {
  const names = new Set<string>()
  for (let index = talk.entries.length - 1; index >= 0; index--) {
    const entry = talk.entries[index]!
    if (entry.kind === 'message' && !entry.from.self) names.add(entry.from.name)
  }
  return [...names]
}

function placeOf(entries: readonly Entry[], entry: Entry): number {
  if (entry.kind !== 'message') {
    const known = entries.findLastIndex(({ id }) => id === entry.id)
    return known === -1 ? entries.length : known
  }
  let at = entries.length
  // Remarks stay behind the message after which they were made.
  for (let index = entries.length - 1; index >= 0; index--) {
    const other = entries[index]!
    if (other.kind !== 'message') continue
    if (other.id === entry.id) return index
    if (other.order < entry.order) break
    at = index
  }
  return at
}

function trimmed(talk: Talk, isLookedAt: boolean): Talk {
  const { entries, anchor } = talk
  const most = isLookedAt ? ENTRIES_MAX : BACKGROUND_ENTRIES_MAX
  if (entries.length <= most) return talk
  // Where one looks stays; what is furthest from it goes.
  const at = anchor === null ? -1 : entries.findIndex((entry) => entry.id === anchor.id)
  if (isLookedAt && at !== -1 && at < most / 2) return { ...talk, entries: entries.slice(0, most), hasNewer: true }
  const kept = entries.slice(-most)
  const isLost = anchor !== null && !kept.some((entry) => entry.id === anchor.id)
  return { ...talk, entries: kept, hasOlder: true, ...(isLost ? { anchor: null, fresh: 0 } : {}) }
}
