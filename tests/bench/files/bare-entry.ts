/**
 * What sealing, opening, hashing and writing leave of the runtime's TCP, with nothing else above it: `receive <path>` prints where it listens and how it
 * went, `send <port> <path>` sends.
 */
import { open } from 'node:fs/promises'
import type { Socket } from 'bun'
import { release } from '../../../src/base/bytes.ts'
import { RecordReader } from '../../../src/core/link/records.ts'
import { leafHashes } from '../../../src/core/transfer/tree.ts'
import { CipherState, KEY_BYTES } from '../../../src/crypto/aead.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import { RUN_LEAVES_MAX, TRANSFER_RECORD_BYTES_MAX } from '../../../src/wire/transfer.ts'
import { PLAIN_BYTES } from './plain.ts'

const RUN_BYTES = RUN_LEAVES_MAX * LEAF_BYTES
/** Records on their way to the disk, before no more are taken from the socket: as much as a transfer has under way. */
const WRITES_MAX = 4
const cipher = new CipherState(new Uint8Array(KEY_BYTES))

async function receive(path: string): Promise<void> {
  const file = await open(path, 'w')
  const reader = new RecordReader(cipher, TRANSFER_RECORD_BYTES_MAX)
  let [began, taken, written, writes] = [0, 0, 0, 0]
  const store = async (socket: Socket<undefined>, record: Uint8Array): Promise<void> => {
    leafHashes(record)
    const at = taken
    taken += record.length
    if (++writes === WRITES_MAX) socket.pause()
    await file.write(record, 0, record.length, at)
    release(record)
    if (writes-- === WRITES_MAX) socket.resume()
    written += RUN_BYTES
    if (written < PLAIN_BYTES) return
    console.log(JSON.stringify({ tookMs: performance.now() - began }))
    await file.close()
    process.exit()
  }
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open() {
        began = performance.now()
      },
      data(socket, bytes) {
        const fault = reader.receive(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), (record) => {
          void store(socket, record)
          return true
        })
        if (fault !== null) throw new Error(fault)
      },
    },
  })
  console.log(JSON.stringify({ port: listener.port }))
}

async function send(port: number, path: string): Promise<void> {
  const file = await open(path, 'r')
  const memory = [new Uint8Array(RUN_BYTES), new Uint8Array(RUN_BYTES)] as const
  let drained = Promise.withResolvers<void>()
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { drain: () => drained.resolve(), data() {}, close: () => process.exit() },
  })
  // One is read into while the other is sealed and sent.
  const read = (at: number) => file.read(memory[(at / RUN_BYTES) & 1]!, 0, RUN_BYTES, at)
  let next = read(0)
  for (let at = 0; at < PLAIN_BYTES; at += RUN_BYTES) {
    const { buffer, bytesRead } = await next
    if (bytesRead < RUN_BYTES) throw new Error('the file is too short')
    if (at + RUN_BYTES < PLAIN_BYTES) next = read(at + RUN_BYTES)
    const sealed = cipher.sealRecord(buffer)
    for (let sent = Math.max(0, socket.write(sealed)); sent < sealed.length; ) {
      drained = Promise.withResolvers()
      await drained.promise
      sent += Math.max(0, socket.write(sealed.subarray(sent)))
    }
    release(sealed)
  }
}

const [, , role, ...rest] = process.argv
if (role === 'receive') await receive(rest[0]!)
else await send(Number(rest[0]), rest[1]!)
