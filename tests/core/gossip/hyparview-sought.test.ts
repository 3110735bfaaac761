import { describe, expect, test } from 'bun:test'
import { Bench, peer, peers } from './hyparview-bench.ts'

const wanted = peer(903)

const seek = (bench: Bench, ...keys: string[]): string | null => bench.machine.seek(keys, bench.nowMs)

describe('a peer that is sought for who it is', () => {
  test('is dialled where it is known, and takes the place of another in a full view', () => {
    const bench = new Bench().full()
    expect(seek(bench, 'peer 7777', wanted.key, 'peer 904')).toBe(wanted.key)
    expect(bench.dialled).toEqual([wanted.key])
    bench.linkUp(wanted)
    expect(bench.sent(wanted)).toEqual([{ kind: 'neighbor', priority: 'high' }])
    bench.reply(wanted, true)
    expect(bench.isNeighbour(wanted)).toBe(true)
    expect(bench.neighbours).toHaveLength(5)
    expect(bench.neighbours).toEqual(expect.arrayContaining(['peer 1', 'peer 2']))
    expect(bench.all('disconnect')).toHaveLength(1)
  })

  test('is asked where a link is there already, and is a neighbour where a place is free', () => {
    const bench = new Bench()
      .choose(...peers(1, 3))
      .meet(peers(901, 6))
      .clear()
    bench.linkUp(wanted).clear()
    expect(seek(bench, wanted.key)).toBe(wanted.key)
    expect(bench.dialled).toEqual([])
    bench.reply(wanted, true)
    expect(bench.isNeighbour(wanted)).toBe(true)
    expect(bench.dropped).toEqual([])
  })

  test('gives way to others before those that we chose', () => {
    const bench = new Bench().full()
    seek(bench, wanted.key)
    bench.linkUp(wanted).reply(wanted, true).clear()
    bench.pass(1_000).asks(peer(50), 'high')
    expect(bench.dropped).toEqual([wanted.key])
  })

  test('is found among those we were once linked with', () => {
    const bench = new Bench().full()
    bench.linkDown(peer(5), 'failed').pass(100).clear()
    // The passive view may have forgotten it.
    bench.machine['members'].passive.remove('peer 5')
    expect(seek(bench, 'peer 5')).toBe('peer 5')
  })

  test('is nobody where it is a neighbour, is being asked, said goodbye or did not answer, and where none is known', () => {
    const bench = new Bench().full()
    expect(seek(bench)).toBe(null)
    expect(seek(bench, 'peer 1', 'peer 7777')).toBe(null)
    expect(seek(bench, wanted.key)).toBe(wanted.key)
    expect(seek(bench, wanted.key)).toBe(null)
    bench.linkUp(wanted)
    expect(seek(bench, wanted.key)).toBe(null)
    bench.reply(wanted, true).linkDown(wanted, 'left')
    expect(seek(bench, wanted.key)).toBe(null)
    const other = peer(904)
    expect(seek(bench, other.key)).toBe(other.key)
    bench.dialFailed(other).clear()
    expect(seek(bench, other.key)).toBe(null)
  })

  test('has us dial whom others name no more often than anything else has', () => {
    const bench = new Bench().full()
    let dialled = 0
    for (let i = 0; i < 200; i++) {
      bench.meet([peer(1_000 + i)], 'a tracker')
      if (seek(bench, `peer ${1_000 + i}`) !== null) dialled++
    }
    expect(dialled).toBe(60)
  })
})
