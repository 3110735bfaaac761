import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Branch, FORK_BYTES_MAX, FORK_EVENTS_MAX, ForkSet } from '../../../src/core/history/fork-set.ts'
import { Trunk } from '../../../src/core/history/trunk.ts'
import { chainBundle } from '../../../src/wire/bundle.ts'
import { Author, type Made } from '../../node/author.ts'

const branchOf = ({ bundle, ids, previous }: Made, isProven = false, size = bundle.bytes): Branch => ({
  first: bundle.first,
  ids,
  previous,
  bytes: size,
  isProven,
  isKept: false,
  seam: null,
})
const trunkOf = (author: Author, made: readonly Made[]) =>
  new Trunk(
    made.map(({ bundle, previous }) => ({ first: bundle.first, count: bundle.count, previous, bytes: bundle.bytes })),
    author.feedId,
  )
const standing = (trunk: Trunk, made: Made) => trunk.standingOf({ first: made.bundle.first, ...made })
const hex = (id: Uint8Array) => id.toHex()

describe('a bundle beside the trunk', () => {
  const ours = new Author(7)
  const [one, two] = [ours.say('one'), ours.say('two', 'three')]
  const theirs = Object.assign(ours.fork(), { next: 2, tip: one.ids[0]! })
  const four = ours.say('four')
  const trunk = trunkOf(ours, [one, two, four])
  const twoToo = theirs.say('two too')

  test('that the trunk has is the same, also where it was signed in another piece', () => {
    for (const made of [one, two, four]) {
      expect(standing(trunk, made)).toEqual({ isSame: true, partsAt: null, followsTrunk: true, seam: null })
    }
    const parts = Object.assign(ours.fork(), { next: 1, tip: new Uint8Array(32) })
    const again = parts.say({ body: 'one', time: one.bundle.events[0]!.time })
    expect(standing(trunk, again).isSame).toBe(true)
  })

  test('with another event at a number of the trunk’s parts from it there', () => {
    expect(standing(trunk, twoToo)).toMatchObject({ isSame: false, partsAt: 2, followsTrunk: true })
    const after = theirs.fork().say('three too')
    // Its own event and the one it follows are both others.
    expect(standing(trunk, after)).toMatchObject({ isSame: false, partsAt: 2, followsTrunk: false })
  })

  test('that follows another than the trunk has parts before it, though the trunk does not reach so far', () => {
    const short = trunkOf(ours, [one, two])
    const other = Object.assign(theirs.fork(), { next: 4 }).say('four too')
    expect(standing(short, other)).toMatchObject({ isSame: false, partsAt: 3, followsTrunk: false })
    expect(standing(short, four)).toEqual({ isSame: false, partsAt: null, followsTrunk: true, seam: null })
  })

  test('about which nothing is known is neither', () => {
    const hole = trunkOf(ours, [one])
    expect(standing(hole, four)).toEqual({ isSame: false, partsAt: null, followsTrunk: null, seam: null })
  })

  test('that the trunk goes on from, where that was put together from both, tells what it ended with before', () => {
    const later = Object.assign(theirs.fork(), { next: 3, tip: twoToo.ids[0]! }).say('three too')
    const short = Object.assign(ours.fork(), { next: 2, tip: one.ids[0]! }).say('two, as it was')
    const mixed = trunkOf(ours, [one, short, later])
    expect(standing(mixed, twoToo)).toMatchObject({ isSame: false, partsAt: 2, seam: short.ids[0]! })
    expect(standing(mixed, later)).toMatchObject({ isSame: true, followsTrunk: false })
  })

  test('and what a bundle follows is known by its id, also where it is not held', () => {
    const above = trunkOf(ours, [four])
    const other = Object.assign(theirs.fork(), { next: 3, tip: new Uint8Array(32).fill(3) }).say('three too')
    expect(standing(above, other)).toMatchObject({ partsAt: 3, followsTrunk: null })
    const held = Object.assign(ours.fork(), { next: 3, tip: two.ids[0]! })
    expect(chainBundle(two.bundle, ours.feedId, two.previous).map(hex)).toEqual(two.ids.map(hex))
    expect(standing(above, held.say('not three')).partsAt).toBe(3)
  })
})

