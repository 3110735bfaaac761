import { afterEach, expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { isNear, networksOf, systemMulticast } from '../../src/adapters/multicast.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { LanDriver } from '../../src/app/lan.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { LanPeer } from '../../src/core/discovery/lan.ts'
import { JOIN_AGAIN_MS } from '../../src/core/discovery/places.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import type { GroupPlace, Multicast, MulticastGroup } from '../../src/ports/multicast.ts'

/** Real multicast, on the loopback interface alone. */
const GROUP = '239.192.72.84'

let closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

async function freePort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: '127.0.0.1' })
  const { port } = socket
  socket.close()
  return port
}

async function opened(where: GroupPlace, bytesMax: number, receive: Parameters<Multicast['open']>[2]) {
  const group = systemMulticast.open(where, bytesMax, receive)
  closing.push(() => group.close())
  await group.refresh(0)
  return group
}

async function joined(port: number, bytesMax: number, receive: (text: string, host: string) => void) {
  const where = { group: GROUP, port, interfaces: 'loopback' } as const
  const group = await opened(where, bytesMax, (datagram, source) =>
    receive(new TextDecoder().decode(datagram), source.host),
  )
  expect(group.fault).toBeNull()
  return group
}

test('two that share the port both hear what either says, and nothing that is too long', async () => {
  const port = await freePort()
  const heard: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const receive = (who: string) => (text: string, host: string) => {
    heard.push(`${who}: ${text} from ${host}`)
    if (heard.length === 4) resolve()
  }
  const a: MulticastGroup = await joined(port, 10, receive('a'))
  const b: MulticastGroup = await joined(port, 10, receive('b'))
  a.send(Buffer.from('much too long for it'))
  a.send(Buffer.from('one'))
  b.send(Buffer.from('two'))
  await promise
  const all = ['a: one', 'a: two', 'b: one', 'b: two'].map((each) => `${each} from 127.0.0.1`)
  expect(heard.toSorted()).toEqual(all)
})

test.skipIf(process.platform === 'win32')(
  'what was sent to this machine alone, and not to the group, is not heard',
  async () => {
    const port = await freePort()
    const heard: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const group = await joined(port, 10, (text) => {
      heard.push(text)
      if (text === 'last') resolve()
    })
    const stranger = createSocket('udp4')
    closing.push(() => stranger.close())
    // That nobody listens there is told of later, and is what is wanted.
    stranger.on('error', () => {})
    await new Promise((sent) => stranger.send('unicast', port, '127.0.0.1', sent))
    group.send(Buffer.from('last'))
    await promise
    expect(heard).toEqual(['last'])
  },
)

test('only the networks of the interfaces served are near', () => {
  const loopback = networksOf('loopback')
  expect(isNear(loopback, '127.0.0.1')).toBe(true)
  expect(isNear(loopback, '127.9.9.9')).toBe(true)
  for (const host of ['192.0.2.1', '2001:db8::1', 'fe80::1%nowhere']) expect(isNear(loopback, host)).toBe(false)
  expect(isNear(networksOf('all'), '127.0.0.1')).toBe(false)
  expect(isNear(networksOf({ address: '127.0.0.1' }), '127.0.0.2')).toBe(true)
})

test('joined once, it is not joined again while nothing changes', async () => {
  const group = await joined(await freePort(), 10, () => {})
  for (let look = 1; look < 20; look++) expect(await group.refresh(look * JOIN_AGAIN_MS)).toBe(false)
  expect(group.fault).toBeNull()
})

test('an interface that is not there is waited for', async () => {
  const where = { group: GROUP, port: await freePort(), interfaces: { address: '192.0.2.1' } } as const
  const group = await opened(where, 10, () => {})
  expect(group.fault).toBe('there is no interface to join on')
})

test('a group that is none is answered with a reason', async () => {
  const where = { group: '192.0.2.1', port: await freePort(), interfaces: 'loopback' } as const
  expect((await opened(where, 10, () => {})).fault).toBeString()
})

test('a port that another program has for itself is told of in words, and joined on when it is free', async () => {
  const taken = createSocket('udp4')
  closing.push(() => taken.close())
  await new Promise<void>((bound) => taken.bind(0, bound))
  const { port } = taken.address()
  const where = { group: GROUP, port, interfaces: 'loopback' } as const
  const group = await opened(where, 10, () => {})
  expect(group.fault).toBe(`another program has UDP port ${port} for itself`)
  await new Promise<void>((closed) => taken.close(closed))
  closing.shift()
  expect(await group.refresh(JOIN_AGAIN_MS - 1)).toBe(false)
  expect(group.fault).not.toBeNull()
  // And is joined when that program has gone.
  expect(await group.refresh(JOIN_AGAIN_MS)).toBe(true)
  expect(group.fault).toBeNull()
})

test('drivers on one machine find each other, by the port each announces', async () => {
  const port = await freePort()
  const start = (seed: number, found: (peer: LanPeer) => void): LanDriver => {
    const driver = new LanDriver(systemClock, systemMulticast, {
      key: signingKeyFromSeed(new Uint8Array(32).fill(seed)),
      rng: seededRng(seed),
      tcpPort: 6_000 + seed,
      groups: [{ group: GROUP, port, interfaces: 'loopback' }],
      found,
      log: () => {},
      notice: () => {},
    })
    closing.push(() => driver.stop())
    void driver.start()
    return driver
  }
  const meeting = (seed: number) => new Promise<LanPeer>((resolve) => start(seed, resolve))
  const [byOne, byTwo] = await Promise.all([meeting(1), meeting(2)])
  expect(byOne.address).toEqual({ host: '127.0.0.1', port: 6_002 })
  expect(byTwo.address).toEqual({ host: '127.0.0.1', port: 6_001 })
})
