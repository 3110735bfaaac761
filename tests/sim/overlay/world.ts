import type { Address } from '../../../src/base/address.ts'
import type { HyParViewOutput } from '../../../src/core/gossip/hyparview.ts'
import { HyParView } from '../../../src/core/gossip/hyparview.ts'
import { ACTIVE_MAX, LEAVES_MAX } from '../../../src/core/gossip/hyparview-parameters.ts'
import type { Contact, MembershipMessage } from '../../../src/wire/membership.ts'
import type { SimRng } from './sim-rng.ts'
import { Wheel } from './wheel.ts'

/** What runs in a place of the world: a membership machine, or an adversary that answers to the same calls. */
export interface Actor {
  linkUp(contact: Contact, host: string, nowMs: number, via: 'dialled' | 'accepted'): void
  linkDown(key: string, how: 'left' | 'failed', nowMs: number): void
  dialFailed(key: string, nowMs: number): void
  probed(key: string, isThere: boolean, nowMs: number): void
  received(from: string, message: MembershipMessage, nowMs: number): void
  wake(nowMs: number): void
  nextWakeMs(): number | null
  takeOutputs(): readonly HyParViewOutput[]
}

/** What broadcasts over the neighbours that membership finds. */
export interface Listener {
  neighbourUp(node: number, peer: number): void
  neighbourDown(node: number, peer: number): void
  arrived(from: number, to: number, payload: unknown): void
  due(node: number, payload: unknown): void
}

type Event =
  | { readonly kind: 'message'; readonly from: number; readonly to: number; readonly message: MembershipMessage }
  | { readonly kind: 'connect' | 'refuse' | 'close'; readonly from: number; readonly to: number; readonly key: string }
  | { readonly kind: 'wake'; readonly node: number }
  | { readonly kind: 'probed'; readonly node: number; readonly key: string; readonly isThere: boolean }
  | { readonly kind: 'payload'; readonly from: number; readonly to: number; readonly payload: unknown }
  | { readonly kind: 'due'; readonly node: number; readonly payload: unknown }

/** Neighbours kept of one node: the active view, the leaves, and some in passing. */
export const NEIGHBOURS_MAX = ACTIVE_MAX + LEAVES_MAX + 8

/**
 * A network of membership machines and nothing else: no sockets, no cryptography, virtual time. Every pair of nodes has its own
 * latency; a connection takes three of them to be up and two to be refused. A node that is killed says nothing: as in the
 * papers, its neighbours find out when they next send to it.
 */
export class World {
  readonly actors: Actor[] = []
  readonly contacts: Contact[] = []
  readonly alive: boolean[] = []
  /** Neighbours of node i as it sees them: `neighbours[i * NEIGHBOURS_MAX + k]` for k below `degree[i]`. */
  neighbours = new Int32Array(0)
  degree = new Uint8Array(0)
  listener: Listener | null = null
  /** Nodes that nobody can dial, though they look as if one could. */
  readonly translated = new Set<number>()
  /** Dials made, those that only try a neighbour, and those in vain; messages of membership sent, and what was broadcast. */
  readonly count = { dials: 0, probes: 0, refused: 0, messages: 0, payloads: 0 }
  /** The same of each node. */
  readonly dialsOf: number[] = []
  readonly messagesOf: number[] = []
  private readonly wheel = new Wheel<Event>()
  private readonly links = new Set<number>()
  private wakesAtMs = new Float64Array(0)

  constructor(
    readonly rng: SimRng,
    /** Least and most. */
    readonly latenciesMs: readonly [number, number] = [10, 90],
  ) {}

  get nowMs(): number {
    return this.wheel.nowMs
  }

  /** Adds a node; `make` gets its key. */
  add(make: (key: string) => Actor, host = scattered(this.actors.length), isDialable = true): number {
    const node = this.actors.length
    const key = String(node)
    this.contacts.push({ key, address: isDialable ? { host, port: 5000 } : null })
    this.hosts.push(host)
    this.alive.push(true)
    this.dialsOf.push(0)
    this.messagesOf.push(0)
    if (node >= this.degree.length) this.grow(Math.max(64, 2 * node))
    this.actors.push(make(key))
    this.settle(node)
    return node
  }

  addHonest(host?: string, isDialable = true): number {
    return this.add((key) => new HyParView(key, this.rng, this.nowMs), host, isDialable)
  }

