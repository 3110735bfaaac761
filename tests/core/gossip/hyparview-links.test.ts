import { describe, expect, test } from 'bun:test'
import { Bench, keys, peer, peers } from './hyparview-bench.ts'

const [first, stranger, heir] = [peer(1), peer(50), peer(60)]

describe('a peer that was asked', () => {
  test('and has no room names others, is let go, and the others are asked', () => {
    const bench = new Bench().choose(first).pass(600).meet([stranger]).clear().linkUp(stranger)
    bench.reply(stranger, false, [heir])
    expect(bench.dropped).toEqual([stranger.key])
    expect(bench.dialled).toContain(heir.key)
  })

  test('and says nothing for five seconds is let go', () => {
    const bench = new Bench().meet([stranger]).linkUp(stranger)
    expect(bench.pass(4_999).dropped).toEqual([])
    expect(bench.pass(1).wanted).toContainEqual({ kind: 'drop', peer: stranger.key, reason: 'did not answer' })
  })

  test('and asks us at the same time is a neighbour once, whichever answer comes first', () => {
    const bench = new Bench().meet([stranger]).linkUp(stranger).clear()
    bench.say(stranger, { kind: 'neighbor', priority: 'low' })
    expect(bench.sent(stranger)).toEqual([{ kind: 'neighbor-reply', accepted: true, contacts: [] }])
    bench.reply(stranger, true)
    expect(bench.neighbours).toEqual([stranger.key])
    expect(bench.wanted.filter(({ kind }) => kind === 'neighbour')).toHaveLength(1)
  })

  test('and was dialled for a place that is taken by now is let go, and remembered', () => {
    const bench = new Bench()
      .choose(...peers(1, 4))
      .meet([stranger])
      .clear()
    bench.asks(peer(5)).clear().linkUp(stranger)
    expect(bench.wanted).toEqual([{ kind: 'drop', peer: stranger.key, reason: 'is not needed as a neighbour' }])
    expect(bench.known).toEqual([stranger.key])
  })

  test('and agrees after we gave up is told not to count on us', () => {
    const bench = new Bench().full().linkUp(stranger).reply(stranger, true)
    expect(bench.sent(stranger)).toMatchObject([{ kind: 'disconnect', hasHeir: false }])
    expect(bench.dropped).toEqual([stranger.key])
    expect(bench.isNeighbour(stranger)).toBe(false)
  })
})

describe('a guest', () => {
  test('that asks for nothing is let go after ten seconds', () => {
    const bench = new Bench().full().linkUp(stranger)
    expect(bench.pass(9_999).dropped).toEqual([])
    expect(bench.pass(1).wanted).toContainEqual({ kind: 'drop', peer: stranger.key, reason: 'asked for nothing' })
  })

  test('gives way when thirty-two others wait, the one that has waited longest first', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 32; i++) bench.linkUp(peer(100 + i))
    expect(bench.dropped).toEqual([])
    expect(bench.linkUp(peer(200)).linkUp(peer(201)).dropped).toEqual(keys(peers(100, 2)))
    // It may be about to ask, so it is told whom else to turn to.
    const [answer] = bench.sent(peer(100))
    expect(answer).toMatchObject({ kind: 'neighbor-reply', accepted: false })
    expect(bench.all('neighbor-reply')[0]?.message.contacts.length).toBeGreaterThan(0)
  })

  test('that was refused is told of others, and may ask three times but not thirty', () => {
    const bench = new Bench().full().linkUp(stranger)
    for (let i = 0; i < 30; i++) bench.say(stranger, { kind: 'neighbor', priority: 'low' })
    const answers = bench.all('neighbor-reply')
    expect(answers).toHaveLength(3)
    for (const { message } of answers) {
      expect(message.accepted).toBe(false)
      expect(message.contacts.length).toBeGreaterThan(0)
      expect(keys(message.contacts)).not.toContain(stranger.key)
    }
  })

  test('cannot have its shuffles and walks carried', () => {
    const bench = new Bench().full().linkUp(stranger).clear()
    bench.say(stranger, { kind: 'shuffle', ttl: 6, nonce: 1, contacts: [heir] })
    bench.say(stranger, { kind: 'forward-join', ttl: 0, contact: heir })
    bench.say(stranger, { kind: 'shuffle-reply', nonce: 1, contacts: [heir] })
    bench.say(stranger, { kind: 'disconnect', hasHeir: true, contacts: [heir] })
    expect(bench.wanted).toEqual([])
    expect(bench.knows(heir)).toBe(false)
  })

  test('whose link is not known is not listened to, and a second link of one peer is not counted', () => {
    const bench = new Bench().full()
    expect(bench.say(stranger, { kind: 'join' }).wanted).toEqual([])
    bench.asks(stranger, 'high').linkUp(stranger)
    expect(bench.neighbours.filter((key) => key === stranger.key)).toHaveLength(1)
  })
})

