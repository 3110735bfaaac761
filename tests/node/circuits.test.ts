import { describe, expect, test } from 'bun:test'
import { ByteReader, toHex } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { CircuitTelling } from '../../src/node/circuit-outputs.ts'
import {
  CIRCUIT_CHUNK_BYTES_MAX,
  CIRCUIT_TRIES_MAX,
  CIRCUIT_WINDOW_BYTES,
  type CircuitFrame,
  circuitType,
  HangupCode,
  isCircuitType,
  readCircuit,
  writeCircuit,
} from '../../src/wire/circuit.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

const chance = seededRng(6)
const keyOf = (seed: number) => identityOf(seed).signing.publicKey

/** A node with neighbours that are spoken for by hand: `seeds` are theirs. */
function among(...seeds: number[]): { bench: Bench; peers: Peer[] } {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  const peers = seeds.map((seed) => openPeer(bench, { seed }))
  bench.pass(1_000)
  for (const peer of peers) peer.heard.length = 0
  return { bench, peers }
}

function tell(peer: Peer, frame: CircuitFrame): void {
  peer.send(circuitType(frame), (out) => writeCircuit(out, frame))
}

/** Frames of circuits the node has sent there since the last time. */
function heard(peer: Peer): CircuitFrame[] {
  const frames = peer.heard.flatMap(({ type, body }) => {
    const frame = isCircuitType(type) ? readCircuit(type, new ByteReader(body)) : null
    return frame === null ? [] : [frame]
  })
  peer.heard.length = 0
  return frames
}

type Call = CircuitFrame & { readonly type: 'call' }

const call = (circuit: number, target: Uint8Array, over: Partial<Call> = {}): Call => ({
  ...{ type: 'call', circuit, call: chance.bytes(16), target, hops: 1, tries: CIRCUIT_TRIES_MAX },
  ...over,
})
const data = (circuit: number, bytes: number): CircuitFrame => ({ type: 'data', circuit, bytes: new Uint8Array(bytes) })

function tellings(bench: Bench): CircuitTelling[] {
  return bench.tellings('circuit')
}

/** Peers dial the node: their numbers are odd, its own are even. */
function joined() {
  const { bench, peers } = among(11, 12)
  const [anna, ben] = [peers[0]!, peers[1]!]
  tell(anna, call(1, keyOf(12)))
  tell(ben, { type: 'answer', circuit: 2 })
  heard(anna)
  heard(ben)
  return { bench, anna, ben }
}

