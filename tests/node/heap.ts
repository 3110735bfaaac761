import { heapStats } from 'bun:jsc'

/** What lives on the heap, buffers included, after everything that can go has gone. */
export function heapBytes(): number {
  Bun.gc(true)
  Bun.gc(true)
  return heapStats().heapSize
}
