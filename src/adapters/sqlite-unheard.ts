import { DIALECTS, markName, NATIVE_MARK } from '../base/dialects.ts'
import type { Unheard } from '../ports/store.ts'
import { rankOf } from './sqlite-registry.ts'
import type { Value } from './sqlite-rows.ts'

/** As many of each as a query takes: more are heard. */
const UNHEARD_MAX = 500

/** A part of a query: what `WHERE` asks, and the values of its parameters. */
export interface Condition {
  /** Begins with `AND`; empty where all are heard. */
  readonly sql: string
  readonly values: readonly Value[]
}

const RELAYED = 'EXISTS (SELECT 1 FROM relayed y WHERE y.message = m.id)'

/**
 * Leaves out of `messages m` what some have said. Ranks stand in the order's index, so that a long run of theirs is passed over without a look
 * at the messages; what a bridge has passed on is not its own words. `name`: how the query finds the name of `m`; `first`: the number of the
 * first free parameter.
 */
export function heardOnly(unheard: Unheard | undefined, name: string, first: number): Condition {
  const ranks = (unheard?.authors ?? []).slice(0, UNHEARD_MAX).map(rankOf)
  const names = (unheard?.strangers ?? []).slice(0, UNHEARD_MAX).flatMap(namesOf)
  const listed = (at: number): string => `IN (SELECT value FROM json_each(?${at}))`
  const values = [ranks, names].filter((list) => list.length > 0).map((list) => JSON.stringify(list))
  const byRank = ranks.length === 0 ? '' : ` AND NOT (m.rank ${listed(first)} AND NOT ${RELAYED})`
  const at = first + values.length - 1
  return { sql: `${byRank}${names.length === 0 ? '' : ` AND NOT (${RELAYED} AND ${name} ${listed(at)})`}`, values }
}

/** A stranger may come on several ways, and is the same whatever mark the last but one has put there. */
function namesOf({ network, name }: Unheard['strangers'][number]): string[] {
  const marked = markName(name, network)
  const marks = [...DIALECTS, NATIVE_MARK] as const
  return [marked, ...marks.map((before) => markName(markName(name, before), network))]
}
