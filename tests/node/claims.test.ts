import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { EVENT_NUMBER_MAX } from '../../src/wire/limits.ts'
import { HAVE_ENTRIES_MAX, writeGap, writeHave } from '../../src/wire/replication.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { FAR, Holder, have, history, numbered, wantsHeard } from './holder.ts'
import { openPeer, type Peer } from './peer.ts'

function listener(): Bench {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  return bench
}

describe('a peer that says it has more than there is', () => {
  test.each([
    ['when it names the feed', (liar: Peer, author: Author) => nameFeed(liar, 1, author, 1, FAR)],
    [
      'afterwards',
      (liar: Peer, author: Author) => {
        nameFeed(liar, 1, author, 1, 1)
        have(liar, 1, FAR)
      },
    ],
    ['as much as a number can be', (liar: Peer, author: Author) => nameFeed(liar, 1, author, 1, EVENT_NUMBER_MAX)],
  ])('does not keep others of the room from being heard (%s)', (_, lie) => {
    const bench = listener()
    const liar = openPeer(bench)
    lie(liar, new Author(7))
    bench.pass(2_000)
    const honest = openPeer(bench, { seed: 101 })
    const author = new Author(8)
    nameFeed(honest, 1, author, 1, 1)
    push(honest, 1, author.say('live'))
    expect(bench.texts()).toEqual(['live'])
    expect(bench.tellings('event')[0]?.backlog).toBe(false)
  })

  test('is asked ever more seldom, and we do not go on catching up for ever', () => {
    const bench = listener()
    const liar = openPeer(bench)
    nameFeed(liar, 1, new Author(7), 1, FAR)
    bench.pass(3_600_000)
    expect(liar.up).toBe(true)
    // Every minute or so, for an hour, and some in the first seconds.
    expect(wantsHeard(liar).length).toBeLessThan(75)
    expect(wantsHeard(liar).length).toBeGreaterThan(30)
    push(liar, 1, new Author(7).say('said by the one it lied about'))
    expect(bench.tellings('event')[0]?.backlog).toBe(false)
  })

  test('costs what an honest neighbour has of the same feed half a second', () => {
    const bench = listener()
    const author = new Author(7)
    const made = history(author)
    const liar = openPeer(bench)
    nameFeed(liar, 1, author, 1, FAR)
    const honest = openPeer(bench, { seed: 101 })
    nameFeed(honest, 4, author, 1, 11)
    new Holder(honest, 4, made).serve(700)
    expect(bench.texts()).toEqual(numbered(1, 10))
  })

  test('cannot keep us from crossing a gap that is really there', () => {
    const bench = listener()
    const author = new Author(7)
    const made = history(author)
    const liar = openPeer(bench)
    nameFeed(liar, 1, author, 1, FAR)
    // What came before event 6 has left the honest neighbour's window.
    const honest = openPeer(bench, { seed: 101 })
    nameFeed(honest, 4, author, 6, 11)
    const holder = new Holder(honest, 4, made.slice(5))
    holder.serve(1_000)
    expect(bench.texts()).toEqual(numbered(6, 10))
    expect(bench.tellings('gap')).toMatchObject([{ missing: 5, room: 'general' }])
    // It says so again and again; what is live is not kept waiting.
    for (let i = 0; i < 20; i++) {
      have(liar, 1, FAR + i)
      push(honest, 4, author.say(`live ${i}`))
      bench.pass(50)
    }
    expect(bench.texts().length).toBe(25)
  })

  test('about our own feed makes us ask nobody for what only we can have said', () => {
    const bench = listener()
    const peer = openPeer(bench)
    bench.run((node, now) => node.say('general', 2, Uint8Array.of(65), 1, now))
    const feed = new ByteReader(peer.heardOf(FrameType.feed)[0]!)
    feed.varint()
    const [author, room, epoch] = [feed.take(32), feed.take(32), feed.take(8)]
    const own = Object.assign(new Author(7), {
      key: { publicKey: author, sign: () => new Uint8Array(64) },
      room,
      epoch,
    })
    nameFeed(peer, 1, own, 1, FAR)
    have(peer, 1, FAR)
    bench.pass(5_000)
    expect(wantsHeard(peer)).toEqual([])
    bench.forget()
    bench.run((node, now) => node.say('general', 2, Uint8Array.of(66), 2, now))
    expect(bench.texts()).toEqual(['B'])
    expect(bench.tellings('event')[0]?.backlog).toBe(false)
  })

  test('and goes is forgotten with what it said', () => {
    const bench = listener()
    const liar = openPeer(bench)
    nameFeed(liar, 1, new Author(7), 1, FAR)
    bench.vanish(liar.link!)
    const author = new Author(7)
    const honest = openPeer(bench, { seed: 101 })
    nameFeed(honest, 1, author, 1, 1)
    push(honest, 1, author.say('live'))
    expect(bench.texts()).toEqual(['live'])
    expect(bench.tellings('event')[0]?.backlog).toBe(false)
  })
})

