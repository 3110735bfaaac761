import { describe, expect, test } from 'bun:test'
import type { Contact } from '../../../src/wire/membership.ts'
import { Bench, keys, peer, peers } from './hyparview-bench.ts'

const named = (key: string): Contact => peer(Number(key.slice(5)))

/** Whatever is dialled answers as `answer` says, until nothing more is. Answers who was dialled. */
function settle(bench: Bench, answer: (contact: Contact) => 'dead' | 'full' | 'free', most = 200): string[] {
  const dialled: string[] = []
  while (dialled.length < most) {
    const batch = bench.dialled
    bench.clear()
    if (batch.length === 0) return dialled
    for (const key of batch) {
      dialled.push(key)
      const how = answer(named(key))
      if (how === 'dead') bench.dialFailed(named(key))
      else bench.linkUp(named(key)).reply(named(key), how === 'free')
    }
  }
  return dialled
}

describe('a place that came free', () => {
  test('is filled with one of those known, and with no more than one', () => {
    const bench = new Bench().full().linkDown(peer(1), 'left')
    expect(bench.dialled).toHaveLength(1)
    settle(bench, () => 'free')
    expect(bench.neighbours).toHaveLength(5)
  })

  test('makes us dial more at a time the more prove dead, up to four', () => {
    const bench = new Bench().full().meet(peers(200, 24)).clear().linkDown(peer(1), 'left')
    const batches: number[] = []
    for (let round = 0; round < 6; round++) {
      const dead = bench.dialled
      batches.push(dead.length)
      bench.clear()
      for (const key of dead) bench.dialFailed(named(key))
    }
    expect(batches[0]).toBe(1)
    expect(batches).toEqual([...batches].sort())
    expect(Math.max(...batches)).toBe(4)
  })

  test('is given up for now when six have refused; then they are asked again, ever more rarely, up to 64 s', () => {
    const bench = new Bench().full().meet(peers(200, 24)).clear().linkDown(peer(1), 'left')
    expect(settle(bench, () => 'full')).toHaveLength(6)
    const pausesMs: number[] = []
    for (let round = 0; round < 9; round++) {
      const startMs = bench.nowMs
      // Between the rounds one is dialled with each shuffle, to see whether it lives.
      let asked: string[] = []
      while (asked.length < 2) asked = settle(bench.pass(100), () => 'full')
      pausesMs.push(bench.nowMs - startMs)
      expect(asked).toHaveLength(6)
    }
    for (const [round, pauseMs] of pausesMs.entries()) {
      const meantMs = Math.min(1_000 * 2 ** round, 64_000)
      expect(pauseMs).toBeGreaterThanOrEqual(0.8 * meantMs)
      expect(pauseMs).toBeLessThanOrEqual(1.2 * meantMs + 100)
    }
  })

  test('is asked for urgently by one who has no neighbour, or has been refused all round and has two places free', () => {
    const bench = new Bench().full().meet(peers(200, 24)).clear()
    for (const contact of peers(1, 2)) bench.linkDown(contact, 'left')
    const priorities = (): string[] => {
      const before = bench.all('neighbor').length
      for (const key of bench.dialled) bench.linkUp(named(key)).reply(named(key), false)
      return bench
        .all('neighbor')
        .slice(before)
        .map(({ message }) => message.priority)
    }
    expect(new Set(priorities())).toEqual(new Set(['low']))
    settle(bench, () => 'full')
    while (bench.dialled.length === 0) bench.pass(100)
    expect(new Set(priorities())).toEqual(new Set(['high']))
  })

  test('makes us forget those who do not answer, unless we may be the one who is cut off', () => {
    const bench = new Bench().full().linkDown(peer(1), 'left')
    settle(bench, () => 'dead')
    expect(bench.known).toEqual([])
    const alone = new Bench().meet(peers(200, 10))
    settle(alone, () => 'dead')
    expect(alone.known).toEqual(keys(peers(200, 10)))
    // The first who answers shows that we are not, and the silent are forgotten.
    while (alone.dialled.length === 0) alone.pass(1_000)
    const [back] = alone.dialled as [string]
    alone.linkUp(named(back)).reply(named(back), true)
    expect(alone.known).toEqual([])
  })

  test('is not for a third from one address block', () => {
    const bench = new Bench().choose(...peers(1, 3))
    for (const n of [1, 2]) bench.asks(peer(800 + n, `9.9.9.${n}`))
    bench.meet([peer(803, '9.9.9.3'), ...peers(901, 6)]).linkDown(peer(1), 'left')
    expect(bench.pass(10_000).dialled).not.toContain('peer 803')
  })

  test('is for any of one block where hardly anybody else is known', () => {
    const block = Array.from({ length: 8 }, (_, n) => peer(801 + n, `9.9.9.${n + 1}`))
    const bench = new Bench().meet(block)
    const answered = new Set<string>()
    for (let i = 0; i < 8; i++) {
      const next = block.find(({ key }) => !answered.has(key) && bench.pass(600).dialled.includes(key))
      if (next === undefined) break
      answered.add(next.key)
      bench.linkUp(next).reply(next, true)
    }
    expect(bench.neighbours).toHaveLength(5)
  })

  test('is not for who said goodbye a moment ago, though once linked with, and though others name it', () => {
    const bench = new Bench().choose(...peers(1, 3)).clear()
    bench.linkDown(peer(1), 'left')
    const contacts = [{ key: peer(2).key, address: null }, peer(1)]
    bench.say(peer(2), { kind: 'shuffle', ttl: 1, nonce: 1, contacts }).pass(30_000)
    expect(bench.dialled).not.toContain(peer(1).key)
    expect(bench.machine.worthKeeping.map(({ key }) => key)).toContain(peer(1).key)
  })

  test('makes us dial only so many by the word of others: sixty at once, then one a second', () => {
    const bench = new Bench().full()
    for (const contact of peers(1, 4)) bench.linkDown(contact, 'left')
    let dialled = 0
    const round = (i: number): void => {
      bench.say(peer(5), { kind: 'shuffle', ttl: 1, nonce: i, contacts: peers(1_000 + 7 * i, 7) })
      dialled += settle(bench, () => 'dead').filter((key) => Number(key.slice(5)) >= 1_000).length
    }
    for (let i = 0; i < 60; i++) {
      bench.pass(5_000)
      round(i)
    }
    // Each shuffle names seven: of 420 named in five minutes no more than 60 and one for each second are dialled.
    expect(dialled).toBeLessThanOrEqual(60 + 300)
    expect(dialled).toBeGreaterThan(60)
  })
})

