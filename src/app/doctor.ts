import { type Address, formatAddress } from '../base/address.ts'
import { ipScope, parseIp } from '../base/ip.ts'
import type { Reach } from '../node/facts.ts'
import type { TrackerStatus } from '../node/tracking.ts'

/** One thing that was looked at: how it stands, in plain words, and what to do where something can be done. */
export interface Remark {
  /** `listening`, `reachable`, `network`, `lan`, `mesh`, `address` or `tracker`: stable, for programs. */
  readonly about: string
  readonly state: 'ok' | 'note' | 'problem'
  readonly text: string
  readonly advice?: string
  /** Only of `listening`: what others could dial, most likely first. */
  readonly addresses?: readonly string[]
}

/** What a diagnosis is made of. */
export interface Symptoms {
  readonly local: Address
  /** IP addresses of this machine's interfaces, loopback aside. */
  readonly interfaces: readonly string[]
  /** The widest network from which somebody has connected to us; null when nobody has. */
  readonly reachedFrom: Reach | null
  readonly neighbours: number
  /** Other nodes known. */
  readonly known: number
  readonly isStatic: boolean
  /** How many multicast groups the user gave: 0 where the local network is not to be searched, null where the usual ones are. */
  readonly groupsGiven: number | null
  readonly lan: LanSymptoms | null
  /** Why the group of the originals' mesh is joined nowhere, beginning with the group; a sentence's end. Null where it is, or is not asked for. */
  readonly mesh: string | null
  readonly given: readonly GivenSymptoms[]
  readonly trackers: readonly TrackerSymptoms[]
}

/** A tracker the user gave. */
export interface TrackerSymptoms extends Pick<TrackerStatus, 'state' | 'trouble' | 'missed' | 'lookedForAt'> {
  readonly given: string
  /** The list is kept there, and not by somebody elsewhere who stands in. */
  readonly isThere: boolean
}

export interface LanSymptoms {
  readonly groups: readonly string[]
  readonly found: number
  /** Sentences without a full stop. */
  readonly faults: readonly string[]
}

/** An address the user gave. */
export interface GivenSymptoms {
  readonly address: string
  /** The name of whoever is linked there; null when nobody is. */
  readonly peer: string | null
  readonly failures: number
  /** Why the last attempt failed, as the end of a sentence; empty when none has. */
  readonly reason: string
  /** Seconds until it is tried again; null when it is being tried, or rests. */
  readonly retryS: number | null
}

/** Says in plain words how we stand in the network. Never empty; the worst is not first: things come in the order a person would check them. */
export function diagnose(symptoms: Symptoms): Remark[] {
  return [
    listening(symptoms),
    reachable(symptoms),
    network(symptoms),
    ...localNetwork(symptoms),
    ...mesh(symptoms),
    ...symptoms.given.map(givenAddress),
    ...symptoms.trackers.flatMap((each) => [tracker(each), ...unfound(each, symptoms)]),
  ]
}

/** Addresses that others could dial, most likely first: to be dictated. */
export function dialableAddresses({ local, interfaces }: Pick<Symptoms, 'local' | 'interfaces'>): string[] {
  const ip = parseIp(local.host)
  const isAny = ip === null ? false : ip.every((byte) => byte === 0)
  if (!isAny) return [formatAddress(local)]
  const takesIpv6 = local.host.includes(':')
  const hosts = interfaces.filter((host) => takesIpv6 || !host.includes(':'))
  return hosts.map((host) => formatAddress({ host, port: local.port }))
}

function isLoopback(host: string): boolean {
  const ip = parseIp(host)
  return ip === null ? host === 'localhost' : ipScope(ip) === 'loopback'
}

function listening({ local, interfaces }: Symptoms): Remark {
  const where = formatAddress(local)
  const addresses = dialableAddresses({ local, interfaces })
  if (isLoopback(local.host)) {
    return {
      about: 'listening',
      addresses,
      state: 'note',
      text: `You listen on ${where}: programs on this machine can reach you, nobody else can.`,
      advice: 'Start with --host 0.0.0.0 (or --host :: for IPv6 too) to be reached from other machines.',
    }
  }
  const also = addresses.length === 0 || addresses.join() === where ? '' : ` Others can try ${addresses.join(', ')}.`
  return { about: 'listening', state: 'ok', text: `You listen on ${where} (TCP).${also}`, addresses }
}

const REACHED_FROM: Readonly<Record<Reach, string>> = {
  loopback: 'this machine',
  link: 'your own network',
  private: 'your own network',
  global: 'the internet',
}

function reachable({ local, reachedFrom, neighbours }: Symptoms): Remark {
  const about = 'reachable'
  if (reachedFrom === 'global')
    return { about, state: 'ok', text: 'You can be reached from the internet: somebody has.' }
  if (reachedFrom !== null && reachedFrom !== 'loopback') {
    return {
      about,
      state: 'ok',
      text: `You can be reached from ${REACHED_FROM[reachedFrom]}: somebody has. Nobody has connected from the internet yet.`,
    }
  }
  if (isLoopback(local.host)) {
    const seen = reachedFrom === null ? 'nobody has connected yet' : 'somebody has connected'
    return { about, state: 'note', text: `You can be reached from this machine alone; ${seen}.` }
  }
  return {
    about,
    state: 'note',
    text: 'Nobody has connected to you from another machine yet, so whether they can is not known.',
    advice:
      neighbours > 0
        ? 'You need not be: who dials out takes part in everything. To be, see that no firewall and no router keeps ' +
          `TCP port ${local.port} from you.`
        : `See that no firewall keeps TCP port ${local.port} from you, and that a router at home forwards it here.`,
  }
}

