import { describe, expect, test } from 'bun:test'
import { ByteReader, toHex, utf8 } from '../../src/base/bytes.ts'
import type { NodeOptions } from '../../src/node/node-options.ts'
import { EventKind, openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { encodePresence, PassingKind, sealPassing } from '../../src/wire/passing.ts'
import {
  MEMBER_NUMBERS_MAX,
  RECEIPT_MEMBERS_MAX,
  RECEIPT_NAMES_MAX,
  type ReceiptEntry,
  type ReceiptsFrame,
  readReceipts,
  writeReceipts,
} from '../../src/wire/receipts.ts'
import { readFeed, writeFeed } from '../../src/wire/replication.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

/** What one neighbour tells a node of who has what, and what the node tells; with attackers among them. */

const keyOf = (seed: number): string => toHex(identityOf(seed).signing.publicKey)
const tagOf = (seed: number): string => keyOf(seed).slice(0, 16)

/** Tells of tags that are as good as any. */
const tagAt = (at: number): string => at.toString(16).padStart(16, '0')

function inGeneral(options: Partial<NodeOptions> = {}): Bench {
  const bench = new Bench(1, options)
  bench.run((node, now) => node.join('general', now))
  return bench
}

function isThere(peer: Peer, bench: Bench, seed: number, atMs = bench.wallMs): void {
  const { signing } = identityOf(seed)
  const presence = { author: signing.publicKey, room: openRoomId('general'), time: { ms: atMs, counter: 0 } }
  const body = encodePresence({ state: 'here', name: `person ${seed}` })
  const sealed = sealPassing({ ...presence, kind: PassingKind.presence, body }, signing)
  peer.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
}

function say(bench: Bench, text: string): Uint8Array {
  bench.run((node, now) => node.say('general', EventKind.text, utf8(text), 1, now))
  const said = bench.tellings('event').findLast(({ body }) => new TextDecoder().decode(body) === text)
  return said!.id.slice()
}

/** Names the feed that the node writes. */
function nameTheirs(peer: Peer, bench: Bench, handle: number): void {
  const feed = [...bench.node['feeds'].own][0]!
  const { author, room, epoch } = feed.log.key
  peer.send(FrameType.feed, (out) => writeFeed(out, { handle, author, room, epoch, base: 1, next: 1 }))
}

function receipts(peer: Peer, frame: Partial<ReceiptsFrame>): void {
  peer.send(FrameType.receipts, (out) => writeReceipts(out, { anew: false, tags: [], entries: [], ...frame }))
}

const all = (handle: number, next: number, members: number): ReceiptEntry => ({
  ...{ handle, next, span: next - 1 },
  runs: [{ from: 0, to: members }],
})

function heardBy(
  peer: Peer,
): { author: string; next: number; span: number; members: number; tags: readonly string[] }[] {
  const authors = new Map<number, string>()
  for (const body of peer.heardOf(FrameType.feed)) {
    const feed = readFeed(new ByteReader(body))!
    authors.set(feed.handle, toHex(feed.author))
  }
  return peer.heardOf(FrameType.receipts).flatMap((body) => {
    const { tags, entries } = readReceipts(new ByteReader(body))!
    return entries.map(({ handle, next, span, runs }) => ({
      ...{ author: authors.get(handle) ?? '?', next, span, tags },
      members: runs.reduce((sum, { from, to }) => sum + to - from, 0),
    }))
  })
}

describe('what neighbours tell of our words', () => {
  /** One neighbour, who is present, as are two behind it. */
  function talking() {
    const bench = inGeneral()
    const peer = openPeer(bench, { seed: 100 })
    for (const seed of [100, 101, 102]) isThere(peer, bench, seed)
    const ids = [say(bench, 'one'), say(bench, 'two')]
    bench.pass(1_000)
    nameTheirs(peer, bench, 1)
    const figures = () =>
      ids.map((id) => bench.node.deliveries.reach(id)).map((reach) => `${reach?.reached} of ${reach?.of}`)
    const next = [...bench.node['feeds'].own][0]!.log.next
    return { bench, peer, figures, next }
  }

  test('counts each member once, for what it holds', () => {
    const { bench, peer, figures, next } = talking()
    receipts(peer, { tags: [tagOf(100), tagOf(101)], entries: [all(1, next, 2), all(1, next, 1)] })
    receipts(peer, { entries: [all(1, next, 2)] })
    bench.pass(200)
    expect(figures()).toEqual(['2 of 3', '2 of 3'])
    receipts(peer, {
      tags: [tagOf(102)],
      entries: [{ handle: 1, next: next - 1, span: 1, runs: [{ from: 2, to: 3 }] }],
    })
    bench.pass(200)
    expect(figures()).toEqual(['3 of 3', '2 of 3'])
  })

  test('counts nobody who is not a member, before being one', () => {
    const { bench, peer, figures, next } = talking()
    receipts(peer, {
      tags: [tagOf(103), ...Array.from({ length: 50 }, (_, at) => tagAt(at))],
      entries: [all(1, next, 51)],
    })
    bench.pass(200)
    expect(figures()).toEqual(['0 of 3', '0 of 3'])
    isThere(peer, bench, 103)
    bench.pass(200)
    expect(figures()).toEqual(['1 of 4', '1 of 4'])
  })

  test('counts nothing for what was not said yet', () => {
    const { bench, peer, figures, next } = talking()
    receipts(peer, { tags: [tagOf(100)], entries: [all(1, next + 500, 1)] })
    const id = say(bench, 'three')
    bench.pass(200)
    expect(figures()).toEqual(['1 of 3', '1 of 3'])
    expect(bench.node.deliveries.reach(id)).toMatchObject({ reached: 0, of: 3 })
  })

  test('a liar gets no further than everybody who is there', () => {
    const { bench, peer, figures, next } = talking()
    const tags = [tagOf(100), tagOf(101), tagOf(102), ...Array.from({ length: 2_000 }, (_, at) => tagAt(at))]
    for (let i = 0; i < 3; i++) receipts(peer, { anew: true, tags, entries: [all(1, next, tags.length)] })
    bench.pass(200)
    expect(figures()).toEqual(['3 of 3', '3 of 3'])
  })

  test('nor does it speak for those who are linked with us themselves', () => {
    const { bench, peer, figures, next } = talking()
    const other = openPeer(bench, { seed: 101 })
    receipts(peer, { tags: [tagOf(100), tagOf(101), tagOf(102)], entries: [all(1, next, 3)] })
    bench.pass(200)
    expect(figures()).toEqual(['2 of 3', '2 of 3'])
    nameTheirs(other, bench, 1)
    receipts(other, { tags: [tagOf(101)], entries: [all(1, next - 1, 1)] })
    bench.pass(200)
    expect(figures()).toEqual(['3 of 3', '2 of 3'])
  })

  test('members made up by the thousand do not keep out those who are there', () => {
    const { bench, peer, figures, next } = talking()
    for (let at = 0; at < 12_000; at += RECEIPT_NAMES_MAX) {
      const tags = Array.from({ length: RECEIPT_NAMES_MAX }, (_, i) => tagAt(at + i))
      receipts(peer, { anew: true, tags, entries: [all(1, next, RECEIPT_NAMES_MAX)] })
      bench.pass(100)
    }
    receipts(peer, { anew: true, tags: [tagOf(101)], entries: [all(1, next, 1)] })
    bench.pass(200)
    expect(figures()).toEqual(['1 of 3', '1 of 3'])
    const [followed] = bench.node['replication'].receipts.deliveries['followed'].values()
    expect(followed!.holders.size).toBeLessThanOrEqual(8_192)
  })
})

describe('what a node tells', () => {
  test('of a feed goes to its author, if the node is in the room', () => {
    for (const isMember of [true, false]) {
      const bench = isMember ? inGeneral() : new Bench()
      const author = new Author(100)
      const peer = openPeer(bench, { seed: 100 })
      nameFeed(peer, 1, author, 1, 1)
      push(peer, 1, author.say('hello'))
      push(peer, 1, author.say('again', 'and again'))
      bench.pass(1_000)
      const expected = { author: keyOf(100), next: 4, span: 3, members: 1, tags: [tagOf(1)] }
      expect(heardBy(peer)).toEqual(isMember ? [expected] : [])
    }
  })

  test('of many waits until it is safe in the store', () => {
    const bench = inGeneral({ isKeeping: true })
    const author = new Author(100)
    const peer = openPeer(bench, { seed: 100 })
    nameFeed(peer, 1, author, 1, 1)
    push(peer, 1, author.say('one'))
    bench.pass(1_000)
    push(peer, 1, author.say('two'))
    bench.pass(5_000)
    expect(heardBy(peer)).toEqual([])
    bench.run((node, now) => node.kept(1, now))
    bench.pass(1_000)
    expect(heardBy(peer)).toMatchObject([{ next: 2, span: 1 }])
    bench.run((node, now) => node.kept(2, now))
    bench.pass(1_000)
    expect(heardBy(peer)).toMatchObject([{ next: 2 }, { next: 3, span: 2 }])
  })

  test('of a history with two branches is nothing', () => {
    const bench = inGeneral()
    const author = new Author(100)
    const peer = openPeer(bench, { seed: 100 })
    nameFeed(peer, 1, author, 1, 1)
    const other = author.fork()
    push(peer, 1, author.say('one'))
    other.say('another one')
    push(peer, 1, other.say('two'))
    bench.pass(1_000)
    expect(bench.tellings('trouble').map(({ code }) => code)).toContain('fork')
    expect(heardBy(peer)).toEqual([])
  })

  test('goes toward an author who is farther off by the way that his presence came, together with what others tell', () => {
    const bench = inGeneral()
    const author = new Author(200)
    const [toward, behind, aside] = [100, 101, 102].map((seed) => openPeer(bench, { seed })) as [Peer, Peer, Peer]
    nameFeed(aside, 1, author, 1, 1)
    push(aside, 1, author.say('hello'))
    nameFeed(behind, 1, author, 1, 2)
    receipts(behind, { tags: [tagOf(101), tagOf(150)], entries: [all(1, 2, 2)] })
    bench.pass(1_000)
    // Whether the author is there is not known.
    for (const peer of [toward, behind, aside]) expect(heardBy(peer)).toEqual([])
    isThere(toward, bench, 200)
    bench.pass(1_000)
    expect(heardBy(toward)).toMatchObject([
      { next: 2, members: 1 },
      { next: 2, members: 2 },
    ])
    for (const peer of [behind, aside]) expect(heardBy(peer)).toEqual([])
  })

  test('is told again over another way when the first is lost, and to an author who comes back', () => {
    const bench = inGeneral()
    const author = new Author(200)
    const [first, second] = [100, 101].map((seed) => openPeer(bench, { seed })) as [Peer, Peer]
    isThere(first, bench, 200)
    nameFeed(first, 1, author, 1, 1)
    push(first, 1, author.say('hello'))
    bench.pass(1_000)
    expect(heardBy(first)).toMatchObject([{ next: 2, members: 1 }])
    bench.vanish(first.link!)
    bench.pass(1_000)
    expect(heardBy(second)).toEqual([])
    isThere(second, bench, 200, bench.wallMs + 1)
    bench.pass(1_000)
    expect(heardBy(second)).toMatchObject([{ next: 2, members: 1 }])
    bench.pass(300_000)
    const back = openPeer(bench, { seed: 200 })
    bench.pass(1_000)
    expect(heardBy(back)).toMatchObject([{ author: keyOf(200), next: 2, members: 1, tags: [tagOf(1)] }])
  })
})

describe('receipts that no honest peer sends', () => {
  const members = (from: number, to: number) => [{ handle: 1, next: 5, span: 1, runs: [{ from, to }] }]

  test.each<[string, (peer: Peer) => void]>([
    ['that are broken', (peer) => peer.send(FrameType.receipts, (out) => out.varint(2))],
    ['of members that were not named', (peer) => receipts(peer, { tags: [tagAt(1)], entries: members(0, 2) })],
    [
      'of members that were named before numbering began anew',
      (peer) => {
        receipts(peer, { tags: [tagAt(1), tagAt(2)] })
        receipts(peer, { anew: true, tags: [tagAt(1)], entries: members(1, 2) })
      },
    ],
    [
      'that name more members than there are numbers',
      (peer) => {
        for (let at = 0; at <= MEMBER_NUMBERS_MAX; at += RECEIPT_NAMES_MAX)
          receipts(peer, { tags: Array.from({ length: RECEIPT_NAMES_MAX }, (_, i) => tagAt(at + i)) })
      },
    ],
  ])('%s end the link', (_, attack) => {
    const peer = openPeer(inGeneral())
    attack(peer)
    expect(peer.bye).toBe(ByeCode.protocolFault)
  })

  test('of feeds that were not named are passed over', () => {
    const bench = inGeneral()
    const peer = openPeer(bench)
    receipts(peer, { tags: [tagAt(1)], entries: [all(77, 5, 1)] })
    bench.pass(1_000)
    expect(peer.up).toBe(true)
    expect(bench.node['replication'].receipts['waiting'].size).toBe(0)
  })

  test('without end are dropped as soon as that is beyond reason, having cost little', () => {
    const bench = inGeneral()
    const peer = openPeer(bench)
    nameFeed(peer, 1, new Author(200), 1, 1)
    const tags = Array.from({ length: RECEIPT_NAMES_MAX }, (_, at) => tagAt(at))
    const entries = Array.from({ length: RECEIPT_MEMBERS_MAX / RECEIPT_NAMES_MAX }, (_, i) =>
      all(1, 100 + i, RECEIPT_NAMES_MAX),
    )
    let frames = 0
    for (; peer.up && frames < 1_000; frames++) receipts(peer, { anew: true, tags, entries })
    expect(peer.bye).toBe(ByeCode.flooding)
    expect(frames).toBeLessThan(50)
  })

  test('about many feeds take a bounded place, of which those quiet longest are given up', () => {
    const bench = inGeneral()
    const peer = openPeer(bench)
    const told = [...bench.node['replication'].receipts['told'].values()][0]!
    const tags = Array.from({ length: RECEIPT_NAMES_MAX }, (_, at) => tagAt(at))
    receipts(peer, { tags })
    for (let handle = 1; handle <= 1_500; handle++) {
      nameFeed(peer, handle, new Author(200, 'general', handle), 1, 1)
      receipts(peer, { entries: [all(handle, 2, 100)] })
      bench.pass(20)
    }
    expect(peer.up).toBe(true)
    expect(told['byFeed'].size).toBeLessThanOrEqual(164)
    expect(told['holdings']).toBeWithin(16_000, 16_385)
    const feeds = [...told['byFeed'].keys()].map((feed) => bench.node['feeds'].all.has(feed.key))
    expect(feeds.every((isKnown) => isKnown)).toBe(true)
  })
})
