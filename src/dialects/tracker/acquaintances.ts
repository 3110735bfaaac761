import type { Turn } from '../bridge.ts'

/** Whoever is a bridge has heard from us and told us that it is one within so long. */
const INTRODUCED_MS = 2_000
/** Bridges that are remembered: many more than one network has. Beyond, nobody new is. */
const BRIDGES_MAX = 64

/** Ports that are said to be bridges and are not on the list: beyond, the oldest go. */
const CLAIMED_MAX = 64

/** Which of a tracker's peers, who are ports and no more, are bridges as we are, and of which that is not known. */
export class Acquaintances {
  /** Of each port that is one: what it is called as a bridge. */
  private readonly bridges = new Map<number, string>()
  /** Since when each port has had something from us, by which it knows what we are. */
  private readonly toldAtMs = new Map<number, number>()
  private readonly claimed = new Set<number>()
  /** Ports on the list that heard from us on such a claim: each does once, whatever else is claimed. */
  private readonly asked = new Set<number>()

  constructor(
    private readonly ownPort: number,
    private readonly own: string,
  ) {}

  get ids(): ReadonlySet<string> {
    return new Set(this.bridges.values())
  }

  /** True where that is news: then it should hear of us. */
  meet(port: number, bridge: string): boolean {
    if (port === this.ownPort || bridge === this.own || this.bridges.get(port) === bridge) return false
    if (this.bridges.size >= BRIDGES_MAX && !this.bridges.has(port)) return false
    this.bridges.set(port, bridge)
    return true
  }

  /** A bridge that was met in another network says that it listens at that port, here or on another machine. */
  claim(port: number): void {
    this.claimed.add(port)
    if (this.claimed.size > CLAIMED_MAX) this.claimed.delete(this.claimed.keys().next().value!)
  }

  /** Whether a port on the list is to hear of us because of a claim; true once. Only its answer makes it one that is known. */
  isToBeAsked(port: number): boolean {
    if (!this.claimed.delete(port) || port === this.ownPort || this.bridges.has(port) || this.asked.has(port))
      return false
    this.asked.add(port)
    return true
  }

  told(port: number, nowMs: number): void {
    if (!this.toldAtMs.has(port)) this.toldAtMs.set(port, nowMs)
  }

  /** It is on the list no more, or has begun again. */
  forget(port: number): void {
    this.bridges.delete(port)
    this.toldAtMs.delete(port)
    this.asked.delete(port)
  }

  /** Our place among all on the list, as everybody sees it alike; null where nobody is left who may be a bridge and is not known. */
  turn(listed: Iterable<number>, nowMs: number): Turn | null {
    const others = [...listed].filter((port) => port !== this.ownPort)
    const isStranger = (port: number): boolean =>
      !this.bridges.has(port) && nowMs - (this.toldAtMs.get(port) ?? nowMs) < INTRODUCED_MS
    if (!others.some(isStranger)) return null
    return { place: others.filter((port) => port < this.ownPort).length, of: others.length + 1 }
  }
}
