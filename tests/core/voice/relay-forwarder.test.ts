import { describe, expect, test } from 'bun:test'
import type { Address } from '../../../src/base/address.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { RelayForwarder, relayedForUs } from '../../../src/core/voice/relay-forwarder.ts'
import { DIRECT, wrapForRelay } from '../../../src/wire/voice-datagram.ts'

const ADA: Address = { host: '192.0.2.1', port: 4_001 }
const BEN: Address = { host: '192.0.2.2', port: 4_002 }
const STRANGER: Address = { host: '192.0.2.9', port: 4_009 }
const [ADA_TAG, BEN_TAG] = [11, 22]

function forwarder(): RelayForwarder<string> {
  return new RelayForwarder({
    peerAt: ({ port }) => (port === ADA.port ? 'ada' : port === BEN.port ? 'ben' : null),
    directTo: (tag) => (tag === ADA_TAG ? ADA : tag === BEN_TAG ? BEN : null),
  })
}

function relayed(tag: number, length = 100): Uint8Array {
  const inner = new Uint8Array(length).fill(DIRECT, 0, 1)
  const into = new Uint8Array(length + 5)
  wrapForRelay(tag, inner, into)
  return into
}

describe('who passes datagrams on', () => {
  test('does so from one member who has proved their endpoint to another, and for nobody else', () => {
    const relay = forwarder()
    expect(relay.pass(relayed(BEN_TAG), ADA, 0)).toEqual(BEN)
    expect(relay.pass(relayed(ADA_TAG), BEN, 0)).toEqual(ADA)
    expect(relay.pass(relayed(BEN_TAG), STRANGER, 0)).toBeNull()
    expect(relay.pass(relayed(33), ADA, 0)).toBeNull()
    expect(relay.pass(relayed(ADA_TAG), ADA, 0)).toBeNull()
    expect(relay.drops).toEqual({ fault: 0, stranger: 1, unreachable: 2, excess: 0 })
    expect(relay.passedOn).toBe(2)
  })

  test('gives one member so much and leaves the others theirs', () => {
    const relay = forwarder()
    let passed = 0
    for (let i = 0; i < 10_000; i++) if (relay.pass(relayed(BEN_TAG, 1_200), ADA, i / 10) !== null) passed++
    expect(passed * 1_205).toBeLessThanOrEqual(2 * 60_000)
    expect(relay.pass(relayed(ADA_TAG), BEN, 1_000)).toEqual(ADA)
    relay.left('ada')
    expect(relay.pass(relayed(BEN_TAG), ADA, 2_000)).toEqual(BEN)
  })

  test('does not pass on what is no datagram, or was passed on before', () => {
    const relay = forwarder()
    const rng = seededRng(1)
    for (const length of [0, 1, 5, 30, 31, 1_205, 1_206, 65_507]) {
      const bytes = rng.bytes(length)
      if (length > 5) bytes[5] = 0
      expect(relay.pass(bytes, ADA, 0)).toBeNull()
    }
    const twice = new Uint8Array(110)
    wrapForRelay(BEN_TAG, relayed(BEN_TAG), twice)
    expect(relay.pass(twice, ADA, 0)).toBeNull()
    expect(relay.drops.fault).toBe(9)
  })

  test('unwraps what is for itself', () => {
    expect(relayedForUs(relayed(BEN_TAG), BEN_TAG)).toEqual(relayed(BEN_TAG).subarray(5))
    expect(relayedForUs(relayed(BEN_TAG), ADA_TAG)).toBeNull()
    expect(relayedForUs(relayed(BEN_TAG).subarray(5), BEN_TAG)).toBeNull()
    expect(relayedForUs(new Uint8Array(0), BEN_TAG)).toBeNull()
  })
})
