import { bareName, isMarked } from '../base/dialects.ts'
import type { Timer } from '../base/timers.ts'
import type { Words } from './words.ts'

/** How long equal words under a marked name count as those said again by a bridge that had no id to give them. A guess. */
const ECHO_MS = 60_000
/** How long after the one the other bridge of a network without ids says what both have heard: all the turns it may wait. */
const COPY_MS = 12_000
/** And before: its author says it to everybody there at once. */
const DIRECT_MS = 2_000
/** Texts remembered for it: some minutes of a lively room. */
const TEXTS_MAX = 2_048
/** Times that one text is said meanwhile. */
const TIMES_MAX = 64

/** Something that was said, once. */
export interface Utterance {
  readonly from: Words['from']
  /** Where it has been heard or said. */
  readonly sides: Set<string>
  /** On which side it was heard, and from which bridge: each brings it once. */
  readonly ways: Set<string>
  readonly atMs: number
  /** Where it waits to be said. */
  readonly waiting: Map<string, Timer<(nowMs: number) => void>>
  /** As the native network has it, where whoever says something signs it; null while it has not come from there. */
  signed: Words | null
}

/** Whether words without an id look like some that a bridge has put there. */
export function isSuspect({ isExact, bridge, from, name }: Words): boolean {
  return isExact ? bridge !== null && from === 'line' : isMarked(name)
}

/**
 * Tells words that come by again from words that are said again, where a network gives them no ids: what came this way already is said again,
 * what has not may be the same.
 */
export class Echoes {
  private readonly texts = new Map<string, Utterance[]>()

  add(words: Words, said: Utterance, nowMs: number): void {
    const about = aboutOf(words)
    const all = this.recent(about, nowMs)
    if (all.length >= TIMES_MAX) all.shift()
    this.texts.delete(about)
    this.texts.set(about, [...all, said])
    if (this.texts.size > TEXTS_MAX) this.texts.delete(this.texts.keys().next().value!)
  }

  /** What these words are again, if they are; the latest that this way has not brought yet. `sinceMs`: of before, who brings them heard nothing. */
  find(words: Words, way: string, nowMs: number, sinceMs: number): Utterance | null {
    const isVague = words.from === 'tracker'
    const suspect = isSuspect(words)
    const copyMs = words.bridge === null ? DIRECT_MS : COPY_MS
    if (!isVague && !suspect) return null
    const fits = ({ from, ways, atMs }: Utterance): boolean =>
      !ways.has(way) && (suspect || (from === words.from && nowMs - atMs < copyMs && atMs >= sinceMs))
    return this.recent(aboutOf(words), nowMs).findLast(fits) ?? null
  }

  private recent(about: string, nowMs: number): Utterance[] {
    return (this.texts.get(about) ?? []).filter(({ atMs }) => nowMs - atMs < ECHO_MS)
  }
}

function aboutOf({ name, text }: Words): string {
  return `${bareName(name)}\n${text}`
}
