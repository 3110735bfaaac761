import { describe, expect, test } from 'bun:test'
import { bunUdp } from '../../src/adapters/bun-udp.ts'
import { seededRng } from '../../src/base/rng.ts'
import { DatagramNetwork } from '../sim/datagrams.ts'
import { World } from '../sim/world.ts'
import { datagramCompliance } from './datagrams.compliance.ts'

datagramCompliance('UDP on this machine', () => ({
  datagrams: bunUdp,
  host: '127.0.0.1',
  foreign: '192.0.2.1',
  settle: (promise) => promise,
}))

datagramCompliance('The datagrams of a simulated machine', () => {
  const world = new World(1)
  const network = new DatagramNetwork(world.time, seededRng(1))
  return {
    datagrams: network.at('10.0.0.1'),
    host: '10.0.0.1',
    foreign: '192.0.2.1',
    settle: (promise) => world.settle(promise, 10_000),
  }
})

describe('UDP open to both families', () => {
  test('shows IPv4 as IPv4, and answers it', async () => {
    const heard = Promise.withResolvers<string>()
    const both = await bunUdp.bind({ host: '::', port: 0 }, { received: (_, { host }) => heard.resolve(host) })
    const answered = Promise.withResolvers<number>()
    const four = await bunUdp.bind(
      { host: '127.0.0.1', port: 0 },
      { received: (bytes) => answered.resolve(bytes.length) },
    )
    if (!both.ok || !four.ok) throw new Error('this machine has no IPv6')
    four.send(new Uint8Array(10), { host: '127.0.0.1', port: both.local.port })
    const host = await heard.promise
    expect(host).toBe('127.0.0.1')
    both.send(new Uint8Array(20), { host, port: four.local.port })
    expect(await answered.promise).toBe(20)
    both.close()
    four.close()
  })

  test('hears of a host that is not written as an address as of none', async () => {
    expect(await bunUdp.bind({ host: 'localhost', port: 0 }, { received: () => {} })).toMatchObject({ ok: false })
  })
})
