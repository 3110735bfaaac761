import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { PRESENCE_LASTS_MS } from '../../src/core/room/members.ts'
import { SHELF_MAX } from '../../src/core/room/presence-shelf.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { encodePresence, PassingKind, sealPassing } from '../../src/wire/passing.ts'
import { readPrefixes, writePrefixes } from '../../src/wire/recall.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

/** What two that link up tell each other of who is where. */

function bench(): Bench {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  return bench
}

function presence(bench: Bench, author: number, room = 'general'): Uint8Array {
  const key = identityOf(author).signing
  const body = encodePresence({ state: 'here', name: `person ${author}` })
  const time = { ms: bench.wallMs, counter: 0 }
  return sealPassing({ author: key.publicKey, room: openRoomId(room), time, kind: PassingKind.presence, body }, key)
}

const pass = (peer: Peer, sealed: Uint8Array): void => peer.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
const prefixOf = (sealed: Uint8Array): string => sha256(sealed.subarray(0, -64)).subarray(0, 8).toHex()
const ask = (peer: Peer, prefixes: string[]): void =>
  peer.send(FrameType.recallWant, (out) => writePrefixes(out, prefixes))
const name = (peer: Peer, prefixes: string[]): void =>
  peer.send(FrameType.recallList, (out) => writePrefixes(out, prefixes))
const prefixes = (peer: Peer, type: number): string[] =>
  peer.heardOf(type).flatMap((body) => readPrefixes(new ByteReader(body)) ?? [])
const recalled = (peer: Peer): string[] => peer.heardOf(FrameType.recalled).map((body) => prefixOf(body.subarray(2)))
const members = (bench: Bench): string[] => bench.node.members('general').map((member) => member.name)

describe('a newcomer', () => {
  test('is given the few who are there outright, with how long ago each was heard of', () => {
    const at = bench()
    const first = openPeer(at)
    const sealed = presence(at, 7)
    pass(first, sealed)
    at.pass(12_300)
    const late = openPeer(at, { seed: 101 })
    const ages = late.heardOf(FrameType.recalled).map((body) => [prefixOf(body.subarray(2)), body[0]])
    expect(ages).toContainEqual([prefixOf(sealed), 13])
    expect(recalled(late)).toHaveLength(2)
  })

  test('is told the names of many, and given those it asks for, and no others', () => {
    const at = bench()
    const first = openPeer(at)
    const all = Array.from({ length: 30 }, (_, i) => presence(at, 200 + i))
    for (const each of all) pass(first, each)
    const late = openPeer(at, { seed: 101 })
    expect(late.heardOf(FrameType.recalled)).toEqual([])
    expect(prefixes(late, FrameType.recallList)).toEqual(expect.arrayContaining(all.map(prefixOf)))
    ask(late, [prefixOf(all[3]!), 'ff'.repeat(8), prefixOf(all[20]!)])
    expect(recalled(late)).toEqual([prefixOf(all[3]!), prefixOf(all[20]!)])
  })

  test('nobody else speaks up because it has come', () => {
    const at = bench()
    const first = openPeer(at)
    at.pass(1_000)
    const heard = (): number => first.heardOf(FrameType.passing).length
    const before = heard()
    const late = openPeer(at, { seed: 101 })
    pass(late, presence(at, 101))
    at.pass(5_000)
    // What it says of itself is passed on; that is all.
    expect(heard() - before).toBe(1)
  })
})

