import { describe, expect, test } from 'bun:test'
import { HALF_OPEN_MAX, LINKS_MAX, LINKS_PER_BLOCK_MAX, LINKS_PER_HOST_MAX } from '../../src/node/inbound.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { Bench } from './bench.ts'
import { Caller, inBlock, spread } from './caller.ts'
import { openPeer, Peer } from './peer.ts'

function peersFrom(bench: Bench, count: number, host: (at: number) => string, seed = 300): Peer[] {
  return Array.from({ length: count }, (_, at) => openPeer(bench, { seed: seed + at, host: host(at) }))
}

const upCount = (peers: readonly Peer[]) => peers.filter(({ up }) => up).length

describe('links that are up', () => {
  test('are 256; the next is told that there is no room, and one that ends makes some', () => {
    const bench = new Bench()
    const peers = peersFrom(bench, LINKS_MAX, spread)
    expect(upCount(peers)).toBe(LINKS_MAX)
    const late = openPeer(bench, { seed: 900, host: spread(400) })
    expect(late.up).toBe(false)
    expect(late.bye).toBe(ByeCode.tooManyLinks)
    bench.vanish(peers[9]!.link!)
    expect(openPeer(bench, { seed: 901, host: spread(400) }).up).toBe(true)
  })

  test('give way to the same peer after its restart, however many there are', () => {
    const bench = new Bench()
    peersFrom(bench, LINKS_MAX, spread)
    const again = openPeer(bench, { seed: 300, staticSeed: 900, host: spread(0) })
    expect(again.up).toBe(true)
    expect(bench.node.peers().length).toBe(LINKS_MAX)
  })

  test('are 32 from one block of the global network; others are still let in, and one of it when one has gone', () => {
    const bench = new Bench()
    const peers = peersFrom(bench, 60, inBlock)
    expect(upCount(peers)).toBe(LINKS_PER_BLOCK_MAX)
    expect(peers.at(-1)!.bye).toBe(ByeCode.tooManyLinks)
    expect(upCount(peersFrom(bench, 20, spread, 400))).toBe(20)
    bench.vanish(peers[0]!.link!)
    expect(upCount(peersFrom(bench, 2, inBlock, 500))).toBe(1)
  })

  test('from one machine or a private network are not counted by blocks: 64 processes on one machine all find a place', () => {
    const bench = new Bench()
    expect(upCount(peersFrom(bench, 64, () => '127.0.0.1'))).toBe(64)
    expect(upCount(peersFrom(bench, 100, (at) => `192.168.1.${at + 1}`, 400))).toBe(100)
  })

  test('are 128 from one host, wherever it is', () => {
    const bench = new Bench()
    expect(upCount(peersFrom(bench, 150, () => '10.0.0.9'))).toBe(LINKS_PER_HOST_MAX)
  })

  test('of ours count nobody out and are counted by nobody', () => {
    const bench = new Bench()
    peersFrom(bench, LINKS_PER_BLOCK_MAX, inBlock)
    bench.run((node, now) => node.connect({ host: inBlock(200), port: 8080 }, now))
    expect(openPeer(bench, { seed: 900, dialled: true }).up).toBe(true)
  })

  test('and those that wait for their goodbye to be read count together; who has waited longest makes room', () => {
    const bench = new Bench()
    const deaf: Peer[] = []
    for (let i = 0; i < 400; i++) {
      const peer = new Peer(bench, { seed: 300 + i, host: spread(i) }).open()
      deaf.push(peer)
      bench.blocked.add(peer.link!)
      // A fault: the goodbye waits in our queue, because the peer takes nothing.
      peer.send(FrameType.want, () => {})
    }
    const kept = deaf.filter(({ ended }) => ended === null)
    expect(kept).toEqual(deaf.slice(-(LINKS_MAX + HALF_OPEN_MAX)))
    expect(openPeer(bench, { seed: 900, host: spread(500) }).up).toBe(true)
    bench.pass(60_000)
    expect(deaf.every(({ ended }) => ended !== null)).toBe(true)
  })

  test('are in nobody’s way who comes in while the table of those who are not is full', () => {
    const bench = new Bench()
    const peers = peersFrom(bench, 40, spread)
    for (let at = 0; at < 1_000; at++) new Caller(bench, spread(at))
    expect(upCount(peers)).toBe(40)
  })
})
