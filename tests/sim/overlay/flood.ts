import { living, Search } from './graph.ts'
import type { World } from './world.ts'

export interface Flooded {
  /** Of the living, how many each message reached: on average, and the fewest. */
  readonly reliability: number
  readonly worst: number
  /** Of the first message alone. */
  readonly first: number
  /** Hops to the last node any message reached. */
  readonly hopsMax: number
}

/**
 * Floods messages from nodes at random, `everyMs` apart. Each is passed on by whoever has it to all its neighbours, at the instant it is sent;
 * what the dead do not take tells the sender that they are. The views mend themselves between one message and the next.
 */
export function flood(world: World, messages: number, everyMs: number): Flooded {
  const search = new Search(world)
  const nodes = living(world)
  const crosses = (from: number, to: number) => world.reaches(from, to)
  const shares: number[] = []
  let hopsMax = 0
  for (let i = 0; i < messages; i++) {
    const reached = search.from(nodes[world.rng.below(nodes.length)]!, crosses)
    shares.push(reached / nodes.length)
    hopsMax = Math.max(hopsMax, search.hops[search.order[reached - 1]!]!)
    world.run(everyMs)
  }
  const reliability = shares.reduce((sum, share) => sum + share, 0) / messages
  return { reliability, worst: Math.min(...shares), first: shares[0]!, hopsMax }
}