describe('neighbours that are silent', () => {
  test('are checked every five seconds, and those who speak are not', () => {
    const bench = new Bench().full()
    const speak = { kind: 'neighbor-reply', accepted: true, contacts: [] } as const
    for (let second = 0; second < 20; second++) bench.say(peer(1), speak).pass(1_000)
    expect(bench.checked).not.toContain(peer(1).key)
    for (const { key } of peers(2, 4)) {
      const times = bench.checked.filter((each) => each === key).length
      expect([key, times >= 3 && times <= 5]).toEqual([key, true])
    }
  })

  test('are checked when somebody links to us: he may have lost some that were ours as well', () => {
    const bench = new Bench().full()
    while (bench.checked.length < 5) bench.pass(100)
    expect(bench.pass(1_500).clear().linkUp(peer(50)).checked).toHaveLength(5)
    expect(bench.clear().linkUp(peer(51)).checked).toEqual([])
  })
})

describe('two neighbours that vanish within five seconds', () => {
  test('have everybody known dialled, needed or not: others may have lost all theirs', () => {
    const bench = new Bench().full().meet(peers(200, 24)).clear()
    bench.linkDown(peer(1)).pass(1_000).linkDown(peer(2))
    const dialled = settle(bench, () => 'free')
    expect(bench.neighbours).toHaveLength(5)
    expect(dialled.length).toBeGreaterThan(20)
  })

  test('one alone, or two that took their leave, are merely replaced', () => {
    for (const how of ['left', 'failed'] as const) {
      const bench = new Bench().full().meet(peers(200, 24)).clear().linkDown(peer(1), how)
      if (how === 'left') bench.linkDown(peer(2), how)
      expect(settle(bench, () => 'free').length).toBeLessThanOrEqual(2)
    }
  })
})

