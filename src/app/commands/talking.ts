import { type Command, defineCommand } from '../command.ts'
import { optionalRoomOrPeer, peer, text } from './arguments.ts'
import { placeName } from './views.ts'

// What was said comes back as a `message` event, so for people these answer nothing.

export const TALKING: readonly Command[] = [
  defineCommand({
    name: 'say',
    aliases: [],
    group: 'Talking',
    args: { text: text(), room: optionalRoomOrPeer({ typed: false }) },
    help: 'say it in the current room; //x says /x',
    run: (chat, { room, text }) => chat.say(room, 'text', text),
  }),
  defineCommand({
    name: 'me',
    aliases: ['action'],
    group: 'Talking',
    args: { text: text(), room: optionalRoomOrPeer({ typed: false }) },
    help: 'say what you do: /me waves',
    run: (chat, { room, text }) => chat.say(room, 'action', text),
  }),
  defineCommand({
    name: 'msg',
    aliases: ['dm', 'w', 'whisper', 'tell'],
    group: 'Talking',
    args: { peer: peer({ toEnd: false }), text: text() },
    help: 'a message that only this person can read',
    run: (chat, { peer, text }) => chat.direct(peer, text),
  }),
  defineCommand({
    name: 'query',
    aliases: [],
    group: 'Talking',
    args: { peer: peer({ toEnd: true }) },
    help: 'talk with one person until you /join a room',
    run: (chat, { peer }) => chat.join(`@${peer}`),
    show: (_, chat) => [`You are talking with ${placeName(chat, chat.currentRoom() ?? '')} now.`],
  }),
]
