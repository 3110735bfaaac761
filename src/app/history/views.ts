import { toHex } from '../../base/bytes.ts'
import { networkOf } from '../../base/dialects.ts'
import type { StoredMessage } from '../../ports/store.ts'
import { EventKind } from '../../wire/event.ts'
import type { Answered } from '../events.ts'
import type { MessageView, Standing } from '../messages.ts'
import type { People } from '../people.ts'
import { kindName, orderOf } from '../teller.ts'
import type { Reach } from './contract.ts'

/** A stored message as front ends see it. `room`: as they call it. */
export function messageView(message: StoredMessage, room: string, people: People, own: string): MessageView {
  const from = people.sayer(message.author, message.name)
  const relayed = networkOf(message.name)
  return {
    id: toHex(message.id),
    room,
    from,
    text: message.text,
    at: message.time.ms,
    self: from.id === own,
    kind: kindName(message.kind),
    ...(message.kind === EventKind.file ? { offer: true } : {}),
    order: orderOf(message),
    state: message.state,
    ...(message.isForked ? { forked: true } : {}),
    ...(relayed === null ? {} : { relayed }),
    ...(message.reply === null ? {} : { answers: answeredView(message.reply, people) }),
    reactions: message.reactions.map(({ emoji, authors }) => ({
      emoji,
      by: authors.map((author) => people.recall(author, '')),
    })),
  }
}

function answeredView({ id, to }: NonNullable<StoredMessage['reply']>, people: People): Answered {
  if (to === null) return { id: toHex(id) }
  const from = people.sayer(to.author, to.name)
  const isThere = to.state === 'whole' || to.state === 'edited'
  return { id: toHex(id), from, ...(isThere ? { text: to.text } : {}) }
}

export function standingOf({ saved, reached, members }: Reach): Standing {
  if (!saved) return { state: 'unsaved', reached, members }
  if (reached === 0) return { state: 'waiting', reached, members }
  return { state: reached < members ? 'reached' : 'everyone', reached, members }
}