describe('with each shuffle', () => {
  const cycle = (bench: Bench): Bench => {
    while (bench.all('shuffle').length === 0) bench.pass(100)
    return bench
  }

  test('one whom we were only told of is dialled, to see whether it lives, and let go again', () => {
    const bench = cycle(new Bench().full())
    const [probed, ...more] = bench.dialled.map(named)
    expect(more).toEqual([])
    bench.linkUp(probed!)
    expect(bench.dropped).toEqual([probed!.key])
    expect(bench.knows(probed!)).toBe(true)
    expect(bench.machine.worthKeeping).toContainEqual(probed!)
    // Those who have answered are not dialled again for it.
    for (let i = 0; i < 10; i++) for (const key of cycle(bench.clear()).dialled) bench.linkUp(named(key))
    expect(cycle(bench.clear()).dialled).toEqual([])
  })

  test('one that is not there is forgotten before it is needed', () => {
    const bench = cycle(new Bench().full())
    const [probed] = bench.dialled.map(named)
    expect(bench.dialFailed(probed!).knows(probed!)).toBe(false)
    expect(bench.machine.worthKeeping).not.toContainEqual(probed!)
  })
})

describe('one who has lost everybody', () => {
  test('turns to whoever links to it, unless it never had anybody and waits for its walks', () => {
    const bench = new Bench().choose(...peers(1, 3))
    for (const contact of peers(1, 3)) bench.linkDown(contact)
    settle(bench, () => 'dead')
    expect(bench.linkUp(peer(50)).all('join').length + bench.all('neighbor').length).toBe(1)
    const newcomer = new Bench().linkUp(peer(50))
    expect(newcomer.wanted).toEqual([])
  })
})

describe('acquaintances', () => {
  test('are asked when nobody else is left who lives', () => {
    const bench = new Bench().full()
    // Each that came and went was linked with once; what is known of late is all dead.
    for (const contact of peers(300, 20)) bench.pass(2_000).asks(contact, 'high')
    bench.pass(20_000).meet(peers(200, 30)).clear()
    const gone = bench.neighbours.slice(0, 3)
    for (const key of gone) bench.linkDown(named(key), 'left')
    const dialled = settle(bench, ({ key }) => (Number(key.slice(5)) >= 300 ? 'free' : 'dead'))
    expect(dialled.some((key) => Number(key.slice(5)) >= 300)).toBe(true)
    expect(bench.neighbours).toHaveLength(5)
  })

  test('are kept for the next start, the neighbours first, and are a hundred at most', () => {
    const bench = new Bench().full().asks({ key: 'hidden', address: null }, 'high')
    for (const contact of peers(300, 400)) bench.pass(61_000).asks(contact, 'high')
    const worth = bench.machine.worthKeeping
    const dialable = bench.neighbours.filter((key) => key !== 'hidden')
    expect(keys(worth.slice(0, dialable.length))).toEqual(dialable)
    expect(worth.every(({ address }) => address !== null)).toBe(true)
    expect(worth.length).toBeGreaterThan(50)
    expect(worth.length).toBeLessThanOrEqual(105)
    expect(new Set(keys(worth)).size).toBe(worth.length)
  })

  test('that came by themselves do not drive out those we know from before', () => {
    const bench = new Bench().meet(peers(400, 80)).full()
    // A thousand strangers within a minute leave fifty behind at most.
    for (const contact of peers(3_000, 1_000)) bench.pass(60).asks(contact, 'high')
    const kept = bench.machine.worthKeeping.filter(({ key }) => Number(key.slice(5)) >= 3_000)
    expect(kept.length).toBeLessThanOrEqual(50 + 2 + 3)
    const old = bench.machine.worthKeeping.filter(({ key }) => Number(key.slice(5)) < 3_000)
    expect(old.length).toBeGreaterThan(20)
  })
})
