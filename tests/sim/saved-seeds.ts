/**
 * Seeds that once found a fault, by the story that found it. They run before all others, so that what was mended stays mended.
 * A seed replays the same run only while nodes draw the same chance in the same order, so an old one is a test like any other.
 */
export const SAVED_SEEDS: Readonly<Record<string, readonly number[]>> = {}
