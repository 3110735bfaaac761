/**
 * What the runtime's own TCP moves, with nothing above it: `receive [path]` prints where it listens and how it went, `send <port> [path]` sends. With a
 * path it comes from and goes to files, read and written as directly as there is a way to.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { Socket } from 'bun'
import { PLAIN_BYTES } from './plain.ts'

const CHUNK_BYTES = 256 * 1024

function receive(path: string | undefined): void {
  const file = path === undefined ? null : openSync(path, 'w')
  let [got, beganMs] = [0, 0]
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open() {
        beganMs = performance.now()
      },
      data(_, bytes) {
        if (file !== null) writeSync(file, bytes)
        got += bytes.length
        if (got < PLAIN_BYTES) return
        console.log(JSON.stringify({ tookMs: performance.now() - beganMs }))
        if (file !== null) closeSync(file)
        process.exit()
      },
    },
  })
  console.log(JSON.stringify({ port: listener.port }))
}

function send(port: number, path: string | undefined): void {
  const file = path === undefined ? null : openSync(path, 'r')
  const chunk = new Uint8Array(CHUNK_BYTES)
  let [sent, from, to] = [0, 0, 0]
  const pump = (socket: Socket<undefined>): void => {
    while (sent < PLAIN_BYTES) {
      if (from === to) {
        from = 0
        to = file === null ? CHUNK_BYTES : readSync(file, chunk, 0, CHUNK_BYTES, sent)
        if (to === 0) throw new Error('the file is too short')
      }
      const took = socket.write(chunk.subarray(from, to))
      if (took <= 0) return
      from += took
      sent += took
    }
  }
  void Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { open: pump, drain: pump, data() {}, close: () => process.exit() },
  })
}

const [, , role, ...rest] = process.argv
if (role === 'receive') receive(rest[0])
else send(Number(rest[0]), rest[1])
