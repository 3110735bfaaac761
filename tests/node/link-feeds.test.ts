import { expect, test } from 'bun:test'
import { ByteWriter, joinBytes } from '../../src/base/bytes.ts'
import { EMPTY_FEEDS_PER_LINK_MAX, FEEDS_MAX } from '../../src/node/feeds.ts'
import { LINK_FEEDS_MAX, LINK_NAMES_MAX } from '../../src/node/link-feeds.ts'
import { frame } from '../../src/node/link-state.ts'
import { openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { FEED_HANDLES_MAX } from '../../src/wire/limits.ts'
import { writeFeed } from '../../src/wire/replication.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { heapBytes, heapBytesAtRest } from './heap.ts'
import { Holder, history, numbered } from './holder.ts'
import { openPeer, type Peer } from './peer.ts'

const room = openRoomId('general')
const author = new Uint8Array(32).fill(9)

/** Names the feeds from number `first` on, by those numbers. */
function name(peer: Peer, first: number, count: number): void {
  for (let done = 0; done < count; done += 500) {
    const frames = Array.from({ length: Math.min(500, count - done) }, (_, at) => {
      const handle = first + done + at
      const epoch = new ByteWriter(8).u48(handle).u16(0).copy()
      return frame(FrameType.feed, (out) => writeFeed(out, { handle, author, room, epoch, base: 1, next: 1 }))
    })
    peer.record(joinBytes(frames))
    peer.sent.length = 0
  }
}

function places(bench: Bench): number {
  return bench.node.peers().reduce((sum, link) => sum + link.feeds.size, 0)
}

test('what many links know of many feeds is bounded all in all; who names little loses nothing by it', async () => {
  const bench = new Bench(1, { verifier: () => ({ verify: () => true }) })
  bench.run((node, now) => node.join('general', now))
  const honest = openPeer(bench, { seed: 100 })
  const [known, late] = [new Author(7), new Author(8)]
  const made = history(late)
  nameFeed(honest, 1, known, 1, 1)
  push(honest, 1, known.say('before'))
  const before = heapBytes()
  const crowd = Array.from({ length: 6 }, (_, at) => openPeer(bench, { seed: 200 + at }))
  // Each may bring so many that are empty; then all name all.
  for (const [at, peer] of crowd.slice(0, 3).entries()) {
    name(peer, 1 + at * EMPTY_FEEDS_PER_LINK_MAX, EMPTY_FEEDS_PER_LINK_MAX)
  }
  const namedByAll = 3 * EMPTY_FEEDS_PER_LINK_MAX
  for (const [at, peer] of crowd.entries()) {
    const own = at < 3 ? 1 + at * EMPTY_FEEDS_PER_LINK_MAX : Number.POSITIVE_INFINITY
    for (let first = 1; first < namedByAll; first += EMPTY_FEEDS_PER_LINK_MAX) {
      if (first !== own) name(peer, first, EMPTY_FEEDS_PER_LINK_MAX)
    }
  }
  expect(6 * namedByAll).toBeGreaterThan(LINK_FEEDS_MAX)
  expect(places(bench)).toBeLessThan(LINK_FEEDS_MAX + 5_000)
  expect(places(bench)).toBeGreaterThan(LINK_FEEDS_MAX / 2)
  expect(crowd.every(({ up }) => up)).toBe(true)
  // The feeds themselves some 1 KB each, the places some 230 bytes, the names 70.
  expect((await heapBytesAtRest()) - before).toBeLessThan(
    FEEDS_MAX * 1_100 + LINK_FEEDS_MAX * 230 + 6 * namedByAll * 70,
  )
  // As before: what is pushed comes, what is missing is asked for, and what was forgotten is told again.
  push(honest, 1, known.say('after'))
  nameFeed(honest, 2, late, 1, 11)
  new Holder(honest, 2, made).serve(1_000)
  expect(bench.texts()).toEqual(['before', 'after', ...numbered(1, 10)])
  for (const peer of crowd) expect(peer.heardOf(FrameType.bundle).length).toBe(11)
})

test('names alone are bounded too: of many that have named all they can, who has named most begins anew', () => {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  const honest = openPeer(bench, { seed: 100 })
  const known = new Author(7)
  nameFeed(honest, 1, known, 1, 1)
  const crowd = Array.from({ length: 9 }, (_, at) => openPeer(bench, { seed: 200 + at }))
  const { key, epoch } = known
  const again = { author: key.publicKey, room, epoch, base: 1, next: 1 }
  // A feed may have as many names as its neighbour likes.
  for (const peer of crowd) {
    for (let first = 1; peer.up && first < FEED_HANDLES_MAX; first += 512) {
      const frames = Array.from({ length: 512 }, (_, at) =>
        frame(FrameType.feed, (out) => writeFeed(out, { ...again, handle: first + at })),
      )
      peer.record(joinBytes(frames))
      peer.sent.length = 0
    }
  }
  const names = bench.node.peers().reduce((sum, link) => sum + link.theirs.size, 0)
  expect(names).toBeLessThan(LINK_NAMES_MAX + 5_000)
  expect(crowd.filter(({ bye }) => bye === ByeCode.wornOut).length).toBeGreaterThan(0)
  push(honest, 1, known.say('still here'))
  expect(bench.texts()).toEqual(['still here'])
})
