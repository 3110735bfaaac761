import { TokenBucket } from '../core/gossip/token-bucket.ts'
import { FEED_HANDLES_MAX } from '../wire/limits.ts'

/**
 * Entries of `HAVE`. An honest neighbour tells of a feed once for each bundle it takes in, and that costs it a check of a
 * signature (25,000 a second and core). Seen at once: 181 in the storms of the simulator.
 */
const HAVES_BURST = FEED_HANDLES_MAX
const HAVES_REFILL_MS = 1 / 32
/**
 * Members told of in `RECEIPTS`: some seven times a second all in a room who have grown, of those that talk. Room for a thousand in each of
 * four feeds that never rest; each costs two look-ups.
 */
const RECEIPTS_BURST = 65_536
const RECEIPTS_REFILL_MS = 1 / 32
/** One for each feed there can be at once, when a link comes up or is lost. Seen: 10,000 with as many feeds to catch up with, 213 in storms. */
const REQUESTS_BURST = FEED_HANDLES_MAX
const REQUESTS_REFILL_MS = 1
/** A thousand newcomers within a few seconds, each answered by all who are there at most every 2.5 seconds. */
const PASSING_BURST = 8_192
const PASSING_REFILL_MS = 1
/**
 * What is passed on of one link's passing events, lest a few that talk without end take what the others need: a thousand people in a room
 * cause 33 a second.
 */
const RELAYED_BURST = 4_096
const RELAYED_REFILL_MS = 4
/** What is sent to one link stays below what it grants, whatever all the others bring. */
const PASSING_OUT_BURST = PASSING_BURST * 0.75
const PASSING_OUT_REFILL_MS = PASSING_REFILL_MS * 1.25
/** One every few seconds. */
const PINGS_BURST = 64
const PINGS_REFILL_MS = 1_000
/** All that is held (48 MiB) once more, and what a lossy line has on its way again and again. Seen: 165 KiB in storms. */
const REPEATS_BURST_BYTES = 64 * 1024 * 1024
/** A mebibyte a second. */
const REPEATS_REFILL_MS = 1_000 / (1024 * 1024)

/**
 * Frames about forks, and ends told of in them. Each may cost a signature or a look into the store, some 0.1 ms together. As many as there are of
 * a hundred honest forks at once; an author who makes more is not passed on so fast.
 */
const FORKS_BURST = 8_192
const FORKS_REFILL_MS = 5

/** Calls for circuits: people who cannot reach each other try again every few seconds, and many may be behind one link. */
const CALLS_BURST = 64
const CALLS_REFILL_MS = 500
/** What is passed on to one link stays below what it grants. */
const CALLS_OUT_BURST = CALLS_BURST * 0.75
const CALLS_OUT_REFILL_MS = CALLS_REFILL_MS * 1.25
/** Frames of circuits that are over: what was on its way, which is a window of each there can be. */
const STRAYS_BURST = 1_024
const STRAYS_REFILL_MS = 4

/** What is refused is counted too: by so many times what is granted a peer may go over before it counts as a flood. */
const EXCESS_FACTOR = 4

/** So much of one kind of frame is listened to. What is over is ignored, and who keeps on far beyond that is to be dropped. */
export class Allowance {
  /** It went on far beyond what is granted. */
  isFlooded = false
  private readonly granted: TokenBucket
  private readonly excess: TokenBucket

  /** `burst` at once, then one every `refillMs`. */
  constructor(burst: number, refillMs: number) {
    this.granted = new TokenBucket(burst, refillMs)
    this.excess = new TokenBucket(EXCESS_FACTOR * burst, refillMs)
  }

  /** Whether `count` more are within it. */
  take(nowMs: number, count = 1): boolean {
    if (this.granted.take(nowMs, count)) return true
    if (!this.excess.take(nowMs, count)) this.isFlooded = true
    return false
  }
}

/** What one link may cause here. Honest neighbours never come near it. */
export class LinkBudget {
  readonly haves = new Allowance(HAVES_BURST, HAVES_REFILL_MS)
  readonly receipts = new Allowance(RECEIPTS_BURST, RECEIPTS_REFILL_MS)
  /** `WANT`, `LAZY` and `GAP` together. */
  readonly requests = new Allowance(REQUESTS_BURST, REQUESTS_REFILL_MS)
  readonly forks = new Allowance(FORKS_BURST, FORKS_REFILL_MS)
  readonly passing = new Allowance(PASSING_BURST, PASSING_REFILL_MS)
  /** Those that came from it and are passed on. */
  readonly relayed = new TokenBucket(RELAYED_BURST, RELAYED_REFILL_MS)
  /** Those of others that are passed on to it. */
  readonly passingOut = new TokenBucket(PASSING_OUT_BURST, PASSING_OUT_REFILL_MS)
  readonly calls = new Allowance(CALLS_BURST, CALLS_REFILL_MS)
  readonly callsOut = new TokenBucket(CALLS_OUT_BURST, CALLS_OUT_REFILL_MS)
  readonly strays = new Allowance(STRAYS_BURST, STRAYS_REFILL_MS)
  readonly pings = new Allowance(PINGS_BURST, PINGS_REFILL_MS)
  /** Bytes of bundles that are sent to it once more. */
  readonly repeats = new TokenBucket(REPEATS_BURST_BYTES, REPEATS_REFILL_MS)
}