describe('a peer that says a gap is there', () => {
  test.each([100, FAR, EVENT_NUMBER_MAX])('up to %i: what others have still arrives, and no gap is told', (to) => {
    const bench = listener()
    const author = new Author(7)
    const made = history(author)
    const liar = openPeer(bench)
    nameFeed(liar, 1, author, 1, 11)
    liar.send(FrameType.gap, (out) => writeGap(out, { handle: 1, to }))
    const honest = openPeer(bench, { seed: 101 })
    nameFeed(honest, 4, author, 1, 11)
    new Holder(honest, 4, made).serve(1_500)
    expect(bench.texts()).toEqual(numbered(1, 10))
    expect(bench.tellings('gap')).toEqual([])
  })

  test('of a feed it never named, or before what we have, says nothing', () => {
    const bench = listener()
    const author = new Author(7)
    const peer = openPeer(bench)
    peer.send(FrameType.gap, (out) => writeGap(out, { handle: 9, to: FAR }))
    nameFeed(peer, 1, author, 1, 1)
    for (const made of history(author)) push(peer, 1, made)
    peer.send(FrameType.gap, (out) => writeGap(out, { handle: 1, to: 3 }))
    push(peer, 1, author.say('live'))
    expect(bench.texts().at(-1)).toBe('live')
    expect(bench.tellings('gap')).toEqual([])
  })

  test('an author who leaves numbers out is told of as a gap, and read on', () => {
    const bench = listener()
    const author = new Author(7)
    const peer = openPeer(bench)
    push(peer, 1, author.say('nobody hears this: its feed has no name yet'))
    author.next = FAR
    nameFeed(peer, 1, author, FAR, FAR + 1)
    new Holder(peer, 1, [author.say('far out')]).serve(500)
    expect(bench.texts()).toEqual(['far out'])
    expect(bench.tellings('gap')).toMatchObject([{ missing: FAR - 1 }])
  })
})

describe('lists of what a peer has', () => {
  test('of 4,096 feeds it never named are read and nothing comes of it', () => {
    const bench = listener()
    const peer = openPeer(bench)
    const entries = Array.from({ length: HAVE_ENTRIES_MAX }, (_, at) => ({ handle: at + 1, next: FAR }))
    for (let i = 0; i < 50; i++) peer.send(FrameType.have, (out) => writeHave(out, entries))
    expect(peer.up).toBe(true)
    bench.pass(5_000)
    expect(wantsHeard(peer)).toEqual([])
  })

  test('repeated without end do not put off that we ask', () => {
    const bench = listener()
    const author = new Author(7)
    const made = history(author)
    const liar = openPeer(bench)
    const honest = openPeer(bench, { seed: 101 })
    nameFeed(liar, 1, author, 1, 1)
    nameFeed(honest, 1, author, 1, 1)
    have(honest, 1, 11)
    const holder = new Holder(honest, 1, made)
    for (let i = 0; i < 40; i++) {
      have(liar, 1, FAR + i)
      holder.serve(50)
    }
    expect(bench.texts()).toEqual(numbered(1, 10))
  })

  test('broken or too long end the link', () => {
    for (const body of [[], [1], [1, 0, 1], [1, 1, 0], [0x81, 0x20], [0, 0]]) {
      const bench = listener()
      const peer = openPeer(bench)
      peer.send(FrameType.have, (out) => out.bytes(Uint8Array.from(body)))
      expect(peer.up).toBe(false)
    }
  })
})
