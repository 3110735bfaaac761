/**
 * Where a multicast group is to be joined, and what has changed since it was looked last. Pure: what the system's interfaces are comes in, where to
 * join and to leave goes out. Joins and leaves are counted in looks: whoever looks every few seconds joins on an interface that flaps no more often.
 */

/** One that could not be joined on is tried again so much later, though nothing has changed: a program may have let go of the port. */
export const JOIN_AGAIN_MS = 10_000

/** One interface as it is now. */
export interface Place {
  /** Tells interfaces apart, and the same one with another address or card from what it was. */
  readonly key: string
  /** All addresses of it: with a further one others can be told more. No two that say the same. */
  readonly addresses: readonly string[]
}

/** What is to be done after a look. */
export interface PlaceNews<T extends Place> {
  readonly join: readonly T[]
  /** Keys of those to leave. */
  readonly leave: readonly string[]
  /** An interface that is joined on already has an address more. */
  readonly hasMore: boolean
}

interface Known {
  addresses: readonly string[]
  state: 'joining' | 'joined' | 'failed'
  /** Of one that failed. */
  againAtMs: number
}

/** Follows the interfaces that a group is to be joined on: as many as it is shown at once, which the caller bounds. */
export class Places {
  private readonly known = new Map<string, Known>()

  /** How many are joined on now. */
  get joined(): number {
    let count = 0
    for (const { state } of this.known.values()) if (state === 'joined') count++
    return count
  }

  look<T extends Place>(now: readonly T[], nowMs: number): PlaceNews<T> {
    const keys = new Set(now.map(({ key }) => key))
    const leave = [...this.known.keys()].filter((key) => !keys.has(key))
    for (const key of leave) this.known.delete(key)
    let hasMore = false
    const join = now.filter(({ key, addresses }) => {
      const known = this.known.get(key)
      if (known === undefined || (known.state === 'failed' && known.againAtMs <= nowMs)) {
        this.known.set(key, { addresses, state: 'joining', againAtMs: 0 })
        return true
      }
      if (known.state === 'joined' && addresses.some((each) => !known.addresses.includes(each))) hasMore = true
      known.addresses = addresses
      return false
    })
    return { join, leave, hasMore }
  }

  /** Answers false where the interface has gone meanwhile: what was joined there is to be left. */
  didJoin(key: string): boolean {
    const known = this.known.get(key)
    if (known?.state !== 'joining') return false
    known.state = 'joined'
    return true
  }

  /** What was joined there is worth nothing any more: the interface is another one, though it looks the same. It is joined on at the next look. */
  lost(key: string): void {
    this.known.delete(key)
  }

  /** It could not be joined on, or what was joined has broken. */
  failed(key: string, nowMs: number): void {
    const known = this.known.get(key)
    if (known === undefined) return
    known.state = 'failed'
    known.againAtMs = nowMs + JOIN_AGAIN_MS
  }
}
