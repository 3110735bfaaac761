import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TreeBroadcast } from '../../../src/core/gossip/tree.ts'

const FEED = 'a feed'
const LINKS = [1, 2, 3, 4]

function tree(): TreeBroadcast {
  const broadcast = new TreeBroadcast()
  for (const link of LINKS) broadcast.linkUp(link)
  return broadcast
}

const acts = fc.array(
  fc.record({
    kind: fc.constantFrom('copy', 'copy', 'copy', 'asked', 'down'),
    link: fc.constantFrom(...LINKS),
    hops: fc.integer({ min: 1, max: 8 }),
    duplicate: fc.boolean(),
  }),
  { maxLength: 40, size: 'max' },
)

describe('a tree for each feed', () => {
  test('whatever copies come by whatever links, one that brings them is never told to be lazy', () => {
    fc.assert(
      fc.property(acts, (list) => {
        const broadcast = tree()
        const brings = new Set<number>()
        const lazy = new Set<number>()
        for (const { kind, link, hops, duplicate } of list) {
          if (kind === 'copy') {
            brings.add(link)
            const worse = broadcast.arrived(link, FEED, hops, duplicate)
            // Nobody is told twice.
            if (worse !== null) expect(lazy.has(worse)).toBe(false)
            if (worse !== null) lazy.add(worse)
          } else if (kind === 'asked') {
            broadcast.asked(link, FEED)
            lazy.delete(link)
          } else {
            const orphaned = broadcast.linkDown(link)
            for (const gone of [brings, lazy]) gone.delete(link)
            // As the replication does: where a feed has lost its way, all others are asked.
            if (orphaned.length > 0) for (const other of lazy) broadcast.asked(other, FEED)
            if (orphaned.length > 0) lazy.clear()
            broadcast.linkUp(link)
          }
          if (brings.size > 0) expect([...brings].some((other) => !lazy.has(other))).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('of two links that bring the same, the one with more hops is told, and the later of equals', () => {
    const broadcast = tree()
    expect(broadcast.arrived(1, FEED, 3, false)).toBeNull()
    expect(broadcast.arrived(2, FEED, 3, true)).toBe(2)
    expect(broadcast.arrived(3, FEED, 1, true)).toBe(1)
    expect(broadcast.arrived(4, FEED, 2, true)).toBe(4)
  })

  test('a link is pushed to until its peer says that it need not be, and again when it asks', () => {
    const broadcast = tree()
    expect(broadcast.isEager(1, FEED)).toBe(true)
    broadcast.silenced(1, FEED)
    expect(broadcast.isEager(1, FEED)).toBe(false)
    expect(broadcast.isEager(1, 'another feed')).toBe(true)
    broadcast.wanted(1, FEED)
    expect(broadcast.isEager(1, FEED)).toBe(true)
  })

  test('who asks us for what came to us by them shows that this way is lost', () => {
    const broadcast = tree()
    broadcast.arrived(1, FEED, 1, false)
    expect(broadcast.wanted(2, FEED)).toBe(false)
    expect(broadcast.wanted(1, FEED)).toBe(true)
    expect(broadcast.wanted(1, FEED)).toBe(false)
  })

  test('a link that ends orphans the feeds that came by it, once, and is forgotten', () => {
    const broadcast = tree()
    broadcast.arrived(1, FEED, 1, false)
    broadcast.arrived(2, 'another feed', 1, false)
    broadcast.silenced(1, 'another feed')
    expect(broadcast.linkDown(1)).toEqual([FEED])
    expect(broadcast.linkDown(1)).toEqual([])
    expect(broadcast.isEager(1, 'another feed')).toBe(true)
    broadcast.forget('another feed')
    expect(broadcast.linkDown(2)).toEqual([])
  })
})
