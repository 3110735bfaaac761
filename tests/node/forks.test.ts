import { describe, expect, test } from 'bun:test'
import { ByteReader, toHex, utf8 } from '../../src/base/bytes.ts'
import { type Verifier, verifier } from '../../src/crypto/sign.ts'
import { EventKind } from '../../src/wire/event.ts'
import { type BranchEnd, type ForkFrame, readFork, writeFork } from '../../src/wire/fork.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { Author, type Made, nameFeed, push } from './author.ts'
import { Bench, identityOf } from './bench.ts'
import { fetchesHeard } from './fetch-peer.ts'
import { have, want } from './holder.ts'
import { KeepingBench } from './keeping-bench.ts'
import { openPeer, type Peer } from './peer.ts'

const send = (peer: Peer, frame: ForkFrame): void => peer.send(FrameType.fork, (out) => writeFork(out, frame))
const ends = (peer: Peer, ...list: BranchEnd[]): void => send(peer, { kind: 'ends', handle: 1, ends: list })
const ask = (peer: Peer, end: BranchEnd): void => send(peer, { kind: 'ask', handle: 1, ...end, down: 1 })
const branch = (peer: Peer, { bundle, previous }: Made, isMoreToCome = false): void =>
  send(peer, { kind: 'bundle', handle: 1, isMoreToCome, previous, bytes: bundle.bytes })
const heard = <K extends ForkFrame['kind']>(peer: Peer, kind: K): Extract<ForkFrame, { kind: K }>[] =>
  peer
    .heardOf(FrameType.fork)
    .map((body) => readFork(new ByteReader(body))!)
    .filter((frame): frame is Extract<ForkFrame, { kind: K }> => frame.kind === kind)
const endOf = ({ bundle, ids }: Made): BranchEnd => ({ end: bundle.first + bundle.count, id: ids.at(-1)! })
const marks = (bench: Bench) => bench.tellings('event').map(({ forked }) => forked === true)
const codes = (bench: Bench) => bench.tellings('trouble').map(({ code }) => code)

/** A node that has a beginning and what the author said next; and what else he said after the same beginning. */
function scene(bench: Bench = new Bench(), events = 3) {
  bench.run((node, now) => node.join('general', now))
  const peer = openPeer(bench)
  const author = new Author(7)
  nameFeed(peer, 1, author, 1, 1)
  push(peer, 1, author.say('begin'))
  const twin = author.fork()
  const ours = Array.from({ length: events }, (_, i) => author.say(`ours ${i}`))
  const theirs = Array.from({ length: events }, (_, i) => twin.say(`theirs ${i}`))
  for (const made of ours) push(peer, 1, made)
  const other = openPeer(bench, { seed: 101 })
  nameFeed(other, 1, author, 1, 2)
  bench.forget()
  return { bench, peer, other, author, twin, ours, theirs }
}

