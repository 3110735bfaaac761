import { SHELLS } from '../subcommands.ts'
import { bash } from './bash.ts'
import { fish } from './fish.ts'
import { zsh } from './zsh.ts'

const MAKERS = { bash, zsh, fish } as const

/** What to have a shell read, by its name. */
export const COMPLETIONS: ReadonlyMap<string, () => string> = new Map(SHELLS.map((shell) => [shell, MAKERS[shell]]))
