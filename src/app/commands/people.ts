import { formatAddress } from '../../base/address.ts'
import type { Chat, Outcome } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import type { Person, Via } from '../events.ts'
import { taggedName } from '../names.ts'
import { name, optionalPeer, peer, place } from './arguments.ts'
import { columns, namesOf } from './views.ts'

/** How a peer was found. */
const FOUND: Readonly<Record<Via, string>> = {
  dialled: 'you dialled',
  accepted: 'dialled you',
  remembered: 'known from before',
  lan: 'local network',
  tracker: 'tracker',
  network: 'through others',
}

function listOf(people: readonly Person[], chat: Chat): string {
  const names = namesOf(chat)
  return people.map((each) => names.show(each)).join(', ')
}

export const PEOPLE: readonly Command[] = [
  defineCommand({
    name: 'connect',
    aliases: [],
    group: 'People',
    args: { address: place() },
    help: 'connect to a peer, and keep trying',
    pending: ({ address: { address, dialect } }) =>
      `Connecting to ${dialect === null ? '' : `${dialect}@`}${formatAddress(address)} …`,
    async run(chat, { address: { address, dialect } }) {
      const before = new Set(chat.peers().map((peer) => peer.id))
      const outcome = await chat.connect(address, dialect)
      return outcome.ok ? { ...outcome, already: before.has(outcome.peer.id) } : outcome
    },
    show: ({ peer, already }, chat) => (already ? [`You are connected to ${namesOf(chat).show(peer)} already.`] : []),
  }),
  defineCommand({
    name: 'disconnect',
    aliases: ['hangup'],
    group: 'People',
    args: { peer: peer({ toEnd: true }) },
    help: 'hang up on a peer, and stop trying',
    run: (chat, { peer }) => chat.disconnect(peer),
    show: ({ peer }, chat) => [`You hung up on ${namesOf(chat).show(peer)}.`],
  }),
  defineCommand({
    name: 'peers',
    aliases: ['links'],
    group: 'People',
    args: {},
    help: 'who you are connected to',
    run: (chat) => ({ ok: true, peers: chat.peers(), others: chat.others(), lastGone: chat.lastGone() }),
    show({ peers, others, lastGone }, chat) {
      const names = namesOf(chat)
      const gone = lastGone === null ? [] : [`Last to go: ${names.show(lastGone)}, who ${lastGone.reason}.`]
      if (peers.length === 0) {
        return ['Nobody is connected. /connect <host:port> reaches a peer; /doctor looks for what is wrong.', ...gone]
      }
      const rows = peers.map((peer) => [
        names.show(peer),
        peer.address,
        FOUND[peer.via],
        peer.rttMs === null ? '' : `${peer.rttMs} ms`,
        peer.verified ? '' : 'not verified',
      ])
      const far = others.map((other) => [
        names.show(other),
        // Who was a link away and is not linked may be gone, or be behind others now.
        other.hops > 1 ? `${other.hops} links away` : 'not linked any more',
        other.through === null ? '' : `last heard through ${names.show(other.through)}`,
      ])
      return [...columns(rows), ...columns(far), ...gone]
    },
  }),
  defineCommand({
    name: 'ignore',
    aliases: ['block'],
    group: 'People',
    args: { peer: optionalPeer() },
    help: 'hear nothing of somebody; alone, whom you ignore',
    run(chat, { peer }): Outcome<{ person?: Person; notice?: string; ignored: readonly Person[] }> {
      const outcome = peer === null ? ({ ok: true } as const) : chat.ignored.add(peer)
      return outcome.ok ? { ...outcome, ignored: chat.ignored.list() } : outcome
    },
    show({ person, notice, ignored }, chat) {
      if (person !== undefined) {
        const name = namesOf(chat).show(person)
        const now = `You ignore ${name} now; /unignore ${name} ends that. Voice is apart: /voice mute ${name} silences it.`
        return notice === undefined ? [now] : [now, notice]
      }
      return [ignored.length === 0 ? 'You ignore nobody. /ignore <peer> does.' : `You ignore ${listOf(ignored, chat)}.`]
    },
  }),
  defineCommand({
    name: 'unignore',
    aliases: ['unblock'],
    group: 'People',
    args: { peer: peer({ toEnd: true }) },
    help: 'hear somebody again whom you ignored',
    run: (chat, { peer }) => chat.ignored.remove(peer),
    show({ person, notice }, chat) {
      const now = `You hear ${namesOf(chat).show(person)} again.`
      return notice === undefined ? [now] : [now, notice]
    },
  }),
  defineCommand({
    name: 'nick',
    aliases: ['name'],
    group: 'People',
    args: { name: name() },
    help: 'change your name; alone, tell it',
    run: (chat, { name }) => (name === null ? { ok: true, name: chat.name() } : chat.rename(name)),
    show: ({ name }, chat) => [`You are ${taggedName({ id: chat.id, name })}.`],
  }),
]
