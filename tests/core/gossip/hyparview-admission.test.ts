import { describe, expect, test } from 'bun:test'
import type { Contact } from '../../../src/wire/membership.ts'
import { Bench, keys, peer, peers } from './hyparview-bench.ts'

const stranger = peer(50)
const oneBlock = (n: number): Contact => peer(800 + n, `9.9.9.${n}`)

/** Two of our own choice, peers 1 and 2, three that came, 11 to 13, and some known besides. */
function mixed(): Bench {
  const bench = new Bench().choose(...peers(1, 2)).meet(peers(901, 6))
  for (const contact of peers(11, 3)) bench.pass(1).asks(contact, 'high')
  expect(bench.neighbours).toEqual(keys([...peers(1, 2), ...peers(11, 3)]))
  return bench.clear()
}

/** So many have asked of late that somebody seems to press in, and then all neighbours have left. */
function pressed(): Bench {
  const bench = new Bench().full()
  for (let i = 0; i < 60; i++) bench.asks(peer(600 + i), 'low')
  for (const contact of peers(1, 5)) bench.linkDown(contact, 'left')
  expect(bench.neighbours).toEqual([])
  return bench
}

describe('whoever asks to be a neighbour', () => {
  test('is let in where a place is free, and otherwise only if he has none', () => {
    const bench = new Bench().choose(...peers(1, 4)).meet(peers(901, 6))
    expect(bench.asks(peer(60), 'low').isNeighbour(peer(60))).toBe(true)
    expect(bench.asks(peer(61), 'low').isNeighbour(peer(61))).toBe(false)
    expect(bench.asks(peer(62), 'high').isNeighbour(peer(62))).toBe(true)
    expect(bench.neighbours).toHaveLength(5)
  })

  test('by a splice needs places for both ends of the link he offers', () => {
    const with2 = new Bench().choose(...peers(1, 2)).meet(peers(901, 6))
    expect(with2.asks(stranger, 'splice').isNeighbour(stranger)).toBe(true)
    const with3 = new Bench().choose(...peers(1, 3)).meet(peers(901, 6))
    expect(with3.asks(stranger, 'splice').isNeighbour(stranger)).toBe(false)
  })

  test('displaces one that came, not one that we chose, and the two are named to each other', () => {
    for (let i = 0; i < 10; i++) {
      const bench = mixed().asks(stranger, 'high')
      expect(bench.neighbours).toEqual(expect.arrayContaining(['peer 1', 'peer 2', stranger.key]))
      const [left] = bench.all('disconnect')
      expect(['peer 11', 'peer 12', 'peer 13']).toContain(left!.to)
      expect(left?.message).toMatchObject({ hasHeir: true })
      expect(left?.message.contacts[0]).toEqual(stranger)
      expect(bench.dropped).toEqual([left!.to])
      expect(bench.knows(peer(Number(left!.to.slice(5))))).toBe(true)
    }
  })

  test('never displaces the two that we have had longest of our own choice', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 300; i++) bench.pass(1_000).asks(peer(100 + i), 'high')
    expect(bench.neighbours).toEqual(expect.arrayContaining(['peer 1', 'peer 2']))
    expect(bench.neighbours).toHaveLength(5)
  })

  test('keeps those two even where we chose none ourselves', () => {
    const bench = new Bench().meet(peers(901, 8))
    for (const contact of peers(11, 5)) bench.pass(1).asks(contact, 'high')
    for (let i = 0; i < 100; i++) bench.pass(1_000).asks(peer(100 + i), 'high')
    expect(bench.neighbours).toEqual(expect.arrayContaining(['peer 11', 'peer 12']))
  })

  test('displaces eight at once and then one a second', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 15; i++) bench.asks(peer(100 + i), 'high')
    expect(bench.all('disconnect')).toHaveLength(8)
    expect(bench.clear().pass(1_000).asks(peer(200), 'high').all('disconnect')).toHaveLength(1)
  })

  test('is one of two at most from one address block; a third takes the place of one of these', () => {
    const bench = mixed()
    const ofBlock = () => bench.neighbours.filter((key) => Number(key.slice(5)) > 800)
    let n = 0
    while (ofBlock().length < 2) bench.pass(1_000).asks(oneBlock(++n), 'high')
    const others = bench.neighbours.filter((key) => !ofBlock().includes(key))
    for (let more = 0; more < 10; more++) {
      bench.pass(1_000).asks(oneBlock(++n), 'high')
      expect(bench.isNeighbour(oneBlock(n))).toBe(true)
      expect(ofBlock()).toHaveLength(2)
      expect(bench.neighbours).toEqual(expect.arrayContaining(others))
    }
  })

  test('shares a block with anybody where addresses are private: there all the world is one block', () => {
    const bench = new Bench()
    for (let n = 1; n <= 5; n++) bench.asks(peer(n, `192.168.1.${n}`), 'low')
    expect(bench.neighbours).toHaveLength(5)
  })

  test('gets no more than three places when many press in, and the newest gives way', () => {
    const bench = pressed()
    for (const contact of peers(11, 5)) bench.pass(100).asks(contact, 'low')
    expect(bench.neighbours).toEqual(keys(peers(11, 3)))
    for (const contact of peers(21, 4)) bench.pass(100).asks(contact, 'high')
    expect(bench.neighbours).toEqual(keys([...peers(11, 2), peer(24)]))
  })

  test('cannot have the other two by naming friends: those are for peers we know ourselves', () => {
    const bench = pressed()
    // Dialled as soon as a place was free: the user named it.
    const known = peer(Number(bench.dialled[0]!.slice(5)))
    for (const contact of peers(11, 3)) bench.asks(contact, 'low')
    bench.say(peer(11), { kind: 'shuffle', ttl: 1, nonce: 1, contacts: peers(700, 7) }).pass(1_000)
    expect(bench.knows(peer(700))).toBe(true)
    expect(bench.dialled.filter((key) => Number(key.slice(5)) >= 700 && Number(key.slice(5)) < 900)).toEqual([])
    expect(bench.linkUp(known).reply(known, true).isNeighbour(known)).toBe(true)
  })

  test('has all free places again when the press is over', () => {
    const bench = pressed()
    for (const contact of peers(11, 3)) bench.asks(contact, 'low')
    expect(bench.pass(60_000).asks(peer(20), 'low').isNeighbour(peer(20))).toBe(false)
    expect(bench.pass(70_000).asks(peer(21), 'low').isNeighbour(peer(21))).toBe(true)
  })
})