  /** The machine at a place where an honest node is. */
  machine(node: number): HyParView {
    const actor = this.actors[node]
    if (!(actor instanceof HyParView)) throw new TypeError(`node ${node} runs no membership`)
    return actor
  }

  /** Has `node` learn of `contact` and join through it. */
  join(node: number, contact: number): void {
    this.machine(node).meet([this.contacts[contact]!], null, this.nowMs)
    this.settle(node)
  }

  kill(nodes: Iterable<number>): void {
    for (const node of nodes) {
      this.alive[node] = false
      for (let k = 0; k < this.degree[node]!; k++)
        this.listener?.neighbourDown(node, this.neighbours[node * NEIGHBOURS_MAX + k]!)
      this.degree[node] = 0
    }
  }

  /** Has every link of the killed seen closed, as where a process ends and its machine lives on. */
  closeLinksOfDead(): void {
    for (const pair of this.links) {
      const [a, b] = [Math.floor(pair / PAIR), pair % PAIR]
      if (this.alive[a] !== this.alive[b]) this.alive[a] ? this.suspect(a, b) : this.suspect(b, a)
    }
  }

  run(forMs: number): void {
    this.wheel.run(this.nowMs + forMs, (event) => this.handle(event))
  }

  /** Something broadcast on a link; what is sent to the dead is how they are found out. */
  send(from: number, to: number, payload: unknown): void {
    this.count.payloads++
    if (!this.reaches(from, to)) return
    this.wheel.set(this.nowMs + this.latencyMs(from, to), { kind: 'payload', from, to, payload })
  }

  after(node: number, delayMs: number, payload: unknown): void {
    this.wheel.set(this.nowMs + delayMs, { kind: 'due', node, payload })
  }

  /** Whether what `from` sends arrives; if the other end is dead, `from` will hear of it. */
  reaches(from: number, to: number): boolean {
    if (!this.links.has(pairOf(from, to))) return false
    if (this.alive[to]) return true
    this.suspect(from, to)
    return false
  }

  latencyMs(a: number, b: number): number {
    const [least, most] = this.latenciesMs
    return least + (hash(pairOf(a, b) % 0x7fffffff) % (most - least + 1))
  }

  /** Takes what an actor wants done after it was called from outside. */
  settle(node: number): void {
    if (!this.alive[node]) return
    const actor = this.actors[node]!
    for (const output of actor.takeOutputs()) this.carryOut(node, output)
    const wakeAtMs = actor.nextWakeMs()
    if (wakeAtMs === null || wakeAtMs >= this.wakesAtMs[node]!) return
    this.wakesAtMs[node] = Math.max(this.nowMs, Math.ceil(wakeAtMs))
    this.wheel.set(wakeAtMs, { kind: 'wake', node })
  }

  private readonly hosts: string[] = []

  private handle(event: Event): void {
    switch (event.kind) {
      case 'message':
        if (!this.alive[event.to] || !this.links.has(pairOf(event.from, event.to))) return
        this.actors[event.to]!.received(this.contacts[event.from]!.key, event.message, this.nowMs)
        return this.settle(event.to)
      case 'wake':
        if (!this.alive[event.node] || this.wakesAtMs[event.node] !== this.nowMs) return
        this.wakesAtMs[event.node] = Number.POSITIVE_INFINITY
        this.actors[event.node]!.wake(this.nowMs)
        return this.settle(event.node)
      case 'payload':
        if (this.alive[event.to] && this.links.has(pairOf(event.from, event.to))) {
          this.listener?.arrived(event.from, event.to, event.payload)
        }
        return
      case 'due':
        if (this.alive[event.node]) this.listener?.due(event.node, event.payload)
        return
      case 'probed':
        if (this.alive[event.node]) this.actors[event.node]!.probed(event.key, event.isThere, this.nowMs)
        return this.settle(event.node)
      case 'connect':
        return this.connect(event.from, event.to)
      case 'refuse':
        if (this.alive[event.from]) this.actors[event.from]!.dialFailed(event.key, this.nowMs)
        return this.settle(event.from)
      case 'close':
        this.links.delete(pairOf(event.from, event.to))
        if (this.alive[event.from]) this.actors[event.from]!.linkDown(event.key, 'failed', this.nowMs)
        return this.settle(event.from)
    }
  }