describe('a neighbour that takes us out of its view', () => {
  const disconnect = (hasHeir: boolean) => ({ kind: 'disconnect', hasHeir, contacts: [heir, peer(61)] }) as const

  test('names its heir, and that is asked in its place', () => {
    const bench = new Bench().full().say(first, disconnect(true))
    expect(bench.isNeighbour(first)).toBe(false)
    expect(bench.wanted).toContainEqual({ kind: 'neighbour', peer: first.key, state: 'down' })
    expect(bench.dialled).toContain(heir.key)
    expect(bench.linkUp(heir).sent(heir)).toMatchObject([{ kind: 'neighbor' }])
  })

  test('is known from then on, as are those it names', () => {
    const bench = new Bench().full().say(first, disconnect(false))
    expect(bench.known).toEqual(expect.arrayContaining([first.key, heir.key, 'peer 61']))
  })

  test('may stay linked for ten seconds, to ask again or be asked', () => {
    const bench = new Bench().full().say(first, disconnect(false)).clear()
    expect(bench.pass(9_999).dropped).not.toContain(first.key)
    const wasAsked = bench.sent(first).length > 0
    expect(wasAsked || bench.pass(1).dropped.includes(first.key)).toBe(true)
  })

  test('and leaves the network with a goodbye is forgotten, and not dialled again', () => {
    const bench = new Bench().full().linkDown(first, 'left').pass(300_000)
    expect(bench.knows(first)).toBe(false)
    expect(bench.dialled).not.toContain(first.key)
  })
})

describe('when the connection under a link is replaced by another', () => {
  const replaced = (bench: Bench, key: string): Bench => {
    bench.clear().machine.linkReplaced(key, bench.nowMs)
    return bench
  }

  test('what was asked is asked again, and the time to answer begins anew', () => {
    const bench = new Bench().meet([first]).linkUp(first)
    replaced(bench.pass(4_000), first.key)
    expect(bench.sent(first)).toEqual([{ kind: 'join' }])
    expect(bench.pass(4_999).dropped).toEqual([])
    expect(bench.pass(1).dropped).toEqual([first.key])
    const other = new Bench()
      .choose(...peers(1, 4))
      .pass(600)
      .meet([stranger])
      .linkUp(stranger)
    expect(replaced(other, stranger.key).sent(stranger)).toEqual([{ kind: 'neighbor', priority: 'low' }])
  })

  test('a neighbour is told again that it is one, and remains it', () => {
    const bench = replaced(new Bench().full(), first.key)
    expect(bench.wanted).toEqual([
      { kind: 'send', to: first.key, message: { kind: 'neighbor-reply', accepted: true, contacts: [] } },
    ])
    expect(bench.isNeighbour(first)).toBe(true)
    // At the other end it changes nothing where that is agreed.
    expect(bench.clear().reply(first, true).wanted).toEqual([])
  })

  test('a guest is asked for nothing and may think anew, and nobody at all is not minded', () => {
    const bench = new Bench().full().linkUp(stranger).pass(9_000)
    expect(replaced(bench, stranger.key).sent(stranger)).toEqual([])
    expect(bench.pass(9_999).dropped).toEqual([])
    expect(bench.pass(1).dropped).toEqual([stranger.key])
    expect(replaced(bench, 'nobody').wanted).toEqual([])
  })

  test('two who lost any of their messages with it soon agree what they are to each other', () => {
    for (let lost = 0; lost < 64; lost++) {
      const ends = [new Bench(lost), new Bench(lost + 100)] as const
      // Each knows the other by its own name, as both benches call themselves the same.
      const names = [peer(1), peer(2)] as const
      const toward = (i: number) => names[1 - i]!
      const deliver = (mayLose: boolean): void => {
        for (let turn = 0; turn < 8; turn++) {
          for (const i of [0, 1]) {
            const messages = ends[i]!.sent(toward(i))
            ends[i]!.clear()
            for (const [at, message] of messages.entries()) {
              const isLost = mayLose && (lost >> (2 * Math.min(turn, 2) + i + at)) & 1
              if (!isLost) ends[1 - i]!.say(names[i]!, message)
            }
          }
        }
      }
      for (const i of [0, 1]) if (i === 0 || lost % 3 === 0) ends[i]!.meet([toward(i)])
      for (const i of [0, 1]) ends[i]!.linkUp(toward(i))
      deliver(true)
      for (const i of [0, 1]) ends[i]!.machine.linkReplaced(toward(i).key, ends[i]!.nowMs)
      deliver(false)
      expect([lost, ends[0].isNeighbour(names[1]), ends[1].isNeighbour(names[0])]).toEqual([lost, true, true])
    }
  })
})
