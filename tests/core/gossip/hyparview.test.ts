import { describe, expect, test } from 'bun:test'
import { Bench, keys, peer, peers, SELF } from './hyparview-bench.ts'

const [first, second, stranger] = [peer(1), peer(2), peer(50)]

describe('joining', () => {
  test('the first peer met is dialled and asked to let us join, the next only to be a neighbour', () => {
    const bench = new Bench().meet([first, second])
    expect(bench.dialled.sort()).toEqual(keys([first, second]))
    bench.linkUp(first).linkUp(second)
    expect(bench.sent(first)).toEqual([{ kind: 'join' }])
    // Whoever has no neighbour yet says that it is urgent.
    expect(bench.sent(second)).toEqual([{ kind: 'neighbor', priority: 'high' }])
    bench.reply(first, true).reply(second, true)
    expect(bench.neighbours).toEqual(keys([first, second]))
    expect(bench.wanted.filter(({ kind }) => kind === 'neighbour')).toEqual([
      { kind: 'neighbour', peer: first.key, state: 'up' },
      { kind: 'neighbour', peer: second.key, state: 'up' },
    ])
  })

  test('where the first refuses, the next is asked to let us join instead', () => {
    const bench = new Bench().meet([first]).linkUp(first).reply(first, false, [second])
    expect(bench.dialled).toEqual(keys([first, second]))
    bench.linkUp(second)
    expect(bench.sent(second)).toEqual([{ kind: 'join' }])
  })

  test('once in, the walks are given half a second to bring neighbours before others are asked', () => {
    const bench = new Bench().meet([first]).linkUp(first).reply(first, true, [second])
    expect(bench.dialled).toEqual([first.key])
    expect(bench.pass(499).dialled).toEqual([first.key])
    expect(bench.pass(1).dialled).toEqual([first.key, second.key])
  })

  test('the user can have us join the network of somebody whom we already have a link with', () => {
    const bench = new Bench().full().linkUp(stranger)
    bench.machine.join(stranger.key, bench.nowMs)
    expect(bench.sent(stranger)).toEqual([{ kind: 'join' }])
    // To join twice, or through a neighbour, or through nobody, asks for nothing.
    for (const key of [stranger.key, first.key, 'nobody']) bench.clear().machine.join(key, bench.nowMs)
    expect(bench.wanted).toEqual([])
  })

  test('a newcomer is taken in, told of others, and sent on a walk through each other neighbour', () => {
    const bench = new Bench().full().joins(stranger)
    const [reply] = bench.sent(stranger)
    expect(reply).toMatchObject({ kind: 'neighbor-reply', accepted: true })
    expect(bench.isNeighbour(stranger)).toBe(true)
    const walks = bench.all('forward-join')
    expect(walks.map(({ to }) => to).sort()).toEqual(bench.neighbours.filter((key) => key !== stranger.key))
    for (const { message } of walks) expect(message).toEqual({ kind: 'forward-join', ttl: 6, contact: stranger })
  })

  test('one that nobody can dial is taken in as well, but goes on no walk', () => {
    const hidden = { key: 'hidden', address: null }
    const bench = new Bench().full().joins(hidden)
    expect(bench.isNeighbour(hidden)).toBe(true)
    expect(bench.all('forward-join')).toEqual([])
  })
})

