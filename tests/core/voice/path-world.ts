import { type Address, formatAddress } from '../../../src/base/address.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { Paths } from '../../../src/core/voice/paths.ts'
import type { ReachEntry } from '../../../src/wire/voice-control.ts'

/** Homes on a network that was made up: who reaches whom, how fast, and behind which kind of router. Virtual time, a millisecond a step. */
interface Parcel {
  readonly atMs: number
  readonly from: Address
  readonly to: Address
  readonly what:
    | { readonly kind: 'probe' | 'answer'; readonly token: number }
    | { readonly kind: 'reach'; readonly entries: readonly ReachEntry[] }
  readonly sender: number
}

export class Home {
  readonly paths: Paths<number>
  /** What this home sent where, by kind. */
  readonly sent: { to: string; kind: string; atMs: number }[] = []
  /** A router that lets in only what answers something sent there within 30 s. */
  restricted = false
  private readonly opened = new Map<string, number>()

  constructor(
    readonly world: World,
    readonly id: number,
    public address: Address,
  ) {
    const post = (to: Address, what: Parcel['what']): void => world.post(this, to, what)
    this.paths = new Paths(
      {
        probe: (_, to, token) => post(to, { kind: 'probe', token }),
        answer: (_, to, token) => post(to, { kind: 'answer', token }),
        reach: (_, to, entries) => post(to, { kind: 'reach', entries }),
      },
      seededRng(id + 1),
      false,
    )
  }

  opens(to: Address): void {
    this.opened.set(formatAddress(to), this.world.nowMs)
  }

  lets(from: Address): boolean {
    return !this.restricted || this.world.nowMs - (this.opened.get(formatAddress(from)) ?? -1e9) < 30_000
  }

  sentSince(ms: number, kind: string): number {
    return this.sent.filter((each) => each.atMs >= ms && each.kind === kind).length
  }
}

export class World {
  nowMs = 0
  readonly homes: Home[] = []
  /** Pairs that do not reach each other directly. */
  readonly walls = new Set<string>()
  /** Further endpoints of a home, by way of which a round trip takes so much longer. */
  readonly detours = new Map<string, { home: Home; extraMs: number }>()
  private readonly rtts = new Map<string, number>()
  private parcels: Parcel[] = []

  add(address: Partial<Address> = {}): Home {
    const id = this.homes.length
    const home = new Home(this, id, { host: `198.51.100.${id + 1}`, port: 40_000 + id, ...address })
    this.homes.push(home)
    return home
  }

  /** Everybody is told of everybody. */
  meet(): void {
    for (const one of this.homes) {
      for (const other of this.homes) {
        if (one === other) continue
        one.paths.join(other.id, 1_000 + other.id, this.nowMs)
        one.paths.told(other.id, [other.address], this.nowMs)
      }
    }
  }

  wall(a: Home, b: Home, up = true): void {
    for (const key of [`${a.id} ${b.id}`, `${b.id} ${a.id}`]) {
      if (up) this.walls.add(key)
      else this.walls.delete(key)
    }
  }

  rtt(a: Home, b: Home, ms: number): void {
    this.rtts.set(`${a.id} ${b.id}`, ms)
    this.rtts.set(`${b.id} ${a.id}`, ms)
  }

  post(sender: Home, to: Address, what: Parcel['what']): void {
    sender.sent.push({ to: formatAddress(to), kind: what.kind, atMs: this.nowMs })
    sender.opens(to)
    const receiver = this.homeAt(to)
    const rttMs = this.rtts.get(`${sender.id} ${receiver?.id}`) ?? 20
    const atMs = this.nowMs + rttMs / 2 + (this.detours.get(formatAddress(to))?.extraMs ?? 0)
    this.parcels.push({ atMs, from: sender.address, to, what, sender: sender.id })
  }

  pass(ms: number): this {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs++) {
      const due = this.parcels.filter(({ atMs }) => atMs <= this.nowMs)
      this.parcels = this.parcels.filter(({ atMs }) => atMs > this.nowMs)
      for (const parcel of due) this.deliver(parcel)
      for (const { paths } of this.homes) if (paths.nextWakeMs() <= this.nowMs) paths.wake(this.nowMs)
    }
    return this
  }

  private homeAt(to: Address): Home | undefined {
    const { host, port } = to
    const detour = this.detours.get(formatAddress(to))
    if (detour !== undefined) return detour.home
    return this.homes.find(({ address }) => address.host === host && address.port === port)
  }

  private deliver({ from, to, what, sender }: Parcel): void {
    const home = this.homeAt(to)
    if (home === undefined || this.walls.has(`${sender} ${home.id}`) || !home.lets(from)) return
    if (what.kind === 'probe') home.paths.probed(sender, what.token, from, this.nowMs)
    else {
      home.paths.heard(sender, from, this.nowMs)
      if (what.kind === 'reach') home.paths.reached(sender, what.entries, this.nowMs)
      else home.paths.answered(sender, what.token, to, this.nowMs)
    }
  }
}
