import { bareName, type DialectName } from '../../src/base/dialects.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import { Bridge } from '../../src/dialects/bridge.ts'
import { hashedOrigin, type Words } from '../../src/dialects/words.ts'
import { VirtualTime } from '../sim/time.ts'

type Network = DialectName | 'native'

/** How long words take at most within a network. */
const DELAY_MS_MAX = 300
/** After how long everybody knows that somebody is gone. */
const NOTICE_MS = 200

/** A network as its members know it: some keep ids and show nothing twice, others show whatever comes. */
interface Net {
  readonly key: string
  readonly network: Network
  readonly members: Party[]
}

/** An original, or a person of our own kind: says things, and counts what it sees. */
export interface Party {
  readonly name: string
  readonly net: string
  readonly seen: Map<string, number>
  readonly ids: Set<string>
  readonly names: Set<string>
}

interface Hearsay {
  readonly id: string
  readonly bridge: Bridge
  readonly sides: ReadonlySet<string>
  /** It has a name of its own in every network, and sees nothing itself here. */
  isDead: boolean
  timer: (() => void) | null
  /** Ids it has seen in networks that keep them, as its machines do. */
  readonly ids: Set<string>
}

/** Networks of all kinds with several bridges between them, on virtual time and from one seed. */
export class Networks {
  readonly time = new VirtualTime()
  readonly parties: Party[] = []
  readonly hearsays: Hearsay[] = []
  /** Copies put into any network by bridges. */
  copies = 0
  private readonly nets = new Map<string, Net>()
  private readonly rng: Rng
  private said = 0

  /** `anonymous`: networks in which nobody knows of a bridge before it speaks. */
  constructor(
    seed: number,
    private readonly anonymous: readonly Network[] = ['line'],
  ) {
    this.rng = seededRng(seed)
  }

  network(key: string, network: Network, names: readonly string[]): void {
    const members = names.map((name) => ({
      name,
      net: key,
      seen: new Map(),
      ids: new Set<string>(),
      names: new Set<string>(),
    }))
    this.nets.set(key, { key, network, members })
    this.parties.push(...members)
  }

  /** A node that bridges those networks. */
  hearsay(id: string, keys: readonly string[]): Hearsay {
    const bridge = new Bridge(id)
    for (const key of keys) bridge.open({ key: sideOf(key), network: this.nets.get(key)!.network })
    const hearsay = { id, bridge, sides: new Set(keys), isDead: false, timer: null, ids: new Set<string>() }
    this.hearsays.push(hearsay)
    this.acquaint()
    return hearsay
  }

  kill(hearsay: Hearsay): void {
    hearsay.isDead = true
    this.time.at(this.time.nowMs + NOTICE_MS, () => this.acquaint())
  }

  say(party: Party, text: string): void {
    const net = this.nets.get(party.net)!
    const own = net.network === 'native'
    const isExact = net.network !== 'tracker' && net.network !== 'line'
    // What has no id is told by what it is, and here nothing is said twice.
    const origin = hashedOrigin(net.network, party.name, text, isExact ? String(++this.said) : '')
    const author = own ? `person-${party.name}` : null
    const common = { from: net.network, bridge: null, author, kind: 'text', room: 'general' } as const
    this.spread(net, { ...common, origin, isExact, name: party.name, text }, party, null)
  }

  /** What became of a text: how often each living party but its author saw it. */
  counts(text: string, author: Party): number[] {
    return this.parties.filter((party) => party !== author).map((party) => party.seen.get(text) ?? 0)
  }

  private spread(net: Net, words: Words, author: Party | null, by: Hearsay | null): void {
    for (const party of net.members) if (party !== author) this.later(() => this.sees(net, party, words))
    for (const hearsay of this.hearsays) {
      if (hearsay !== by && hearsay.sides.has(net.key)) this.later(() => this.hears(net, hearsay, words))
    }
  }

  private sees(net: Net, party: Party, words: Words): void {
    if ((net.network === 'framed' || net.network === 'native') && party.ids.has(words.origin)) return
    party.ids.add(words.origin)
    party.seen.set(words.text, (party.seen.get(words.text) ?? 0) + 1)
    party.names.add(words.name)
  }

  private hears(net: Net, hearsay: Hearsay, words: Words): void {
    if (hearsay.isDead) return
    hearsay.bridge.heard(sideOf(net.key), this.asHeard(net, words), this.time.nowMs)
    this.settle(hearsay)
  }

  /** A line carries nothing but a name and a text. */
  private asHeard(net: Net, words: Words): Words {
    if (net.network !== 'line') return words
    const origin = hashedOrigin('line', String(++this.said))
    return { ...words, origin, from: 'line', isExact: false, bridge: null, author: null }
  }

  private settle(hearsay: Hearsay): void {
    const { bridge } = hearsay
    for (const { side, heardOn, words } of bridge.takeOutputs()) {
      this.copies++
      const net = this.nets.get([...hearsay.sides].find((key) => sideOf(key) === side)!)!
      const from = net.network === 'native' ? (heardOn as Network) : words.from
      // Native readers put the mark on themselves, from the network it was heard on.
      const name = net.network === 'native' ? `${bareName(words.name)} (${heardOn})` : words.name
      this.spread(net, { ...words, name, from, isExact: true, bridge: hearsay.id, author: null }, null, hearsay)
    }
    hearsay.timer?.()
    const atMs = bridge.nextWakeMs()
    hearsay.timer = null
    if (atMs === null) return
    const timer = this.time.at(atMs, () => {
      if (hearsay.isDead) return
      bridge.wake(this.time.nowMs)
      this.settle(hearsay)
    })
    hearsay.timer = () => this.time.cancel(timer)
  }

  /** Bridges that share a network know of each other there; a line has nobody else on it. */
  private acquaint(): void {
    const alive = this.hearsays.filter(({ isDead }) => !isDead)
    for (const { bridge, sides } of alive) {
      for (const key of sides) {
        const there = alive.filter((other) => other.sides.has(key)).map(({ id }) => id)
        bridge.fellows(sideOf(key), this.anonymous.includes(this.nets.get(key)!.network) ? [] : there)
      }
    }
  }

  private later(run: () => void): void {
    this.time.at(this.time.nowMs + 1 + this.rng.below(DELAY_MS_MAX), run)
  }
}

/** A network that there are several of (`native 2`) is one side to whoever is in it. */
function sideOf(key: string): string {
  return key.startsWith('line') ? key : key.split(' ')[0]!
}