describe('a second history', () => {
  test('that ends as far as ours is asked for from its end down, told in order of coming, and passed on', () => {
    const { bench, peer, other, ours, theirs } = scene()
    ends(other, endOf(theirs[2]!))
    expect(heard(other, 'ask').map(({ end, id }) => ({ end, id }))).toEqual([endOf(theirs[2]!)])
    branch(other, theirs[2]!, true)
    expect(heard(other, 'ask').length).toBe(1)
    branch(other, theirs[1]!)
    expect(heard(other, 'ask').map(({ end }) => end)).toEqual([5, 3])
    branch(other, theirs[0]!)
    expect(bench.texts()).toEqual(['theirs 2', 'theirs 1', 'theirs 0'])
    expect(marks(bench)).toEqual([true, true, true])
    expect(codes(bench)).toEqual(['fork'])
    bench.pass(50)
    // Both learn what both histories end with, ours first.
    for (const each of [peer, other]) {
      expect(heard(each, 'ends').at(-1)!.ends).toEqual([endOf(ours[2]!), endOf(theirs[2]!)])
    }
    bench.pass(10_000)
    expect(heard(other, 'ask').length).toBe(2)
  })

  test('is answered from, newest first, as is our own', () => {
    const { bench, peer, other, ours, theirs } = scene(new Bench(), 40)
    for (const made of theirs) branch(other, made)
    bench.forget()
    ask(peer, endOf(theirs[39]!))
    const answer = heard(peer, 'bundle')
    expect(answer.length).toBe(32)
    expect(answer.map(({ bytes }) => toHex(bytes))).toEqual(
      theirs
        .toReversed()
        .slice(0, 32)
        .map(({ bundle }) => toHex(bundle.bytes)),
    )
    expect(answer.map(({ isMoreToCome }) => isMoreToCome)).toEqual([...Array.from({ length: 31 }, () => true), false])
    ask(other, endOf(ours[5]!))
    expect(heard(other, 'bundle').map(({ bytes }) => toHex(bytes))[0]).toBe(toHex(ours[5]!.bundle.bytes))
    ask(other, { end: 5, id: new Uint8Array(32) })
    ask(other, { end: 2 ** 40, id: new Uint8Array(32) })
    expect(heard(other, 'bundle').length).toBe(7)
  })

  test('goes on live, by whoever has it for its own: told as it comes', () => {
    const { bench, other, author, twin, theirs, peer } = scene()
    for (const made of theirs) push(other, 1, made)
    expect(bench.texts()).toEqual(['theirs 0', 'theirs 1', 'theirs 2'])
    push(other, 1, twin.say('theirs goes on'), { bare: true })
    push(peer, 1, author.say('ours goes on'), { bare: true })
    expect(bench.texts().slice(3)).toEqual(['theirs goes on', 'ours goes on'])
    expect(marks(bench)).toEqual([true, true, true, true, true])
    expect([peer.up, other.up]).toEqual([true, true])
    // And is not asked for as though it were what is missing of ours.
    have(other, 1, 50)
    bench.pass(5_000)
    expect(other.heardOf(FrameType.want).length).toBe(0)
  })

  test('is asked of somebody else where the first does not bring it, and again when somebody says to have it', () => {
    const { bench, peer, other, theirs } = scene()
    ends(other, endOf(theirs[2]!))
    ends(peer, endOf(theirs[2]!))
    expect([heard(other, 'ask').length, heard(peer, 'ask').length]).toEqual([1, 0])
    bench.pass(2_500)
    expect([heard(other, 'ask').length, heard(peer, 'ask').length]).toEqual([1, 1])
    bench.pass(60_000)
    expect([heard(other, 'ask').length, heard(peer, 'ask').length]).toEqual([1, 1])
    branch(peer, theirs[2]!)
    bench.pass(60_000)
    const before = heard(other, 'ask').length
    // Nobody had what comes before; who tells of ends now may have it.
    ends(other, endOf(theirs[2]!))
    expect(heard(other, 'ask').length).toBe(before + 1)
    expect(heard(other, 'ask').at(-1)!.end).toBe(4)
  })

  test('is kept for the store apart, and known again after a start', () => {
    const bench = new KeepingBench()
    const { other, theirs, author } = scene(bench)
    for (const made of theirs) push(other, 1, made)
    expect(bench.kept.filter(({ forkedSince }) => forkedSince === 2).map(({ first }) => first)).toEqual([2, 3, 4])
    const again = new KeepingBench()
    again.store.become(bench.store)
    again.run((node, now) => node.join('general', now, again.store.held(toHex(author.room))))
    again.pass(200)
    const peer = openPeer(again)
    nameFeed(peer, 1, author, 1, 2)
    for (const made of theirs) push(peer, 1, made)
    for (const made of theirs) branch(peer, made)
    expect(again.texts()).toEqual([])
    expect(again.kept).toEqual([])
    ask(peer, endOf(theirs[2]!))
    expect(heard(peer, 'bundle').length).toBe(3)
    push(peer, 1, author.say('goes on'))
    expect(marks(again)).toEqual([true])
  })

  test('of a room that is joined later is told then', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    const twin = author.fork()
    push(peer, 1, author.say('ours'))
    push(peer, 1, twin.say('theirs'))
    expect(codes(bench)).toEqual(['fork'])
    bench.run((node, now) => node.join('general', now))
    expect(bench.texts().sort()).toEqual(['ours', 'theirs'])
    expect(bench.tellings('trouble').map(({ user }) => user)).toEqual([false])
  })
})

