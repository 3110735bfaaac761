import { formatAddress } from '../../base/address.ts'
import { type Command, defineCommand } from '../command.ts'
import type { Via } from '../events.ts'
import { taggedName } from '../names.ts'
import { name, peer, place } from './arguments.ts'
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
    name: 'nick',
    aliases: ['name'],
    group: 'People',
    args: { name: name() },
    help: 'change your name; alone, tell it',
    run: (chat, { name }) => (name === null ? { ok: true, name: chat.name() } : chat.rename(name)),
    show: ({ name }, chat) => [`You are ${taggedName({ id: chat.id, name })}.`],
  }),
]
