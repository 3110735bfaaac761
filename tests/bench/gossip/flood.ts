/**
 * What a chat made in an afternoon does: lines of JSON over node:net, a random id each, a set of ids seen, and every line made again for
 * every other neighbour. No signatures, no encryption, no batching, no back-pressure. Runs in Node.
 */
import { randomUUID } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { config, onCopy, onDeliver, run, sleep } from './kit.ts'

interface Line {
  readonly id: string
  readonly type: 'message'
  readonly from: string
  readonly ts: number
  readonly body: string
}

const peers = new Set<Socket>()
const seen = new Set<string>()

function attach(socket: Socket): void {
  let held = ''
  socket.setNoDelay(true)
  socket.setEncoding('utf8')
  peers.add(socket)
  socket.on('data', (chunk) => {
    held += chunk
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const line: Line = JSON.parse(held.slice(0, end))
      held = held.slice(end + 1)
      receive(line, socket)
    }
  })
  socket.on('close', () => peers.delete(socket))
  socket.on('error', () => {})
}

function receive(line: Line, from: Socket): void {
  onCopy()
  if (seen.has(line.id)) return
  seen.add(line.id)
  onDeliver(Buffer.from(line.body, 'latin1'))
  broadcast(line, from)
}

function broadcast(line: Line, except: Socket | null): void {
  for (const peer of peers) if (peer !== except) peer.write(`${JSON.stringify(line)}\n`)
}

const PAYLOAD_HEAD_BYTES = 16

/** Text as a person might type it, in the place of the filler: JSON then escapes next to nothing, which is kind to this side. */
function printable(payload: Uint8Array): string {
  for (let i = PAYLOAD_HEAD_BYTES; i < payload.length; i++) payload[i] = 32 + (payload[i]! % 90)
  return Buffer.from(payload).toString('latin1')
}

const server = createServer(attach)
await new Promise<void>((resolve) => server.listen(config.port, '127.0.0.1', resolve))

run({
  async dial() {
    for (const id of config.dials) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(config.basePort + id, '127.0.0.1', () => {
          attach(socket)
          resolve()
        })
        socket.on('error', reject)
      })
    }
    while (peers.size < config.neighbors.length) await sleep(20)
  },
  publish(payload) {
    const line: Line = {
      id: randomUUID(),
      type: 'message',
      from: `node-${config.id}`,
      ts: Date.now(),
      body: printable(payload),
    }
    seen.add(line.id)
    broadcast(line, null)
  },
})
