import { describe, expect, test } from 'bun:test'
import { HALF_OPEN_MAX, HALF_OPEN_PER_HOST_MAX, HANDSHAKE_MS_MAX, LINKS_MAX } from '../../src/node/links.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { Bench, identityOf, type Wire } from './bench.ts'
import { openPeer, Peer } from './peer.ts'

const mute: Wire = { hear() {}, closed() {} }
const host = (number: number) => `198.51.${number >> 8}.${number & 255}`

/** Opens connections from one host until one is refused. */
function fill(bench: Bench, from: string): number[] {
  const links: number[] = []
  for (let link = bench.accept(mute, from); link !== null; link = bench.accept(mute, from)) links.push(link)
  return links
}

describe('connections that have not proved who they are', () => {
  test('are 8 from one address, and others are still let in', () => {
    const bench = new Bench()
    expect(fill(bench, host(1)).length).toBe(HALF_OPEN_PER_HOST_MAX)
    expect(bench.accept(mute, host(2))).not.toBeNull()
  })

  test('are 64 in all', () => {
    const bench = new Bench()
    let open = 0
    for (let i = 0; i < 100; i++) open += fill(bench, host(i)).length
    expect(open).toBe(HALF_OPEN_MAX)
    expect(bench.accept(mute, host(200))).toBeNull()
  })

  test.each([
    ['breaks off', (bench: Bench, link: number) => bench.vanish(link)],
    ['is not hearsay', (bench: Bench, link: number) => bench.receive(link, Uint8Array.of(0x47))],
    [
      'is of another version',
      (bench: Bench, link: number) => bench.receive(link, Uint8Array.of(0xd7, 0x48, 0x53, 0x59, 9)),
    ],
  ])('make room for another at once when one %s', (_, end) => {
    const bench = new Bench()
    const links = fill(bench, host(1))
    links.forEach((link, at) => {
      end(bench, link)
      expect(fill(bench, host(1)).length).toBe(1)
      expect(bench.node.settling).toBe(links.length)
      expect(at).toBeLessThan(HALF_OPEN_PER_HOST_MAX)
    })
  })

  test('make room when their ten seconds are over', () => {
    const bench = new Bench()
    for (let i = 0; i < 8; i++) fill(bench, host(i))
    expect(bench.accept(mute, host(9))).toBeNull()
    bench.pass(HANDSHAKE_MS_MAX)
    for (let i = 0; i < 8; i++) expect(fill(bench, host(i)).length).toBe(HALF_OPEN_PER_HOST_MAX)
  })

  test('count no longer once they have said hello, and are given back exactly once', () => {
    const bench = new Bench()
    const peers = Array.from({ length: 20 }, (_, i) => openPeer(bench, { seed: 300 + i, host: host(1) }))
    expect(peers.every((peer) => peer.up)).toBe(true)
    expect(fill(bench, host(1)).length).toBe(HALF_OPEN_PER_HOST_MAX)
    // The links that were up end: that gives back nothing that was given back before.
    for (const peer of peers) bench.vanish(peer.link!)
    expect(bench.accept(mute, host(1))).toBeNull()
  })

  test('count until hello, not only until the handshake is through', () => {
    const bench = new Bench()
    for (let i = 0; i < HALF_OPEN_PER_HOST_MAX; i++) new Peer(bench, { seed: 300 + i, host: host(1) }).connect()
    expect(bench.accept(mute, host(1))).toBeNull()
  })

  test('that are refused for being a second link give their place back', () => {
    const bench = new Bench()
    openPeer(bench, { seed: 300, host: host(1) })
    for (let i = 1; i < 30; i++) openPeer(bench, { seed: 300, ephemeral: i, host: host(1) })
    expect(bench.node.peers().length).toBe(1)
    expect(fill(bench, host(1)).length).toBe(HALF_OPEN_PER_HOST_MAX)
  })

  test('with ourselves give their place back', () => {
    const bench = new Bench(7)
    for (let i = 0; i < 30; i++) openPeer(bench, { identity: identityOf(7), ephemeral: i, host: host(1) })
    expect(fill(bench, host(1)).length).toBe(HALF_OPEN_PER_HOST_MAX)
  })
})

describe('links that are up', () => {
  test('are 256, and one that ends makes room', () => {
    const bench = new Bench()
    const peers = Array.from({ length: LINKS_MAX }, (_, i) => openPeer(bench, { seed: 300 + i, host: host(i) }))
    expect(bench.node.peers().length).toBe(LINKS_MAX)
    expect(bench.accept(mute, host(400))).toBeNull()
    bench.vanish(peers[9]!.link!)
    expect(bench.accept(mute, host(400))).not.toBeNull()
  })

  test('and those that wait for their goodbye to be read count together: one who never reads cannot pile them up', () => {
    const bench = new Bench()
    let open = 0
    for (let i = 0; i < 400; i++) {
      const peer = new Peer(bench, { seed: 300 + i, host: host(i) }).open()
      if (peer.link === null) break
      open++
      bench.blocked.add(peer.link)
      // A fault: the goodbye waits in our queue, because the peer takes nothing.
      peer.send(FrameType.want, () => {})
    }
    expect(open).toBe(LINKS_MAX + HALF_OPEN_MAX)
    bench.pass(60_000)
    expect(bench.accept(mute, host(500))).not.toBeNull()
  })
})
