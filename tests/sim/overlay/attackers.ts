import { CONTACTS_MAX, type Contact } from '../../../src/wire/membership.ts'
import { Adversary } from './adversary.ts'
import type { SimRng } from './sim-rng.ts'

/** One of many identities that one person runs against one node: presses in, and names only others of its kind. */
export class Sybil extends Adversary {
  constructor(
    key: string,
    startMs: number,
    private readonly victim: Contact,
    private readonly kin: readonly Contact[],
    private readonly rng: SimRng,
  ) {
    super(key, SYBIL_EVERY_MS, startMs)
  }

  override linkUp(contact: Contact): void {
    super.linkUp(contact)
    if (contact.key === this.victim.key) this.press()
  }

  protected act(): void {
    if (!this.links.has(this.victim.key)) return this.dial(this.victim)
    if (!this.neighbours.has(this.victim.key)) return this.press()
    this.send(this.victim.key, { kind: 'shuffle', ttl: 1, nonce: this.rng.u32(), contacts: this.lies() })
    for (const contact of this.lies().slice(0, 2)) this.send(this.victim.key, { kind: 'forward-join', ttl: 0, contact })
  }

  protected lies(): Contact[] {
    return Array.from({ length: CONTACTS_MAX }, () => this.kin[this.rng.below(this.kin.length)]!)
  }

  private press(): void {
    this.send(this.victim.key, this.rng.below(2) === 0 ? { kind: 'join' } : { kind: 'neighbor', priority: 'high' })
  }
}

/** How often each of the sybils tries again: a thousand of them, a hundred times a second. */
const SYBIL_EVERY_MS = 10_000

/** A neighbour like others that fills every shuffle with peers that do not exist, and shuffles as often as it likes. */
export class Poisoner extends Adversary {
  constructor(
    key: string,
    startMs: number,
    private readonly targets: readonly Contact[],
    private readonly rng: SimRng,
  ) {
    super(key, POISON_EVERY_MS, startMs)
  }

  protected act(): void {
    for (const target of this.targets) {
      if (!this.links.has(target.key)) this.dial(target)
      else if (!this.neighbours.has(target.key)) this.send(target.key, { kind: 'neighbor', priority: 'high' })
      else this.poison(target.key)
    }
  }

  /** Half for the neighbour itself, half to go as far as it will. */
  private poison(target: string): void {
    const ttl = this.rng.below(2) === 0 ? 1 : 255
    this.send(target, { kind: 'shuffle', ttl, nonce: this.rng.u32(), contacts: this.lies() })
    this.send(target, { kind: 'shuffle-reply', nonce: this.rng.u32(), contacts: this.lies() })
    this.send(target, { kind: 'forward-join', ttl: 255, contact: this.lies()[0]! })
  }

  protected lies(): Contact[] {
    return Array.from({ length: CONTACTS_MAX }, () => nobody(this.rng))
  }
}

const POISON_EVERY_MS = 250

/** A contact that leads nowhere. */
function nobody(rng: SimRng): Contact {
  const host = `${11 + rng.below(64)}.${rng.below(256)}.${rng.below(256)}.${1 + rng.below(254)}`
  return { key: `nobody ${rng.u32()}`, address: { host, port: 5000 } }
}
