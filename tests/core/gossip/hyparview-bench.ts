import { type Rng, seededRng } from '../../../src/base/rng.ts'
import { HyParView, type HyParViewOutput } from '../../../src/core/gossip/hyparview.ts'
import type { Contact, MembershipMessage, Priority } from '../../../src/wire/membership.ts'

export const SELF = 'self'

/** Peer `n`, in an address block of its own. */
export function peer(n: number, host = hostOf(n)): Contact {
  return { key: `peer ${n}`, address: { host, port: 5000 } }
}

export function peers(from: number, count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => peer(from + i))
}

export function hostOf(n: number): string {
  return `${20 + (n >> 8)}.${n & 0xff}.0.1`
}

type Sent<K extends MembershipMessage['kind']> = MembershipMessage & { readonly kind: K }

/** One membership machine, and hands to play its peers with. */
export class Bench {
  readonly machine: HyParView
  nowMs = 0
  private outputs: HyParViewOutput[] = []

  constructor(seed = 1, rng: Rng = seededRng(seed)) {
    this.machine = new HyParView(SELF, rng, 0)
  }

  /** Lets time pass, waking the machine whenever it is due. */
  pass(forMs: number): this {
    const untilMs = this.nowMs + forMs
    for (;;) {
      const dueMs = this.machine.nextWakeMs() ?? Number.POSITIVE_INFINITY
      if (dueMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.machine.wake(this.nowMs)
    }
    this.nowMs = untilMs
    return this
  }

  meet(contacts: readonly Contact[], source: string | null = null): this {
    this.machine.meet(contacts, source, this.nowMs)
    return this
  }

  linkUp(contact: Contact, host = contact.address?.host ?? '198.18.0.1'): this {
    this.machine.linkUp(contact, host, this.nowMs)
    return this
  }

  /** `contact` has dialled us: whether it can be dialled nobody knows. */
  accept(contact: Contact): this {
    this.machine.linkUp(contact, contact.address?.host ?? '198.18.0.1', this.nowMs, 'accepted')
    return this
  }

  probed(contact: Contact, isThere: boolean): this {
    this.machine.probed(contact.key, isThere, this.nowMs)
    return this
  }

  linkDown(contact: Contact, how: 'left' | 'failed' = 'failed'): this {
    this.machine.linkDown(contact.key, how, this.nowMs)
    return this
  }

  dialFailed(contact: Contact): this {
    this.machine.dialFailed(contact.key, this.nowMs)
    return this
  }

  say(from: Contact, message: MembershipMessage): this {
    this.machine.received(from.key, message, this.nowMs)
    return this
  }

  /** `contact` agrees to what it was asked, or does not. */
  reply(from: Contact, accepted: boolean, contacts: readonly Contact[] = []): this {
    return this.say(from, { kind: 'neighbor-reply', accepted, contacts })
  }

  /** `contact` links to us and asks to be a neighbour. */
  asks(contact: Contact, priority: Priority = 'low'): this {
    return this.linkUp(contact).say(contact, { kind: 'neighbor', priority })
  }

  joins(contact: Contact): this {
    return this.linkUp(contact).say(contact, { kind: 'join' })
  }

  /** We pick each of these ourselves, and it agrees. */
  choose(...contacts: readonly Contact[]): this {
    for (const contact of contacts) {
      this.meet([contact]).pass(600)
      this.linkUp(contact).reply(contact, true)
    }
    return this.clear()
  }

  /** Five neighbours of our own choice, peers 1 to 5, and with a few more known the network is no mesh. */
  full(): this {
    return this.choose(...peers(1, 5))
      .meet(peers(901, 6))
      .clear()
  }

  /** What was wanted since it was last cleared. */
  get wanted(): readonly HyParViewOutput[] {
    this.outputs.push(...this.machine.takeOutputs())
    return this.outputs
  }

  clear(): this {
    this.outputs = []
    this.machine.takeOutputs()
    return this
  }

  get dialled(): string[] {
    return this.wanted.flatMap((output) => (output.kind === 'dial' ? [output.contact.key] : []))
  }

  get dropped(): string[] {
    return this.wanted.flatMap((output) => (output.kind === 'drop' ? [output.peer] : []))
  }

  get probes(): string[] {
    return this.wanted.flatMap((output) => (output.kind === 'probe' ? [output.contact.key] : []))
  }

  get checked(): string[] {
    return this.wanted.flatMap((output) => (output.kind === 'check' ? [output.peer] : []))
  }

  sent(to: Contact): MembershipMessage[] {
    return this.wanted.flatMap((output) => (output.kind === 'send' && output.to === to.key ? [output.message] : []))
  }

  /** All messages of one kind, with whom they are for. */
  all<K extends MembershipMessage['kind']>(kind: K): { to: string; message: Sent<K> }[] {
    const isOf = (message: MembershipMessage): message is Sent<K> => message.kind === kind
    return this.wanted.flatMap((output) =>
      output.kind === 'send' && isOf(output.message) ? [{ to: output.to, message: output.message }] : [],
    )
  }

  get neighbours(): string[] {
    return [...this.machine.neighbours].sort()
  }

  get known(): string[] {
    return this.machine.known.map(({ key }) => key).sort()
  }

  isNeighbour({ key }: Contact): boolean {
    return this.machine.neighbours.includes(key)
  }

  knows({ key }: Contact): boolean {
    return this.machine.known.some((contact) => contact.key === key)
  }
}

export function keys(contacts: readonly Contact[]): string[] {
  return contacts.map(({ key }) => key).sort()
}
