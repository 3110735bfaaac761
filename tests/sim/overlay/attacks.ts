import { Poisoner, Sybil } from './attackers.ts'
import { flood } from './flood.ts'
import { living, mean, neighboursOf } from './graph.ts'
import type { World } from './world.ts'

export interface SybilResult {
  /** Links of the victim with honest peers: at the end, and the fewest at any second. */
  readonly honestEnd: number
  readonly honestMin: number
  /** Of the victim's passive view, how much is sybils. */
  readonly passiveShare: number
  /** Of flooded messages, those that reached the victim, and of its own, the share of honest nodes that got them. */
  readonly heard: number
  readonly said: number
}

/** `count` sybils press in on one node for `seconds`; `churnEveryS`: one of its honest neighbours dies so often, 0 for never. */
export function sybilAttack(
  world: World,
  count: number,
  seconds: number,
  hostOf: (sybil: number) => string,
  churnEveryS: number,
): SybilResult {
  const { rng } = world
  const honest = world.actors.length
  const victim = rng.below(honest)
  const kin: (typeof world.contacts)[number][] = []
  for (let i = 0; i < count; i++) {
    const startMs = world.nowMs + rng.below(10_000)
    const node = world.add((key) => new Sybil(key, startMs, world.contacts[victim]!, kin, rng), hostOf(i))
    kin.push(world.contacts[node]!)
  }
  let honestMin = Number.POSITIVE_INFINITY
  const honestNow = (): number[] => neighboursOf(world, victim).filter((peer) => peer < honest && world.alive[peer])
  for (let second = 1; second <= seconds; second++) {
    world.run(1_000)
    const peers = honestNow()
    honestMin = Math.min(honestMin, peers.length)
    // The last of them has had its time to be replaced before anything is measured.
    const isTime = churnEveryS > 0 && second % churnEveryS === 0 && second < seconds
    if (!isTime || peers.length === 0) continue
    world.kill([peers[rng.below(peers.length)]!])
    world.closeLinksOfDead()
  }
  const known = world.machine(victim).known
  const messages = messagesAround(world, victim, honest)
  return {
    honestEnd: honestNow().length,
    honestMin,
    passiveShare: known.filter(({ key }) => Number(key) >= honest).length / Math.max(1, known.length),
    ...messages,
  }
}

/** Sybils pass nothing on: what then still goes from honest nodes to the victim and from it. */
function messagesAround(world: World, victim: number, honest: number): { heard: number; said: number } {
  const nodes = living(world).filter((node) => node < honest)
  const reach = (start: number): Set<number> => {
    const seen = new Set([start])
    for (const node of seen)
      for (const peer of neighboursOf(world, node)) if (peer < honest && world.alive[peer]) seen.add(peer)
    return seen
  }
  const senders = world.rng.draw([...nodes], Math.min(50, nodes.length))
  return {
    heard: mean(senders.map((sender) => (reach(sender).has(victim) ? 1 : 0))),
    said: reach(victim).size / nodes.length,
  }
}

export interface PoisonResult {
  /** Of all passive views of honest nodes, how much leads nowhere, and in the worst of them. */
  readonly share: number
  readonly worst: number
  /** Dials to nowhere for each honest node and minute. */
  readonly dialsPerMinute: number
  /** Nodes whose neighbours are not all honest or fewer than five. */
  readonly degree: number
  /** After half of all nodes then fail at once: reliability of the 100th message on. */
  readonly healed: number
}

/** One neighbour of `reach` nodes poisons shuffles for `cycles`. */
export function poisonAttack(world: World, reach: number, cycles: number, cycleMs: number): PoisonResult {
  const { rng } = world
  const honest = world.actors.length
  const targets = rng.draw([...world.contacts], reach)
  world.add((key) => new Poisoner(key, world.nowMs + 1, targets, rng))
  const before = world.count.refused
  world.run(cycles * cycleMs)
  const shares = Array.from({ length: honest }, (_, node) => {
    const { known } = world.machine(node)
    return known.filter(({ key }) => key.startsWith('nobody')).length / Math.max(1, known.length)
  })
  const dialsPerMinute = (world.count.refused - before) / honest / ((cycles * cycleMs) / 60_000)
  const degree = mean(
    Array.from({ length: honest }, (_, node) => neighboursOf(world, node).filter((peer) => peer < honest).length),
  )
  world.kill(rng.draw([...Array(honest).keys()], honest / 2))
  flood(world, 100, 30)
  return {
    share: mean(shares),
    worst: Math.max(...shares),
    dialsPerMinute,
    degree,
    healed: flood(world, 100, 30).reliability,
  }
}
