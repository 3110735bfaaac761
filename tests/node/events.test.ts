import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { NO_EVENT, signedPart } from '../../src/wire/bundle.ts'
import { EventHasher, EventKind } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { EVENT_BODY_BYTES_MAX, HOPS_MAX, TEXT_BYTES_MAX } from '../../src/wire/limits.ts'
import { Author, nameFeed, push, pushBytes } from './author.ts'
import { Bench, WALL_START_MS } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

function scene(): { bench: Bench; peer: Peer; author: Author } {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  const peer = openPeer(bench)
  const author = new Author(7)
  nameFeed(peer, 1, author, 1, 1)
  return { bench, peer, author }
}

/** What is said goes on after whatever happened before. */
function stillWorks(bench: Bench): void {
  bench.forget()
  const honest = openPeer(bench, { seed: 555 })
  const author = new Author(556)
  nameFeed(honest, 1, author, 1, 1)
  push(honest, 1, author.say('still here'))
  expect(bench.texts()).toEqual(['still here'])
}

describe('an event that its author did not sign', () => {
  test('signed by another key ends the link, with a goodbye that says so, and is not told', () => {
    const { bench, peer, author } = scene()
    const forged = Object.assign(author.fork(), { key: new Author(8).key }).say('not mine')
    push(peer, 1, forged)
    expect(bench.texts()).toEqual([])
    expect(peer.bye).toBe(ByeCode.badSignature)
    stillWorks(bench)
  })

  test('of one feed put into another of the same author ends the link', () => {
    const { bench, peer, author } = scene()
    const elsewhere = new Author(7, 'general', 2)
    nameFeed(peer, 2, elsewhere, 1, 1)
    push(peer, 2, author.say('said elsewhere'))
    expect(bench.texts()).toEqual([])
    expect(peer.bye).toBe(ByeCode.badSignature)
  })

  test('with any byte of its bundle changed is not told', () => {
    const { bundle, previous } = new Author(7).say('mine')
    for (let at = 0; at < bundle.bytes.length; at++) {
      const { bench, peer } = scene()
      const changed = bundle.bytes.slice()
      changed[at]! ^= 1 << (at % 8)
      pushBytes(peer, 1, changed, previous)
      expect(bench.texts()).toEqual([])
      // Where it could be a bundle at all it is forged; its first number may make it one that we cannot judge yet.
      if (at > 0) expect(peer.up).toBe(false)
    }
  })

  test('with the hash before it wrong ends the link; with the right one left out it is told', () => {
    const { bench, peer, author } = scene()
    push(peer, 1, author.say('one'))
    const two = author.say('two')
    push(peer, 1, { ...two, previous: sha256(utf8('something else')) })
    expect(bench.texts()).toEqual(['one'])
    expect(peer.bye).toBe(ByeCode.badSignature)
    const again = openPeer(bench, { seed: 101 })
    nameFeed(again, 1, author, 1, 2)
    push(again, 1, two, { bare: true })
    expect(bench.texts()).toEqual(['one', 'two'])
  })

  test('is asked for in full before anybody is blamed, once, and then nothing bare is looked at', () => {
    const { peer, author } = scene()
    push(peer, 1, author.say('one'))
    const bad = author.say('two').bundle.bytes.slice()
    bad[bad.length - 1]! ^= 1
    for (let i = 0; i < 20; i++) pushBytes(peer, 1, bad, null)
    expect(peer.up).toBe(true)
    const wants = peer.heardOf(FrameType.want)
    // Handle 1 of ours, from event 2, in full.
    expect(wants.map((want) => [...want])).toEqual([[1, 2, 1]])
    pushBytes(peer, 1, bad, author.tip)
    expect(peer.bye).toBe(ByeCode.badSignature)
  })

  test.each([
    ['of no point of the curve', Uint8Array.of(2, ...new Uint8Array(31))],
    ['of small order', new Uint8Array(32)],
    ['spelt a second way', new Uint8Array(32).fill(0xff)],
  ])('its author being a key %s: nothing of it is told', (_, publicKey) => {
    const { bench, peer } = scene()
    const author = Object.assign(new Author(9), { key: { publicKey, sign: () => new Uint8Array(64) } })
    nameFeed(peer, 2, author, 1, 1)
    push(peer, 2, author.say('x'))
    expect(bench.texts()).toEqual([])
    stillWorks(bench)
  })
})

