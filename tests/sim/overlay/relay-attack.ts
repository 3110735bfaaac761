import { living } from './graph.ts'
import { type MischiefKind, Mischievous } from './mischief.ts'
import { FeedReplication } from './replication.ts'
import { type Spread, spread } from './trees.ts'
import type { World } from './world.ts'

const SENDERS = 5
const TURN_MS = 100
/** Messages of each sender before anything is counted, and of those that are. */
const WARM = 5
const COUNTED = 10

/** What honest nodes still do for each other; `framesEach`: frames about feeds that were sent for each message and node, by anybody. */
export interface RelayResult extends Spread {
  readonly framesEach: number
}

/**
 * Of all nodes `share` do `kind` of harm to the feeds that five honest ones write. Nobody is cut off for sending too much, as the links
 * of whole nodes would be: this is what can be done below those bounds.
 */
export function relayAttack(world: World, kind: MischiefKind | null, share: number): RelayResult {
  const nodes = world.rng.draw(living(world), living(world).length)
  const count = Math.round(nodes.length * share)
  const honest = nodes.slice(count)
  const feeds = new FeedReplication(world)
  const liars = new Map<number, Mischievous>()
  for (const node of nodes.slice(0, count)) if (kind !== null) liars.set(node, new Mischievous(kind, world.rng))
  for (const [node, mischief] of liars) feeds.mischief.set(node, mischief)
  const senders = honest.slice(0, SENDERS)
  const act = (): void => {
    for (const [node, mischief] of liars) mischief.act(node, feeds)
  }
  spread(world, feeds, senders, WARM, TURN_MS, 1_000, honest, act)
  for (const mischief of liars.values()) mischief.hasTurned = true
  const before = frames(feeds)
  const result = spread(world, feeds, senders, COUNTED, TURN_MS, 5_000, honest, act)
  return { ...result, framesEach: (frames(feeds) - before) / (SENDERS * COUNTED) / nodes.length }
}

function frames({ count: { bundle, have, feeds, want, lazy } }: FeedReplication): number {
  return bundle + have + feeds + want + lazy
}
