import type { Fault } from './chat.ts'

/** Faults that more than one command ends in. */

/** What cannot be a room's name, and what can. */
export function badRoom(room: string): Fault {
  const message = `${room} cannot be a room's name: choose 1 to 32 visible characters without spaces.`
  return { ok: false, code: 'bad-room', message }
}

/** `/disconnect` came between. `where`: the address, as it was given. */
export function hungUp(where: string): Fault {
  return { ok: false, code: 'hung-up', message: `${where} is not dialled any more, as asked. /connect dials it again.` }
}

export const TOO_MANY_ADDRESSES: Fault = {
  ok: false,
  code: 'too-many-addresses',
  message: 'Too many addresses are being kept: /disconnect one first.',
}
