import { describe, expect, test } from 'bun:test'
import type { Contact } from '../../../src/wire/membership.ts'
import { Bench, hostOf, keys, peer, peers, SELF } from './hyparview-bench.ts'

const CYCLE_MS = 33_000
const [first, second, origin] = [peer(1), peer(2), peer(50)]
const told = peers(100, 7)

const shuffle = (ttl: number, contacts: readonly Contact[] = [origin, ...told], nonce = 7) =>
  ({ kind: 'shuffle', ttl, nonce, contacts }) as const
const answer = (nonce: number, contacts: readonly Contact[]) => ({ kind: 'shuffle-reply', nonce, contacts }) as const

/** A bench that has begun a shuffle: to whom, and under what number. */
function begun(known: readonly Contact[] = []) {
  const bench = new Bench().full().meet(known).clear()
  while (bench.all('shuffle').length === 0) bench.pass(100)
  const { to, message } = bench.all('shuffle')[0]!
  bench.clear()
  return { bench, to: peer(Number(to.slice(5))), ...message }
}

describe('a shuffle of our own', () => {
  test('goes out every half minute with ourselves, three neighbours and four others', () => {
    const bench = new Bench().full().pass(10 * 30_000)
    const sent = bench.all('shuffle')
    expect(sent.length).toBeGreaterThanOrEqual(9)
    expect(sent.length).toBeLessThanOrEqual(11)
    for (const { to, message } of sent) {
      const [self, ...others] = message.contacts
      // Where we can be dialled the neighbour sees better than we.
      expect(self).toEqual({ key: SELF, address: null })
      expect(others.filter(({ key }) => bench.neighbours.includes(key))).toHaveLength(3)
      expect(others.filter(({ key }) => bench.known.includes(key))).toHaveLength(4)
      expect(keys(others)).not.toContain(to)
      expect(message.ttl).toBe(6)
    }
  })

  test('brings the peers that its answer names', () => {
    const { bench, to, nonce } = begun()
    bench.say(to, answer(nonce, told))
    for (const contact of told) expect(bench.knows(contact)).toBe(true)
  })

  test('has one answer, from whom it was sent to, under its own number, and in time', () => {
    for (const wrong of ['twice', 'from another', 'another number', 'late'] as const) {
      const { bench, to, nonce } = begun()
      if (wrong === 'twice') bench.say(to, answer(nonce, []))
      if (wrong === 'late') bench.pass(15_001)
      const from = wrong === 'from another' ? peers(1, 5).find(({ key }) => key !== to.key)! : to
      bench.say(from, answer(wrong === 'another number' ? nonce + 1 : nonce, told))
      for (const contact of told) expect([wrong, bench.knows(contact)]).toEqual([wrong, false])
    }
  })

  test('what was handed out makes room for what came back', () => {
    const { bench, to, nonce, contacts } = begun(peers(200, 30))
    const given = contacts.filter(({ key }) => bench.known.includes(key))
    expect(bench.known).toHaveLength(30)
    bench.say(to, answer(nonce, peers(300, 4)))
    expect(bench.known).toHaveLength(30)
    for (const contact of given) expect(bench.knows(contact)).toBe(false)
  })

  test('is begun with nobody where there is no neighbour', () => {
    expect(new Bench().pass(CYCLE_MS).wanted).toEqual([])
  })
})