describe('a call', () => {
  test('for a neighbour goes to him, and is answered', () => {
    const { peers } = among(11, 12, 13)
    const [anna, ben, dora] = [peers[0]!, peers[1]!, peers[2]!]
    const asked = call(1, keyOf(12))
    tell(anna, asked)
    expect(heard(ben)).toEqual([{ ...asked, circuit: 2, hops: 2, tries: CIRCUIT_TRIES_MAX - 1 }])
    tell(ben, { type: 'answer', circuit: 2 })
    expect(heard(anna)).toEqual([{ type: 'answer', circuit: 1 }])
    expect(heard(dora)).toEqual([])
  })

  test('for us is answered and told', () => {
    const { bench, peers } = among(11)
    tell(peers[0]!, call(1, bench.node.id))
    expect(heard(peers[0]!)).toEqual([{ type: 'answer', circuit: 1 }])
    expect(tellings(bench)).toEqual([{ kind: 'circuit', state: 'called', circuit: 1, through: toHex(keyOf(11)) }])
  })

  test('for somebody unknown tries three neighbours at most, none that has it from us, and comes back', () => {
    const { peers } = among(11, 12, 13, 14, 15)
    tell(peers[0]!, call(1, keyOf(99)))
    let asked = 0
    for (let round = 0; round < 10; round++) {
      for (const peer of peers.slice(1)) {
        for (const frame of heard(peer)) {
          if (frame.type !== 'call') continue
          asked++
          tell(peer, { type: 'hangup', circuit: frame.circuit, code: HangupCode.noWay, tries: frame.tries })
        }
      }
    }
    expect(asked).toBe(3)
    expect(heard(peers[0]!)).toEqual([
      { type: 'hangup', circuit: 1, code: HangupCode.noWay, tries: CIRCUIT_TRIES_MAX - 3 },
    ])
  })

  test('that comes round is not passed on again, nor one without tries, nor from too far', () => {
    const { peers } = among(11, 12)
    const [anna, ben] = [peers[0]!, peers[1]!]
    const asked = call(1, keyOf(99))
    tell(anna, asked)
    const [passed] = heard(ben)
    expect(passed?.type).toBe('call')
    tell(ben, { ...asked, circuit: 1, hops: 3 })
    expect(heard(ben)).toMatchObject([{ type: 'hangup', circuit: 1, code: HangupCode.noWay }])
    expect(heard(anna)).toEqual([])
    tell(anna, call(3, keyOf(12), { tries: 0 }))
    tell(anna, call(5, keyOf(12), { hops: 8 }))
    expect(heard(anna)).toMatchObject([
      { type: 'hangup', circuit: 3 },
      { type: 'hangup', circuit: 5 },
    ])
    expect(heard(ben)).toEqual([])
  })

  test('cannot come back with more tries than it went with', () => {
    const { peers } = among(11, 12)
    tell(peers[0]!, call(1, keyOf(99), { tries: 2 }))
    heard(peers[1]!)
    tell(peers[1]!, { type: 'hangup', circuit: 2, code: HangupCode.noWay, tries: CIRCUIT_TRIES_MAX })
    expect(heard(peers[0]!)).toMatchObject([{ type: 'hangup', circuit: 1, tries: 1 }])
  })

  test('that is swallowed comes back after ten seconds, and ours is tried through others meanwhile', () => {
    const { bench, peers } = among(11, 12)
    tell(peers[0]!, call(1, keyOf(99)))
    expect(heard(peers[1]!)).toHaveLength(1)
    bench.pass(9_000)
    expect(heard(peers[0]!)).toEqual([])
    bench.pass(1_500)
    expect(heard(peers[0]!)).toMatchObject([{ type: 'hangup', circuit: 1 }])
    expect(heard(peers[1]!)).toMatchObject([{ type: 'hangup', circuit: 2 }])
    expect(bench.run((node, now) => node.circuits.call(toHex(keyOf(99)), now))).toBe(1)
    bench.pass(9_000)
    const calls = peers.flatMap((peer) => heard(peer)).filter(({ type }) => type === 'call')
    expect(calls).toHaveLength(2)
    expect(tellings(bench)).toMatchObject([{ state: 'closed', circuit: 1 }])
  })

  test('is not begun where there is nobody to call through', () => {
    const bench = new Bench()
    expect(bench.run((node, now) => node.circuits.call(toHex(keyOf(99)), now))).toBeNull()
  })

  test('given up by whoever began it is given up on the way', () => {
    const { peers } = among(11, 12)
    tell(peers[0]!, call(1, keyOf(99)))
    heard(peers[1]!)
    tell(peers[0]!, { type: 'hangup', circuit: 1, code: HangupCode.over, tries: 0 })
    expect(heard(peers[1]!)).toMatchObject([{ type: 'hangup', circuit: 2 }])
  })
})

describe('over a circuit', () => {
  test('bytes go both ways, and word that they were taken', () => {
    const { anna, ben } = joined()
    tell(anna, data(1, 700))
    expect(heard(ben)).toMatchObject([{ type: 'data', circuit: 2, bytes: { length: 700 } }])
    tell(ben, { type: 'credit', circuit: 2, bytes: 700 })
    tell(ben, data(2, 5))
    expect(heard(anna)).toMatchObject([
      { type: 'credit', bytes: 700 },
      { type: 'data', bytes: { length: 5 } },
    ])
  })

  test('one that hangs up is told of on the other side, after what it had sent', () => {
    const { bench, anna, ben } = joined()
    bench.blocked.add(ben.link!)
    for (let i = 0; i < 3; i++) tell(anna, data(1, CIRCUIT_CHUNK_BYTES_MAX))
    tell(anna, { type: 'hangup', circuit: 1, code: HangupCode.over, tries: 0 })
    bench.blocked.clear()
    bench.settle()
    expect(heard(ben).map(({ type }) => type)).toEqual(['data', 'data', 'data', 'hangup'])
  })

  test('a link that is lost ends it on the other side', () => {
    const { bench, anna, ben } = joined()
    bench.vanish(anna.link!)
    expect(heard(ben)).toEqual([{ type: 'hangup', circuit: 2, code: HangupCode.lost, tries: 0 }])
  })

  test('on which nothing moves it ends after a minute and a half', () => {
    const { bench, anna, ben } = joined()
    for (let i = 0; i < 8; i++) {
      bench.pass(10_000)
      for (const peer of [anna, ben]) peer.send(0x03, (out) => out.u48(0))
    }
    expect([...heard(anna), ...heard(ben)]).toEqual([])
    bench.pass(20_000)
    for (const peer of [anna, ben]) expect(heard(peer)).toMatchObject([{ type: 'hangup', code: HangupCode.lost }])
  })

  test('no more waits for one who does not read than a window, in crumbs or not', () => {
    for (const crumb of [16, CIRCUIT_CHUNK_BYTES_MAX]) {
      const { bench, anna, ben } = joined()
      bench.blocked.add(ben.link!)
      for (let sent = 0; sent < CIRCUIT_WINDOW_BYTES; sent += crumb) tell(anna, data(1, crumb))
      const legs = [...bench.node.circuits['board']['places'].values()].flatMap((place) => [...place.legs.values()])
      expect(legs.reduce((all, { out }) => all + out.length, 0)).toBe(CIRCUIT_WINDOW_BYTES)
      expect(legs.reduce((all, { out }) => all + out['full'].length, 0)).toBe(
        CIRCUIT_WINDOW_BYTES / CIRCUIT_CHUNK_BYTES_MAX,
      )
      tell(anna, data(1, 1))
      expect(anna.bye).toBe(ByeCode.protocolFault)
    }
  })

  test('what goes over one link stays below two mebibytes a second, and no chunk goes with words', () => {
    const { bench, anna, ben } = joined()
    let bytes = 0
    for (let turn = 0; turn < 2_000; turn++) {
      for (const frame of heard(ben)) {
        if (frame.type !== 'data') continue
        bytes += frame.bytes.length
        tell(ben, { type: 'credit', circuit: 2, bytes: frame.bytes.length })
        tell(anna, data(1, frame.bytes.length))
      }
      if (turn < 16) tell(anna, data(1, CIRCUIT_CHUNK_BYTES_MAX))
      bench.pass(1)
      anna.heard.length = 0
    }
    expect(bytes / 2).toBeLessThan(2.1 * 1024 * 1024)
    expect(bytes / 2).toBeGreaterThan(1.5 * 1024 * 1024)
  })
})

