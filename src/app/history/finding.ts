import { equalBytes, toHex } from '../../base/bytes.ts'
import type { StoredMessage, Unheard } from '../../ports/store.ts'
import { EventKind } from '../../wire/event.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { Which } from '../messages.ts'
import type { History } from './service.ts'
import { lastShown } from './shown.ts'

/** As far back as is counted and looked through. */
const LOOK_BACK = 1_000
const ID_CHARS = 64

/** The message that somebody means (see `Which`); one that is deleted, or that somebody said who is not heard, is not meant. `current`: the room one is in. */
export function findMessage(
  history: History,
  which: Which,
  whose: 'anyone' | 'own',
  current: string | null,
  unheard?: Unheard,
): Outcome<{ message: StoredMessage; room: string }> {
  const wanted = (which ?? '1').trim().replace(/^#/, '').toLowerCase()
  if (wanted.length === ID_CHARS && /^[0-9a-f]+$/.test(wanted)) return byId(history, wanted, whose)
  if (current === null) return fault('no-room', 'You are in no room. /join <room> enters one.')
  const room = history.rooms.idOf(current)
  const isOwn = (message: StoredMessage) => equalBytes(message.author, history.own)
  const all =
    room === null
      ? []
      : lastShown(history.read, room, LOOK_BACK, history.own, history.wallMs, unheard).filter(
          ({ state }) => state !== 'deleted',
        )
  // That something was offered is told in words that are nobody's.
  const counted = whose === 'own' ? all.filter((message) => isOwn(message) && message.kind !== EventKind.file) : all
  if (/^[0-9]{1,3}$/.test(wanted)) {
    // Counted without what waits for the disk, it would be another message than the one that is meant.
    if (history.isBehind) {
      return fault(
        'history-behind',
        'The last messages could not be stored yet, so none can be counted back: see what is wrong with the disk, or give the start of an id that /history shows.',
      )
    }
    const message = counted.at(-Number(wanted))
    if (message !== undefined && Number(wanted) > 0) return { ok: true, message, room: current }
    if (counted.length === 0) {
      return fault(
        'no-such-message',
        whose === 'own'
          ? 'You have said nothing here. Say something first.'
          : 'Nothing has been said here. Say something first.',
      )
    }
    return fault(
      'no-such-message',
      `There are no ${wanted} messages to count back here: #1 is the last. /history shows them.`,
    )
  }
  if (!/^[0-9a-f]{4,64}$/.test(wanted)) {
    return fault(
      'bad-message',
      'A message is given as #3, counted from the end, or by the start of its id: /history shows them.',
    )
  }
  const found = all.filter(({ id }) => toHex(id).startsWith(wanted))
  const [message] = found
  if (message === undefined) {
    return fault('no-such-message', `No message here has an id that begins with ${wanted}. /history shows them.`)
  }
  if (found.length > 1)
    return fault(
      'ambiguous-message',
      `${found.length} messages have an id that begins with ${wanted}: give more of it.`,
    )
  return whose === 'own' && !isOwn(message) ? notYours() : { ok: true, message, room: current }
}

function byId(
  history: History,
  id: string,
  whose: 'anyone' | 'own',
): Outcome<{ message: StoredMessage; room: string }> {
  const message = history.read.message(Uint8Array.fromHex(id))
  const room = message === null ? null : history.rooms.placeOf(message.room)
  if (message === null || room === null)
    return fault('no-such-message', 'No message with that id is here. /history shows them.')
  if (message.state === 'deleted')
    return fault('no-such-message', 'That message was deleted. /history shows the others.')
  return whose === 'own' && !equalBytes(message.author, history.own) ? notYours() : { ok: true, message, room }
}

function notYours(): Fault {
  return fault('not-yours', 'Somebody else said that: only its author can change it. /reply answers it.')
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
