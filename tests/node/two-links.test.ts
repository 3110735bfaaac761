import { describe, expect, test } from 'bun:test'
import { compareBytes } from '../../src/base/bytes.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, Peer } from './peer.ts'

const TARGET = { host: '192.0.2.9', port: 8080 }

/** Seeds of identities on either side of the node's, so that both answers to "who is lower" are asked. */
const NODE_SEED = 1
const lower = seedWhere((order) => order < 0)
const higher = seedWhere((order) => order > 0)

function seedWhere(holds: (order: number) => boolean): number {
  const own = identityOf(NODE_SEED).signing.publicKey
  for (let seed = 100; ; seed++) if (holds(compareBytes(identityOf(seed).signing.publicKey, own))) return seed
}

function dialledBy(bench: Bench, seed: number, ephemeral: number): Peer {
  bench.run((node, now) => node.connect(TARGET, now))
  return new Peer(bench, { seed, ephemeral, dialled: true }).open()
}

describe('two links with one peer', () => {
  test.each([
    ['the node dialled first', lower, true],
    ['the peer dialled first', lower, false],
    ['the node dialled first', higher, true],
    ['the peer dialled first', higher, false],
  ])('when both dial, and %s, the one dialled by the lower id stays (peer %i)', (_, seed, nodeFirst) => {
    const bench = new Bench(NODE_SEED)
    let ours: Peer
    let theirs: Peer
    if (nodeFirst) {
      ours = dialledBy(bench, seed, 1)
      theirs = openPeer(bench, { seed, ephemeral: 2 })
    } else {
      theirs = openPeer(bench, { seed, ephemeral: 2 })
      ours = dialledBy(bench, seed, 1)
    }
    expect([ours.up, theirs.up]).toEqual(seed === lower ? [false, true] : [true, false])
    const gone = ours.up ? theirs : ours
    expect(gone.bye).toBe(ByeCode.duplicateLink)
    bench.pass(5_000)
    expect(gone.ended).toBe('end')
    expect(bench.node.peers().length).toBe(1)
    // The address we were given leads to that peer, by whichever link: it is not dialled again.
    bench.pass(120_000)
    expect(bench.dials).toEqual([])
  })

  test.each([
    [1, 2],
    [2, 1],
  ])('when one side dials twice, both orders keep the same one (%i, then %i)', (first, second) => {
    const bench = new Bench(NODE_SEED)
    const links = new Map([first, second].map((ephemeral) => [ephemeral, openPeer(bench, { seed: 300, ephemeral })]))
    const hashes = new Map([...links].map(([ephemeral, peer]) => [ephemeral, peer.established!.hash]))
    const kept = compareBytes(hashes.get(1)!, hashes.get(2)!) < 0 ? 1 : 2
    expect(links.get(kept)?.up).toBe(true)
    expect(links.get(3 - kept)?.up).toBe(false)
  })

  test('after the peer has been started anew, the new link stays at once, whatever the old one is worth', () => {
    const bench = new Bench(NODE_SEED)
    for (const seed of [lower, higher]) {
      const old = openPeer(bench, { seed })
      const anew = openPeer(bench, { seed, staticSeed: 999, ephemeral: 1 })
      expect([old.up, anew.up]).toEqual([false, true])
      expect(old.bye).toBe(ByeCode.duplicateLink)
    }
  })

  test('of a hundred links in any order one is left, and each that went up went down', () => {
    const bench = new Bench(NODE_SEED)
    for (let i = 0; i < 100; i++) openPeer(bench, { seed: 300, staticSeed: 900 + (i % 3), ephemeral: i })
    expect(bench.node.peers().length).toBe(1)
    const states = bench.tellings('peer').map(({ state }) => state)
    expect(states.filter((state) => state === 'up').length).toBe(states.filter((state) => state === 'down').length + 1)
  })
})
