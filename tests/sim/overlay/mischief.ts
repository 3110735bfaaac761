import type { FeedFrame } from './replica.ts'
import type { FeedReplication, Mischief } from './replication.ts'
import type { SimRng } from './sim-rng.ts'

/** What a neighbour can do wrong with the feeds that pass through it. As members of the overlay they do as they should: that is how they came by their place. */
export const MISCHIEFS = [
  'reads nothing and sends nothing',
  'drops what it should relay',
  'claims to have what it never brings',
  'sends all it ever got again and again',
  'says that all came straight from its author',
  'says that all came a long way',
  'is nearest to everybody, and then drops all',
] as const

export type MischiefKind = (typeof MISCHIEFS)[number]

/** More than anybody has. */
const CLAIMED = 1_000
const REPLAYED = 20
const FAR_HOPS = 255

export class Mischievous implements Mischief {
  /** Those who first make themselves useful have begun to do harm. */
  hasTurned = false

  constructor(
    private readonly kind: MischiefKind,
    private readonly rng: SimRng,
  ) {}

  get isDeaf(): boolean {
    return this.kind === 'reads nothing and sends nothing'
  }

  forge(frame: FeedFrame): readonly FeedFrame[] {
    const isBundle = frame.kind === 'bundle'
    switch (this.kind) {
      case 'reads nothing and sends nothing':
        return []
      case 'drops what it should relay':
      case 'claims to have what it never brings':
        return isBundle ? [] : [frame]
      case 'sends all it ever got again and again':
        return [frame]
      case 'says that all came straight from its author':
        return [isBundle ? { ...frame, hops: 0 } : frame]
      case 'says that all came a long way':
        return [isBundle ? { ...frame, hops: FAR_HOPS } : frame]
      case 'is nearest to everybody, and then drops all':
        if (this.hasTurned) return isBundle ? [] : [frame]
        return [isBundle ? { ...frame, hops: 0 } : frame]
    }
  }

  /** The harm done at each turn, beside what is done to frames. */
  act(node: number, feeds: FeedReplication): void {
    const gossiper = feeds.gossipers[node]
    if (gossiper === undefined) return
    for (const peer of gossiper.links) {
      for (const replica of gossiper.replicas.values()) {
        const { feed, next } = replica
        if (this.kind === 'claims to have what it never brings') {
          feeds.transmit(node, peer, { kind: 'have', entries: [[feed, next + CLAIMED]] })
        }
        if (this.kind !== 'sends all it ever got again and again' || next === 1) continue
        for (let i = 0; i < REPLAYED; i++) {
          const number = 1 + this.rng.below(next - 1)
          const crossed = replica.crossed[number] ?? 0
          feeds.transmit(node, peer, { kind: 'bundle', feed, number, hops: this.rng.below(2), crossed })
        }
      }
    }
  }
}
