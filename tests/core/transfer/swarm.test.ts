import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import { Content, type Peer, Swarm } from './swarm.ts'

const MEGABYTE = 1024 * 1024
const HOUR_MS = 3_600_000

// In virtual time; 100 MB hashed and compared for five are seconds of a machine that has other things to do.
setDefaultTimeout(60_000)

const same = (peer: Peer): boolean => {
  const { content } = peer
  return Array.from({ length: content.shape.leaves }, (_, leaf) => leaf).every((leaf) =>
    Buffer.from(peer.disk.get(leaf) ?? []).equals(content.run(leaf, 1)),
  )
}

describe('two peers', () => {
  test.each([0, 1, 88_556, LEAF_BYTES, LEAF_BYTES + 1, 3 * MEGABYTE + 17, 70 * MEGABYTE])(
    '%d bytes arrive, each once',
    (size) => {
      const swarm = new Swarm(new Content(size), 1)
      const [seeder, other] = [swarm.peer(), swarm.peer()]
      seeder.seed()
      swarm.link(seeder, other)
      other.fetch()
      expect(swarm.run(() => other.isWhole, HOUR_MS)).toBe(true)
      expect(same(other)).toBe(true)
      expect(other.written).toBe(swarm.content.shape.leaves)
      expect(other.received).toBeLessThan(size + 64 * swarm.content.shape.leaves + 1)
    },
  )
})

describe('five peers, one of whom has it and a slow uplink', () => {
  const build = (seed: number, size: number) => {
    const swarm = new Swarm(new Content(size), seed)
    const seeder = swarm.peer({ bytesPerMs: 2000 })
    const others = [1, 2, 3, 4].map(() => swarm.peer())
    seeder.seed()
    swarm.mesh()
    for (const other of others) other.fetch()
    return { swarm, seeder, others, singleMs: size / 2000 }
  }

  test('all have 100 MB in at most one and a half times what one copy takes', () => {
    const { swarm, others, singleMs } = build(7, 100_000_000)
    expect(swarm.run(() => others.every((other) => other.isWhole), 1.5 * singleMs)).toBe(true)
    for (const other of others) {
      expect(other.written).toBe(swarm.content.shape.leaves)
      expect(same(other)).toBe(true)
    }
  })

  test('the rest finish when the seeder leaves as soon as there is one copy among them', () => {
    const { swarm, seeder, others } = build(8, 20 * MEGABYTE)
    const isCopied = () => {
      const { shape } = swarm.content
      return Array.from({ length: shape.leaves }, (_, leaf) => leaf).every((leaf) =>
        others.some((other) => other.disk.has(leaf)),
      )
    }
    expect(swarm.run(isCopied, HOUR_MS)).toBe(true)
    swarm.kill(seeder)
    expect(others.every((other) => other.isWhole)).toBe(false)
    expect(swarm.run(() => others.every((other) => other.isWhole), HOUR_MS)).toBe(true)
    for (const other of others) expect(same(other)).toBe(true)
  })
})

describe('one who begins when the other has asked already, and was told that nothing of it is there', () => {
  test('gives what comes to that one too: the slow seeder gives everything once', () => {
    const swarm = new Swarm(new Content(20 * MEGABYTE), 5)
    const [seeder, first, second] = [swarm.peer({ bytesPerMs: 2000 }), swarm.peer(), swarm.peer()]
    seeder.seed()
    swarm.mesh()
    first.fetch()
    swarm.run(() => first.refused.length > 0, HOUR_MS)
    second.fetch()
    const onceMs = swarm.nowMs + (20 * MEGABYTE) / 2000
    expect(swarm.run(() => first.isWhole && second.isWhole, 1.3 * onceMs)).toBe(true)
    expect([same(first), same(second)]).toEqual([true, true])
  })

  test('asks nothing back of who may not have it', () => {
    const swarm = new Swarm(new Content(2 * MEGABYTE), 6)
    const [stranger, us] = [swarm.peer(), swarm.peer()]
    us.exchange.fetch(swarm.content.root, swarm.content.shape.size, () => false)
    swarm.link(stranger, us)
    swarm.run(() => false, 1_000)
    const [before, asked] = [us.refused.length, stranger.refused.length]
    stranger.fetch()
    swarm.run(() => false, 10_000)
    expect([us.refused.length - before, stranger.refused.length - asked]).toEqual([0, 1])
  })
})

