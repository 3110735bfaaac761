import { DIALECTS, type DialectName, isDialect } from '../../base/dialects.ts'
import type { DialectAsked } from '../options-values.ts'

/** What we tell neighbours that we are: the program, and what it bridges. */
export function agentOf(version: string, asked: readonly DialectAsked[]): string {
  const dialects = DIALECTS.filter((dialect) => asked.some((each) => each.dialect === dialect))
  return `hearsay/${version}${dialects.length === 0 ? '' : ` (${dialects.join(' ')})`}`
}

/** What a neighbour bridges, by what it tells. */
export function bridgedBy(agent: string): Set<DialectName> {
  const told = /^hearsay\/\S+ \(([a-z ]+)\)$/.exec(agent)?.[1] ?? ''
  return new Set(told.split(' ').filter(isDialect))
}
