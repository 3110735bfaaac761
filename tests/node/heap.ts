import { heapStats } from 'bun:jsc'

/** What lives on the heap, buffers included, after everything that can go has gone. */
export function heapBytes(): number {
  Bun.gc(true)
  Bun.gc(true)
  return heapStats().heapSize
}

/**
 * The same once the caller's stack is another: the collector takes for a reference whatever looks like one there, and one that was left behind by
 * a call that is over keeps all alive that hangs on it.
 */
export async function heapBytesAtRest(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    least = Math.min(least, heapBytes())
  }
  return least
}
