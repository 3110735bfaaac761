import type { Bench, Wire } from './bench.ts'

/** Links two nodes; the answer counts the bytes that have crossed. */
export function join(a: Bench, b: Bench): () => number {
  let crossed = 0
  const links = new Map<Bench, number>()
  const queue: [Bench, Uint8Array][] = []
  let draining = false
  const wire = (mine: Bench, other: Bench): Wire => ({
    attached: (link) => void links.set(mine, link),
    hear(bytes) {
      crossed += bytes.length
      queue.push([other, bytes])
      if (draining) return
      draining = true
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        next[0].receive(links.get(next[0])!, next[1])
      draining = false
    },
    closed() {},
  })
  b.run((node, now) => node.connect({ host: '192.0.2.9', port: 8080 }, now))
  a.accept(wire(a, b))
  b.answerDial(wire(b, a))
  return () => crossed
}
