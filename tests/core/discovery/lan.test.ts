import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import {
  ANNOUNCE_EVERY_MS,
  ANNOUNCEMENT_LASTS_MS,
  LAN_PEERS_PER_HOST_MAX,
  LanDiscovery,
  type LanPeer,
} from '../../../src/core/discovery/lan.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { sealAnnouncement } from '../../../src/wire/announcement.ts'

/** Nodes on one wire: what one says, all hear at once, the speaker too. Virtual time in steps of ten milliseconds. */
class Wire {
  nowMs = 0
  readonly nodes: Station[] = []
  readonly heard: Uint8Array[] = []

  add(seed: number, host = `10.0.0.${seed}`): Station {
    const station = new Station(this, seed, host)
    this.nodes.push(station)
    return station
  }

  carry(datagram: Uint8Array, host: string): void {
    this.heard.push(datagram)
    for (const node of this.nodes) if (node.on) node.machine.received(datagram, host, this.nowMs)
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 10
      for (const node of this.nodes) {
        if (node.on && node.machine.nextWakeMs() <= this.nowMs) node.machine.wake(this.nowMs, node.wallMs())
      }
    }
  }
}

class Station {
  readonly found: LanPeer[] = []
  readonly gone: LanPeer[] = []
  readonly machine: LanDiscovery
  on = false
  readonly key

  constructor(
    private readonly wire: Wire,
    readonly seed: number,
    readonly host: string,
    private readonly clockOffMs = 0,
  ) {
    this.key = signingKeyFromSeed(new Uint8Array(32).fill(seed))
    this.machine = new LanDiscovery(this.key, () => 5_000 + seed, seededRng(seed), {
      send: (datagram) => wire.carry(datagram, host),
      found: (peer) => this.found.push(peer),
      gone: (peer) => this.gone.push(peer),
    })
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.wire.nowMs + this.clockOffMs
  }

  start(): this {
    this.on = true
    this.machine.start(this.wire.nowMs)
    return this
  }
}

describe('nodes of one network', () => {
  test('started in any order, all know of each other within a moment, by source address and announced port', () => {
    const wire = new Wire()
    for (const seed of [3, 1, 2]) {
      wire.add(seed).start()
      wire.pass(700)
    }
    for (const node of wire.nodes) {
      const others = wire.nodes.filter((other) => other !== node)
      expect(node.found.map((peer) => peer.address.host).toSorted()).toEqual(others.map(({ host }) => host).toSorted())
      for (const peer of node.found) expect(peer.address.port).toBe(5_000 + Number(peer.address.host.slice(7)))
    }
  })

  test('say goodbye, or are forgotten when they have been silent for three announcements', () => {
    const wire = new Wire()
    const [a, b, c] = [wire.add(1).start(), wire.add(2).start(), wire.add(3).start()]
    wire.pass(1_000)
    b.machine.goodbye(b.wallMs())
    b.on = false
    expect(a.gone.map((peer) => peer.address.host)).toEqual([b.host])
    c.on = false
    wire.pass(ANNOUNCEMENT_LASTS_MS + ANNOUNCE_EVERY_MS * 2)
    expect(a.gone.map((peer) => peer.address.host)).toEqual([b.host, c.host])
    expect(a.machine.peers.size).toBe(0)
  })

  test('are found again at another address, once', () => {
    const wire = new Wire()
    const a = wire.add(1).start()
    const b = wire.add(2).start()
    wire.pass(3_000)
    expect(a.found).toHaveLength(1)
    b.on = false
    wire.add(2, '10.0.0.77').start()
    wire.pass(3_000)
    expect(a.found.map((peer) => peer.address.host)).toEqual([b.host, '10.0.0.77'])
  })
})

describe('what is not believed', () => {
  test('a recording, a changed byte, somebody else’s signature, one’s own voice', () => {
    const wire = new Wire()
    const a = wire.add(1).start()
    const b = wire.add(2).start()
    wire.pass(100)
    const recorded = wire.heard.slice()
    b.machine.goodbye(b.wallMs())
    b.on = false
    wire.pass(100)
    const before = a.found.length
    for (const datagram of recorded) {
      a.machine.received(datagram, '10.6.6.6', wire.nowMs)
      for (let at = 0; at < datagram.length; at++) {
        const changed = datagram.slice()
        changed[at]! ^= 1
        a.machine.received(changed, '10.6.6.6', wire.nowMs)
      }
    }
    const forged = { kind: 'here', identity: b.key.publicKey, ms: 2 ** 45, lastsS: 10, tcpPort: 1 } as const
    a.machine.received(sealAnnouncement(forged, a.key), '10.6.6.6', wire.nowMs)
    expect(a.found).toHaveLength(before)
    expect(a.found.every((peer) => peer.address.host === b.host)).toBe(true)
  })

  test('a machine that floods does not keep the others from being heard', () => {
    const wire = new Wire()
    const a = wire.add(1).start()
    const { publicKey } = signingKeyFromSeed(new Uint8Array(32).fill(9))
    for (let ms = 1; ms <= 1_000; ms++) {
      const forged = { kind: 'here', identity: publicKey, ms, lastsS: 10, tcpPort: 1 } as const
      a.machine.received(sealAnnouncement(forged, a.key), '10.6.6.6', wire.nowMs)
    }
    wire.add(2).start()
    wire.pass(100)
    expect(a.found.map((peer) => peer.address.host)).toEqual(['10.0.0.2'])
  })

  test('one machine does not fill the table', () => {
    const wire = new Wire()
    const a = wire.add(1).start()
    for (let i = 0; i < LAN_PEERS_PER_HOST_MAX + 20; i++) {
      const key = signingKeyFromSeed(new Uint8Array(32).fill(7).with(0, i))
      const said = { kind: 'here', identity: key.publicKey, ms: 1, lastsS: 10, tcpPort: 1 + i } as const
      a.machine.received(sealAnnouncement(said, key), '10.6.6.6', wire.nowMs)
    }
    expect(a.machine.peers.size).toBe(LAN_PEERS_PER_HOST_MAX)
    wire.add(2).start()
    wire.pass(100)
    expect(a.found.at(-1)?.address.host).toBe('10.0.0.2')
  })
})

describe('where there may be somebody who has not heard us', () => {
  test('it is said quickly, a few times, and goes on in the usual rhythm; asked for often it is said no more', () => {
    const wire = new Wire()
    const node = wire.add(1).start()
    wire.pass(20_000)
    const before = wire.heard.length
    node.machine.again(wire.nowMs)
    wire.pass(2_100)
    expect(wire.heard.length - before).toBe(5)
    wire.pass(60_000)
    const perMinute = 60_000 / ANNOUNCE_EVERY_MS
    expect(Math.abs(wire.heard.length - before - 5 - perMinute)).toBeLessThan(3)
    const often = wire.heard.length
    for (let i = 0; i < 10; i++) {
      for (let j = 0; j < 10; j++) node.machine.again(wire.nowMs)
      wire.pass(3_000)
    }
    expect(wire.heard.length - often).toBe(50)
  })

  test('whoever is known is found once more, where he was, and not again and again', () => {
    const wire = new Wire()
    const [a, b] = [wire.add(1).start(), wire.add(2).start()]
    wire.pass(10_000)
    expect(a.found).toHaveLength(1)
    a.machine.again(wire.nowMs)
    wire.pass(30_000)
    expect(a.found).toHaveLength(2)
    expect(a.gone).toEqual([])
    expect(b.found).toHaveLength(1)
  })
})
