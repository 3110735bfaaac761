import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { isCircuitType } from '../../src/wire/circuit.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { isMembershipType } from '../../src/wire/membership.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

/** A node in `general`, always from the same seed: recorded bytes mean to each such node what they meant to the first. */
function listener(): Bench {
  const bench = new Bench(1)
  bench.run((node, now) => node.join('general', now))
  return bench
}

/** Says hello, names a feed and sends what its author said. */
function talk(bench: Bench): Peer {
  const peer = openPeer(bench, { silent: true })
  const author = new Author(7)
  nameFeed(peer, 1, author, 1, 1)
  for (const text of ['one', 'two', 'three']) push(peer, 1, author.say(text))
  return peer
}

/** What a user would be told, without reasons and goodbyes. */
function heard(bench: Bench): string[] {
  return bench.told.flatMap((telling) => {
    if (telling.kind === 'event') return [`${telling.number} ${new TextDecoder().decode(telling.body)}`]
    return telling.kind === 'peer' && telling.state === 'up' ? [`up ${telling.name}`] : []
  })
}

/** Plays a recording into a fresh node, and then waits until every deadline has passed. */
function replay(chunks: readonly Uint8Array[]): { bench: Bench; ended: boolean; endedAtOnce: boolean } {
  const bench = listener()
  let ended = false
  const link = bench.accept({ hear() {}, closed: () => (ended = true) })!
  for (const chunk of chunks) bench.receive(link, chunk)
  const endedAtOnce = ended || !bench.node.peers().some((peer) => peer.id === link)
  bench.pass(50_000)
  return { bench, ended, endedAtOnce }
}

const recorded = talk(listener()).sent
const whole = (() => {
  const bench = listener()
  talk(bench)
  return heard(bench)
})()
/** Greeting and first message, third message, hello, feed, three bundles. */
const RECORDS_FROM = 2

describe('a recorded link', () => {
  test('played back to a node with the same ephemeral key means the same: the tests below turn on that', () => {
    const { bench } = replay(recorded)
    expect(heard(bench)).toEqual(whole)
    expect(whole).toEqual(['up peer', '1 one', '2 two', '3 three'])
    expect(recorded.length).toBe(7)
  })

  test('played back to any other node makes no link', () => {
    const bench = new Bench(2)
    const link = bench.accept({ hear() {}, closed() {} })!
    for (const chunk of recorded) bench.receive(link, chunk)
    expect(bench.tellings('peer')).toEqual([])
  })

  test('with a bit turned in any of its bytes ends, and tells nothing that was not said', () => {
    const chance = seededRng(1)
    recorded.forEach((chunk, which) => {
      for (let at = 0; at < chunk.length; at++) {
        const turned = chunk.slice()
        turned[at]! ^= 1 << chance.below(8)
        const { bench, ended } = replay(recorded.with(which, turned))
        expect(ended).toBe(true)
        // What came before the damage stands; nothing from there on is told.
        expect(heard(bench)).toEqual(whole.slice(0, toldAfter(which)))
      }
    })
  })

  test('cut short at any byte waits, ends when its time is over, and tells only what was whole', () => {
    recorded.forEach((chunk, which) => {
      for (let length = 0; length < chunk.length; length++) {
        const { bench, ended } = replay([...recorded.slice(0, which), chunk.slice(0, length)])
        expect(ended).toBe(true)
        expect(heard(bench)).toEqual(whole.slice(0, toldAfter(which)))
      }
    })
  })

  test.each([
    ['a record played twice', (list: Uint8Array[]) => [...list, list.at(-1)!], 4],
    ['a record played again later', (list: Uint8Array[]) => [...list, list[RECORDS_FROM + 2]!], 4],
    ['two records in the other order', (list: Uint8Array[]) => [...list.slice(0, 5), list[6]!, list[5]!], 2],
    ['a record left out', (list: Uint8Array[]) => [...list.slice(0, 5), list[6]!], 2],
    ['hello played twice', (list: Uint8Array[]) => [...list.slice(0, 3), list[2]!, ...list.slice(3)], 1],
    ['the handshake played into the link', (list: Uint8Array[]) => [...list, list[0]!], 4],
  ])('%s ends it at once', (_, change, told) => {
    const { bench, endedAtOnce } = replay(change([...recorded]))
    expect(endedAtOnce).toBe(true)
    expect(heard(bench)).toEqual(whole.slice(0, told))
    expect(bench.tellings('trouble').at(-1)).toMatchObject({ code: 'peer-fault', user: false })
  })

  test('with a byte put in anywhere ends', () => {
    recorded.forEach((chunk, which) => {
      for (let at = 0; at <= chunk.length; at += 5) {
        const { bench, ended } = replay(
          recorded.with(which, Uint8Array.of(...chunk.slice(0, at), 0x5a, ...chunk.slice(at))),
        )
        expect(ended).toBe(true)
        expect(whole.slice(0, heard(bench).length)).toEqual(heard(bench))
      }
    })
  })
})

