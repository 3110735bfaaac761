import type { SearchHit, SearchQuery } from '../ports/store.ts'
import { authorTag, roomTag } from './sqlite-index.ts'
import { type Messages, NAME } from './sqlite-messages.ts'
import { firstIdAt } from './sqlite-projection.ts'
import type { Registry } from './sqlite-registry.ts'
import { integer, type Rows, text } from './sqlite-rows.ts'
import { heardOnly } from './sqlite-unheard.ts'
import { excerpt, type Found, find, matchText, type Term, termsOf, widened } from './sqlite-words.ts'

/** The newest messages that match are ranked, as many as can be read and judged in a few milliseconds. */
const CANDIDATES_MAX = 500
/** Of each, so much is read to judge it. */
const JUDGED_LENGTH_MAX = 1_024
const HITS_MAX = 100
const FROM_MAX = 16
/** So many that match are looked through for those of who is heard, where somebody is not. */
const PASSED_OVER_MAX = 50_000
/** How many messages have a word, counted up to here: beyond that it is common. */
const COMMON = 2_000

/** BM25 (Robertson, Zaragoza: "The Probabilistic Relevance Framework", 2009) with its usual parameters. */
const K1 = 1.2
const B = 0.75
/** A message of this age counts 0.7 of a new one. */
const RECENT_MS = 30 * 24 * 3_600_000
/** A burst's ids run on a little beyond its time. */
const BURST_MS = 60_000

interface Candidate {
  readonly id: number
  readonly ms: number
  readonly found: Found
}

/**
 * Ranks in here rather than with the index's own function: that one counts all messages of every word and tag first, which takes
 * longer the more there are.
 */
export class Search {
  constructor(
    private readonly rows: Rows,
    private readonly registry: Registry,
    private readonly messages: Messages,
  ) {}

  search(query: SearchQuery): SearchHit[] {
    const limit = Math.min(query.limit, HITS_MAX)
    const exact = termsOf(query.words)
    const tags = this.tagsOf(query)
    if (exact.length === 0 || tags === null || limit <= 0) return []
    let terms = exact
    let candidates = this.candidates(terms, tags, query)
    const wide = widened(exact)
    if (candidates.length < limit && wide !== null) {
      terms = wide
      candidates = this.candidates(terms, tags, query)
    }
    const ranked = this.ranked(candidates, terms)
    return ranked.slice(0, limit).flatMap(({ id }) => this.hit(id, terms))
  }

  /** In the index's language; empty for no narrowing, null where nobody and nothing is meant. */
  private tagsOf({ room, from }: SearchQuery): string | null {
    let tags = ''
    if (room !== undefined) {
      const known = this.registry.findRoom(room)
      if (known === null) return null
      tags += ` AND tags : ${roomTag(known.id)}`
    }
    if (from !== undefined) {
      const known = from.slice(0, FROM_MAX).map((key) => this.registry.findAuthor(key))
      const names = known.flatMap((author) => (author === null ? [] : [authorTag(author.id)]))
      if (names.length === 0) return null
      tags += ` AND tags : (${names.join(' OR ')})`
    }
    return tags
  }

  private candidates(terms: readonly Term[], tags: string, { beforeMs, unheard }: SearchQuery): Candidate[] {
    const heard = heardOnly(unheard, NAME, 4)
    const looked = heard.sql === '' ? 2 * CANDIDATES_MAX : PASSED_OVER_MAX
    const before = Math.min(beforeMs ?? Number.MAX_SAFE_INTEGER, 2 ** 48)
    const rows = this.rows.all(
      `SELECT m.id, m.ms, substr(m.text, 1, ${JUDGED_LENGTH_MAX}) AS text
      FROM (SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ${looked}) s
      CROSS JOIN messages m ON m.id = s.rowid WHERE m.ms < ?3${heard.sql} LIMIT ${CANDIDATES_MAX}`,
      `${matchText(terms)}${tags}`,
      firstIdAt(before + BURST_MS),
      before,
      ...heard.values,
    )
    return rows.map((row) => ({
      id: integer(row, 'id'),
      ms: integer(row, 'ms'),
      found: find(text(row, 'text'), terms),
    }))
  }

  private ranked(candidates: Candidate[], terms: readonly Term[]): Candidate[] {
    const newest = Math.max(0, ...candidates.map(({ ms }) => ms))
    const meanLength = candidates.reduce((sum, { found }) => sum + found.length, 0) / candidates.length
    const weights = terms.length === 1 ? [1] : terms.map((term) => this.weight(term))
    const scored = candidates.map((candidate) => {
      const { counts, length } = candidate.found
      const norm = K1 * (1 - B + (B * length) / meanLength)
      // A word beyond what was read to judge counts as found once.
      const score = weights.reduce((sum, weight, i) => {
        const count = Math.max(1, counts[i]!)
        return sum + (weight * count * (K1 + 1)) / (count + norm)
      }, 0)
      return { candidate, score: score / Math.sqrt(1 + (newest - candidate.ms) / RECENT_MS) }
    })
    scored.sort((a, b) => b.score - a.score || b.candidate.id - a.candidate.id)
    return scored.map(({ candidate }) => candidate)
  }

  /** The inverse document frequency, as though there were no more messages than are counted. */
  private weight(term: Term): number {
    const row = this.rows.one(
      `SELECT count(*) AS n FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ${COMMON})`,
      matchText([term]),
    )
    const count = row === null ? 0 : integer(row, 'n')
    return Math.log(1 + (COMMON - count + 0.5) / (count + 0.5))
  }

  private hit(id: number, terms: readonly Term[]): SearchHit[] {
    const message = this.messages.byRow(id)
    if (message === null) return []
    return [{ message, ...excerpt(message.text, find(message.text, terms).marks) }]
  }
}
