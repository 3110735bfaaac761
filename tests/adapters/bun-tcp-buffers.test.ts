import { expect, test } from 'bun:test'
import { bunTcp } from '../../src/adapters/bun-tcp.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { Connection, ConnectionEvents } from '../../src/ports/tcp.ts'

const STREAM_BYTES = 8 * 1024 * 1024
const PIECE_BYTES_MAX = 200_000

interface Kept {
  readonly view: Uint8Array
  /** As it was when it came. */
  readonly digest: bigint
}

const silent: ConnectionEvents = { data() {}, drain() {}, closed() {} }

/** Writes the stream in pieces of any size, each as soon as the kernel has taken the one before. */
function sender(connection: Connection, stream: Uint8Array): () => void {
  const rng = seededRng(1)
  let at = 0
  return () => {
    while (at < stream.length) {
      const piece = stream.slice(at, at + 1 + rng.below(PIECE_BYTES_MAX))
      at += piece.length
      if (!connection.write(piece)) return
    }
  }
}

test('what came in stays as it came, whatever comes after: the buffers are the receiver’s own', async () => {
  const stream = seededRng(2).bytes(STREAM_BYTES)
  const kept: Kept[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let receivedBytes = 0
  const listener = await bunTcp.listen({ host: '127.0.0.1', port: 0 }, () => ({
    ...silent,
    data(view) {
      kept.push({ view, digest: Bun.hash.wyhash(view) })
      receivedBytes += view.length
      if (receivedBytes === STREAM_BYTES) resolve()
    },
  }))
  if (!('local' in listener)) throw new Error(listener.message)
  let write = (): void => {}
  bunTcp.dial(listener.local, {
    opened(connection) {
      write = sender(connection, stream)
      setImmediate(() => write())
      return { ...silent, drain: () => write() }
    },
    failed: (fault) => reject(new Error(fault.message)),
  })
  await promise
  listener.stop()
  expect(kept.length).toBeGreaterThan(10)
  for (const { view, digest } of kept) {
    expect(Bun.hash.wyhash(view)).toBe(digest)
    // Not a Buffer, whose `slice` is a view.
    expect(Object.getPrototypeOf(view)).toBe(Uint8Array.prototype)
  }
  expect(new Set(kept.map(({ view }) => view.buffer)).size).toBe(kept.length)
  expect(Bun.hash.wyhash(Buffer.concat(kept.map(({ view }) => view)))).toBe(Bun.hash.wyhash(stream))
})