  private connect(from: number, to: number): void {
    if (!this.alive[from]) return
    if (!this.alive[to]) return this.refuse(from, this.contacts[to]!.key, 0)
    if (this.links.has(pairOf(from, to))) return
    this.links.add(pairOf(from, to))
    this.actors[to]!.linkUp(this.contacts[from]!, this.hosts[from]!, this.nowMs, 'accepted')
    this.actors[from]!.linkUp(this.contacts[to]!, this.hosts[to]!, this.nowMs, 'dialled')
    this.settle(to)
    this.settle(from)
  }

  private carryOut(node: number, output: HyParViewOutput): void {
    switch (output.kind) {
      case 'send': {
        const to = this.indexOf(output.to)
        this.count.messages++
        this.messagesOf[node]!++
        if (!this.reaches(node, to)) return
        const { message } = output
        return this.wheel.set(this.nowMs + this.latencyMs(node, to), { kind: 'message', from: node, to, message })
      }
      case 'dial':
        return this.dial(node, output.contact)
      case 'probe':
        return this.probe(node, output.contact)
      case 'drop': {
        const to = this.indexOf(output.peer)
        const { key } = this.contacts[node]!
        // What was sent before still arrives.
        return this.wheel.set(this.nowMs + this.latencyMs(node, to), { kind: 'close', from: to, to: node, key })
      }
      case 'check':
        this.reaches(node, this.indexOf(output.peer))
        return
      case 'neighbour':
        return this.noteNeighbour(node, this.indexOf(output.peer), output.state === 'up')
    }
  }

  private dial(node: number, { key, address }: Contact): void {
    this.count.dials++
    this.dialsOf[node]!++
    const to = this.indexOf(key)
    const latencyMs = to < 0 ? this.latenciesMs[1] : this.latencyMs(node, to)
    if (!this.isThere(to, address)) return this.refuse(node, key, 2 * latencyMs)
    this.wheel.set(this.nowMs + 3 * latencyMs, { kind: 'connect', from: node, to, key })
  }

  private probe(node: number, { key, address }: Contact): void {
    this.count.probes++
    const to = this.indexOf(key)
    const isThere = this.isThere(to, address)
    this.wheel.set(this.nowMs + 2 * this.latencyMs(node, to), { kind: 'probed', node, key, isThere })
  }

  private isThere(node: number, address: Address | null): boolean {
    const place = node < 0 || this.translated.has(node) ? null : this.contacts[node]!.address
    return place !== null && place.host === address?.host && this.alive[node]!
  }

  private refuse(node: number, key: string, afterMs: number): void {
    this.count.refused++
    this.wheel.set(this.nowMs + afterMs, { kind: 'refuse', from: node, to: -1, key })
  }

  private suspect(node: number, dead: number): void {
    if (!this.links.delete(pairOf(node, dead))) return
    const { key } = this.contacts[dead]!
    this.wheel.set(this.nowMs + 2 * this.latencyMs(node, dead), { kind: 'close', from: node, to: dead, key })
  }

  private noteNeighbour(node: number, peer: number, isUp: boolean): void {
    const start = node * NEIGHBOURS_MAX
    const degree = this.degree[node]!
    if (isUp) {
      this.neighbours[start + degree] = peer
      this.degree[node] = degree + 1
      return this.listener?.neighbourUp(node, peer)
    }
    const at = this.neighbours.subarray(start, start + degree).indexOf(peer)
    this.neighbours[start + at] = this.neighbours[start + degree - 1]!
    this.degree[node] = degree - 1
    this.listener?.neighbourDown(node, peer)
  }

  private indexOf(key: string): number {
    const index = Number(key)
    return Number.isInteger(index) && index < this.actors.length ? index : -1
  }

  private grow(capacity: number): void {
    const larger = <T extends Int32Array | Uint8Array | Float64Array>(made: T, old: T): T => {
      made.set(old)
      return made
    }
    this.neighbours = larger(new Int32Array(capacity * NEIGHBOURS_MAX), this.neighbours)
    this.degree = larger(new Uint8Array(capacity), this.degree)
    const wakes = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY)
    this.wakesAtMs = larger(wakes, this.wakesAtMs)
  }
}

const PAIR = 2 ** 24

function pairOf(a: number, b: number): number {
  return a < b ? a * PAIR + b : b * PAIR + a
}

function hash(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** An address for a node, anywhere in the public network. */
export function scattered(node: number): string {
  const bits = hash(node + 1)
  return `${11 + (bits & 0x3f)}.${(bits >>> 6) & 0xff}.${(bits >>> 14) & 0xff}.${1 + ((bits >>> 22) & 0x7f)}`
}
