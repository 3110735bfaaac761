import { CommandTable } from '../command.ts'
import { PEOPLE } from './people.ts'
import { helpCommand, PROGRAM } from './program.ts'
import { ROOMS } from './rooms.ts'
import { TALKING } from './talking.ts'

/** Every command there is. A new one goes into the list of its group and is in every front end. */
export const COMMANDS: CommandTable = new CommandTable([
  ...TALKING,
  ...ROOMS,
  ...PEOPLE,
  helpCommand(() => COMMANDS),
  ...PROGRAM,
])
