import type { SimRng } from './sim-rng.ts'
import { NEIGHBOURS_MAX, type World } from './world.ts'

/** The overlay of the living, as the papers measure it. */
export interface Shape {
  readonly nodes: number
  /** Neighbours a node has on average. */
  readonly degree: number
  /** Nodes with fewer than the five they may have. */
  readonly notFull: number
  /** Of a node's neighbours, how many are neighbours of each other: the average over all nodes (Watts and Strogatz). */
  readonly clustering: number
  /** Over all pairs that are connected. */
  readonly averagePath: number
  readonly diameter: number
  /** The share of the living in the largest part. */
  readonly connected: number
}

/** Breadth-first search over the views, with memory kept between runs. */
export class Search {
  readonly order: Int32Array
  readonly hops: Int32Array
  private readonly stamp: Int32Array
  private run = 0

  constructor(readonly world: World) {
    const { length } = world.actors
    this.order = new Int32Array(length)
    this.hops = new Int32Array(length)
    this.stamp = new Int32Array(length)
  }

  /** Reaches whom it can from `start`; answers how many. `order` and `hops` tell who and how far. */
  from(start: number, crosses: (from: number, to: number) => boolean): number {
    const { order, hops, stamp } = this
    const { neighbours, degree } = this.world
    const run = ++this.run
    let reached = 1
    order[0] = start
    hops[start] = 0
    stamp[start] = run
    for (let at = 0; at < reached; at++) {
      const node = order[at]!
      const first = node * NEIGHBOURS_MAX
      for (let k = 0; k < degree[node]!; k++) {
        const peer = neighbours[first + k]!
        if (!crosses(node, peer) || stamp[peer] === run) continue
        stamp[peer] = run
        hops[peer] = hops[node]! + 1
        order[reached++] = peer
      }
    }
    return reached
  }

  wasReached(node: number): boolean {
    return this.stamp[node] === this.run
  }
}

export function living(world: World): number[] {
  return [...world.alive.keys()].filter((node) => world.alive[node])
}

/** Shortest paths are taken from `samples` nodes at random to all others. */
export function shapeOf(world: World, rng: SimRng, samples = 500): Shape {
  const nodes = living(world)
  const search = new Search(world)
  const crosses = (_: number, to: number) => world.alive[to]!
  let hops = 0
  let pairs = 0
  let diameter = 0
  for (const start of rng.draw([...nodes], Math.min(samples, nodes.length))) {
    const reached = search.from(start, crosses)
    for (let at = 1; at < reached; at++) hops += search.hops[search.order[at]!]!
    pairs += reached - 1
    diameter = Math.max(diameter, search.hops[search.order[reached - 1]!]!)
  }
  const degrees = nodes.map((node) => world.degree[node]!)
  return {
    nodes: nodes.length,
    degree: mean(degrees),
    notFull: degrees.filter((degree) => degree < 5).length,
    clustering: mean(nodes.map((node) => clusteringOf(world, node))),
    averagePath: hops / Math.max(1, pairs),
    diameter,
    connected: largestPart(world, search, nodes) / nodes.length,
  }
}

function largestPart(world: World, search: Search, nodes: readonly number[]): number {
  const seen = new Set<number>()
  let largest = 0
  for (const node of nodes) {
    if (seen.has(node)) continue
    const reached = search.from(node, (_, to) => world.alive[to]!)
    for (let at = 0; at < reached; at++) seen.add(search.order[at]!)
    largest = Math.max(largest, reached)
  }
  return largest
}

function clusteringOf(world: World, node: number): number {
  const peers = neighboursOf(world, node)
  if (peers.length < 2) return 0
  let linked = 0
  for (const peer of peers) for (const other of neighboursOf(world, peer)) if (peers.includes(other)) linked++
  return linked / (peers.length * (peers.length - 1))
}

export function neighboursOf(world: World, node: number): number[] {
  const first = node * NEIGHBOURS_MAX
  return [...world.neighbours.subarray(first, first + world.degree[node]!)]
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
