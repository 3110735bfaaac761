import { heapStats } from 'bun:jsc'

/** What lives on the heap, buffers included, after everything that can go has gone. */
export function heapBytes(): number {
  Bun.gc(true)
  Bun.gc(true)
  return heapStats().heapSize
}

/** Frames of this many calls reach below whatever a test has called. */
const DEPTH = 400

/** Writes over what calls that are over have left on the stack. */
function overwrite(depth: number, a: number, b: number, c: number, d: number): number {
  return depth === 0 ? a + b + c + d : 1 + overwrite(depth - 1, b, c, d, a + depth)
}

/**
 * The same once the caller's stack is another: the collector takes for a reference whatever looks like one there, and one that was left behind by
 * a call that is over keeps all alive that hangs on it.
 */
export async function heapBytesAtRest(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    overwrite(DEPTH * (turn + 1), 1, 2, 3, 4)
    least = Math.min(least, heapBytes())
  }
  return least
}
