import { describe, expect, test } from 'bun:test'
import { ByteWriter, joinBytes } from '../../src/base/bytes.ts'
import { CONTROL_BYTES_MAX, frame } from '../../src/node/link-state.ts'
import { PING_EVERY_MS, RECORD_MS_MAX, SILENT_MS_MAX, STALLED_MS_MAX } from '../../src/node/liveness.ts'
import { EventKind } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { writeFeed } from '../../src/wire/replication.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { heapBytes, heapBytesAtRest } from './heap.ts'
import { openPeer, type Peer } from './peer.ts'

const CHECK_MS = 5_000
const NOTHING = frame(0x7f, () => {})

function reason(bench: Bench): string | undefined {
  return bench.tellings('peer').find(({ state }) => state === 'down')?.reason
}

/** Sends a frame that means nothing every second, so that the peer is heard of. */
function murmur(peer: Peer, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    peer.bench.pass(1_000)
    peer.record(NOTHING)
  }
}

/** What such a peer may leave behind. */
const LEFT_BYTES_MAX = 4 * 1024 * 1024
/** Collecting all garbage again and again takes a second or two, and more on a busy machine. */
const ROUNDS_MS_MAX = 60_000

/** A peer that reads nothing names feed after feed, until it is dropped; `most`: the memory that took, over `before`. */
function askedForTooMuch(before: number): { bench: Bench; peer: Peer; most: number } {
  const bench = new Bench()
  const peer = openPeer(bench)
  bench.blocked.add(peer.link!)
  const author = new Uint8Array(32).fill(9)
  let most = 0
  // Each is asked for at once, which takes a name and a request of ours.
  for (let handle = 1; peer.up && handle <= 30_000; handle += 500) {
    const frames = Array.from({ length: 500 }, (_, at) => {
      const epoch = new ByteWriter(8)
        .u48(handle + at)
        .u16(0)
        .copy()
      const named = { handle: handle + at, author, room: author, epoch, base: 1, next: 2 }
      return frame(FrameType.feed, (out) => writeFeed(out, named))
    })
    peer.record(joinBytes(frames))
    peer.sent.length = 0
    if (peer.up) most = Math.max(most, heapBytes() - before)
  }
  return { bench, peer, most }
}

describe('a peer that says nothing', () => {
  test('is pinged after 15 seconds, and stays for as long as it answers', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    bench.pass(600_000)
    expect(peer.up).toBe(true)
    const pings = peer.heardOf(FrameType.ping).length
    expect(pings).toBeGreaterThan(600_000 / (PING_EVERY_MS + CHECK_MS) - 1)
    expect(pings).toBeLessThanOrEqual(600_000 / PING_EVERY_MS + 1)
  })

  test('is gone after 40 seconds', () => {
    const bench = new Bench()
    const peer = openPeer(bench, { silent: true })
    bench.pass(SILENT_MS_MAX)
    expect(peer.up).toBe(true)
    bench.pass(CHECK_MS)
    expect(peer.bye).toBe(ByeCode.silent)
    expect(reason(bench)).toBe('has been silent for 40 seconds')
  })

  test('answers pings with what they held, 8 bytes at most, and pongs that nobody asked for are nothing', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    const before = peer.heardOf(FrameType.pong).length
    for (const length of [0, 3, 8, 9, 1_000])
      peer.send(FrameType.ping, (out) => out.bytes(new Uint8Array(length).fill(7)))
    const pongs = peer.heardOf(FrameType.pong).slice(before)
    expect(pongs.map((pong) => pong.length)).toEqual([0, 3, 8, 8, 8])
    peer.send(FrameType.pong, () => {})
    peer.send(FrameType.pong, (out) => out.bytes(new Uint8Array(60_000)))
    expect(peer.up).toBe(true)
  })
})

