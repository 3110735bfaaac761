import { CommandTable } from '../command.ts'
import { DOCTOR } from './doctor.ts'
import { HISTORY } from './history.ts'
import { LINKS } from './links.ts'
import { PEOPLE } from './people.ts'
import { helpCommand, PROGRAM } from './program.ts'
import { ROOMS } from './rooms.ts'
import { TALKING } from './talking.ts'
import { TRACKERS } from './tracker.ts'

/** Every command there is. A new one goes into the list of its group and is in every front end. */
export const COMMANDS: CommandTable = new CommandTable([
  ...TALKING,
  ...LINKS,
  ...HISTORY,
  ...ROOMS,
  ...PEOPLE,
  ...TRACKERS,
  ...DOCTOR,
  helpCommand(() => COMMANDS),
  ...PROGRAM,
])
