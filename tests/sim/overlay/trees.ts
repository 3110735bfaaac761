import { living, mean } from './graph.ts'
import type { FeedReplication } from './replication.ts'
import type { World } from './world.ts'

/** Messages over trees that have settled. */
export interface Spread {
  /** Copies that arrived for each that was new, less one (relative message redundancy, Plumtree paper). */
  readonly redundancy: number
  /** Hops to the last node a message reached: on average over the messages, and the most. */
  readonly lastHop: number
  readonly lastHopMax: number
  /** Milliseconds to half of the nodes, and to the last. */
  readonly medianMs: number
  readonly lastMs: number
  /** Of the living, how many each message reached in the time it was given. */
  readonly reliability: number
  /** Announcements (`HAVE` and the like) for each message and node. */
  readonly control: number
}

/** One message after another, from each of `senders` in turn, `everyMs` apart; the last is given `restMs`. `nodes`: those that are to get them. `act` is called after each. */
export function spread(
  world: World,
  feeds: FeedReplication,
  senders: readonly number[],
  each: number,
  everyMs: number,
  restMs = 5_000,
  nodes = living(world),
  act: () => void = () => {},
): Spread {
  const before = { ...feeds.count }
  const sent: [sender: number, number: number][] = []
  for (let i = 0; i < each; i++) {
    for (const sender of senders) {
      sent.push([sender, feeds.publish(sender, sender)])
      world.run(everyMs)
      act()
    }
  }
  world.run(restMs)
  const { bundle, delivered, have, lazy, want } = feeds.count
  const copies = bundle - before.bundle
  const fresh = delivered - before.delivered
  const lastHops = sent.map(([feed, number]) => lastHopOf(feeds, nodes, feed, number))
  const reached = sent.map(([feed, number]) => nodes.filter((node) => feeds.next(node, feed) > number).length)
  const delays = sent.map(([feed, number]) => delaysOf(feeds, nodes, feed, number))
  return {
    medianMs: mean(delays.map((each) => each[each.length >> 1] ?? 0)),
    lastMs: mean(delays.map((each) => each[each.length - 1] ?? 0)),
    redundancy: copies / Math.max(1, fresh) - 1,
    lastHop: mean(lastHops),
    lastHopMax: Math.max(...lastHops),
    reliability: mean(reached) / nodes.length,
    control: (have + lazy + want - before.have - before.lazy - before.want) / sent.length / nodes.length,
  }
}

/** Milliseconds each event took to get to every node that has it, in order. */
function delaysOf(feeds: FeedReplication, nodes: readonly number[], feed: number, number: number): number[] {
  const sentAtMs = feeds.cameAtMs(feed, feed, number)
  const holders = nodes.filter((node) => feeds.next(node, feed) > number)
  return holders.map((node) => feeds.cameAtMs(node, feed, number) - sentAtMs).sort((a, b) => a - b)
}

function lastHopOf(feeds: FeedReplication, nodes: readonly number[], feed: number, number: number): number {
  let last = 0
  for (const node of nodes)
    if (feeds.next(node, feed) > number) last = Math.max(last, feeds.crossed(node, feed, number))
  return last
}
