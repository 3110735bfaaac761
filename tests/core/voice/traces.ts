import { type Rng, seededRng } from '../../../src/base/rng.ts'
import type { AudioPayload } from '../../../src/wire/voice-audio.ts'

/** One packet's way through a network: when it arrives, or never. */
export interface Trip {
  /** In ticks of 10 ms of the sender. */
  readonly time: number
  /** By the receiver's clock; infinite where it is lost. */
  readonly arrivesMs: number
  /** Where they are known; else those of packets of 20 ms in one spurt. */
  readonly marks?: Partial<AudioPayload>
}

export interface NetworkShape {
  /** Extra milliseconds for a packet sent at `sentMs`. */
  delay?(sentMs: number, rng: Rng): number
  lost?(index: number, rng: Rng): boolean
  /** Of the sender's clock, in millionths: above zero it runs fast. */
  driftPpm?: number
  /** Packets may overtake each other; else a queue keeps their order. */
  reorders?: boolean
}

const TRANSIT_MS = 25
const FRAME_MS = 20

/** Packets of 20 ms for so many seconds of the sender's sound. */
export function travel(seed: number, seconds: number, shape: NetworkShape): Trip[] {
  const rng = seededRng(seed)
  const trips: Trip[] = []
  let doorMs = 0
  for (let i = 0; i < (seconds * 1000) / FRAME_MS; i++) {
    const sentMs = (i * FRAME_MS) / (1 + (shape.driftPpm ?? 0) / 1e6)
    let arrivesMs = sentMs + TRANSIT_MS + (shape.delay?.(sentMs, rng) ?? 0)
    const lost = shape.lost?.(i, rng) ?? false
    if (shape.reorders !== true) {
      arrivesMs = Math.max(arrivesMs, doorMs)
      doorMs = arrivesMs
    }
    trips.push({ time: 2 * i, arrivesMs: lost ? Number.POSITIVE_INFINITY : arrivesMs })
  }
  return trips
}

function exponential(rng: Rng, mean: number): number {
  return -mean * Math.log(1 - rng.float())
}

/** Everything that is sent within a stall arrives at its end. */
function stalls(everyMs: number, shortestMs: number, longestMs: number): (sentMs: number, rng: Rng) => number {
  let beginMs = everyMs / 2
  let endMs = beginMs
  return (sentMs, rng) => {
    while (sentMs >= endMs) {
      beginMs = endMs + everyMs * (0.5 + rng.float())
      endMs = beginMs + shortestMs + (longestMs - shortestMs) * rng.float()
    }
    return sentMs >= beginMs ? endMs - sentMs : 0
  }
}

/** A wire: up to two milliseconds. */
export function steady(): NetworkShape {
  return { delay: (_, rng) => 2 * rng.float() }
}

/** Wi-Fi beside others: a few milliseconds, and every five seconds nothing for 100 to 200. */
export function wifi(): NetworkShape {
  const stall = stalls(5_000, 100, 200)
  return { delay: (sentMs, rng) => exponential(rng, 3) + stall(sentMs, rng) }
}

/** A mobile network: grants every 10 ms, a load that wanders by 30, a handover every 20 s. */
export function mobile(): NetworkShape {
  const handover = stalls(20_000, 100, 250)
  let load = 0
  return {
    delay(sentMs, rng) {
      load = Math.max(0, Math.min(30, load + 4 * (rng.float() - 0.5)))
      const readyMs = sentMs + load + exponential(rng, 4)
      return Math.ceil(readyMs / 10) * 10 - sentMs + handover(sentMs, rng)
    },
  }
}

/** A processor that others use as well, as measured on one with nothing to spare: every four seconds it is taken away for 20 to 65 ms. */
export function busy(): NetworkShape {
  const stall = stalls(4_000, 20, 65)
  return { delay: (sentMs, rng) => rng.float() + stall(sentMs, rng) }
}

/** Packets that overtake each other. */
export function crossing(): NetworkShape {
  return { reorders: true, delay: (_, rng) => (rng.float() < 0.1 ? 25 + 10 * rng.float() : 3 * rng.float()) }
}

export function lossy(share: number): NetworkShape {
  return { ...steady(), lost: (_, rng) => rng.float() < share }
}

/** Losses three at a time, `share` of all. */
export function bursty(share: number): NetworkShape {
  let left = 0
  return {
    ...steady(),
    lost(_, rng) {
      if (left === 0 && rng.float() < share / (3 - 2 * share)) left = 3
      return left > 0 && left-- > 0
    },
  }
}

export function drifting(ppm: number): NetworkShape {
  return { ...steady(), driftPpm: ppm }
}
