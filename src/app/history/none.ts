import type { Fault } from '../chat.ts'
import type { Messages } from '../messages.ts'

const NOTHING: Fault = {
  ok: false,
  code: 'no-history',
  message: 'Nothing is kept here, not even in memory. Start hearsay itself.',
}

/** Where no history is kept at all. */
export const NO_MESSAGES: Messages = {
  find: () => NOTHING,
  edit: async () => NOTHING,
  remove: async () => NOTHING,
  reply: async () => NOTHING,
  react: async () => NOTHING,
  history: () => NOTHING,
  following: () => NOTHING,
  search: () => NOTHING,
  markRead: () => NOTHING,
  unread: () => ({ count: 0, mentions: 0 }),
  conversations: () => [],
  earlier: () => ({ messages: [], firstUnread: null }),
}