describe('who says that somebody forks', () => {
  test('and brings what the author said once is not believed, and nothing is told twice or marked', () => {
    const { bench, other, ours, author, peer } = scene()
    for (const made of ours) branch(other, made)
    const next = author.say('next')
    branch(other, next)
    expect(bench.texts()).toEqual([])
    push(peer, 1, next)
    bench.pass(1_000)
    expect(bench.texts()).toEqual(['next'])
    expect(marks(bench)).toEqual([false])
    expect(codes(bench)).toEqual([])
    bench.pass(50)
    expect(heard(peer, 'ends').every((frame) => frame.ends.length === 1)).toBe(true)
  })

  test('is believed as soon as ours has something else there', () => {
    const { bench, other, peer, author, twin, theirs } = scene()
    twin.say('lost on the way')
    const far = twin.say('theirs, further on')
    branch(other, far)
    expect(bench.texts()).toEqual([])
    for (const text of ['ours 3', 'ours 4']) push(peer, 1, author.say(text))
    bench.forget()
    bench.pass(500)
    expect(bench.texts()).toEqual(['theirs, further on'])
    expect(theirs.length).toBe(3)
  })

  test('with what its author never signed loses the link', () => {
    const { bench, other, theirs } = scene()
    const forged = theirs[0]!.bundle.bytes.slice()
    forged[forged.length - 1]! ^= 1
    send(other, { kind: 'bundle', handle: 1, isMoreToCome: false, previous: theirs[0]!.previous, bytes: forged })
    expect(other.bye).toBe(ByeCode.badSignature)
    const another = openPeer(bench, { seed: 102 })
    nameFeed(another, 1, new Author(7), 1, 2)
    send(another, {
      kind: 'bundle',
      handle: 1,
      isMoreToCome: false,
      previous: new Uint8Array(32),
      bytes: utf8('no bundle'),
    })
    expect(another.up).toBe(false)
    expect(bench.texts()).toEqual([])
  })

  test('tells of ends that nobody has is asked for some of them, once, and in floods is dropped', () => {
    const { bench, other } = scene()
    const made = (at: number) =>
      Array.from({ length: 513 }, (_, i) => ({
        end: 3,
        id: new Uint8Array(32)
          .fill(at)
          .fill(i & 255, 8)
          .fill(i >> 8, 16),
      }))
    ends(other, ...made(1))
    expect(heard(other, 'ask').length).toBe(512)
    for (let at = 2; at < 200 && other.up; at++) ends(other, ...made(at))
    expect(other.up).toBe(false)
    expect(other.bye).toBe(ByeCode.flooding)
    expect(heard(other, 'ask').length).toBe(512)
    bench.pass(10_000)
    expect(bench.node['replication']['forks']['exchange']['missing'].size).toBe(0)
  })

  test('asks for the same again and again is answered for so many bytes, and in floods is dropped', () => {
    const { bench, other, ours } = scene()
    for (let at = 0; at < 60_000 && other.up; at++) ask(other, endOf(ours[2]!))
    expect(other.bye).toBe(ByeCode.flooding)
    expect(bench.texts()).toEqual([])
  })
})