describe('costs its sender the link:', () => {
  test.each<[string, (anna: Peer, ben: Peer) => void]>([
    ['a broken frame', (anna) => anna.send(0x50, (out) => out.u8(1))],
    [
      'bytes before an answer',
      (anna) => {
        tell(anna, call(1, keyOf(12)))
        tell(anna, data(1, 1))
      },
    ],
    ['an answer to nothing', (anna) => tell(anna, { type: 'answer', circuit: 8 })],
    [
      'an answer to its own call',
      (anna) => {
        tell(anna, call(1, keyOf(12)))
        tell(anna, { type: 'answer', circuit: 1 })
      },
    ],
    ['bytes on a circuit that never was', (anna) => tell(anna, data(77, 1))],
    [
      'credit for what was not sent',
      (anna, ben) => {
        tell(anna, call(1, keyOf(12)))
        tell(ben, { type: 'answer', circuit: 2 })
        tell(anna, { type: 'credit', circuit: 1, bytes: 1 })
      },
    ],
    ['a number of ours', (anna) => tell(anna, call(2, keyOf(12)))],
    [
      'a number twice',
      (anna) => {
        tell(anna, call(3, keyOf(12)))
        tell(anna, call(3, keyOf(12)))
      },
    ],
    [
      'a number that goes back',
      (anna) => {
        tell(anna, call(3, keyOf(12)))
        tell(anna, call(1, keyOf(12)))
      },
    ],
  ])('%s', (_, offend) => {
    const { bench, peers } = among(11, 12)
    offend(peers[0]!, peers[1]!)
    expect(peers[0]!.bye).toBe(ByeCode.protocolFault)
    bench.pass(20_000)
    expect(peers[1]!.up).toBe(true)
  })

  test('calls without end', () => {
    const { peers } = among(11, 12)
    for (let i = 0; i < 1_000 && peers[0]!.bye === null; i++) tell(peers[0]!, call(1 + 2 * i, keyOf(12)))
    expect(peers[0]!.bye).toBe(ByeCode.flooding)
    // Whom they were for has not been bothered with more than there is room for.
    expect(heard(peers[1]!).filter(({ type }) => type === 'call').length).toBeLessThanOrEqual(8)
  })
})

describe('is bounded:', () => {
  test('circuits over one link, and in all', () => {
    const { bench, peers } = among(...Array.from({ length: 12 }, (_, i) => 11 + i))
    let refused = 0
    let passed = 0
    for (const [i, peer] of peers.entries()) {
      const other = peers[(i + 1) % peers.length]!
      for (let n = 0; n < 6; n++) tell(peer, call(1 + 2 * n, keyOf(11 + ((i + 1) % peers.length))))
      passed += heard(other).filter(({ type }) => type === 'call').length
      refused += heard(peer).filter(({ type }) => type === 'hangup').length
    }
    expect(passed).toBeLessThanOrEqual(32)
    expect(passed).toBeGreaterThan(16)
    expect(refused).toBeGreaterThanOrEqual(6 * 12 - 32)
    bench.pass(11_000)
    for (const { legs } of bench.node.circuits['board']['places'].values()) expect(legs.size).toBe(0)
  })

  test('what is still on its way when one hangs up is dropped without a word', () => {
    const { anna, ben } = joined()
    tell(ben, { type: 'hangup', circuit: 2, code: HangupCode.over, tries: 0 })
    tell(anna, data(1, 100))
    tell(ben, { type: 'credit', circuit: 2, bytes: 100 })
    expect([anna.up, ben.up]).toEqual([true, true])
  })
})