describe('a shuffle that comes by', () => {
  test('goes on with a hop less under a number of ours, and the answer comes back under its own', () => {
    const bench = new Bench().full().say(first, shuffle(6))
    const [{ to, message }] = bench.all('shuffle') as [{ to: string; message: ReturnType<typeof shuffle> }]
    expect(to).not.toBe(first.key)
    expect(message).toMatchObject({ ttl: 5, contacts: [origin, ...told] })
    expect(message.nonce).not.toBe(7)
    bench.clear().say(peer(Number(to.slice(5))), answer(message.nonce, peers(300, 3)))
    expect(bench.wanted).toEqual([{ kind: 'send', to: first.key, message: answer(7, peers(300, 3)) }])
    // Relays take nothing from what they carry.
    for (const contact of [...told, ...peers(300, 3)]) expect(bench.knows(contact)).toBe(false)
  })

  test('of the neighbour itself has the address filled in that we see it at', () => {
    const bench = new Bench().full().say(first, shuffle(6, [{ key: first.key, address: null }, ...told]))
    expect(bench.all('shuffle')[0]?.message.contacts).toEqual([first, ...told])
    // Whatever it says of itself is replaced, and where it does not listen it is left out.
    bench.clear().say(first, shuffle(6, [peer(1, hostOf(99)), ...told]))
    expect(bench.all('shuffle')[0]?.message.contacts).toEqual([first, ...told])
    const hidden = { key: 'hidden', address: null }
    bench
      .clear()
      .joins(hidden)
      .clear()
      .say(hidden, shuffle(6, [hidden, ...told]))
    expect(bench.all('shuffle')[0]?.message.contacts).toEqual(told)
  })

  test('of somebody else without an address goes on without him', () => {
    const bench = new Bench().full().say(first, shuffle(6, [{ key: origin.key, address: null }, ...told]))
    expect(bench.all('shuffle')[0]?.message.contacts).toEqual(told)
  })

  test('ends where no hop is left: as many are named in answer, and those it names are noted', () => {
    const bench = new Bench().full().meet(peers(200, 12)).clear().say(first, shuffle(1))
    const [reply] = bench.all('shuffle-reply')
    expect(reply).toMatchObject({ to: first.key, message: { nonce: 7 } })
    expect(reply?.message.contacts).toHaveLength(8)
    for (const contact of [origin, ...told]) expect(bench.knows(contact)).toBe(true)
    expect(bench.all('shuffle')).toEqual([])
  })

  test('claims as many hops as it likes and gets six', () => {
    expect(new Bench().full().say(first, shuffle(255)).all('shuffle')[0]?.message.ttl).toBe(5)
  })

  test('ends where there is nobody to pass it on to, and empty ones are answered as well', () => {
    const bench = new Bench().choose(first).say(first, shuffle(6, []))
    expect(bench.all('shuffle-reply')).toHaveLength(1)
  })

  test('comes by so often and no oftener from one neighbour', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 100; i++) bench.say(first, shuffle(6))
    expect(bench.all('shuffle')).toHaveLength(8)
    expect(bench.clear().say(second, shuffle(6)).all('shuffle')).toHaveLength(1)
    expect(bench.clear().pass(5_000).say(first, shuffle(6)).all('shuffle').length).toBeGreaterThanOrEqual(1)
  })
})

describe('what others tell is believed', () => {
  const knowsAfter = (teller: Contact, contact: Contact): boolean => {
    const bench = new Bench()
      .full()
      .asks(teller, 'high')
      .say(teller, shuffle(1, [contact]))
    return bench.knows(contact)
  }

  test('where it reaches as far as they do themselves, and no less', () => {
    const [open, home, local] = [peer(50), peer(51, '192.168.1.5'), peer(52, '127.0.0.1')]
    expect(knowsAfter(open, peer(60))).toBe(true)
    expect(knowsAfter(open, peer(60, '192.168.1.9'))).toBe(false)
    expect(knowsAfter(open, peer(60, '127.0.0.1'))).toBe(false)
    expect(knowsAfter(home, peer(60))).toBe(true)
    expect(knowsAfter(home, peer(60, '10.0.0.1'))).toBe(true)
    expect(knowsAfter(home, peer(60, '127.0.0.1'))).toBe(false)
    expect(knowsAfter(local, peer(60, '127.0.0.1'))).toBe(true)
    expect(knowsAfter(open, peer(60, 'a name to look up'))).toBe(false)
  })

  test('not about ourselves, our neighbours, or where nobody answered of late', () => {
    const bench = new Bench().choose(...peers(1, 3)).pass(600)
    bench.meet([origin]).dialFailed(origin)
    expect(bench.knows(origin)).toBe(false)
    bench.say(first, shuffle(1, [origin, { key: SELF, address: { host: '20.1.1.1', port: 1 } }, second]))
    expect(bench.known).toEqual([])
    bench.pass(240_001).say(first, shuffle(1, [origin]))
    expect(bench.knows(origin)).toBe(true)
  })
})