describe('what is lost when', () => {
  /** Bytes that came more than once, or came and were lost. */
  const wasted = (peer: Peer) => peer.received - peer.content.bytes.length

  test('a link is cut 20 times is at most 1 MiB each', () => {
    const swarm = new Swarm(new Content(60 * MEGABYTE), 3, 0.2)
    const [seeder, other] = [swarm.peer({ bytesPerMs: 20_000 }), swarm.peer()]
    seeder.seed()
    let link = swarm.link(seeder, other)
    other.fetch()
    for (let cuts = 0; cuts < 20; cuts++) {
      const fromMs = swarm.nowMs + swarm.rng.below(150)
      swarm.run(() => other.isWhole || swarm.nowMs >= fromMs, fromMs)
      swarm.cut(link)
      link = swarm.link(seeder, other)
    }
    expect(swarm.run(() => other.isWhole, HOUR_MS)).toBe(true)
    expect(wasted(other)).toBeLessThan(20 * MEGABYTE)
    expect(same(other)).toBe(true)
  })

  test('the one that receives is killed 20 times is at most 1 MiB each', () => {
    const swarm = new Swarm(new Content(60 * MEGABYTE), 4, 0.2)
    const [seeder, other] = [swarm.peer(), swarm.peer()]
    seeder.seed()
    swarm.link(seeder, other)
    other.fetch()
    for (let kills = 0; kills < 20; kills++) {
      const aim = Math.min(swarm.content.shape.leaves - 1, other.disk.size + swarm.rng.below(40))
      swarm.run(() => other.disk.size > aim, HOUR_MS)
      swarm.kill(other)
      other.isUp = true
      other.isWhole = false
      swarm.link(seeder, other)
      other.fetch()
    }
    expect(swarm.run(() => other.isWhole, HOUR_MS)).toBe(true)
    expect(wasted(other)).toBeLessThan(20 * MEGABYTE)
    expect(other.written).toBe(swarm.content.shape.leaves)
    expect(same(other)).toBe(true)
  })
})

describe('holders that are no use', () => {
  test('one that sends what is not in the file is dropped at once and for good, and nothing of it is kept', () => {
    const swarm = new Swarm(new Content(30 * MEGABYTE), 5)
    const [liar, seeder, other] = [swarm.peer({ manner: 'spoil' }), swarm.peer({ bytesPerMs: 5000 }), swarm.peer()]
    liar.seed()
    seeder.seed()
    swarm.mesh()
    other.fetch()
    expect(swarm.run(() => other.isWhole, HOUR_MS)).toBe(true)
    expect(other.dropped).toEqual([`${liar.key} lying`])
    expect(same(other)).toBe(true)
    swarm.link(liar, other)
    expect(other.dropped).toHaveLength(1)
  })

  test('one that sends false hashes is dropped, and the file comes from another', () => {
    const swarm = new Swarm(new Content(70 * MEGABYTE), 5)
    const [liar, other] = [swarm.peer({ manner: 'spoil-pages' }), swarm.peer()]
    liar.seed()
    swarm.mesh()
    other.fetch()
    expect(swarm.run(() => other.dropped.length > 0, HOUR_MS)).toBe(true)
    const seeder = swarm.peer()
    seeder.seed()
    swarm.link(seeder, other)
    expect(swarm.run(() => other.isWhole, HOUR_MS)).toBe(true)
    expect(same(other)).toBe(true)
  })

  test.each(['mute', 'slow'] as const)(
    'a %s one costs a little patience, and the others bring what was asked of it',
    (how) => {
      const swarm = new Swarm(new Content(30 * MEGABYTE), 6)
      const bad = swarm.peer(how === 'mute' ? { manner: 'mute' } : { bytesPerMs: 0.001 })
      const [seeder, other] = [swarm.peer({ bytesPerMs: 5000 }), swarm.peer()]
      bad.seed()
      seeder.seed()
      swarm.mesh()
      other.fetch()
      expect(swarm.run(() => other.isWhole, 20_000)).toBe(true)
      expect(same(other)).toBe(true)
    },
  )

  test('a mute one alone is dropped in time, and asked again a minute later', () => {
    const swarm = new Swarm(new Content(MEGABYTE), 6)
    const [mute, other] = [swarm.peer({ manner: 'mute' }), swarm.peer()]
    mute.seed()
    swarm.link(mute, other)
    other.fetch()
    expect(swarm.run(() => other.dropped.length > 0, 120_000)).toBe(true)
    expect(swarm.run(() => other.dropped.length > 1, 300_000)).toBe(true)
    expect(other.dropped).toEqual([`${mute.key} silent`, `${mute.key} silent`])
  })
})

describe('swarms of any kind', () => {
  test.each([11, 12, 13, 14, 15, 16, 17, 18])(
    'seed %d: whoever stays has it in the end, each leaf written once',
    (seed) => {
      const rng = seededRng(seed)
      const swarm = new Swarm(new Content(rng.below(12 * MEGABYTE), seed), seed, 1 + rng.below(60))
      const seeders = [swarm.peer({ bytesPerMs: 1000 + rng.below(20_000) }), swarm.peer({ bytesPerMs: 500 })]
      swarm.peer({ manner: 'spoil' }).seed()
      swarm.peer({ bytesPerMs: 1 }).seed()
      for (const seeder of seeders) seeder.seed()
      const others = Array.from({ length: 2 + rng.below(5) }, () => swarm.peer({ bytesPerMs: 200 + rng.below(5000) }))
      swarm.mesh()
      for (const other of others) swarm.after(rng.below(3000), () => other.fetch())
      const [killed] = others
      swarm.after(rng.below(4000), () => {
        swarm.kill(killed!)
        swarm.after(500, () => {
          killed!.isUp = true
          for (const peer of swarm.peers) if (peer !== killed) swarm.link(peer, killed!)
          killed!.fetch()
        })
      })
      expect(swarm.run(() => others.every((other) => other.isUp && other.isWhole), HOUR_MS)).toBe(true)
      for (const other of others) {
        expect(same(other)).toBe(true)
        expect(other.written).toBe(swarm.content.shape.leaves)
      }
    },
  )
})
