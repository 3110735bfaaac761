import { TreeBroadcast } from '../../../src/core/gossip/tree.ts'
import { HOPS_MAX } from '../../../src/wire/limits.ts'
import { neighboursOf } from './graph.ts'
import { type FeedFrame, Replica, type Standing } from './replica.ts'
import type { Listener, World } from './world.ts'

const HAVE_GATHER_MS = 25
const HAVE_STALL_MS = 120
const SOURCE_STALL_MS = 500
const ORPHAN_ACTIVE_MS = 10_000
const DOUBT_MS_MAX = 64_000

/** What an adversary among the relays does to frames; an honest node does none of it. */
export interface Mischief {
  /** Takes in nothing that it is sent. */
  readonly isDeaf: boolean
  /** What it sends in the place of a frame. */
  forge(frame: FeedFrame): readonly FeedFrame[]
}

interface Gossiper {
  readonly tree: TreeBroadcast
  readonly replicas: Map<number, Replica>
  readonly links: Set<number>
  readonly haves: Map<number, Set<number>>
}

type Due = { readonly kind: 'haves' } | { readonly kind: 'watch'; readonly feed: number; readonly atMs: number }

/**
 * Replication of feeds over the overlay, reduced to what decides who sends what to whom: the trees are the real ones, an event is a number,
 * and the rules are those of `src/node/replication.ts` and `catch-up.ts`.
 */
export class FeedReplication implements Listener {
  /** Frames sent by kind, and events that arrived for the first time. */
  readonly count = { bundle: 0, have: 0, feeds: 0, want: 0, lazy: 0, delivered: 0 }
  readonly gossipers: Gossiper[] = []
  readonly mischief = new Map<number, Mischief>()

  constructor(private readonly world: World) {
    for (const node of world.actors.keys()) {
      const gossiper = { tree: new TreeBroadcast(), replicas: new Map(), links: new Set<number>(), haves: new Map() }
      this.gossipers.push(gossiper)
      for (const peer of neighboursOf(world, node)) {
        gossiper.links.add(peer)
        gossiper.tree.linkUp(peer)
      }
    }
    world.listener = this
  }

  /** How far `node` has `feed`. */
  next(node: number, feed: number): number {
    return this.gossipers[node]?.replicas.get(feed)?.next ?? 1
  }

  /** Hops that event `number` crossed to get to `node`. */
  crossed(node: number, feed: number, number: number): number {
    return this.gossipers[node]!.replicas.get(feed)!.crossed[number]!
  }

  cameAtMs(node: number, feed: number, number: number): number {
    return this.gossipers[node]!.replicas.get(feed)!.cameAtMs[number]!
  }

  publish(node: number, feed: number): number {
    const replica = this.replica(node, feed)
    this.append(node, replica, 0, 0, null)
    return replica.next - 1
  }

  neighbourUp(node: number, peer: number): void {
    const gossiper = this.grown(node)
    gossiper.links.add(peer)
    gossiper.tree.linkUp(peer)
    const entries = [...gossiper.replicas.values()]
      .filter(({ next }) => next > 1)
      .map(({ feed, next }) => [feed, next] as const)
    if (entries.length > 0) this.send(node, peer, { kind: 'feeds', entries })
  }

  neighbourDown(node: number, peer: number): void {
    const gossiper = this.grown(node)
    if (!gossiper.links.delete(peer)) return
    gossiper.haves.delete(peer)
    for (const replica of gossiper.replicas.values()) {
      replica.links.delete(peer)
      if (replica.source === peer) this.seekSource(node, replica, peer)
    }
    const orphaned = gossiper.tree.linkDown(peer)
    if (!this.world.alive[node]) return
    for (const key of orphaned) this.orphaned(node, this.replica(node, Number(key)), peer)
  }

  arrived(from: number, to: number, payload: unknown): void {
    const frame = payload as FeedFrame
    if (this.mischief.get(to)?.isDeaf === true) return
    switch (frame.kind) {
      case 'bundle':
        return this.onBundle(to, from, frame)
      case 'have':
      case 'feeds':
        for (const [feed, next] of frame.entries) this.onClaim(to, from, feed, next, frame.kind === 'feeds')
        return
      case 'want':
        return this.onWant(to, from, frame.feed, frame.from)
      case 'lazy':
        return this.grown(to).tree.silenced(from, String(frame.feed))
    }
  }

