import type { DialectName } from '../base/dialects.ts'
import type { Fault } from './chat.ts'

/** Faults that more than one command ends in. */

/** What cannot be a room's name, and what can. */
export function badRoom(room: string): Fault {
  const message = `${room} cannot be a room's name: choose 1 to 32 visible characters without spaces.`
  return { ok: false, code: 'bad-room', message }
}

/** What people are told who ask for a dialect that is not let in. */
export function dialectOff(dialect: DialectName): Fault {
  const message = `${dialect} is not let in: start with --dialect ${dialect}.`
  return { ok: false, code: 'dialect-off', message }
}

/** `/disconnect` came between. `where`: the address, as it was given. */
export function hungUp(where: string): Fault {
  return { ok: false, code: 'hung-up', message: `${where} is not dialled any more, as asked. /connect dials it again.` }
}

export const BAD_NAME: Fault = {
  ok: false,
  code: 'bad-name',
  message:
    'That cannot be a name. Choose one of 1 to 32 characters that can be seen, on one line, in at most 128 bytes.',
}

export const TOO_MANY_ADDRESSES: Fault = {
  ok: false,
  code: 'too-many-addresses',
  message: 'Too many addresses are being kept: /disconnect one first.',
}
