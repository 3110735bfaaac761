import { CommandTable } from '../command.ts'
import { DOCTOR } from './doctor.ts'
import { HISTORY } from './history.ts'
import { PEOPLE } from './people.ts'
import { helpCommand, PROGRAM } from './program.ts'
import { ROOMS } from './rooms.ts'
import { TALKING } from './talking.ts'
import { TRACKERS } from './tracker.ts'
import { VOICE } from './voice.ts'

/** Every command there is. A new one goes into the list of its group and is in every front end. */
export const COMMANDS: CommandTable = new CommandTable([
  ...TALKING,
  ...HISTORY,
  ...ROOMS,
  ...PEOPLE,
  ...TRACKERS,
  ...VOICE,
  ...DOCTOR,
  helpCommand(() => COMMANDS),
  ...PROGRAM,
])
