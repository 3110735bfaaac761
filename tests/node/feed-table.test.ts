import { describe, expect, test } from 'bun:test'
import { ByteReader, ByteWriter, joinBytes } from '../../src/base/bytes.ts'
import { EMPTY_FEEDS_PER_LINK_MAX, FEEDS_MAX } from '../../src/node/feeds.ts'
import { frame } from '../../src/node/link-state.ts'
import { EventKind, openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { FEED_HANDLES_MAX } from '../../src/wire/limits.ts'
import { readFeed, writeFeed, writeWant } from '../../src/wire/replication.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { heapBytes } from './heap.ts'
import { openPeer, type Peer } from './peer.ts'

const FRAMES_PER_RECORD = 600

function listener(): Bench {
  const bench = new Bench(1, { verifier: () => ({ verify: () => true }) })
  bench.run((node, now) => node.join('general', now))
  return bench
}

/** Names `count` feeds that hold nothing, all of one author, with handles from `handle` and epochs that `salt` tells apart. */
function flood(peer: Peer, count: number, salt: number, room = 'general', handle = 1): void {
  const author = new Uint8Array(32).fill(9)
  const roomId = openRoomId(room)
  for (let done = 0; done < count; done += FRAMES_PER_RECORD) {
    const frames = Array.from({ length: Math.min(FRAMES_PER_RECORD, count - done) }, (_, at) => {
      const epoch = new ByteWriter(8)
        .u32(salt)
        .u32(done + at)
        .copy()
      const named = { handle: handle + done + at, author, room: roomId, epoch, base: 1, next: 1 }
      return frame(FrameType.feed, (out) => writeFeed(out, named))
    })
    peer.record(joinBytes(frames))
  }
}

describe('naming feeds', () => {
  test('a handle has one meaning: named again it ends the link', () => {
    const bench = listener()
    const peer = openPeer(bench)
    nameFeed(peer, 1, new Author(7), 1, 1)
    nameFeed(peer, 1, new Author(8), 1, 1)
    expect(peer.bye).toBe(ByeCode.protocolFault)
  })

  test('one feed may have many handles', () => {
    const bench = listener()
    const peer = openPeer(bench)
    const author = new Author(7)
    for (let handle = 1; handle <= 100; handle++) nameFeed(peer, handle, author, 1, 1)
    push(peer, 50, author.say('one'))
    push(peer, 100, author.say('two'))
    expect(bench.texts()).toEqual(['one', 'two'])
  })

  test.each([0, FEED_HANDLES_MAX + 1])('there is no handle %i', (handle) => {
    const bench = listener()
    const peer = openPeer(bench)
    nameFeed(peer, handle, new Author(7), 1, 1)
    expect(peer.up).toBe(false)
  })

  test('what two have named lives on when the one that named it first goes', () => {
    const bench = listener()
    const first = openPeer(bench)
    const second = openPeer(bench, { seed: 101 })
    const author = new Author(7)
    nameFeed(first, 1, author, 1, 1)
    nameFeed(second, 1, author, 1, 1)
    bench.vanish(first.link!)
    push(second, 1, author.say('still here'))
    expect(bench.texts()).toEqual(['still here'])
  })
})

describe('a flood of feeds that hold nothing', () => {
  test('from one link is taken up to its share; the rest is not remembered, and the link stays', () => {
    const bench = listener()
    const peer = openPeer(bench)
    flood(peer, EMPTY_FEEDS_PER_LINK_MAX, 1)
    const before = heapBytes()
    const rest = FEED_HANDLES_MAX - EMPTY_FEEDS_PER_LINK_MAX
    flood(peer, rest, 2, 'general', EMPTY_FEEDS_PER_LINK_MAX + 1)
    expect(peer.up).toBe(true)
    expect(heapBytes() - before).toBeLessThan(rest * 100)
    // Others are heard as before.
    const honest = openPeer(bench, { seed: 101 })
    const author = new Author(7)
    nameFeed(honest, 1, author, 1, 1)
    push(honest, 1, author.say('still here'))
    expect(bench.texts()).toEqual(['still here'])
  })

  test('that goes on when every handle has been named ends the link with a goodbye that says so', () => {
    const bench = listener()
    const peer = openPeer(bench)
    flood(peer, FEED_HANDLES_MAX, 1)
    expect(peer.up).toBe(true)
    flood(peer, 1, 2, 'general', FEED_HANDLES_MAX)
    expect(peer.bye).toBe(ByeCode.flooding)
  })

  test('goes with the link that brought it, memory and all', () => {
    const bench = listener()
    const before = heapBytes()
    for (let round = 0; round < 3; round++) {
      const peer = openPeer(bench, { ephemeral: round })
      flood(peer, EMPTY_FEEDS_PER_LINK_MAX, round)
      peer.sent.length = 0
      bench.vanish(peer.link!)
    }
    expect(heapBytes() - before).toBeLessThan(2 * 1024 * 1024)
  })

  test('that fills the whole table keeps nobody here from speaking, costs little, and is over when they are gone', () => {
    const bench = listener()
    const links = FEEDS_MAX / EMPTY_FEEDS_PER_LINK_MAX
    const crowd = Array.from({ length: links }, (_, at) => openPeer(bench, { seed: 200 + at }))
    for (const [at, peer] of crowd.entries()) flood(peer, EMPTY_FEEDS_PER_LINK_MAX, at)
    expect(bench.run((node, now) => node.say('general', EventKind.text, Uint8Array.of(65), 1, now))).toBeNull()
    expect(bench.texts()).toEqual(['A'])
    const more = openPeer(bench, { seed: 300 })
    const startedAtMs = performance.now()
    flood(more, 16_000, 99)
    // Looking through the full table for each of them would take some 20 seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
    for (const peer of [...crowd, more]) bench.vanish(peer.link!)
    const honest = openPeer(bench, { seed: 301 })
    const author = new Author(7)
    nameFeed(honest, 1, author, 1, 1)
    push(honest, 1, author.say('heard'))
    expect(bench.texts()).toEqual(['A', 'heard'])
  })

  test('makes strangers’ quiet feeds be forgotten, and one that is talked of again is known again', () => {
    const bench = listener()
    const honest = openPeer(bench)
    const other = openPeer(bench, { seed: 101 })
    const author = new Author(7, 'elsewhere')
    nameFeed(honest, 1, author, 1, 1)
    push(honest, 1, author.say('one'))
    expect(other.heardOf(FrameType.bundle).length).toBe(1)
    bench.pass(1_000)
    for (let at = 0; at < 5; at++) {
      flood(openPeer(bench, { seed: 200 + at }), EMPTY_FEEDS_PER_LINK_MAX, at, 'somewhere')
    }
    // Of what it forgot, we know neither text nor number: the next one makes us ask from the beginning.
    push(honest, 1, author.say('two'))
    const asked = new ByteReader(honest.heardOf(FrameType.want).at(-1)!)
    asked.varint()
    expect(asked.varint()).toBe(1)
    const made = new Author(7, 'elsewhere')
    push(honest, 1, made.say('one'))
    push(honest, 1, made.say('two'))
    expect(other.heardOf(FrameType.bundle).length).toBeGreaterThanOrEqual(2)
    expect(other.up).toBe(true)
  })
})

describe('handles of our own', () => {
  test('run out after 65,536: the link is ended with a goodbye that says so, and never with a handle that does not exist', () => {
    const bench = listener()
    const brings = openPeer(bench)
    const takes = openPeer(bench, { seed: 101 })
    const state = bench.node.peers().find((link) => link.id === takes.link)!
    state.handles = FEED_HANDLES_MAX - 1
    for (let at = 0; at < 3; at++) {
      const author = new Author(7, 'general', 50 + at)
      nameFeed(brings, 1 + at, author, 1, 1)
      push(brings, 1 + at, author.say(`${at}`))
    }
    const handles = takes.heardOf(FrameType.feed).map((body) => readFeed(new ByteReader(body))?.handle)
    expect(handles).toEqual([FEED_HANDLES_MAX])
    bench.pass(6_000)
    expect(takes.bye).toBe(ByeCode.wornOut)
    const again = openPeer(bench, { seed: 101, ephemeral: 1 })
    // It compares no rooms, so it is told of each feed after a while.
    bench.pass(5_100)
    expect(again.heardOf(FrameType.feed).length).toBe(3)
  })

  test('that an answer needs: the same', () => {
    const bench = listener()
    const takes = openPeer(bench)
    bench.node.peers()[0]!.handles = FEED_HANDLES_MAX
    // We are behind, and would have to name the feed to ask for it.
    nameFeed(takes, 1, new Author(7), 1, 5)
    expect(takes.bye).toBe(ByeCode.wornOut)
  })
})

describe('what is kept of what a peer sends', () => {
  test('is the bundle, not the record full of padding that it came in', () => {
    const bench = new Bench(1, { windowBytesMax: 2 * 1024 * 1024 })
    bench.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    const padding = frame(0x7f, (out) => out.bytes(new Uint8Array(60_000)))
    const turn = (count: number) => {
      for (let i = 0; i < count; i++) {
        const { bundle } = author.say('x')
        const bytes = frame(FrameType.bundle, (out) => out.u8(0).varint(1).bytes(bundle.bytes))
        peer.record(joinBytes([bytes, padding]))
        peer.sent.length = 0
        bench.forget()
      }
    }
    turn(100)
    const before = heapBytes()
    turn(600)
    expect(bench.node.peers().length).toBe(1)
    // As records it would be 36 MB.
    expect(heapBytes() - before).toBeLessThan(4 * 1024 * 1024)
  })

  test('is a place in the log for each link that wants it, however often it asks', () => {
    const bench = listener()
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    push(peer, 1, author.say('one'))
    bench.blocked.add(peer.link!)
    const before = heapBytes()
    for (let i = 0; i < 20_000; i++)
      peer.send(FrameType.want, (out) => writeWant(out, { handle: 1, from: 1, full: false }))
    peer.sent.length = 0
    expect(heapBytes() - before).toBeLessThan(512 * 1024)
  })
})
