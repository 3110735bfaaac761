/**
 * The figures of the membership protocol. "Paper" is Leitão, Pereira, Rodrigues, "HyParView: a membership protocol for reliable
 * gossip-based broadcast", DSN 2007; what has no source is a guess, tried in `scripts/sim`.
 */

/** Neighbours: fanout 4 and the one a message came from. Paper, "Experimental Setting". */
export const ACTIVE_MAX = 5
/**
 * Neighbours that cannot be dialled, beyond those five: where few can be, all the others depend on them. A guess: each costs what a
 * neighbour costs; all of them a quarter of the links that a node takes.
 */
export const LEAVES_MAX = 64
/** Of these, such as have another neighbour: the other half is for those that would have none. A guess. */
export const LEAVES_LINKED_MAX = LEAVES_MAX / 2
/** Neighbours that are dialled to see whether they can be: a full view and some newcomers at once, then one a second. A guess. */
export const PROBES_BURST = 8
export const PROBE_REFILL_MS = 1_000
/** How long a peer that could not be dialled is taken for one that cannot be: it may have got a port opened since. A guess. */
export const UNREACHABLE_MS = 600_000
export const UNREACHABLE_MAX = 256
/** Peers known besides. Paper, "Experimental Setting". */
export const PASSIVE_MAX = 30
/** Hops of a newcomer's walk until somebody takes it in (ARWL). Paper, "Join Mechanism"; value from "Experimental Setting". */
export const ACTIVE_WALK_HOPS = 6
/** Hops left when it is noted in a passive view on the way (PRWL). Paper, as above. */
export const PASSIVE_WALK_HOPS = 3
/** Neighbours (ka) and others (kp) in a shuffle, besides who began it. Paper, "Passive View Management" and "Experimental Setting". */
export const SHUFFLE_ACTIVE = 3
export const SHUFFLE_PASSIVE = 4
/** Hops of a shuffle's walk. The paper leaves the value open; as far as a newcomer's. */
export const SHUFFLE_HOPS = 6

/** One cycle. The paper counts in cycles and gives no time; this one costs a node some 15 small frames each. A guess. */
export const SHUFFLE_EVERY_MS = 30_000
/** A shuffle's way out and back, with slow links: how long relays remember where it came from. A guess. */
export const SHUFFLE_ANSWER_MS = 15_000
/** Shuffles passed on whose answers are awaited: 8 a second for as long. A guess. */
export const CRUMBS_MAX = 128

/** How long a peer that was asked may think. A guess. */
export const ASK_MS = 5_000
/** How long somebody may be linked without asking for anything. A guess. */
export const GUEST_MS = 10_000
/** Links that are not neighbours, waiting to ask or be asked. A guess. */
export const GUESTS_MAX = 32
/** After joining, walks are given so long to bring neighbours before others are asked. A guess: ARWL hops of 80 ms. */
export const SETTLE_MS = 500

/** Known peers dialled and asked side by side, while many prove dead. A guess. */
export const PROMOTIONS_AT_ONCE = 4
/** The same when several neighbours went at once, and half the network may be gone. A guess: with 4 a network of which a tenth is left takes twice as long to find itself. */
export const ALARM_DIALS_AT_ONCE = 16
/** Dials to peers that others told us of: two whole passive views at once, then 60 a minute. A guess. */
export const DIALS_BURST = 2 * PASSIVE_MAX
export const DIAL_REFILL_MS = 1_000
/** Dials to newcomers whose walk ended here. A guess: a walk ends at every node about once for every five that join. */
export const WALK_DIALS_BURST = 10
export const WALK_DIAL_REFILL_MS = 1_000
/** Refusals in a row after which the network is taken to be full for now. A guess. */
export const REFUSALS_MAX = 6
/** Pause before all known peers are asked again, doubling each time they had no room. A guess. */
export const RETRY_FIRST_MS = 1_000
export const RETRY_MAX_MS = 64_000

/** How long nobody is believed who names a peer where nobody answered. A guess: four cycles. */
export const UNANSWERED_MS = 120_000
export const UNANSWERED_MAX = 256
/** How long who said goodbye is not dialled. A guess: a program that starts again finds us itself. */
export const LEFT_MS = 60_000
export const LEFT_REMEMBERED_MAX = 256
/** A neighbour silent for so long is checked. A guess: on an idle network one ping of 40 bytes a second. */
export const CHECK_EVERY_MS = 5_000
/** The same when somebody links to us: he may have lost some that were ours as well. A guess. */
export const CHECK_WHEN_LINKED_MS = 1_000
/** Two neighbours lost within so long: half the network may be gone. A guess. */
export const ALARM_MS = 5_000
/** Peers once linked with that are remembered: 10 KiB of addresses. A guess: with 95 % of all nodes gone, five of them are left. */
export const ACQUAINTANCES_MAX = 100
/** Of these, such that we did not choose ourselves: half at once, and one a minute. A guess. */
export const STRANGERS_MET_BURST = ACQUAINTANCES_MAX / 2
export const STRANGER_MET_REFILL_MS = 60_000

/** Neighbours lost without a goodbye that are dialled again. A guess: more than ever are lost at once. */
export const LOST_MAX = 8
/** First and longest pause between dials to one, and when it is given up: an hour and some at the longest pause. */
export const LOST_FIRST_MS = 1_000
export const LOST_LAST_MS = 64_000
export const LOST_ATTEMPTS_MAX = 70
/** Neighbours lost within so long of each other went for one reason: a network cut in two rather than a program ended. A guess. */
export const LOST_TOGETHER_MS = 60_000

/** Neighbours that we picked ourselves and nobody can displace: what remains under any number of strangers. A guess. */
export const CHOSEN_MIN = 2
/** Neighbours that came to us, or that a walk brought. */
export const OFFERED_MAX = ACTIVE_MAX - CHOSEN_MIN
/** Of these, from one /24 or /48 of the public network, where as many others are known as there are places. A guess. */
export const OFFERED_PER_BLOCK_MAX = 2
/** Passive entries from one /24 or /48 of the public network; more only as long as there is room. A guess: a tenth. */
export const PASSIVE_PER_BLOCK_MAX = 3
/** Passive entries that one neighbour told us of: a third, so that three have to agree to fill it. A guess. */
export const PASSIVE_PER_SOURCE_MAX = 10

/**
 * Requests to be neighbours are counted, and one is forgotten every so often. With more than so many somebody is pressing in, and free places are
 * kept for our own choice, for two minutes after the last. Guesses: after half a network fails a node is asked some five times.
 */
export const PRESSED_ASKS = 20
export const PRESSED_ASKS_MAX = 60
export const ASK_LEAK_MS = 3_000

/** Passive entries that neighbours told us of whom we did not choose. A guess: less mixes the views worse, more can be poisoned. */
export const PASSIVE_OF_STRANGERS_MAX = 20

/** Newcomers taken in, and neighbours displaced for those with none: at once, and then a second apart. Guesses. */
export const DISPLACE_BURST = 8
export const DISPLACE_REFILL_MS = 1_000
/** Newcomers' walks from one neighbour: 64 at once, then one every two seconds. A guess: of a thousand that join a
 * network of a thousand, some six walks a neighbour pass by. */
export const WALKS_BURST = 64
export const WALK_REFILL_MS = 2_000
/** Shuffles from one neighbour: it begins 0.2 and passes on 1.2 a cycle; five times that. A guess. */
export const SHUFFLES_BURST = 8
export const SHUFFLE_REFILL_MS = 5_000
/** Requests to be neighbours on one link. A guess. */
export const ASKS_BURST = 3
export const ASK_REFILL_MS = 10_000
