import type { SayFault } from '../node/rooms.ts'

/** Why something could not be said, for people. */
export const SAY_FAULTS: Record<SayFault, string> = {
  empty: 'There is nothing to say: the message is empty.',
  'too-long': 'The message is longer than 16 KiB. Say it in parts.',
  'not-joined': 'That room is not joined. /join it first.',
  'no-such-person': 'That id cannot be written to: it is not the id of a hearsay identity.',
}
