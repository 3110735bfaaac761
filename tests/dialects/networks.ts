import { bareName, type DialectName } from '../../src/base/dialects.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import { Bridge, LISTEN_FIRST_MS } from '../../src/dialects/bridge.ts'
import { Repeats } from '../../src/dialects/tracker/repeats.ts'
import { hashedOrigin, type Words } from '../../src/dialects/words.ts'
import { VirtualTime } from '../sim/time.ts'

type Network = DialectName | 'native'

/** How long words take at most within a network. */
const DELAY_MS_MAX = 300
/** After how long everybody knows that somebody is gone, and has heard the last of what he said. */
const NOTICE_MS = 500
/** How often a tracker's peers look who else is there. */
const LOOK_EVERY_MS = 5_000
/** How long after a tracker's peer was told something by a bridge it would have introduced itself, were it one. */
const INTRODUCED_MS = 2_000

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
  /** What a tracker knows it by. */
  readonly port: number
  readonly startMs: number
  /** Whom it knows to be a bridge on which network, and since when. */
  readonly met: Map<string, number>
  readonly repeats: Repeats
  /** When it last said something on a tracker's network. */
  told: number[]
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

  /**
   * `anonymous`: networks in which nobody knows of a bridge before it speaks. `asMet`: bridges come to know of each other as they do in each
   * network, by and by, and a tracker's peers by their lists; else everybody knows everybody in the others at once.
   */
  constructor(
    seed: number,
    private readonly anonymous: readonly Network[] = ['line'],
    private readonly asMet = false,
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
  hearsay(id: string, keys: readonly string[], startMs = 0): Hearsay {
    const bridge = new Bridge(id, this.asMet ? startMs + LISTEN_FIRST_MS : 0)
    for (const key of keys) bridge.open({ key: sideOf(key), network: this.nets.get(key)!.network })
    const hearsay: Hearsay = {
      ...{ id, bridge, sides: new Set(keys), isDead: startMs > 0, timer: null, ids: new Set<string>() },
      ...{ port: 40_000 + this.rng.below(20_000), startMs, met: new Map(), repeats: new Repeats(), told: [] },
    }
    this.hearsays.push(hearsay)
    if (startMs > 0)
      this.time.at(startMs, () => {
        hearsay.isDead = false
        this.begin(hearsay)
      })
    else this.begin(hearsay)
    return hearsay
  }

  private begin(hearsay: Hearsay): void {
    if (!this.asMet) return this.acquaint()
    for (const other of this.hearsays) {
      if (other === hearsay || other.isDead) continue
      for (const key of hearsay.sides) {
        const { network } = this.nets.get(key)!
        if (!other.sides.has(key) || network === 'tracker' || network === 'line') continue
        for (const [one, two] of [[hearsay, other] as const, [other, hearsay] as const]) {
          this.introduce(one, two, key)
        }
      }
    }
  }

  /** One comes to know of the other, and since when that one is a bridge: later than it is by the time on the way. */
  private introduce(one: Hearsay, two: Hearsay, key: string): void {
    const ageMs = this.time.nowMs - two.startMs
    this.later(() => {
      if (!one.isDead) one.bridge.introduced(two.id, this.time.nowMs - ageMs, this.time.nowMs)
      this.meet(one, two, key)
    })
  }

  /** One has come to know of the other in a network. Where both are on a tracker's list, it introduces itself there. */
  private meet(one: Hearsay, two: Hearsay, key: string): void {
    const name = `${key} ${two.id}`
    if (one.isDead || one.met.has(name)) return
    one.met.set(name, this.time.nowMs)
    for (const each of one.sides) {
      if (this.nets.get(each)!.network !== 'tracker' || !two.sides.has(each) || one.met.has(`${each} ${two.id}`))
        continue
      one.met.set(`${each} ${two.id}`, this.time.nowMs)
      this.introduce(two, one, each)
    }
    this.acquaint()
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
    for (const party of net.members) {
      // Whoever registers is given the list, and has everybody on it from then on.
      if (party !== author) this.later(() => this.sees(net, party, words))
    }
    for (const hearsay of this.hearsays) {
      if (hearsay === by || hearsay.isDead || !hearsay.sides.has(net.key)) continue
      if (this.isListed(net, hearsay, by?.id ?? author!.name, by)) this.later(() => this.hears(net, hearsay, words))
    }
  }

  /** Whether one of a tracker's peers has a bridge on its list: at its next look, or as soon as the bridge has introduced itself. */
  private isListed(net: Net, hearsay: Hearsay, whose: string, by: Hearsay | null = null): boolean {
    if (net.network !== 'tracker' || !this.asMet || hearsay.startMs === 0) return true
    if (by !== null && (by.met.has(`${net.key} ${hearsay.id}`) || by.startMs > hearsay.startMs)) return true
    const seed = Uint8Array.fromHex(hashedOrigin(whose, hearsay.id))
    const lookMs = ((seed[0]! * 256 + seed[1]!) / 65_536) * LOOK_EVERY_MS
    return this.time.nowMs >= hearsay.startMs + lookMs
  }

  private sees(net: Net, party: Party, words: Words): void {
    if ((net.network === 'framed' || net.network === 'native') && party.ids.has(words.origin)) return
    party.ids.add(words.origin)
    party.seen.set(words.text, (party.seen.get(words.text) ?? 0) + 1)
    party.names.add(words.name)
  }

  private hears(net: Net, hearsay: Hearsay, words: Words): void {
    if (hearsay.isDead) return
    this.unsure(net, hearsay)
    const fellow = this.hearsays.find(({ id }) => id === words.bridge)
    if (this.asMet && fellow !== undefined && net.network === 'tracker') this.meet(hearsay, fellow, net.key)
    hearsay.bridge.heard(sideOf(net.key), this.asHeard(net, hearsay, words), this.time.nowMs)
    this.settle(hearsay)
  }

  /** Where on the lists of its trackers' networks it stands, while nobody there can tell who else is a bridge. */
  private unsure(_: Net, hearsay: Hearsay): void {
    if (!this.asMet) return
    for (const key of hearsay.sides) {
      const net = this.nets.get(key)!
      if (net.network !== 'tracker') continue
      const others = this.hearsays.filter(
        (other) =>
          other !== hearsay && !other.isDead && other.sides.has(key) && this.isListed(net, other, hearsay.id, hearsay),
      )
      const isTold = (sinceMs: number): boolean =>
        hearsay.told.some((atMs) => atMs > sinceMs + LOOK_EVERY_MS && this.time.nowMs - atMs >= INTRODUCED_MS)
      const strangers = others.filter(({ id, startMs }) => !hearsay.met.has(`${key} ${id}`) && !isTold(startMs))
      const isSettled = strangers.length === 0 && (net.members.length === 0 || isTold(hearsay.startMs - LOOK_EVERY_MS))
      const ports = [...net.members.map(({ name }) => portOf(name)), hearsay.port, ...others.map(({ port }) => port)]
      const place = ports.filter((port) => port < hearsay.port).length
      hearsay.bridge.unsure(sideOf(key), isSettled ? null : { place, of: ports.length })
    }
  }

  /** A line carries nothing but a name and a text, and a tracker's network no id. */
  private asHeard(net: Net, hearsay: Hearsay, words: Words): Words {
    if (net.network === 'tracker' && this.asMet && words.bridge === null) {
      const { name, text } = words
      const again = hearsay.repeats.count(`${name}\n${text}`, this.time.nowMs)
      return { ...words, origin: hashedOrigin('tracker', name, text, ...again) }
    }
    if (net.network !== 'line') return words
    const origin = hashedOrigin('line', String(++this.said))
    return { ...words, origin, from: 'line', isExact: false, bridge: null, author: null }
  }

  private settle(hearsay: Hearsay): void {
    const { bridge } = hearsay
    for (const { side, heardOn, words } of bridge.takeOutputs()) {
      this.copies++
      const net = this.nets.get([...hearsay.sides].find((key) => sideOf(key) === side)!)!
      if (net.network === 'tracker') hearsay.told.push(this.time.nowMs)
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
    for (const { bridge, sides, met } of alive) {
      for (const key of sides) {
        const there = alive.filter((other) => other.sides.has(key)).map(({ id }) => id)
        const known = this.asMet ? there.filter((other) => met.has(`${key} ${other}`)) : there
        const ids = this.anonymous.includes(this.nets.get(key)!.network) ? [] : known
        bridge.fellows(sideOf(key), ids, [], [], this.time.nowMs)
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

/** Where an original listens: the same in every run. */
function portOf(name: string): number {
  return 40_000 + (Number.parseInt(hashedOrigin(name).slice(0, 4), 16) % 20_000)
}
