import type { SayFault } from '../node/rooms.ts'

/** Why something could not be said, for people. */
export const SAY_FAULTS: Record<SayFault, string> = {
  empty: 'There is nothing to say: write something.',
  'too-long': 'The message is longer than 16 KiB. Say it in parts.',
  'not-joined': 'That room is not joined. /join it first.',
  'no-such-person': 'That id cannot be written to: it is no hearsay identity. /peers lists who is there.',
}
