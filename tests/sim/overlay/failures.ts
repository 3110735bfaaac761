import { deepCopy } from './copy.ts'
import { flood } from './flood.ts'
import { living, mean } from './graph.ts'
import { CYCLE_MS } from './growth.ts'
import { FeedReplication } from './replication.ts'
import { spread } from './trees.ts'
import type { World } from './world.ts'

/** The papers' figures count messages "before the next cycle". */
const MESSAGES = 1_000
const PATIENT = 15
const CYCLES_MAX = 8

/** A copy of `world` in which `percent` of all nodes have just ended, saying nothing. */
function struck(world: World, percent: number, seed: number): World {
  const copy = deepCopy(world)
  copy.rng.reseed(seed)
  const nodes = copy.actors.length
  copy.kill(copy.rng.draw([...Array(nodes).keys()], Math.round((nodes * percent) / 100)))
  return copy
}

export interface Healing {
  /** Of the living, those a flooded message reached, over a thousand messages in one cycle; they are sent evenly, 30 ms apart. */
  readonly evenly: number
  /** The same where each of the first fifteen may finish what it sets off before the next is sent, as in the papers' simulator. */
  readonly patiently: number
  /** The same without the very first message, which nobody can have repaired anything for. */
  readonly others: number
  /** The first message alone. */
  readonly first: number
  /** Seconds from the failure until every message reaches everybody; null where that is not within a cycle. */
  readonly wholeS: number | null
  /** Cycles until it does; null where that is not within eight. */
  readonly cycles: number | null
  /** The last of the messages once that is so: what is still missed. */
  readonly healed: number
  readonly dialsEach: number
  readonly hopsMax: number
}

/** A thousand messages flooded, and never asked for again: what HyParView's paper measures. */
export function healing(world: World, percent: number, seed: number): Healing {
  const even = struck(world, percent, seed)
  const { dials } = even.count
  const startMs = even.nowMs
  const shares: number[] = []
  let wholeS: number | null = null
  let first = 0
  for (let sent = 0; sent < MESSAGES; sent += 5) {
    const atS = (even.nowMs - startMs) / 1_000
    const { reliability, worst, first: firstOfThese } = flood(even, 5, CYCLE_MS / MESSAGES)
    if (sent === 0) first = firstOfThese
    shares.push(reliability)
    wholeS = worst === 1 ? (wholeS ?? atS) : null
  }
  const dialsEach = (even.count.dials - dials) / living(even).length
  let cycles = 1
  let after = flood(even, 10, 10)
  while (after.worst < 1 && cycles < CYCLES_MAX) {
    even.run(CYCLE_MS)
    cycles++
    after = flood(even, 10, 10)
  }
  return {
    evenly: mean(shares),
    ...patiently(struck(world, percent, seed)),
    first,
    wholeS,
    cycles: after.worst === 1 ? cycles : null,
    healed: after.reliability,
    dialsEach,
    hopsMax: after.hopsMax,
  }
}

function patiently(world: World): { patiently: number; others: number } {
  const rest = MESSAGES - PATIENT
  const restEveryMs = 10
  const firstEveryMs = Math.floor((CYCLE_MS - rest * restEveryMs) / PATIENT)
  const [slow, fast] = [flood(world, PATIENT, firstEveryMs), flood(world, rest, restEveryMs)]
  const reached = slow.reliability * PATIENT + fast.reliability * rest
  return { patiently: reached / MESSAGES, others: (reached - slow.first) / (MESSAGES - 1) }
}

export interface Delivery {
  /** Of the living, those that have each of a thousand messages at the end of the cycle in which they were sent. */
  readonly delivered: number
  /** Milliseconds from a message to half of the nodes and to the last of them, on average. */
  readonly medianMs: number
  readonly lastMs: number
}

/** A thousand messages sent as hearsay sends them, by five who live, over trees that had settled before; what was missed is asked for. */
export function delivery(settled: World, percent: number, seed: number): Delivery {
  const world = struck(settled, percent, seed)
  const feeds = feedsOf(world)
  const senders = world.rng.draw(living(world), 5)
  const everyMs = CYCLE_MS / MESSAGES
  let sent = 0
  // What a thousand messages leave behind would be gigabytes before it is collected.
  const tidy = (): void => {
    if (++sent % 50 === 0) Bun.gc(true)
  }
  const each = MESSAGES / senders.length
  const { reliability, medianMs, lastMs } = spread(world, feeds, senders, each, everyMs, 2_000, living(world), tidy)
  return { delivered: reliability, medianMs, lastMs }
}

/** Of the living, those that get the very message sent at the moment of the failure, within five seconds and with nothing sent after it. */
export function veryNext(settled: World, percent: number, sender: number, seed: number): number {
  const world = deepCopy(settled)
  world.rng.reseed(seed)
  const others = living(world).filter((node) => node !== sender)
  world.kill(world.rng.draw(others, Math.round((world.actors.length * percent) / 100)))
  return spread(world, feedsOf(world), [sender], 1, 0, 5_000).reliability
}

/** The replication that runs over a copied world. */
function feedsOf(world: World): FeedReplication {
  if (!(world.listener instanceof FeedReplication)) throw new TypeError('nothing is broadcast in this world')
  return world.listener
}