describe('a record that comes slowly', () => {
  test('is waited for 30 seconds, and no longer, although bytes of it keep coming', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    const record = peer.seal(new Uint8Array(200))
    let at = 0
    for (; at < RECORD_MS_MAX / 1_000; at++) {
      peer.raw(record.slice(at, at + 1))
      bench.pass(1_000)
    }
    expect(peer.up).toBe(true)
    for (; at < 40; at++) {
      peer.raw(record.slice(at, at + 1))
      bench.pass(1_000)
    }
    expect(reason(bench)).toBe('took over 30 seconds for one record')
  })

  test('at 29 seconds each they are all read', () => {
    const bench = new Bench()
    // One that answered a ping would put its answer into the middle of the record.
    const peer = openPeer(bench, { silent: true })
    for (let i = 0; i < 5; i++) {
      const record = peer.seal(NOTHING)
      peer.raw(record.slice(0, 3))
      bench.pass(29_000)
      peer.raw(record.slice(3))
      bench.pass(1)
    }
    expect(peer.up).toBe(true)
  })

  test('a stream that never pauses between records is not one slow record, wherever its pieces are cut', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    let left = new Uint8Array(0)
    for (let second = 0; second < 100; second++) {
      const stream = joinBytes([left, peer.seal(NOTHING), peer.seal(NOTHING)])
      const cut = stream.length - 1 - (second % 9)
      peer.raw(stream.slice(0, cut))
      left = stream.slice(cut)
      bench.pass(1_000)
    }
    expect(peer.up).toBe(true)
  })
})

describe('a peer that does not read', () => {
  test('is dropped when it has taken nothing for 30 seconds', () => {
    const bench = new Bench()
    bench.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    bench.blocked.add(peer.link!)
    bench.run((node, now) => node.say('general', EventKind.text, new Uint8Array([65]), 1, now))
    murmur(peer, STALLED_MS_MAX / 1_000 - 1)
    expect(peer.up).toBe(true)
    murmur(peer, 2 + CHECK_MS / 1_000)
    expect(reason(bench)).toBe('has read nothing for 30 seconds')
  })

  test('is not taken for one when there was nothing for it to read', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    // It is heard of all the time, so we send it nothing at all.
    const before = peer.heard.length
    murmur(peer, 600)
    expect(peer.heard.length).toBe(before)
    // Now something waits for it, and the next check comes before the connection has had the time to take it.
    bench.blocked.add(peer.link!)
    bench.run((node, now) => node.join('general', now))
    murmur(peer, 20)
    expect(peer.up).toBe(true)
    bench.blocked.delete(peer.link!)
    bench.settle()
    expect(peer.heard.length).toBeGreaterThan(before)
  })

  test(
    'and has us name and ask for more than can wait for it is dropped, takes no more memory than that, and is told when it can be',
    async () => {
      const left: number[] = []
      // A leak is there each time; what the collector merely takes for a reference is not.
      for (let round = 0; round < 3 && !(Math.min(...left) < LEFT_BYTES_MAX); round++) {
        const before = heapBytes()
        const { bench, peer, most } = askedForTooMuch(before)
        expect(reason(bench)).toBe('reads too slowly')
        // Beside what waits, each feed it has named takes some two kilobytes while it is asked for.
        expect(most).toBeLessThan(CONTROL_BYTES_MAX + 14_000 * 3_000)
        left.push((await heapBytesAtRest()) - before)
        bench.blocked.delete(peer.link!)
        bench.settle()
        expect(peer.bye).toBe(ByeCode.tooSlow)
        expect(peer.heardOf(FrameType.feed)).toEqual([])
      }
      expect(Math.min(...left)).toBeLessThan(LEFT_BYTES_MAX)
    },
    ROUNDS_MS_MAX,
  )

  test('our goodbye either is gone half a second later', () => {
    const bench = new Bench()
    bench.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    bench.blocked.add(peer.link!)
    bench.run((node, now) => node.say('general', EventKind.text, new Uint8Array([65]), 1, now))
    murmur(peer, STALLED_MS_MAX / 1_000 + CHECK_MS / 1_000)
    expect(reason(bench)).toBe('has read nothing for 30 seconds')
    bench.pass(1_000)
    expect(peer.ended).toBe('abort')
  })

  test('does not slow the others, and keeps only its place in what is said', () => {
    const bench = new Bench(1, { windowBytesMax: 1024 * 1024 })
    bench.run((node, now) => node.join('general', now))
    const slow = openPeer(bench)
    const quick = openPeer(bench, { seed: 101 })
    const author = new Author(7)
    nameFeed(quick, 1, author, 1, 1)
    bench.blocked.add(slow.link!)
    const other = openPeer(bench, { seed: 102 })
    for (let i = 0; i < 2_000; i++) push(quick, 1, author.say('x'.repeat(4_000)))
    expect(other.heardOf(FrameType.bundle).length).toBe(2_000)
    expect(slow.up).toBe(true)
    bench.blocked.delete(slow.link!)
    bench.settle()
    // It is told where what we still hold begins.
    expect(slow.heardOf(FrameType.gap).length).toBe(1)
    expect(slow.heardOf(FrameType.bundle).length).toBeGreaterThan(100)
    expect(slow.heardOf(FrameType.bundle).length).toBeLessThan(300)
  })
})
