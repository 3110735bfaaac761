import { afterEach, expect, test } from 'bun:test'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { LanDriver } from '../../src/app/lan.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { LanPeer } from '../../src/core/discovery/lan.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import type { DatagramSource, Multicast } from '../../src/ports/multicast.ts'
import { sealAnnouncement } from '../../src/wire/announcement.ts'

let closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

/** A driver whose only group is in the hands of the test. */
async function driven(): Promise<{ found: LanPeer[]; hear: (datagram: Uint8Array, source: DatagramSource) => void }> {
  const found: LanPeer[] = []
  const heard = Promise.withResolvers<(datagram: Uint8Array, source: DatagramSource) => void>()
  const multicast: Multicast = {
    open(_where, _bytesMax, receive) {
      heard.resolve(receive)
      return { fault: null, send() {}, refresh: () => Promise.resolve(true), close() {} }
    },
  }
  const driver = new LanDriver(systemClock, multicast, {
    key: signingKeyFromSeed(new Uint8Array(32).fill(1)),
    rng: seededRng(1),
    tcpPort: 6_001,
    groups: [{ group: 'ff15::1', port: 7_001, interfaces: 'all' }],
    found: (peer) => found.push(peer),
    log: () => {},
    notice: () => {},
  })
  closing.push(() => driver.stop())
  await driver.start()
  return { found, hear: await heard.promise }
}

test('an announcement from an address with a zone does not hide the same one from an address that can be passed on', async () => {
  const { found, hear } = await driven()
  const key = signingKeyFromSeed(new Uint8Array(32).fill(2))
  const here = { kind: 'here', identity: key.publicKey, ms: 1, lastsS: 16, tcpPort: 6_002 } as const
  const datagram = sealAnnouncement(here, key)
  hear(datagram, { host: 'fe80::2%eth0', port: 7_001 })
  expect(found).toEqual([])
  hear(datagram, { host: 'fd72::2', port: 7_001 })
  expect(found.map((peer) => peer.address)).toEqual([{ host: 'fd72::2', port: 6_002 }])
})