  due(node: number, payload: unknown): void {
    const due = payload as Due
    if (due.kind === 'haves') return this.sendHaves(node)
    const replica = this.replica(node, due.feed)
    if (replica.watchedUntilMs === due.atMs) this.stalled(node, replica)
  }

  /** Sends a frame as it is, whoever `node` may be. */
  transmit(node: number, to: number, frame: FeedFrame): void {
    this.count[frame.kind]++
    this.world.send(node, to, frame)
  }

  private send(node: number, to: number, frame: FeedFrame): void {
    const mischief = this.mischief.get(node)
    if (mischief === undefined) return this.transmit(node, to, frame)
    for (const forged of mischief.forge(frame)) this.transmit(node, to, forged)
  }

  private onBundle(node: number, from: number, frame: FeedFrame & { kind: 'bundle' }): void {
    const replica = this.replica(node, frame.feed)
    const on = replica.on(from)
    const hops = Math.min(frame.hops + 1, HOPS_MAX)
    on.peerNext = Math.max(on.peerNext, frame.number + 1)
    if (frame.number < replica.next) return this.placed(node, from, replica, hops, true)
    if (frame.number > replica.next) {
      if (replica.source === null) this.seekSource(node, replica, null)
      return
    }
    on.strikes = 0
    on.doubtedUntilMs = 0
    this.append(node, replica, hops, frame.crossed + 1, from)
  }

  private append(node: number, replica: Replica, hops: number, crossed: number, from: number | null): void {
    const number = replica.next++
    replica.hops[number] = hops
    replica.crossed[number] = crossed
    replica.cameAtMs[number] = this.world.nowMs
    replica.activeAtMs = this.world.nowMs
    if (from !== null) {
      this.count.delivered++
      this.placed(node, from, replica, hops, false)
    }
    for (const link of this.gossipers[node]!.links) if (link !== from) this.offer(node, link, replica, number)
    if (replica.source !== null) this.progressed(node, replica)
  }

  private placed(node: number, from: number, replica: Replica, hops: number, duplicate: boolean): void {
    const { feed } = replica
    const worse = this.gossipers[node]!.tree.arrived(from, String(feed), hops, duplicate)
    if (worse !== null) this.send(node, worse, { kind: 'lazy', feed })
  }

  private offer(node: number, link: number, replica: Replica, number: number): void {
    const gossiper = this.gossipers[node]!
    if (gossiper.tree.isEager(link, String(replica.feed))) return this.push(node, link, replica, number)
    const waiting = gossiper.haves.get(link)
    if (gossiper.haves.size === 0) this.world.after(node, HAVE_GATHER_MS, { kind: 'haves' } satisfies Due)
    if (waiting === undefined) gossiper.haves.set(link, new Set([replica.feed]))
    else waiting.add(replica.feed)
  }

  private push(node: number, link: number, replica: Replica, number: number): void {
    const on = replica.on(link)
    if (on.peerNext > number) return
    on.peerNext = number + 1
    const { feed } = replica
    this.send(node, link, {
      kind: 'bundle',
      feed,
      number,
      hops: replica.hops[number]!,
      crossed: replica.crossed[number]!,
    })
  }

  private sendHaves(node: number): void {
    const { haves, replicas } = this.gossipers[node]!
    for (const [link, feeds] of haves) {
      this.send(node, link, {
        kind: 'have',
        entries: [...feeds].map((feed) => [feed, replicas.get(feed)!.next] as const),
      })
    }
    haves.clear()
  }

  private onClaim(node: number, from: number, feed: number, next: number, atOnce: boolean): void {
    const replica = this.replica(node, feed)
    const on = replica.on(from)
    on.peerNext = Math.max(on.peerNext, next)
    if (next <= replica.next || replica.source !== null) return
    if (atOnce) return this.seekSource(node, replica, null)
    // What others push is usually on its way already.
    const dueMs = replica.watchedUntilMs
    if (dueMs === null || dueMs > this.world.nowMs + HAVE_STALL_MS) this.watch(node, replica, HAVE_STALL_MS)
  }