describe('a bundle as no author makes it', () => {
  /** Signs what `lay` writes, as if it were a bundle. */
  function craft(author: Author, head: readonly number[], events: readonly (readonly number[])[]): Uint8Array {
    const hasher = new EventHasher()
    hasher.begin(author.feedId, NO_EVENT)
    const ids = events.map((_, at) => hasher.next(1 + at, WALL_START_MS, 0, 2, Uint8Array.of(65), false))
    const body = Uint8Array.from([...head, ...timeBytes(WALL_START_MS), 0, ...events.flat()])
    return Uint8Array.of(...body, ...author.key.sign(signedPart(1, ids.at(-1) ?? NO_EVENT)))
  }

  function timeBytes(ms: number): number[] {
    return Array.from({ length: 6 }, (_, at) => Math.floor(ms / 256 ** (5 - at)) % 256)
  }

  const first = [2, 1, 65]
  const next = [2, 0, 0, 1, 65]
  const many = (count: number) => [first, ...Array.from({ length: count - 1 }, () => next)]

  test('sanity: 256 events crafted by hand are taken', () => {
    const { bench, peer, author } = scene()
    pushBytes(peer, 1, craft(author, [1, 0x80, 2], many(256)), NO_EVENT)
    expect(bench.texts().length).toBe(256)
  })

  test.each([
    ['257 events', [1, 0x81, 2], 257],
    ['no events', [1, 0], 0],
    ['more events than it says', [1, 1], 2],
    ['fewer events than it says', [1, 3], 2],
    ['a number of nothing', [0, 1], 1],
    ['a number beyond 2^48', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1], 1],
    ['a number padded to a second spelling', [0x81, 0, 1], 1],
    ['a count that is larger than any', [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 1],
  ])('with %s ends the link', (_, head, count) => {
    const { bench, peer, author } = scene()
    pushBytes(peer, 1, craft(author, head, many(count)), NO_EVENT)
    expect(bench.texts()).toEqual([])
    expect(peer.bye).toBe(ByeCode.protocolFault)
    stillWorks(bench)
  })

  test('whose bodies were taken out is not taken: whoever passes it on could silence anybody', () => {
    const { bench, peer, author } = scene()
    const { bundle, previous } = author.say('now you hear me')
    const bytes = Uint8Array.of(
      ...bundle.bytes.slice(0, 9),
      0x82,
      ...sha256(bundle.events[0]!.body),
      ...bundle.bytes.slice(-64),
    )
    pushBytes(peer, 1, bytes, previous)
    expect(bench.texts()).toEqual([])
    const honest = openPeer(bench, { seed: 101 })
    nameFeed(honest, 1, author, 1, 2)
    pushBytes(honest, 1, bundle.bytes, previous)
    expect(bench.texts()).toEqual(['now you hear me'])
  })

  test('for a handle that was never named is nothing, and broken it ends the link all the same', () => {
    const { peer, author } = scene()
    const { bundle } = author.say('x')
    pushBytes(peer, 99, bundle.bytes, NO_EVENT)
    expect(peer.up).toBe(true)
    pushBytes(peer, 99, new Uint8Array(0), NO_EVENT)
    expect(peer.up).toBe(false)
  })

  test('cut short at any byte is never told, and ends the link', () => {
    const made = new Author(7).say('whole or not at all')
    for (let length = 0; length < made.bundle.bytes.length; length++) {
      const { bench, peer } = scene()
      pushBytes(peer, 1, made.bundle.bytes.slice(0, length), made.previous)
      expect(bench.texts()).toEqual([])
      expect(peer.up).toBe(false)
    }
  })
})

