import { type Rng, seededRng } from '../../../src/base/rng.ts'

/** Who is linked to whom: the same for every implementation. Node 0 publishes. */
export interface Topology {
  readonly name: string
  readonly size: number
  readonly neighbors: readonly (readonly number[])[]
  /** Breadth-first from node 0: the node before each; -1 for node 0. */
  readonly parents: readonly number[]
}

/** In words: `8 processes of degree 3`. */
export function describeTopology({ name, size }: Topology): string {
  const degree = /^rr\d+d(\d)$/.exec(name)?.[1]
  return degree === undefined ? `chain of ${size}` : `${size} processes of degree ${degree}`
}

/**
 * `count` nodes to kill, drawn from `seed` and never node 0, such that those left are still connected by the links they have.
 * Fewer where there are not so many: the caller looks at how many it got.
 */
export function victimsOf(topology: Topology, count: number, seed: number): number[] {
  const candidates = shuffled(
    seededRng(seed),
    Array.from({ length: topology.size - 1 }, (_, i) => i + 1),
  )
  const victims: number[] = []
  for (const candidate of candidates) {
    const dead = [...victims, candidate]
    if (victims.length === count) break
    if (reached(topology.neighbors, dead).length === topology.size - dead.length) victims.push(candidate)
  }
  return victims
}

/** In place. */
function shuffled(rng: Rng, values: number[]): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const other = rng.below(i + 1)
    ;[values[i], values[other]] = [values[other]!, values[i]!]
  }
  return values
}

/** Breadth-first from node 0: the nodes it is connected with, itself first, if `dead` are none. */
function reached(neighbors: readonly (readonly number[])[], dead: readonly number[], parents?: number[]): number[] {
  const queue = [0]
  const seen = new Set([...dead, 0])
  for (let at = 0; at < queue.length; at++) {
    for (const next of neighbors[queue[at]!]!) {
      if (seen.has(next)) continue
      seen.add(next)
      if (parents !== undefined) parents[next] = queue[at]!
      queue.push(next)
    }
  }
  return queue
}

/** `chain3`: a chain of three. `rr16d3`: 16 nodes, each with 3 neighbours, drawn from a fixed seed. Null for another name. */
export function topologyNamed(name: string): Topology | null {
  const chain = /^chain(\d{1,3})$/.exec(name)
  const regular = /^rr(\d{1,3})d(\d)$/.exec(name)
  if (chain !== null) return chainOf(name, Number(chain[1]))
  return regular === null ? null : regularOf(name, Number(regular[1]), Number(regular[2]))
}

function chainOf(name: string, size: number): Topology | null {
  if (size < 2) return null
  return withTree(
    name,
    size,
    Array.from({ length: size - 1 }, (_, i) => [i, i + 1]),
  )
}

const DRAWS_MAX = 10_000

/** The pairing model, drawn again until no edge is double or a loop and the graph is connected. */
function regularOf(name: string, size: number, degree: number): Topology | null {
  if (degree < 1 || size <= degree || (size * degree) % 2 !== 0) return null
  for (let seed = 1; seed <= DRAWS_MAX; seed++) {
    const edges = pairing(seededRng(seed), size, degree)
    const topology = edges === null ? null : withTree(name, size, edges)
    if (topology !== null) return topology
  }
  return null
}

function pairing(rng: Rng, size: number, degree: number): [number, number][] | null {
  const stubs = shuffled(
    rng,
    Array.from({ length: size * degree }, (_, i) => Math.floor(i / degree)),
  )
  const edges = new Map<string, [number, number]>()
  for (let i = 0; i < stubs.length; i += 2) {
    const low = Math.min(stubs[i]!, stubs[i + 1]!)
    const high = Math.max(stubs[i]!, stubs[i + 1]!)
    if (low === high || edges.has(`${low},${high}`)) return null
    edges.set(`${low},${high}`, [low, high])
  }
  return [...edges.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1])
}

/** Null when not every node can be reached from node 0. */
function withTree(name: string, size: number, edges: readonly (readonly number[])[]): Topology | null {
  const neighbors: number[][] = Array.from({ length: size }, () => [])
  for (const [low, high] of edges) {
    neighbors[low!]!.push(high!)
    neighbors[high!]!.push(low!)
  }
  const parents: number[] = new Array(size).fill(-1)
  return reached(neighbors, [], parents).length < size ? null : { name, size, neighbors, parents }
}