  private onWant(node: number, from: number, feed: number, first: number): void {
    const replica = this.replica(node, feed)
    if (this.gossipers[node]!.tree.wanted(from, String(feed))) this.orphaned(node, replica, from)
    replica.on(from).peerNext = first
    for (let number = first; number < replica.next; number++) this.push(node, from, replica, number)
  }

  private orphaned(node: number, replica: Replica, lost: number): void {
    if (this.world.nowMs - replica.activeAtMs > ORPHAN_ACTIVE_MS) return
    for (const link of this.gossipers[node]!.links) if (link !== lost) this.want(node, link, replica)
  }

  private want(node: number, link: number, { feed, next }: Replica): void {
    this.gossipers[node]!.tree.asked(link, String(feed))
    this.send(node, link, { kind: 'want', feed, from: next })
  }

  private seekSource(node: number, replica: Replica, not: number | null): void {
    let best: number | null = null
    for (const link of this.gossipers[node]!.links) {
      const on = replica.links.get(link)
      if (on === undefined || !this.isBelieved(replica, on)) continue
      if (best === null || best === not || (link !== not && on.peerNext > replica.on(best).peerNext)) best = link
    }
    replica.source = best
    if (best === null) return this.pause(node, replica)
    this.want(node, best, replica)
    this.watch(node, replica, SOURCE_STALL_MS)
  }

  private watch(node: number, replica: Replica, forMs: number): void {
    const atMs = this.world.nowMs + Math.ceil(forMs)
    replica.watchedUntilMs = atMs
    replica.watchedNext = replica.next
    this.world.after(node, atMs - this.world.nowMs, { kind: 'watch', feed: replica.feed, atMs } satisfies Due)
  }

  private progressed(node: number, replica: Replica): void {
    if (replica.on(replica.source!).peerNext > replica.next) return
    if (this.isSomebodyAhead(replica)) return this.seekSource(node, replica, null)
    this.settled(replica)
    this.pause(node, replica)
  }

  private stalled(node: number, replica: Replica): void {
    const hasMoved = replica.next !== replica.watchedNext
    if (hasMoved && this.isSomebodyAhead(replica)) return this.watch(node, replica, SOURCE_STALL_MS)
    if (replica.source !== null && !hasMoved) {
      const on = replica.on(replica.source)
      on.strikes++
      on.doubtedUntilMs = this.world.nowMs + Math.min(SOURCE_STALL_MS * 2 ** on.strikes, DOUBT_MS_MAX)
    }
    this.seekSource(node, replica, replica.source)
  }

  private pause(node: number, replica: Replica): void {
    let againAtMs = Number.POSITIVE_INFINITY
    for (const on of replica.links.values()) {
      if (on.peerNext > replica.next) againAtMs = Math.min(againAtMs, on.doubtedUntilMs)
    }
    if (againAtMs === Number.POSITIVE_INFINITY) return this.settled(replica)
    this.watch(node, replica, Math.max(1, againAtMs - this.world.nowMs))
  }

  private settled(replica: Replica): void {
    replica.source = null
    replica.watchedUntilMs = null
  }

  private isSomebodyAhead(replica: Replica): boolean {
    for (const on of replica.links.values()) if (this.isBelieved(replica, on)) return true
    return false
  }

  private isBelieved(replica: Replica, on: Standing): boolean {
    return on.peerNext > replica.next && on.doubtedUntilMs <= this.world.nowMs
  }

  private replica(node: number, feed: number): Replica {
    const { replicas } = this.grown(node)
    const replica = replicas.get(feed) ?? new Replica(feed)
    replicas.set(feed, replica)
    return replica
  }

  /** Nodes may come after this was made. */
  private grown(node: number): Gossiper {
    for (let i = this.gossipers.length; i <= node; i++) {
      this.gossipers.push({ tree: new TreeBroadcast(), replicas: new Map(), links: new Set(), haves: new Map() })
    }
    return this.gossipers[node]!
  }
}