describe('what a neighbour knows', () => {
  test('is asked for once, whoever else names it too, and passed on as old as it is', () => {
    const at = bench()
    const [one, two] = [openPeer(at), openPeer(at, { seed: 101 })]
    const sealed = presence(at, 7)
    name(one, [prefixOf(sealed)])
    name(two, [prefixOf(sealed)])
    expect(prefixes(one, FrameType.recallWant)).toEqual([prefixOf(sealed)])
    expect(prefixes(two, FrameType.recallWant)).toEqual([])
    one.send(FrameType.recalled, (out) => out.u8(40).u8(2).bytes(sealed))
    expect(members(at)).toEqual(['person 7'])
    const [body] = two.heardOf(FrameType.recalled).filter((each) => prefixOf(each.subarray(2)) === prefixOf(sealed))
    expect([body![0], body![1]]).toEqual([40, 3])
    at.pass(PRESENCE_LASTS_MS - 45_000)
    expect(members(at)).toEqual(['person 7'])
    at.pass(45_000)
    expect(members(at)).toEqual([])
  })

  test('and was asked for in vain, its link being gone, is asked of the next who named it', () => {
    const at = bench()
    const [one, two] = [openPeer(at), openPeer(at, { seed: 101 })]
    const sealed = presence(at, 7)
    name(one, [prefixOf(sealed)])
    name(two, [prefixOf(sealed)])
    at.vanish(one.link!)
    expect(prefixes(two, FrameType.recallWant)).toEqual([prefixOf(sealed)])
    two.send(FrameType.recalled, (out) => out.u8(1).u8(0).bytes(sealed))
    expect(members(at)).toEqual(['person 7'])
  })

  test('may be made out to be old by nobody: the younger copy counts, and is passed on', () => {
    const at = bench()
    const [liar, honest, third] = [openPeer(at), openPeer(at, { seed: 101 }), openPeer(at, { seed: 102 })]
    for (let round = 0; round < 5; round++) {
      const sealed = presence(at, 7)
      third.heard.length = 0
      liar.send(FrameType.recalled, (out) => out.u8(99).u8(0).bytes(sealed))
      pass(honest, sealed)
      expect(members(at)).toEqual(['person 7'])
      expect(third.heardOf(FrameType.passing)).toHaveLength(1)
      at.pass(30_000)
    }
    expect(at.tellings('member').map((telling) => telling.state)).toEqual(['joined'])
  })

  test('too old to be true any more is nobody’s business', () => {
    const at = bench()
    const [one, two] = [openPeer(at), openPeer(at, { seed: 101 })]
    two.heard.length = 0
    one.send(FrameType.recalled, (out) => out.u8(101).u8(0).bytes(presence(at, 7)))
    expect(members(at)).toEqual([])
    expect(two.heard).toEqual([])
  })

  test('of a room nobody here is in is kept, and there when it is joined', () => {
    const at = bench()
    const peer = openPeer(at)
    pass(peer, presence(at, 7, 'dev'))
    at.pass(20_000)
    at.run((node, now) => node.join('dev', now))
    expect(at.node.members('dev').map((member) => member.name)).toEqual(['person 7'])
  })

  test('overtaken by something newer goes no further', () => {
    const at = bench()
    const [one, two] = [openPeer(at), openPeer(at, { seed: 101 })]
    const old = presence(at, 7)
    at.pass(1_000)
    pass(one, presence(at, 7))
    two.heard.length = 0
    pass(one, old)
    expect(two.heard).toEqual([])
  })
})

describe('who asks or names too much', () => {
  test.each([
    ['names', name],
    ['asks for', ask],
  ])('%s more people than there can be is hung up on', (_, say) => {
    const peer = openPeer(bench())
    for (let at = 0; at < SHELF_MAX; at += 2_048) {
      expect(peer.up).toBe(true)
      const some = Array.from({ length: 2_048 }, (_, i) => (at + i).toString(16).padStart(16, '0'))
      say(peer, some)
    }
    expect(peer.up).toBe(true)
    say(peer, ['00'.repeat(8)])
    expect(peer.up).toBe(false)
  })

  test.each([FrameType.recallList, FrameType.recallWant, FrameType.recalled])(
    'broken frame %p ends the link',
    (type) => {
      const peer = openPeer(bench())
      peer.send(type, (out) => out.bytes(Uint8Array.of(3, 1, 2)))
      expect(peer.up).toBe(false)
    },
  )
})