describe('an author who signs without end', () => {
  test('has 256 events of it kept, said once; what comes then is not even checked', () => {
    let checks = 0
    const counting = (key: Uint8Array): Verifier | null => {
      const check = verifier(key)
      const verify = (message: Uint8Array, signature: Uint8Array): boolean => {
        checks++
        return check!.verify(message, signature)
      }
      return check === null ? null : { verify }
    }
    const { bench, other, twin, author, peer } = scene(new Bench(1, { verifier: counting }))
    for (let i = 0; i < 300; i++) push(other, 1, twin.say(`more ${i}`))
    expect(codes(bench)).toEqual(['fork', 'fork-broken'])
    expect(bench.texts().length).toBe(256)
    const before = checks
    for (let i = 0; i < 300; i++) push(other, 1, twin.say(`more still ${i}`))
    for (let i = 0; i < 300; i++) branch(other, twin.say(`and more ${i}`))
    // One to see that it is signed, where nothing else is known of it.
    expect(checks - before).toBeLessThanOrEqual(300)
    expect(bench.texts().length).toBe(256)
    expect(other.heardOf(FrameType.lazy).length).toBe(1)
    bench.forget()
    push(peer, 1, author.say('ours goes on'))
    expect(bench.texts()).toEqual(['ours goes on'])
  })

  test('with one name after the other takes no more than its share of memory', () => {
    const bench = new Bench()
    bench.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    const body = new Uint8Array(16_000).fill(120)
    const feeds = 24
    for (let at = 0; at < feeds; at++) {
      const author = new Author(7, 'general', at + 1)
      nameFeed(peer, at + 1, author, 1, 1)
      const twin = author.fork()
      push(peer, at + 1, author.say('one'))
      for (let i = 0; i < 60; i++) push(peer, at + 1, twin.say({ body }))
    }
    expect(peer.up).toBe(true)
    const kept = [...bench.node['feeds'].all.values()].reduce((sum, { forks }) => sum + (forks?.cost ?? 0), 0)
    expect(kept).toBeLessThanOrEqual(16 * 1024 * 1024)
    expect(kept).toBeGreaterThan(12 * 1024 * 1024)
  })
})

