import { formatAddress } from '../base/address.ts'
import { cleanLine } from '../base/text.ts'
import { whereabouts } from '../node/peering.ts'
import type { GoneView, OtherView, PeerView, TrackerView } from './chat.ts'
import { diagnose, type Remark, type Symptoms } from './doctor.ts'
import type { Driver } from './driver.ts'
import type { Person } from './events.ts'
import type { People } from './people.ts'

/** Where a node runs, as far as diagnostics want to know. */
export type Surroundings = Pick<Symptoms, 'local' | 'interfaces' | 'isStatic' | 'groupsGiven' | 'lan' | 'mesh'>

/** How a node stands in the network, as front ends see it. */
export class NetworkViews {
  constructor(
    private readonly driver: Driver,
    private readonly people: People,
  ) {}

  peers(): PeerView[] {
    return this.driver.node.peers().map((link) => ({
      ...this.person(link.peer, link.hello?.name ?? ''),
      address: formatAddress(whereabouts(link)),
      via: this.driver.node.viaOf(link),
      dialled: link.via === 'dialled',
      dialect: 'native',
      verified: true,
      rttMs: link.rttMs === null ? null : Math.round(link.rttMs * 10) / 10,
    }))
  }

  others(rooms: Iterable<string>): OtherView[] {
    const { node } = this.driver
    const linked = new Set(node.peers().map((link) => link.peerKey))
    const others = new Map<string, OtherView>()
    for (const room of rooms) {
      for (const { id, key, name, hops, through } of node.members(room)) {
        const known = others.get(key)
        if (linked.has(key) || (known !== undefined && known.hops <= hops)) continue
        const teller = linked.has(through) ? this.person(Uint8Array.fromHex(through), '') : null
        others.set(key, { ...this.person(id, name), hops, through: teller })
      }
    }
    return [...others.values()]
  }

  lastGone(): GoneView | null {
    const gone = this.driver.run((node, instant) => node.facts(instant).lastGone)
    if (gone === null) return null
    const { peer, name, address, reason, atMs } = gone
    return { ...this.person(peer, name), address: formatAddress(address), reason: cleanLine(reason), at: atMs }
  }

  doctor(around: Surroundings): Remark[] {
    const facts = this.driver.run((node, instant) => node.facts(instant))
    const given = facts.targets.map(({ address, peerKey, failures, reason, retryMs }) => ({
      address: formatAddress(address),
      peer: peerKey === null ? null : this.person(Uint8Array.fromHex(peerKey), '').name,
      failures,
      reason: cleanLine(reason),
      retryS: retryMs === null ? null : Math.ceil(retryMs / 1_000),
    }))
    const trackers = this.driver.node.trackers().map(({ given, address, trouble, ...rest }) => ({
      ...rest,
      given: formatAddress(given),
      isThere: formatAddress(address) === formatAddress(given),
      trouble: cleanLine(trouble),
    }))
    return diagnose({ ...facts, ...around, given, trackers })
  }

  trackers(): TrackerView[] {
    return this.driver.node.trackers().map(({ given, address, by, name, sinceMs, state, registered, trouble }) => ({
      ...{ state, registered, trouble },
      given: formatAddress(given),
      address: formatAddress(address),
      by: by === null ? null : this.person(Uint8Array.fromHex(by), name),
      since: sinceMs,
    }))
  }

  private person(id: Uint8Array, name: string): Person {
    const person = this.people.meet(id, name)
    return { id: person.id, name: person.name }
  }
}
