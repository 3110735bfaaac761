import type { Chat, Outcome } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import type { Person } from '../events.ts'
import type { Tuning, VoiceAnswer, VoicePeer } from '../voice/contract.ts'
import { optionalRoom } from './arguments.ts'
import { defineFamily } from './family.ts'
import { columns, namesOf, plural } from './views.ts'
import { onOffToggle, optionalPeer } from './voice-arguments.ts'
import { VOICE_SETTINGS } from './voice-settings.ts'
import { choiceLine, peerRows, soundLine, standing } from './voice-views.ts'

type Muted = VoiceAnswer | ({ peer: Person } & Tuning)

const show = (answer: VoiceAnswer): string[] => [standing(answer)]

function join(name: string): Command {
  return defineCommand({
    ...{ name, aliases: ['on'], group: 'Voice', args: { room: optionalRoom() } },
    help: 'talk with everybody who is in voice in the room',
    async run(chat, { room }) {
      const joined = await chat.voice.join(room)
      return joined.ok ? { ...joined, peers: chat.voice.view().peers } : joined
    },
    show: (answer, chat) => [standing(answer), ...company(answer.peers, chat)],
  })
}

function leave(name: string): Command {
  return defineCommand({
    ...{ name, aliases: ['off', 'part'], group: 'Voice', args: {} },
    help: 'talk and listen no longer',
    run: (chat) => chat.voice.leave(),
    show: () => ['You left voice.'],
  })
}

function mute(name: string, on: boolean): Command {
  const aliases = name.includes(' ') && on ? ['silence'] : []
  return defineCommand({
    ...{ name, aliases, group: 'Voice', args: { peer: optionalPeer() } },
    help: on ? 'be heard no more; a peer: mute them for you' : 'be heard again; a peer: hear them again',
    run: (chat, { peer }): Promise<Outcome<Muted>> =>
      peer === null ? chat.voice.mute(on) : chat.voice.tune(peer, { silenced: on }),
    show(answer, chat) {
      if (!('peer' in answer)) return show(answer)
      const who = namesOf(chat).show(answer.peer)
      return [answer.silenced ? `You do not hear ${who} any more. Nobody is told.` : `You hear ${who} again.`]
    },
  })
}

function toggle(name: string): Command {
  return defineCommand({
    ...{ name, aliases: ['m'], group: 'Voice', args: {} },
    help: 'mute, or unmute; M alone at the prompt',
    run: (chat) => chat.voice.mute(null),
    show,
  })
}

function deafen(name: string, on: boolean): Command {
  return defineCommand({
    ...{ name, aliases: [], group: 'Voice', args: {} },
    help: on ? 'hear nobody, and be muted' : 'hear the others again',
    run: (chat) => chat.voice.deafen(on),
    show,
  })
}

function ptt(name: string): Command {
  return defineCommand({
    ...{ name, aliases: name.includes(' ') ? ['talk'] : [], group: 'Voice', args: { on: onOffToggle() } },
    help: 'hold the talk key, or let go',
    run: (chat, { on }) => chat.voice.press(on),
    show,
  })
}

function peers(name: string): Command {
  return defineCommand({
    ...{ name, aliases: ['who', 'users'], group: 'Voice', args: {} },
    help: 'who is in voice, who speaks, and how they are reached and heard',
    run(chat) {
      const { room, state, peers } = chat.voice.view()
      const elsewhere = chat
        .rooms()
        .filter((each) => each.room !== room)
        .map((each) => ({ room: each.room, peers: chat.voice.present(each.room) }))
      return { ok: true, state, room, peers, elsewhere: elsewhere.filter((each) => each.peers.length > 0) }
    },
    show({ room, peers, elsewhere }, chat) {
      const here = room === null ? [] : [`${room}: ${plural(peers.length, 'other', 'others')} in voice`]
      const there = elsewhere.flatMap((each) => [
        `${each.room}: ${plural(each.peers.length, 'person', 'people')} in voice, without you`,
        ...peerRows(each.peers, chat),
      ])
      const lines = [...here, ...(room === null ? [] : peerRows(peers, chat)), ...there]
      return lines.length === 0 ? ['Nobody is in voice. /voice join begins.'] : lines
    },
  })
}

function status(name: string): Command {
  return defineCommand({
    ...{ name, aliases: [], group: 'Voice', args: {} },
    help: 'how voice stands, and what is chosen',
    async run(chat) {
      const choices = await chat.voice.choices()
      return { ok: true, ...chat.voice.view(), choices }
    },
    show(view) {
      const sound = view.room === null ? [] : [soundLine(view)]
      return [standing(view), ...sound, `Chosen: ${choiceLine(view.choices)}.`]
    },
  })
}

function company(present: readonly VoicePeer[], chat: Chat): string[] {
  if (present.length === 0) return ['Nobody else is there yet.']
  const names = namesOf(chat)
  return columns([['With you:', present.map((peer) => names.show(peer)).join(', ')]])
}

export const VOICE: readonly Command[] = [
  defineFamily({
    ...{ name: 'voice', aliases: ['v'], group: 'Voice', usual: 'status' },
    help: 'talk: join, leave, peers and more; see /help voice',
    parts: [
      join('voice join'),
      leave('voice leave'),
      mute('voice mute', true),
      mute('voice unmute', false),
      toggle('voice toggle'),
      deafen('voice deafen', true),
      deafen('voice undeafen', false),
      ptt('voice ptt'),
      peers('voice peers'),
      ...VOICE_SETTINGS,
      status('voice status'),
    ],
  }),
  mute('mute', true),
  mute('unmute', false),
  deafen('deafen', true),
  deafen('undeafen', false),
  ptt('ptt'),
]