describe('whom we asked', () => {
  test('and who agrees too late for the last place takes that of one that came', () => {
    const bench = new Bench().choose(peer(1)).pass(600).meet(peers(901, 6))
    const asked = bench.dialled.slice(0, 1).map((key) => peer(Number(key.slice(5))))[0]!
    bench.linkUp(asked)
    for (const contact of peers(11, 4)) bench.asks(contact, 'high')
    bench.reply(asked, true)
    expect(bench.isNeighbour(asked)).toBe(true)
    expect(bench.neighbours).toHaveLength(5)
  })

  test('and who agrees when all are of our choice is thanked and let go', () => {
    const bench = new Bench()
      .choose(...peers(1, 4))
      .pass(600)
      .meet(peers(901, 8))
      .linkUp(peer(901))
    // Nine hundred and one is asked for the last place; meanwhile two others are asked and agree first.
    bench.machine.join(peer(901).key, bench.nowMs)
    for (const contact of peers(902, 2)) bench.linkUp(contact)
    for (const contact of peers(902, 2)) bench.machine.join(contact.key, bench.nowMs)
    bench.reply(peer(902), true).reply(peer(903), true).reply(peer(901), true)
    expect(bench.neighbours).toHaveLength(5)
    expect(bench.all('disconnect').length).toBeGreaterThan(0)
    for (const { message } of bench.all('disconnect')) expect(message.hasHeir).toBe(false)
  })
})