describe('a set of forks', () => {
  const author = new Author(7)
  const said = Array.from({ length: 300 }, (_, i) => author.say(`${i}`))
  const trunk = { end: 400, id: new Uint8Array(32).fill(1) }

  test('proves with one bundle all that follows it, in whatever order they came', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 })
    fc.assert(
      fc.property(order, fc.nat(5), (arrival, at) => {
        const set = new ForkSet()
        for (const i of arrival) set.add(branchOf(said[i]!), null)
        const branch = set.of(said[at]!.ids[0]!)!
        set.partsAt(branch, branch.first)
        expect(set.prove().map(({ first }) => first)).toEqual(
          Array.from({ length: 5 - at }, (_, i) => said[at]!.bundle.first + 1 + i).sort((a, b) => a - b),
        )
        expect(set.unproven.map(({ first }) => first).sort()).toEqual(Array.from({ length: at }, (_, i) => i + 1))
      }),
    )
  })

  test('ends with what nothing follows, and with where the trunk was put together', () => {
    const set = new ForkSet()
    for (const made of said.slice(0, 3)) set.add(branchOf(made, true), 1)
    expect(set.ends(trunk)).toEqual([trunk, { end: 4, id: said[2]!.ids[0]! }])
    const seam = new Uint8Array(32).fill(9)
    set.of(said[2]!.ids[0]!)!.seam = seam
    expect(set.ends(trunk)).toEqual([trunk, { end: 4, id: seam }])
    set.add(branchOf(said[9]!), null)
    expect(set.ends(trunk).length).toBe(2)
    expect(set.ends(trunk, 'all').length).toBe(3)
  })

  test('shows the same face whichever history came first', () => {
    const [first, second] = [author.fork().say('first'), author.fork().say('second')]
    const endOf = ({ bundle, ids }: Made) => ({ end: bundle.first + bundle.count, id: ids.at(-1)! })
    const [ours, theirs] = [new ForkSet(), new ForkSet()]
    ours.add(branchOf(second, true), first.bundle.first)
    theirs.add(branchOf(first, true), first.bundle.first)
    expect(ours.face(endOf(first))).toEqual(theirs.face(endOf(second)))
    expect(new ForkSet().face(trunk)).toEqual({ next: 400, tip: trunk.id })
  })

  test('holds 256 events and a mebibyte; what is proven drives out what is not, and when that is too much it is closed', () => {
    const set = new ForkSet()
    for (const made of said.slice(0, 200)) expect(set.add(branchOf(made), null)).toBe(true)
    for (const made of said.slice(200, 256)) expect(set.add(branchOf(made, true), made.bundle.first)).toBe(true)
    expect([set.size, set.isClosed]).toEqual([FORK_EVENTS_MAX, false])
    expect(set.add(branchOf(said[256]!, true), 257)).toBe(true)
    expect(set.size).toBe(57)
    const bytes = new Uint8Array(60_000)
    for (let i = 257; !set.isClosed; i++) set.add(branchOf(said[i]!, true, bytes), i)
    expect(set.cost).toBeLessThan(FORK_BYTES_MAX + 100_000)
    expect(set.cost).toBeGreaterThan(FORK_BYTES_MAX - 100_000)
    const size = set.size
    expect(set.add(branchOf(author.fork().say('one more'), false, bytes), null)).toBe(false)
    expect(set.size).toBe(size)
    set.giveUp()
    expect([set.size, set.cost, set.isClosed]).toEqual([0, 0, true])
  })

  test('knows what it lacks until that has come, here or in the trunk', () => {
    const set = new ForkSet()
    const ends = [0, 1].map((i) => ({ end: i + 2, id: said[i]!.ids[0]! }))
    for (const end of ends) set.lacks(end)
    expect(set.loose).toEqual(ends)
    set.add(branchOf(said[1]!), null)
    set.found(said[0]!.ids)
    expect(set.loose).toEqual([])
    for (let i = 0; i < 1_000; i++) set.lacks({ end: 5, id: new Uint8Array(32).fill(i % 251).fill(i >> 3, 5) })
    expect(set.loose.length).toBeLessThanOrEqual(FORK_EVENTS_MAX)
  })
})