function network({ neighbours, known, isStatic }: Symptoms): Remark {
  const about = 'network'
  if (neighbours === 0) {
    return {
      about,
      state: 'problem',
      text:
        known > 0
          ? `You are linked with nobody; ${count(known, 'node is', 'nodes are')} known.`
          : 'You are alone: no other node is known.',
      advice: '/connect <host:port> reaches somebody whose address you have; or give them yours.',
    }
  }
  const others = known === 0 ? '' : `, and know ${count(known, 'other node', 'other nodes')} to turn to should they go`
  const fixed = isStatic ? ' No others are looked for (--static).' : ''
  return {
    about,
    state: 'ok',
    text: `You are linked with ${count(neighbours, 'neighbour', 'neighbours')}${others}.${fixed}`,
  }
}

const NOT_JOINED =
  'A firewall may forbid multicast, or the network is down: it is tried again by itself as soon as that changes.'

function localNetwork({ lan, groupsGiven, isStatic }: Symptoms): Remark[] {
  const about = 'lan'
  if (lan === null) {
    return [{ about, state: 'note', text: `The local network is not searched: ${whyNoLan(groupsGiven, isStatic)}.` }]
  }
  const faults = lan.faults.map((fault): Remark => {
    const advice = `${NOT_JOINED} --multicast <group:port> tries others.`
    return { about, state: 'problem', text: `The local network cannot be searched through ${fault}.`, advice }
  })
  if (faults.length >= lan.groups.length) return faults
  const found = lan.found === 0 ? 'nobody was found so far' : `${count(lan.found, 'node was', 'nodes were')} found`
  return [
    { about, state: 'ok', text: `The local network is searched (${lan.groups.join(', ')}): ${found}.` },
    ...faults,
  ]
}

function mesh({ mesh }: Symptoms): Remark[] {
  if (mesh === null) return []
  const text = `Nobody is found by the mesh dialect through ${mesh}.`
  return [{ about: 'mesh', state: 'problem', text, advice: NOT_JOINED }]
}

function whyNoLan(groupsGiven: number | null, isStatic: boolean): string {
  if (groupsGiven === 0) return 'that is turned off (--no-lan)'
  if (isStatic) return 'only the links that are given are kept (--static)'
  if (groupsGiven === null) return 'you listen on this machine alone'
  return 'what --multicast names is IPv6, and you listen on IPv4 alone (--host :: is both)'
}

function givenAddress({ address, peer, failures, reason, retryS }: GivenSymptoms): Remark {
  const about = 'address'
  if (peer !== null) return { about, state: 'ok', text: `${address} leads to ${peer}, who is linked.` }
  if (failures === 0) {
    const text =
      retryS === null ? `${address} rests: it has led you to others.` : `${address} is dialled again in ${retryS} s.`
    return { about, state: 'note', text }
  }
  const next = retryS === null ? 'It is being tried now.' : `It is tried again in ${retryS} s.`
  const times = failures === 1 ? 'once' : `${failures} times`
  return {
    about,
    state: 'problem',
    text: `${address} ${reason} (tried ${times}). ${next}`,
    advice:
      'Ask them whether hearsay runs there, listens beyond their own machine, and whether that is still their address.',
  }
}

function tracker({ given, state, isThere, trouble }: TrackerSymptoms): Remark {
  const about = 'tracker'
  const more = '/tracker tells more.'
  if (state === 'serving') {
    const text = isThere ? `You keep the list of the tracker ${given}.` : `You stand in for the tracker ${given}.`
    return { about, state: 'ok', text: `${text} ${more}` }
  }
  if (state === 'following') {
    const who = isThere ? 'answers you' : 'is gone, and another node stands in for it'
    return { about, state: 'ok', text: `The tracker ${given} ${who}. ${more}` }
  }
  if (trouble === '') return { about, state: 'note', text: `The tracker ${given} is being looked for.` }
  return {
    about,
    state: 'problem',
    text: `The tracker ${given} ${trouble}; it is tried again.`,
    advice:
      'Ask whoever told you of it whether it runs. Others are found without it too: /connect <host:port> is enough.',
  }
}

/** What keeps others from finding us by a tracker, if anything does. */
function unfound({ given, missed, lookedForAt }: TrackerSymptoms, { local: { host } }: Symptoms): Remark[] {
  if (missed === null) return []
  const about = 'tracker'
  const yours = 'You find others by it all the same.'
  if (missed === 'cut-off') {
    const text = `Others do not find you by the tracker ${given}: you listen on ${host}, for this machine alone.`
    const advice = `${yours} Start with --host 0.0.0.0 (or --host :: for IPv6 too) to be found.`
    return [{ about, state: 'problem', text, advice }]
  }
  const text = `Others do not find you by the tracker ${given}: they look for you at ${lookedForAt}, and you listen on ${host}.`
  return [{ about, state: 'problem', text, advice: `${yours} Start with --host ${lookedForAt} to be found.` }]
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