describe('what somebody says', () => {
  test.each([
    ['nothing at all', 0, false],
    ['one byte', 1, true],
    ['16 KiB', TEXT_BYTES_MAX, true],
    ['16 KiB and a byte', TEXT_BYTES_MAX + 1, false],
    ['as much as an event holds', EVENT_BODY_BYTES_MAX, false],
  ])('%s: told here only if it could have been said here, passed on all the same', (_, length, told) => {
    const { bench, peer, author } = scene()
    const other = openPeer(bench, { seed: 101 })
    push(peer, 1, author.say({ body: new Uint8Array(length).fill(0x61) }, 'after'))
    expect(bench.tellings('event').map(({ body }) => body.length)).toEqual(told ? [length, 5] : [5])
    expect(other.heardOf(FrameType.bundle).length).toBe(1)
    expect(peer.up).toBe(true)
  })

  test('of a kind that nobody knows is kept and passed on, and not told', () => {
    const { bench, peer, author } = scene()
    const other = openPeer(bench, { seed: 101 })
    for (const kind of [0, EventKind.sealed, 6, 0x7f]) push(peer, 1, author.say({ kind, body: 'x' }))
    expect(bench.tellings('event')).toEqual([])
    expect(other.heardOf(FrameType.bundle).length).toBe(4)
  })

  test('arrives once, however often and by however many it is brought', () => {
    const { bench, peer, author } = scene()
    const made = [author.say('one'), author.say('two', 'three')]
    const others = [101, 102, 103].map((seed) => openPeer(bench, { seed }))
    for (const other of others) nameFeed(other, 5, author, 1, 4)
    for (const one of made)
      for (const from of [peer, ...others, peer]) if (from.up) push(from, from === peer ? 1 : 5, one)
    expect(bench.texts()).toEqual(['one', 'two', 'three'])
  })

  test('hops are counted up to 15, and a peer that says more makes it no more', () => {
    for (const hops of [0, 1, 8, 13, 14, 15, 0x4f]) {
      const { bench, peer, author } = scene()
      const other = openPeer(bench, { seed: 101 })
      push(peer, 1, author.say('x'), { hops })
      const crossed = Math.min((hops & 0x0f) + 1, HOPS_MAX)
      expect(bench.tellings('event')[0]?.hops).toBe(crossed)
      expect(other.heardOf(FrameType.bundle)[0]![0]! & 0x0f).toBe(crossed)
    }
  })

  test('a name longer than any hello has is not kept: it would be 16 KiB for each feed', () => {
    const { bench, peer, author } = scene()
    push(peer, 1, author.say({ kind: EventKind.profile, body: 'Ann' }, 'a'))
    push(peer, 1, author.say({ kind: EventKind.profile, body: 'A'.repeat(5_000) }, 'b'))
    push(peer, 1, author.say({ kind: EventKind.profile, body: Uint8Array.of(0xff) }, 'c'))
    expect(bench.tellings('event').map(({ name }) => name)).toEqual(['Ann', 'Ann', 'Ann'])
  })
})

describe('an author who signs two histories', () => {
  function forked(): { bench: Bench; peer: Peer; other: Peer; ours: Author; theirs: Author } {
    const { bench, peer, author: ours } = scene()
    push(peer, 1, ours.say('one'))
    const theirs = ours.fork()
    const other = openPeer(bench, { seed: 101 })
    nameFeed(other, 1, ours, 1, 2)
    return { bench, peer, other, ours, theirs }
  }

  const forks = (bench: Bench) => bench.tellings('trouble').filter(({ code }) => code === 'fork')

  test('is reported once, both are told, and nobody who passes it on is blamed', () => {
    const { bench, peer, other, ours, theirs } = forked()
    push(peer, 1, ours.say('two'))
    theirs.say('another two')
    for (let i = 0; i < 5; i++) push(other, 1, theirs.say(`another ${i + 3}`))
    expect(bench.texts()).toEqual(['one', 'two', ...[3, 4, 5, 6, 7].map((number) => `another ${number}`)])
    expect(forks(bench).length).toBe(1)
    expect(forks(bench)[0]?.user).toBe(true)
    expect([peer.up, other.up]).toEqual([true, true])
  })

  test('the first history goes on', () => {
    const { bench, peer, other, ours, theirs } = forked()
    push(peer, 1, ours.say('two'))
    theirs.say('another two')
    push(other, 1, theirs.say('another three'))
    push(peer, 1, ours.say('three'))
    expect(bench.texts()).toEqual(['one', 'two', 'another three', 'three'])
    // What was told before anybody could know has no mark.
    expect(bench.tellings('event').map(({ forked }) => forked)).toEqual([undefined, undefined, true, true])
  })

  test('with the same numbers in other bundles it is a fork too', () => {
    const { bench, peer, other, ours, theirs } = forked()
    push(peer, 1, ours.say('two'))
    push(other, 1, theirs.say('another two', 'another three'))
    expect(bench.texts()).toEqual(['one', 'two', 'another two', 'another three'])
    expect(forks(bench).length).toBe(1)
    push(peer, 1, ours.say('three'))
    expect(bench.texts()).toEqual(['one', 'two', 'another two', 'another three', 'three'])
  })

  test('in a room nobody here is in it is for the log only', () => {
    const { bench, peer } = scene()
    const author = new Author(7, 'elsewhere')
    nameFeed(peer, 2, author, 1, 1)
    const other = author.fork()
    push(peer, 2, author.say('one'))
    other.say('another one')
    push(peer, 2, other.say('another two'))
    expect(forks(bench).map(({ user }) => user)).toEqual([false])
    stillWorks(bench)
  })
})