describe('the walk of a newcomer', () => {
  const walk = (ttl: number, contact = stranger) => ({ kind: 'forward-join', ttl, contact }) as const

  test('goes on to another neighbour with a hop less, and never back', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bench = new Bench(seed).full().say(first, walk(5))
      const [sent, ...more] = bench.all('forward-join')
      expect(sent?.message).toEqual(walk(4))
      expect(sent?.to).not.toBe(first.key)
      expect(more).toEqual([])
      expect(bench.dialled).toEqual([])
      expect(bench.knows(stranger)).toBe(false)
    }
  })

  test('is noted where three hops are left', () => {
    const bench = new Bench().full().say(first, walk(3))
    expect(bench.knows(stranger)).toBe(true)
    expect(bench.all('forward-join')).toHaveLength(1)
  })

  test('claims as many hops as it likes and gets six', () => {
    expect(new Bench().full().say(first, walk(255)).all('forward-join')[0]?.message.ttl).toBe(5)
  })

  test('ends where no hop is left: the newcomer is asked to come into one of our links', () => {
    const bench = new Bench().full().say(first, walk(0))
    expect(bench.all('forward-join')).toEqual([])
    expect(bench.dialled).toEqual([stranger.key])
    expect(bench.linkUp(stranger).sent(stranger)).toEqual([{ kind: 'neighbor', priority: 'splice' }])
    bench.reply(stranger, true)
    expect(bench.neighbours).toContain(stranger.key)
    // Who gave up the place is told who has it.
    const [left] = bench.all('disconnect')
    expect(left?.message).toMatchObject({ hasHeir: true })
    expect(left?.message.contacts[0]).toEqual(stranger)
  })

  test('ends at the only neighbour of somebody', () => {
    const bench = new Bench().choose(first).say(first, walk(6))
    expect(bench.dialled).toContain(stranger.key)
    expect(bench.linkUp(stranger).all('neighbor')).toEqual([
      { to: stranger.key, message: { kind: 'neighbor', priority: 'low' } },
    ])
  })

  test('is not believed from a stranger, about ourselves, or about an address of our own house', () => {
    const bench = new Bench().full().linkUp(stranger)
    bench.say(stranger, walk(0, peer(60)))
    bench.say(first, walk(0, { key: SELF, address: { host: '20.9.9.9', port: 5000 } }))
    bench.say(first, walk(0, peer(61, '192.168.1.1'))).say(first, walk(0, peer(62, '127.0.0.1')))
    expect(bench.dialled).toEqual([])
    expect(bench.all('forward-join')).toEqual([])
  })

  test('of a neighbour goes on, and ends without another link', () => {
    const bench = new Bench().full()
    expect(bench.say(first, walk(6, second)).all('forward-join')[0]?.to).not.toBe(second.key)
    expect(bench.clear().say(first, walk(0, second)).wanted).toEqual([])
  })

  test('comes by so often and no oftener from one neighbour', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 200; i++) bench.say(first, walk(6, peer(100 + i)))
    expect(bench.all('forward-join')).toHaveLength(64)
    // The others have their own share.
    expect(bench.clear().say(second, walk(6)).all('forward-join')).toHaveLength(1)
    expect(
      bench
        .clear()
        .pass(2_100)
        .say(first, walk(6, peer(400)))
        .all('forward-join'),
    ).toHaveLength(1)
  })

  test('makes us dial only so many newcomers at once; the rest are noted', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 30; i++) bench.say(peer(1 + (i % 5)), walk(0, peer(100 + i)))
    expect(bench.dialled).toHaveLength(10)
    expect(bench.known.length).toBeGreaterThan(20)
  })
})

describe('six nodes or fewer', () => {
  test('are all neighbours of each other', () => {
    const bench = new Bench()
    // Whoever asks is let in, no matter how; and those of whom neighbours tell are sought.
    for (const contact of peers(1, 5)) bench.asks(contact, 'low')
    expect(bench.neighbours).toEqual(keys(peers(1, 5)))
  })

  test('a walk ends at once where all who are known are neighbours', () => {
    const bench = new Bench().choose(...peers(1, 4)).say(first, { kind: 'forward-join', ttl: 6, contact: stranger })
    expect(bench.dialled).toEqual([stranger.key])
    expect(bench.all('forward-join')).toEqual([])
  })

  test('a seventh is not let in for the asking', () => {
    const bench = new Bench().full().asks(stranger, 'low')
    expect(bench.sent(stranger)[0]).toMatchObject({ kind: 'neighbor-reply', accepted: false })
    expect(bench.isNeighbour(stranger)).toBe(false)
  })
})
