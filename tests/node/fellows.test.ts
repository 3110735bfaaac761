import { describe, expect, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { Author } from './author.ts'
import { keeper, SETTLED_MS, said } from './behind.ts'
import { Bench, identityOf } from './bench.ts'
import { FetchPeer } from './fetch-peer.ts'
import { openPeer } from './peer.ts'
import { compareRoom } from './room-mate.ts'

const keyOf = (seed: number): string => toHex(identityOf(seed).signing.publicKey)

/** Says that these are present in the room, far away. */
function present(bench: Bench, ...seeds: number[]): void {
  const [room] = [...bench.node['rooms'].open.values()]
  for (const seed of seeds) {
    const id = identityOf(seed).signing.publicKey
    const heard = { name: `member ${seed}`, time: { ms: bench.wallMs, counter: 0 }, hops: 3, through: '' }
    room!.members.here(id, toHex(id), { ...heard, heardAtMs: bench.nowMs + 1e9 })
  }
}

/** Notes who is sought and when, and knows where everybody is. */
function seeker(bench: Bench, knows: (key: string) => boolean = () => true): { key: string; atMs: number }[] {
  const sought: { key: string; atMs: number }[] = []
  const startMs = bench.nowMs
  bench.node['replication'].fellows.seek = (keys) => {
    for (const key of keys) {
      if (!knows(key)) continue
      sought.push({ key, atMs: bench.nowMs - startMs })
      return key
    }
    return null
  }
  return sought
}

describe('a member with only strangers as neighbours', () => {
  test('is linked with one of those who are there, another each time, and soon hardly ever where that is in vain', () => {
    const bench = keeper()
    const sought = seeker(bench)
    openPeer(bench)
    present(bench, 201, 202, 203)
    bench.pass(14_000)
    expect(sought).toEqual([])
    bench.pass(60_000)
    expect(sought).toHaveLength(2)
    bench.pass(120_000)
    expect(new Set(sought.map(({ key }) => key))).toEqual(new Set([201, 202, 203].map(keyOf)))
    bench.pass(86_400_000)
    expect(sought.length).toBeLessThan(40)
    const pauses = sought.slice(1).map(({ atMs }, i) => atMs - sought[i]!.atMs)
    expect(pauses.slice(0, 4)).toEqual([30_000, 60_000, 120_000, 240_000])
    expect(Math.max(...pauses)).toBeLessThan(3_700_000)
  })

  test('looks for nobody once it has met one, until it has been alone', () => {
    const bench = keeper()
    const sought = seeker(bench)
    const stranger = openPeer(bench)
    const member = compareRoom(openPeer(bench, { seed: 101 }))
    present(bench, 201)
    bench.pass(60_000)
    bench.vanish(member.link!)
    bench.pass(60_000)
    expect(sought).toEqual([])
    bench.vanish(stranger.link!)
    openPeer(bench, { seed: 102 })
    bench.pass(20_000)
    expect(sought.map(({ key }) => key)).toEqual([keyOf(201)])
  })

  test('turns to those of whom it knows where they are, as soon as it does', () => {
    const bench = keeper()
    let isKnown = false
    const sought = seeker(bench, (key) => isKnown && key === keyOf(202))
    openPeer(bench)
    present(bench, 201, 202, 203)
    bench.pass(600_000)
    expect(sought).toEqual([])
    isKnown = true
    bench.pass(15_000)
    expect(sought.map(({ key }) => key)).toEqual([keyOf(202)])
  })

  test('goes on looking where it was not known for a moment who is in the room, and waits no shorter for that', () => {
    const bench = keeper()
    const sought = seeker(bench)
    openPeer(bench)
    present(bench, 201, 202, 203)
    bench.pass(14_000)
    // It has compared nothing yet when it is looked who is missing.
    openPeer(bench, { seed: 101 })
    bench.pass(60_000)
    expect(sought.length).toBeWithin(2, 4)
    for (let i = 0; i < 40; i++) {
      const passing = openPeer(bench, { seed: 110 + i })
      bench.pass(9_000)
      bench.vanish(passing.link!)
    }
    bench.pass(60_000)
    expect(sought.length).toBeLessThan(6)
  })

  test('looks for nobody where nothing is kept, where nobody is there, and where it is alone', () => {
    const forgetful = new Bench(2)
    forgetful.run((node, now) => node.join('general', now))
    const [lonely, empty] = [keeper(3), keeper(4)]
    const sought = [forgetful, lonely, empty].map((bench) => seeker(bench))
    for (const bench of [forgetful, empty]) openPeer(bench)
    for (const bench of [forgetful, lonely]) present(bench, 201)
    for (const bench of [forgetful, lonely, empty]) bench.pass(600_000)
    expect(sought).toEqual([[], [], []])
  })
})

describe('a member with holes that nobody linked can fill', () => {
  function lacking(): { bench: Bench; author: Author; from: FetchPeer; made: ReturnType<typeof said> } {
    const bench = keeper()
    const author = new Author(7)
    const made = said(author, 1_000)
    const from = new FetchPeer(bench, author, made.slice(500), { claims: 1_001 })
    from.serve(SETTLED_MS)
    expect(bench.tellings('gap').at(-1)).toMatchObject({ missing: 500 })
    return { bench, author, made, from }
  }

  test('turns first to who has said what is missing, then to others, and to nobody when it has come', () => {
    const { bench, author, made } = lacking()
    const sought = seeker(bench)
    present(bench, 201, 7, 202)
    bench.pass(20_000)
    expect(sought.map(({ key }) => key)).toEqual([keyOf(7)])
    bench.pass(30_000)
    expect(sought).toHaveLength(2)
    const other = new FetchPeer(bench, author, made, { seed: 101 })
    other.serve(5_000)
    expect(bench.tellings('gap').at(-1)).toMatchObject({ missing: 0 })
    bench.pass(600_000)
    expect(sought).toHaveLength(2)
  })

  test('turns to the next at once where one had some of it, and waits longer each time where none had', () => {
    const { bench, author, made } = lacking()
    const sought = seeker(bench)
    present(bench, 201, 202, 203, 204)
    bench.pass(130_000)
    expect(sought).toHaveLength(3)
    const other = new FetchPeer(bench, author, made.slice(400, 600), { seed: 101, claims: 1_001 })
    other.serve(10_000)
    bench.pass(10_000)
    expect(sought).toHaveLength(4)
  })
})