/** How much has been told when chunk `which` is the first that is not right. */
function toldAfter(which: number): number {
  return Math.max(0, which <= RECORDS_FROM ? 0 : which <= RECORDS_FROM + 2 ? 1 : which - RECORDS_FROM - 1)
}

describe('what a link may carry', () => {
  test('a frame of a type nobody knows is skipped, and so is what it holds', () => {
    const bench = listener()
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    for (let type = 0; type < 256; type++) {
      if (Object.values<number>(FrameType).includes(type) || isMembershipType(type) || isCircuitType(type)) continue
      peer.send(type, (out) => out.bytes(new Uint8Array(type)))
    }
    peer.send(0xee, (out) => out.bytes(new Uint8Array(64 * 1024 - 5)))
    push(peer, 1, author.say('still here'))
    expect(peer.up).toBe(true)
    expect(bench.texts()).toEqual(['still here'])
  })

  test('a record over its limit is refused at its header, before any of it has come', () => {
    const bench = listener()
    const peer = openPeer(bench)
    peer.raw(Uint8Array.of(0, 1, 0, 17))
    expect(peer.up).toBe(false)
    expect(peer.bye).toBe(ByeCode.protocolFault)
    expect(bench.tellings('trouble')[0]?.message).toContain('announced a record of 65553 bytes')
  })

  test.each([
    ['longer than its record', [0, 0, 0, 9, FrameType.ping, 1]],
    ['of no length', [0, 0, 0, 0]],
    ['cut off in its header', [0, 0, 0]],
    ['followed by a piece of one', [0, 0, 0, 1, 0x7f, 0, 0]],
  ])('a frame that is %s ends the link with a goodbye that says why', (_, plaintext) => {
    const bench = listener()
    const peer = openPeer(bench)
    peer.record(Uint8Array.from(plaintext))
    expect(peer.up).toBe(false)
    expect(peer.bye).toBe(ByeCode.protocolFault)
    bench.pass(1_000)
    expect(peer.ended).toBe('end')
  })

  test('after its end a link is deaf, and its peer may come again', () => {
    const bench = listener()
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    const late = author.say('too late')
    peer.send(FrameType.want, () => {})
    push(peer, 1, late)
    expect(bench.texts()).toEqual([])
    const again = openPeer(bench, { ephemeral: 1 })
    nameFeed(again, 1, author, 1, 1)
    push(again, 1, late)
    expect(bench.texts()).toEqual(['too late'])
  })

  test('a goodbye ends it, also one that is broken', () => {
    for (const body of [[], [1], [1, 200], [1, 1, 0xff], [1, 0]]) {
      const bench = listener()
      const peer = openPeer(bench)
      peer.send(FrameType.bye, (out) => out.bytes(Uint8Array.from(body)))
      expect(peer.ended).toBe('end')
      expect(bench.tellings('peer').map(({ state }) => state)).toEqual(['up', 'down'])
    }
  })
})
