import { describe, expect, test } from 'bun:test'
import { ByteWriter, equalBytes, joinBytes, utf8 } from '../../src/base/bytes.ts'
import { type Verifier, verifier } from '../../src/crypto/sign.ts'
import { frame } from '../../src/node/link-state.ts'
import { EventKind, openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { HOPS_MAX } from '../../src/wire/limits.ts'
import { encodePresence, PassingKind, sealPassing } from '../../src/wire/passing.ts'
import { HAVE_ENTRIES_MAX, writeFeed, writeHave } from '../../src/wire/replication.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench, identityOf } from './bench.ts'
import { Caller } from './caller.ts'
import { FAR, want } from './holder.ts'
import { LATENCY_MS, Lab } from './lab.ts'
import { Liar } from './liar.ts'
import { openPeer } from './peer.ts'

const RING = 6
const HEARERS = [1, 2, 3, 4, 5]

/** Six nodes in a ring, each linked across it too: nobody is further than two hops from anybody. All have spoken. */
function ring(): Lab {
  const lab = new Lab(RING)
  for (let at = 0; at < RING; at++) lab.link(at, (at + 1) % RING)
  for (let at = 0; at < RING / 2; at++) lab.link(at, at + RING / 2)
  lab.pass(500)
  for (let at = 0; at < RING; at++) lab.say(at, `node ${at} is here`)
  lab.pass(500)
  return lab
}

/** The same with an attacker at every node. */
function besieged(claim?: (next: number) => number): { lab: Lab; liars: Liar[] } {
  const lab = ring()
  const liars = lab.nodes.map((bench, at) => new Liar(bench, 500 + at, claim))
  lab.pass(5_200)
  for (const liar of liars) liar.listen()
  return { lab, liars }
}

const over = (delays: readonly number[], ms: number) => delays.filter((delay) => delay > ms).length
/** The farthest is two hops away. */
const USUAL_MS = 2 * LATENCY_MS

test('sanity: undisturbed, everything is there after two hops, and hardly anything is sent twice', () => {
  const lab = ring()
  const before = lab.crossedBytes
  expect(lab.delays(0, HEARERS, 200, 20).at(-1)).toBe(USUAL_MS)
  // Some 120 bytes each over five links, and the one that tells of it on the four others.
  expect(lab.crossedBytes - before).toBeLessThan(200 * 5 * 200)
})

describe('a neighbour that reads nothing', () => {
  /** Node 0 says 10,000 things within 40 seconds while node 2 reads or does not. */
  function talk(isDeaf: boolean): { lab: Lab; delays: number[]; mostWaiting: number } {
    const lab = new Lab(3)
    const [speaker, , reader] = lab.nodes as [Bench, Bench, Bench]
    lab.link(1, 0)
    lab.link(2, 0)
    lab.pass(500)
    const link = speaker.node.peers().find(({ peer }) => equalBytes(peer, reader.node.id))!
    if (isDeaf) speaker.blocked.add(link.id)
    let mostWaiting = 0
    let turn = 0
    const delays = lab.delays(0, [1], 1_000, 40, () => {
      turn++
      speaker.run((node, now) => {
        for (let at = 0; at < 9; at++) node.say('general', EventKind.text, utf8(`${turn} ${at}`), 1, now)
      })
      mostWaiting = Math.max(mostWaiting, link.waitingBytes + link.ready.length)
    })
    return { lab, delays, mostWaiting }
  }

  test('while 10,000 things are said slows nobody, costs next to nothing, is dropped with a reason, and has it all when it is back', () => {
    const calm = talk(false)
    const { lab, delays, mostWaiting } = talk(true)
    expect(delays).toEqual(calm.delays)
    expect(delays.at(-1)).toBe(LATENCY_MS)
    expect(lab.shown(1).size).toBe(10_000)
    expect(mostWaiting).toBeLessThan(2_000)
    expect(lab.reasons[0]).toBe('has read nothing for 30 seconds')
    // It dialled again as soon as it was hung up on.
    expect(lab.shown(2).size).toBe(10_000)
    expect([...lab.shown(1).keys()].every((text) => lab.shown(2).has(text))).toBe(true)
  })
})

describe('a neighbour that says it has more than there is, without end', () => {
  test.each([1, 10])(
    'of every feed, at every node, every %ith time: all arrives, and is shown late for one second at most',
    (every) => {
      const { lab, liars } = besieged(() => FAR)
      let turn = 0
      const delays = lab.delays(0, HEARERS, 200, 20, () => {
        turn++
        for (const liar of liars) {
          liar.listen()
          if (turn % every === 0) liar.have(FAR + turn)
        }
      })
      // For the first moment of catching up a room is held, so that it is shown in order.
      expect(delays.at(-1)).toBeLessThanOrEqual(1_000 + USUAL_MS)
      expect(over(delays, USUAL_MS)).toBeLessThanOrEqual((HEARERS.length * 1_000) / 20)
      expect(lab.delays(0, HEARERS, 100, 20).at(-1)).toBe(USUAL_MS)
    },
  )

  test('in lists as long as they may be is dropped as soon as that is beyond reason', () => {
    const { lab, liars } = besieged()
    const [liar] = liars as [Liar]
    const entries = Array.from({ length: HAVE_ENTRIES_MAX }, (_, at) => ({ handle: at + 1, next: FAR }))
    let lists = 0
    for (; liar.peer.up && lists < 1_000; lists++) liar.peer.send(FrameType.have, (out) => writeHave(out, entries))
    expect(liar.peer.bye).toBe(ByeCode.flooding)
    expect(lists).toBeLessThan(100)
    expect(lab.delays(0, HEARERS, 20, 20).at(-1)).toBe(USUAL_MS)
  })

  test('by naming feed after feed and bringing each a little late holds a room once, not all the time', () => {
    const { lab, liars } = besieged()
    let turn = 0
    let author = new Author(7)
    const delays = lab.delays(0, HEARERS, 500, 20, () => {
      const phase = turn++ % 24
      if (phase === 0) author = new Author(7, 'general', 1_000 + turn)
      const made = phase === 22 ? author.say(`late ${turn}`) : null
      for (const { peer } of liars) {
        if (phase === 0) nameFeed(peer, 10_000 + turn, author, 1, 2)
        if (made !== null) push(peer, 10_000 + turn - 22, made)
      }
    })
    expect(over(delays, USUAL_MS)).toBeLessThanOrEqual((HEARERS.length * 1_000) / 20)
    expect(delays.at(-1)).toBeLessThanOrEqual(1_000 + USUAL_MS)
  })
})

describe('a neighbour that plays back', () => {
  test.each([0, HOPS_MAX])(
    'every bundle it ever heard, over and over, as if from %i hops away: hardly anything is late, nothing is sent on',
    (hops) => {
      const { lab, liars } = besieged()
      const before = lab.crossedBytes
      const delays = lab.delays(0, HEARERS, 200, 20, () => {
        for (const liar of liars) {
          liar.listen()
          for (const body of liar.bundles.slice(-50)) liar.echo(body, hops)
        }
      })
      expect(over(delays, USUAL_MS)).toBeLessThanOrEqual(hops === 0 ? 50 : 0)
      expect(delays.at(-1)).toBeLessThan(200)
      expect(lab.crossedBytes - before).toBeLessThan(200 * 5 * 200)
      expect(liars.every(({ peer }) => peer.up)).toBe(true)
    },
  )

  test('another history of the same author has its signatures checked once, not every time', () => {
    let checks = 0
    const counting = (key: Uint8Array): Verifier | null => {
      const check = verifier(key)
      const verify = (message: Uint8Array, signature: Uint8Array): boolean => {
        checks++
        return check!.verify(message, signature)
      }
      return check === null ? null : { verify }
    }
    const bench = new Bench(1, { verifier: counting })
    bench.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    push(peer, 1, author.say('one'))
    const other = author.fork()
    const [two, otherTwo] = [author.say('two'), other.say('not two')]
    const otherThree = other.say('not three')
    push(peer, 1, two)
    expect(checks).toBe(2)
    for (let at = 0; at < 100; at++) for (const made of [otherTwo, otherThree]) push(peer, 1, made)
    expect(checks).toBe(4)
    expect(bench.tellings('trouble').map(({ code }) => code)).toEqual(['fork'])
    push(peer, 1, author.say('three'))
    expect(bench.texts()).toEqual(['one', 'two', 'not two', 'not three', 'three'])
  })

  test('passing events: each goes over each link once', () => {
    const { lab, liars } = besieged()
    const { signing } = identityOf(700)
    const time = { ms: lab.nodes[0]!.wallMs, counter: 0 }
    const body = encodePresence({ state: 'here', name: 'Ann' })
    const said = { author: signing.publicKey, room: openRoomId('general'), time, kind: PassingKind.presence, body }
    const sealed = sealPassing(said, signing)
    const before = lab.crossedBytes
    const delays = lab.delays(0, HEARERS, 20, 20, () => {
      for (const { peer } of liars) {
        for (let i = 0; i < 20; i++) peer.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
      }
    })
    expect(delays.at(-1)).toBe(USUAL_MS)
    // 2,400 copies of 170 bytes came in.
    expect(lab.crossedBytes - before).toBeLessThan(2 * 9 * 200 + 20 * 5 * 200 + 10_000)
    expect(lab.nodes[3]!.run((node) => node.members('general')).filter(({ name }) => name === 'Ann').length).toBe(1)
  })
})

describe('a neighbour that lies about hops', () => {
  test('to be the way by which everything comes, and then brings nothing: it costs a few stalls, and less and less', () => {
    const { lab, liars } = besieged()
    const lie = () => {
      for (const liar of liars) for (const body of liar.listen()) liar.echo(body, 0)
    }
    const delays = lab.delays(0, HEARERS, 500, 20, lie)
    // Of each stall somebody is told within 25 ms, and asks 120 ms later. Believed every time it would be 874 of 2,500.
    expect(over(delays, USUAL_MS)).toBeLessThan(50)
    expect(delays.at(-1)).toBeLessThanOrEqual(25 + 120 + 3 * LATENCY_MS)
    lab.delays(0, HEARERS, 500, 60, lie)
    expect(over(lab.delays(0, HEARERS, 200, 20, lie), USUAL_MS)).toBeLessThan(20)
  })

  test('to be spared is spared, and nobody else notices', () => {
    const { lab, liars } = besieged()
    const before = lab.crossedBytes
    const delays = lab.delays(0, HEARERS, 200, 20, () => {
      for (const liar of liars) for (const body of liar.listen()) liar.echo(body, 15)
    })
    expect(delays.at(-1)).toBe(USUAL_MS)
    expect(lab.crossedBytes - before).toBeLessThan(200 * 5 * 200)
  })
})

describe('a neighbour that names feeds without end', () => {
  test('and says to have something of each: what others say comes all the same, and it is dropped when no handle is left', () => {
    const lab = new Lab(3)
    lab.link(0, 1)
    lab.link(1, 2)
    lab.pass(500)
    const { peer } = new Liar(lab.nodes[1]!, 500)
    const room = openRoomId('general')
    const author = new Uint8Array(32).fill(9)
    let handle = 1
    const delays = lab.delays(0, [1, 2], 120, 20, () => {
      const frames = Array.from({ length: 600 }, () => {
        const epoch = new ByteWriter(8).u48(handle).u16(0).copy()
        const named = { handle: handle++, author, room, epoch, base: 1, next: FAR }
        return frame(FrameType.feed, (out) => writeFeed(out, named))
      })
      if (peer.up) peer.record(joinBytes(frames))
      peer.sent.length = 0
    })
    expect(peer.bye).toBe(ByeCode.flooding)
    expect(delays.at(-1)).toBeLessThanOrEqual(1_000 + USUAL_MS)
    expect(over(delays, USUAL_MS)).toBeLessThanOrEqual((2 * 1_000) / 20)
  })
})

describe('a neighbour that asks for the same again and again', () => {
  test('is sent what there is, once more as much as is ever held, and then only what is new; nobody waits for that', () => {
    const lab = new Lab(3)
    lab.link(0, 1)
    lab.link(1, 2)
    lab.pass(500)
    for (let at = 0; at < 300; at++) lab.say(0, `${at} ${'x'.repeat(16_000)}`)
    lab.pass(500)
    const greedy = new Liar(lab.nodes[1]!, 500)
    // It compares no rooms, so it is told of each feed after a while.
    lab.pass(5_100)
    greedy.listen()
    let asked = 0
    const delays = lab.delays(0, [1, 2], 100, 20, () => {
      for (let i = 0; i < 50; i++, asked++) {
        want(greedy.peer, greedy.handles[0]!, 1)
        greedy.listen()
        greedy.bundles.length = 0
      }
    })
    expect(delays.at(-1)).toBe(USUAL_MS)
    // 5 MB are held: sent for each of the 5,000 requests they would be 24 GB.
    expect(asked * 300 * 16_000).toBeGreaterThan(20e9)
    expect(greedy.takenBytes).toBeLessThan(64 * 1024 * 1024 + 8 * 1024 * 1024 + 300 * 16_200)
    // What is new still comes, and what it asked for too often is given again when some time has passed.
    const before = greedy.takenBytes
    lab.say(0, 'something new')
    lab.pass(100)
    greedy.listen()
    expect(greedy.takenBytes - before).toBeGreaterThan(100)
    expect(greedy.takenBytes - before).toBeLessThan(300)
    lab.pass(10_000)
    want(greedy.peer, greedy.handles[0]!, 1)
    greedy.listen()
    expect(greedy.takenBytes - before).toBeGreaterThan(300 * 16_000)
  })

  test('far beyond that is dropped', () => {
    const { lab, liars } = besieged()
    const [liar] = liars as [Liar]
    let asked = 0
    for (; liar.peer.up && asked < 1_000_000; asked += 1_000) {
      const one = frame(FrameType.lazy, (out) => out.varint(liar.handles[0]!))
      liar.peer.record(joinBytes(Array.from({ length: 1_000 }, () => one)))
      liar.peer.sent.length = 0
    }
    expect(liar.peer.bye).toBe(ByeCode.flooding)
    expect(asked).toBeLessThan(400_000)
    expect(lab.delays(0, HEARERS, 20, 20).at(-1)).toBe(USUAL_MS)
  })
})

describe('a neighbour that pings without end', () => {
  test('is answered 64 times at once and then once a second; in floods it is dropped', () => {
    const lab = new Lab(1)
    const peer = openPeer(lab.nodes[0]!)
    const before = peer.heardOf(FrameType.pong).length
    const ping = () => peer.send(FrameType.ping, () => {})
    for (let at = 0; at < 200; at++) ping()
    expect(peer.heardOf(FrameType.pong).length - before).toBe(64)
    lab.pass(1_000)
    ping()
    expect(peer.heardOf(FrameType.pong).length - before).toBe(65)
    for (let at = 0; peer.up && at < 1_000; at++) ping()
    expect(peer.bye).toBe(ByeCode.flooding)
  })
})

describe('connections without end', () => {
  test('from one host, in every state: links that are there stay, and newcomers from elsewhere find in at once', () => {
    const lab = ring()
    const { nodes } = lab
    let seed = 1_000
    const delays = lab.delays(0, HEARERS, 50, 20, () => {
      for (const bench of nodes) {
        for (let at = 0; at < 5; at++) new Caller(bench, '46.1.1.1')
        new Caller(bench, '46.1.1.1').speak()
        const through = openPeer(bench, { seed: seed++, host: '46.1.1.1' })
        if (through.up && seed % 3 === 0) bench.vanish(through.link!)
      }
    })
    expect(delays.at(-1)).toBe(USUAL_MS)
    for (const bench of nodes) expect(openPeer(bench, { seed: 50, host: '47.1.1.1' }).up).toBe(true)
  })
})
