/** How a flag takes its value. `many`: once for each. `maybe`: with a value or without. `joined`: the same, and the value only behind `=`. */
export type Arity = 'switch' | 'one' | 'many' | 'maybe' | 'joined'

/** A flag as the help, the manual page and the completions tell of it. */
export interface Flag {
  readonly name: string
  readonly short?: string
  readonly arity: Arity
  /** What stands for the value in the help; empty for a switch. */
  readonly value: string
  readonly about: string
}

/** Every word that comes first takes it. */
export const HELP_FLAG: Flag = { name: 'help', short: '-h', arity: 'switch', value: '', about: 'show its help' }

/** As commander and the help spell it: `-h, --help`, `--port <number>`, `--debug [file]`, `--debug[=file]`. */
export function flagTerm({ name, short, arity, value }: Flag): string {
  const term = `${short === undefined ? '' : `${short}, `}--${name}`
  if (arity === 'switch') return term
  if (arity === 'joined') return `${term}[=${value}]`
  return arity === 'maybe' ? `${term} [${value}]` : `${term} <${value}>`
}

/** The lines of a help: a flag each, what they do in one column. */
export function flagRows(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => [flagTerm(flag), flag.about] as const)
  const width = Math.max(...rows.map(([term]) => term.length))
  return rows.map(([term, about]) => `  ${term.padEnd(width)}  ${about}\n`).join('')
}
