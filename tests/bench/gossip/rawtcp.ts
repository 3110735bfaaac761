/**
 * The ceiling of this machine: a 4-byte length and the payload over Bun's TCP, forwarded along the tree in whole chunks. No
 * encryption, no identity, no duplicates looked for, nothing that a protocol would need.
 */
import type { Socket } from 'bun'
import { config, onCopy, onDeliver, payload, run, sleep, turn } from './kit.ts'

const HEADER_BYTES = 4
/** Reading stops while more than this waits for a child. */
const QUEUE_BYTES_MAX = 1024 * 1024
const CHUNK_BYTES = 64 * 1024
/** When the kernel takes everything at once, the event loop still gets a turn after so many chunks. */
const CHUNKS_PER_TURN = 16

class Link {
  private queue: Uint8Array[] = []
  queuedBytes = 0
  rest: Uint8Array | null = null

  constructor(private readonly socket: Socket<Link>) {}

  /** `bytes` belong to the link from here on. */
  write(bytes: Uint8Array): void {
    let left = bytes
    if (this.queue.length === 0) left = left.subarray(Math.max(0, this.socket.write(left)))
    if (left.length === 0) return
    this.queue.push(left)
    this.queuedBytes += left.length
  }

  drain(): void {
    const bytes = this.queue.length === 1 ? this.queue[0]! : Buffer.concat(this.queue)
    const left = bytes.subarray(Math.max(0, this.socket.write(bytes)))
    this.queue = left.length === 0 ? [] : [left]
    this.queuedBytes = left.length
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }
}

let parent: Link | null = null
const children: Link[] = []
let waiting: (() => void)[] = []

/** Takes whole messages out of what has come; passes the same bytes on in one piece. */
function receive(link: Link, chunk: Uint8Array): void {
  const bytes = link.rest === null ? chunk : Buffer.concat([link.rest, chunk])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (bytes.length - at >= HEADER_BYTES) {
    const end = at + HEADER_BYTES + view.getUint32(at)
    if (end > bytes.length) break
    onCopy()
    onDeliver(bytes, at + HEADER_BYTES)
    at = end
  }
  link.rest = at < bytes.length ? bytes.subarray(at) : null
  if (at === 0) return
  for (const child of children) child.write(bytes.subarray(0, at))
  if (children.some((child) => child.queuedBytes > QUEUE_BYTES_MAX)) parent?.pause()
}

function drained(): void {
  if (children.some((child) => child.queuedBytes > 0)) return
  parent?.resume()
  const resolved = waiting
  waiting = []
  for (const resolve of resolved) resolve()
}

/** Children dial: whoever comes in is one. */
Bun.listen<Link>({
  hostname: '127.0.0.1',
  port: config.port,
  socket: {
    open(socket) {
      socket.data = new Link(socket)
      children.push(socket.data)
    },
    data() {},
    drain(socket) {
      socket.data.drain()
      drained()
    },
  },
})

let gathered: Uint8Array[] = []
let gatheredBytes = 0

function add(message: Uint8Array): void {
  const header = new Uint8Array(HEADER_BYTES)
  new DataView(header.buffer).setUint32(0, message.length)
  gathered.push(header, message)
  gatheredBytes += HEADER_BYTES + message.length
}

/** Resolves once the kernel has taken it all; null when it took it at once. */
function flush(): Promise<void> | null {
  const bytes = Buffer.concat(gathered)
  gathered = []
  gatheredBytes = 0
  for (const child of children) child.write(bytes)
  if (children.every((child) => child.queuedBytes === 0)) return null
  return new Promise((resolve) => waiting.push(resolve))
}

run({
  async dial() {
    if (config.parent >= 0) {
      await Bun.connect<Link>({
        hostname: '127.0.0.1',
        port: config.basePort + config.parent,
        socket: {
          open(socket) {
            parent = new Link(socket)
            socket.data = parent
          },
          data(socket, chunk) {
            receive(socket.data, chunk)
          },
        },
      })
    }
    while (children.length < config.children.length) await sleep(20)
  },
  publish(message) {
    add(message)
    return flush()
  },
  async burst(count, size, inTime) {
    let chunks = 0
    let number = 0
    while (number < count && inTime()) {
      while (number < count && gatheredBytes < CHUNK_BYTES) add(payload(number++, size))
      const full = flush()
      if (full !== null) await full
      else if (++chunks % CHUNKS_PER_TURN === 0) await turn()
    }
    return number
  },
})
