/**
 * How content is divided, the same everywhere. A leaf is what is hashed, verified, written and recorded; a piece is what holders say they
 * have and what is chosen by rarity; a page is a run of hashes, of leaves or of the pages below it.
 */
export const LEAF_BYTES = 64 * 1024
/** 1 MiB: the map of a 10 TB file's pieces has 1.3 MB, that of 1 GB 128 bytes. */
export const PIECE_LEAVES = 16
export const HASH_BYTES = 32
/** 32 KiB of hashes, which speak for 64 MiB: half of one part in a thousand. */
export const PAGE_HASHES = 1024
export const PAGE_BYTES_MAX = PAGE_HASHES * HASH_BYTES
/** 16 TiB: four levels of pages, and every number of a leaf far below 2^32. */
export const CONTENT_BYTES_MAX = 2 ** 44
export const LEAVES_MAX = CONTENT_BYTES_MAX / LEAF_BYTES
export const LEVELS_MAX = 3
