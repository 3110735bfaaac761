/** The sizes every codec holds to. A peer that goes over one is at fault; nothing is buffered beyond them. */

/** A frame before the peer has proved who it is: three handshake messages need some 200 bytes. */
export const FRAME_BYTES_MAX_UNAUTHENTICATED = 4 * 1024
/** Length field and type. */
export const FRAME_HEADER_BYTES = 5

/** Plaintext of one record: at least one frame, as many as were waiting. No frame is longer, its length field included. */
export const RECORD_BYTES_MAX = 64 * 1024
export const RECORD_HEADER_BYTES = 4
export const RECORD_TAG_BYTES = 16

/** What a person can say at once, in UTF-8 bytes. */
export const TEXT_BYTES_MAX = 16 * 1024
/** An event's body: a text, or a sealed one with its padding, key and tag. */
export const EVENT_BODY_BYTES_MAX = TEXT_BYTES_MAX + 256
/** Events under one signature. */
export const BUNDLE_EVENTS_MAX = 256
/** A bundle must fit in a frame beside the hash of the event before it and its header. */
export const BUNDLE_BYTES_MAX = 60 * 1024

/** A passing event's body (presence, typing, voice signalling). */
export const PASSING_BODY_BYTES_MAX = 1024

/**
 * Hops are counted up to here; more only means "far". As many as a bundle's four bits hold: with 8 trees among 10,000 nodes could not tell
 * their longer ways apart, and last deliveries took 13.6 hops instead of 10.4 (`scripts/sim overlay`).
 */
export const HOPS_MAX = 15

export const NAME_BYTES_MAX = 128
/** A reason given in a goodbye. */
export const REASON_BYTES_MAX = 256

/** Feeds a link may name. 65,536 × some 200 bytes is the most one peer can make us keep about names alone. */
export const FEED_HANDLES_MAX = 65_536
/** The highest event number: leaves room for arithmetic in 48 bits. */
export const EVENT_NUMBER_MAX = 2 ** 48
