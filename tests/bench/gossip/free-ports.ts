import { createServer } from 'node:net'

const FIRST_PORT = 41_000
const LAST_PORT = 48_000

/** The first of `count` ports in a row on which nothing listens on 127.0.0.1. */
export async function freePorts(count: number): Promise<number> {
  for (let base = FIRST_PORT; base + count <= LAST_PORT; base += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(base + i)))
    if (free.every(Boolean)) return base
  }
  throw new Error(`no ${count} free ports in a row between ${FIRST_PORT} and ${LAST_PORT}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
