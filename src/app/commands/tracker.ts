import type { Chat, TrackerView } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import { namesOf, plural } from './views.ts'

export const TRACKERS: readonly Command[] = [
  defineCommand({
    name: 'tracker',
    aliases: ['trackers'],
    group: 'People',
    args: {},
    help: 'who keeps the list of nodes for a tracker',
    run: (chat) => ({ ok: true, trackers: chat.trackers() }),
    show({ trackers }, chat) {
      if (trackers.length === 0) return ['No tracker is used. hearsay --tracker <host:port> finds others through one.']
      return trackers.flatMap((tracker) => describe(tracker, chat))
    },
  }),
]

function describe(tracker: TrackerView, chat: Chat): string[] {
  const { state, given, address, by, since, registered, trouble } = tracker
  const time = new Date(since).toLocaleTimeString('en-GB')
  const tried = trouble === '' ? [] : [`  ${given} ${trouble}; it is tried again.`]
  const list = `${plural(registered, 'node', 'nodes')} on the list`
  switch (state) {
    case 'searching':
      return [`${given}: looking for the tracker since ${time}.`, ...tried]
    case 'checking':
      return [`${given}: lost at ${time}, looking whether it comes back.`, ...tried]
    case 'electing':
      return [`${given}: lost at ${time}, choosing who is to stand in.`, ...tried]
    case 'serving':
      return [`${given}: you are the tracker since ${time}, at ${address}, ${list}.`, ...tried]
    case 'following': {
      const isThere = by === null || address === given
      const who = isThere ? 'the tracker answers' : `${namesOf(chat).show(by)} stands in, at ${address},`
      return [`${given}: ${who} since ${time}, ${list}.`, ...tried]
    }
  }
}