describe('our own history that came back from an older copy', () => {
  const me = identityOf(1).signing
  const say = (bench: Bench, text: string) =>
    bench.run((node, now) => node.say('general', EventKind.text, utf8(text), 1, now))
  /** Our feed as the store has it, and what we said since in a life that nobody here remembers. */
  function back() {
    const bench = new KeepingBench()
    const own = new Author(me)
    const kept = [own.say('kept 0'), own.say('kept 1')]
    for (const { bundle, previous, ids } of kept) {
      const { first, count, bytes } = bundle
      const { time } = bundle.events[0]!
      const feed = { author: me.publicKey, room: own.room, epoch: own.epoch, id: own.feedId }
      const events = [{ id: ids[0]!, number: first, time, kind: EventKind.text, body: bytes, name: null }]
      bench.store.commit([
        { kind: 'keep', seq: 1, feed, own: true, first, count, previous, lastId: ids[0]!, time, bytes, events },
      ])
    }
    const lost = [own.say('lost 0'), own.say('lost 1')]
    bench.run((node, now) => node.join('general', now, bench.store.held(toHex(own.room))))
    return { bench, own, kept, lost, ownFeeds: () => [...bench.node['feeds'].own].map(({ key }) => key) }
  }

  test('goes on where it ended as long as nobody knows better', () => {
    const { bench, own, ownFeeds } = back()
    say(bench, 'goes on')
    expect(ownFeeds()).toEqual([toHex(own.feedId)])
    expect(bench.kept.at(-1)!.first).toBe(3)
  })

  test('ends at the first word of somebody who has more: nothing is signed for it again, and what was lost comes back as ours', () => {
    const { bench, own, lost, ownFeeds } = back()
    const peer = openPeer(bench)
    nameFeed(peer, 1, own, 1, 5)
    expect(bench.disowned.map(({ feed }) => toHex(feed.id))).toEqual([toHex(own.feedId)])
    expect(codes(bench)).toEqual(['restored'])
    say(bench, 'anew')
    expect(ownFeeds().length).toBe(1)
    expect(ownFeeds()).not.toEqual([toHex(own.feedId)])
    const { first, count, feed } = bench.kept.at(-1)!
    expect([first, count, toHex(feed.id)]).toEqual([1, 2, ownFeeds()[0]!])
    // While it is being caught up with, all is told in order.
    for (const made of lost) push(peer, 1, made)
    expect(bench.texts()).toEqual(['lost 0', 'lost 1', 'anew'])
    expect(bench.tellings('event').every(({ self }) => self)).toBe(true)
    expect(bench.kept.slice(-2).map(({ own: isOwn }) => isOwn)).toEqual([false, false])
    expect(peer.heardOf(FrameType.want).length + fetchesHeard(peer).length).toBeGreaterThan(0)
  })

  test('also where what we said just then is sealed and not safe yet: it goes first, and the rest begins anew', () => {
    const { bench, own, lost, ownFeeds } = back()
    const peer = openPeer(bench)
    bench.isStuck = true
    say(bench, 'too late')
    nameFeed(peer, 1, own, 1, 5)
    say(bench, 'anew')
    expect(bench.kept.map(({ first, feed }) => [first, toHex(feed.id) === toHex(own.feedId)])).toEqual([
      [3, true],
      [1, false],
    ])
    push(peer, 1, lost[0]!)
    expect(bench.texts()).toEqual([])
    bench.isStuck = false
    bench.node.kept(bench.kept.at(-1)!.seq, bench.now())
    bench.settle()
    expect(bench.texts()).toEqual(['too late', 'anew'])
    expect(ownFeeds().length).toBe(1)
    for (const made of lost) branch(peer, made)
    expect(bench.texts()).toEqual(['too late', 'anew', 'lost 0', 'lost 1'])
    expect(codes(bench)).toEqual(['restored', 'fork'])
  })

  test('and by whoever lies about it once in a start: what we began since nobody else can have', () => {
    const { bench, ownFeeds } = back()
    const peer = openPeer(bench)
    nameFeed(peer, 1, new Author(me), 1, 2 ** 40)
    say(bench, 'anew')
    const [feed] = [...bench.node['feeds'].own]
    const second = Object.assign(new Author(me), { epoch: feed!.log.key.epoch, feedId: feed!.log.key.id })
    nameFeed(peer, 2, second, 1, 2 ** 40)
    have(peer, 2, 2 ** 41)
    say(bench, 'and on')
    expect(ownFeeds()).toEqual([feed!.key])
    expect(bench.disowned.length).toBe(1)
    expect(codes(bench)).toEqual(['restored'])
    want(peer, 2, 1)
    expect(peer.up).toBe(true)
  })

  test('what waits unsealed is said in the new one, also to one person', () => {
    const { bench, own } = back()
    const peer = openPeer(bench)
    const friend = identityOf(30)
    bench.node.say('general', EventKind.text, utf8('unsealed'), 5, bench.now())
    nameFeed(peer, 1, own, 1, 5)
    expect(bench.node.hasUnsealed).toBe(true)
    bench.run((node, now) => node.flush(now))
    bench.pass(1_100)
    expect(bench.texts()).toEqual(['unsealed'])
    expect(bench.tellings('said').map(({ ref }) => ref)).toEqual([5])
    expect(toHex(bench.kept.at(-1)!.feed.id)).not.toBe(toHex(own.feedId))
    // A conversation's feed, from before.
    bench.run((node, now) => node.direct(friend.signing.publicKey, EventKind.text, utf8('to you'), 6, now))
    const sealed = bench.kept.at(-1)!
    const again = new KeepingBench()
    again.store.become(bench.store)
    again.run((node, now) => node.restore(friend.signing.publicKey, again.store.held(toHex(sealed.feed.room)), now))
    const other = openPeer(again)
    again.node.direct(friend.signing.publicKey, EventKind.text, utf8('to you again'), 7, again.now())
    const talk = Object.assign(new Author(me, sealed.feed.room), { epoch: sealed.feed.epoch, feedId: sealed.feed.id })
    nameFeed(other, 1, talk, 1, 9)
    again.run((node, now) => node.flush(now))
    again.pass(1_100)
    expect(again.texts()).toEqual(['to you again'])
    expect(toHex(again.kept.at(-1)!.feed.id)).not.toBe(toHex(sealed.feed.id))
  })
})
