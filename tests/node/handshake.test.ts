import { describe, expect, test } from 'bun:test'
import { joinBytes, utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { HANDSHAKE_MS_MAX } from '../../src/node/links.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode, writeBye, writeHello } from '../../src/wire/hello.ts'
import { GREETING } from '../../src/wire/magic.ts'
import { Bench, identityOf, type Wire } from './bench.ts'
import { openPeer, Peer } from './peer.ts'

const TARGET = { host: '192.0.2.9', port: 8080 }

/** Hears what the node says, and says nothing of its own. */
class Mute implements Wire {
  readonly heard: Uint8Array[] = []
  ended: 'abort' | 'end' | null = null

  hear(bytes: Uint8Array): void {
    this.heard.push(bytes)
  }

  closed(abort: boolean): void {
    this.ended = abort ? 'abort' : 'end'
  }
}

/** A proof that the identity of a seed has given for some static key. */
function proofOf(seed: number, staticKey: Uint8Array): Uint8Array {
  return identityOf(seed).signing.sign(sha256(joinBytes([utf8('hearsay link 1'), staticKey])))
}

/** What an honest caller sends up to its hello: to be stopped after any byte of it. */
function callersBytes(): Uint8Array {
  const peer = openPeer(new Bench(), { silent: true })
  return Uint8Array.from(peer.sent.flatMap((chunk) => [...chunk]))
}

describe('a caller that stops half-way', () => {
  const whole = callersBytes()

  test('sanity: all of it makes a link', () => {
    const bench = new Bench()
    const link = bench.accept(new Mute())!
    for (let at = 0; at < whole.length; at++) bench.receive(link, whole.slice(at, at + 1))
    expect(bench.node.peers().length).toBe(1)
  })

  test('is hung up on after ten seconds, whichever byte was its last', () => {
    for (let length = 0; length < whole.length; length++) {
      const bench = new Bench()
      const mute = new Mute()
      const link = bench.accept(mute)!
      for (let at = 0; at < length; at += 16) bench.receive(link, whole.slice(at, Math.min(at + 16, length)))
      expect(mute.ended).toBeNull()
      bench.pass(HANDSHAKE_MS_MAX - 1)
      expect(mute.ended).toBeNull()
      bench.pass(1)
      expect(mute.ended).toBe('abort')
      expect(bench.tellings('peer')).toEqual([])
    }
  })

  test('and trickles on is hung up on after ten seconds all the same', () => {
    const bench = new Bench()
    const mute = new Mute()
    const link = bench.accept(mute)!
    for (let at = 0; at < 10; at++) {
      bench.receive(link, whole.slice(at, at + 1))
      bench.pass(HANDSHAKE_MS_MAX / 10)
    }
    expect(mute.ended).toBe('abort')
  })

  test('vanishes without a trace, whichever byte was its last', () => {
    const bench = new Bench()
    for (let length = 0; length < whole.length; length++) {
      const link = bench.accept(new Mute(), '192.0.2.1', length)
      if (link === null) throw new Error(`${length} that vanished still count as half open`)
      bench.receive(link, whole.slice(0, length))
      bench.vanish(link)
    }
    expect(bench.told).toEqual([])
    expect(bench.node.settling).toBe(0)
  })
})

describe('one we dialled that stops half-way', () => {
  test('says nothing: the attempt fails after ten seconds, and another follows', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect(TARGET, now))
    const mute = new Mute()
    bench.answerDial(mute)
    expect(mute.heard[0]?.slice(0, GREETING.length)).toEqual(GREETING)
    bench.pass(HANDSHAKE_MS_MAX)
    expect(mute.ended).toBe('abort')
    expect(bench.tellings('dial-result')[0]).toMatchObject({ peer: null, code: 'handshake-timeout' })
    bench.pass(1_000)
    expect(bench.dials.length).toBe(1)
  })

  test('vanishes: the attempt fails at once', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect(TARGET, now))
    bench.vanish(bench.answerDial(new Mute()))
    expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'closed', reason: 'broke the connection off' })
  })

  test('refuses with a goodbye: its reason is told', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect(TARGET, now))
    const peer = new Peer(bench, { dialled: true }).connect()
    peer.send(FrameType.bye, (out) => writeBye(out, { code: ByeCode.tooManyLinks, reason: 'is full' }))
    expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'refused', reason: 'is full' })
  })
})

describe('who does not prove to be who it says', () => {
  const victim = identityOf(500).signing.publicKey
  const mine = identityOf(100)

  test.each([
    ['claims the identity of another', { ...mine, signing: { publicKey: victim, sign: mine.signing.sign } }],
    ['signs with nothing', { ...mine, signing: { publicKey: victim, sign: () => new Uint8Array(64) } }],
    [
      'passes on a proof that it was given',
      { ...mine, signing: { publicKey: victim, sign: () => proofOf(500, identityOf(501).linkStatic.publicKey) } },
    ],
  ])('%s: no link, and the log says what', (_, identity) => {
    for (const dialled of [false, true]) {
      const bench = new Bench()
      if (dialled) bench.run((node, now) => node.connect(TARGET, now))
      const peer = new Peer(bench, { identity, dialled }).connect()
      expect(peer.ended).toBe('abort')
      expect(bench.tellings('peer')).toEqual([])
      expect(bench.tellings('trouble')[0]).toMatchObject({ code: 'identity-unproved', user: false })
      if (dialled) expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'identity-unproved', peer: null })
    }
  })

  test('sanity: with its own it is let in', () => {
    expect(new Peer(new Bench(), { identity: mine }).open().up).toBe(true)
  })
})

describe('the first word on a link', () => {
  const hello = { name: 'x', tcpPort: 0, udpPort: 0, agent: '' }

  test.each([
    ['a ping', FrameType.ping],
    ['a bundle', FrameType.bundle],
    ['a frame of a type that nobody knows', 0x7f],
    ['another handshake message', FrameType.handshake],
  ])('must be hello: %s ends it', (_, type) => {
    const bench = new Bench()
    const peer = new Peer(bench).connect()
    peer.send(type, (out) => out.u32(1))
    expect(peer.ended).not.toBeNull()
    expect(bench.tellings('peer')).toEqual([])
    expect(bench.tellings('trouble')[0]?.message).toContain('did not say hello first')
  })

  test('must be whole: cut short at any byte it ends the link', () => {
    const whole = 2 + 2 + 1 + 5 + 1 + 3
    for (let length = 0; length < whole; length++) {
      const bench = new Bench()
      const peer = new Peer(bench).connect()
      peer.send(FrameType.hello, (out) => {
        writeHello(out, { ...hello, name: 'peter', agent: 'abc' })
        out.length -= whole - length
      })
      expect(peer.ended).not.toBeNull()
      expect(bench.tellings('peer')).toEqual([])
    }
  })

  test('must be UTF-8', () => {
    const bench = new Bench()
    const peer = new Peer(bench).connect()
    peer.send(FrameType.hello, (out) => out.u32(0).sized(Uint8Array.of(0xff, 0xfe)).sized(new Uint8Array(0)))
    expect(peer.ended).not.toBeNull()
  })

  test('may be longer than we know: the protocol grows', () => {
    const bench = new Bench()
    const peer = new Peer(bench).connect()
    peer.send(FrameType.hello, (out) => {
      writeHello(out, hello)
      out.bytes(new Uint8Array(100))
    })
    expect(peer.up).toBe(true)
  })

  test('said again, it is not listened to', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    peer.send(FrameType.hello, (out) => writeHello(out, { ...hello, name: 'somebody else' }))
    expect(peer.up).toBe(true)
    expect(bench.node.peers()[0]?.hello?.name).toBe('peer')
  })

  test('comes from us before anything else', () => {
    const bench = new Bench()
    bench.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    expect(peer.heard[0]?.type).toBe(FrameType.hello)
  })
})

describe('a link with ourselves', () => {
  test('is refused with a goodbye that says so, and the address is not dialled again', () => {
    const bench = new Bench(7)
    bench.run((node, now) => node.connect(TARGET, now))
    const peer = new Peer(bench, { dialled: true, identity: identityOf(7) }).open()
    expect(peer.bye).toBe(ByeCode.self)
    expect(bench.tellings('peer')).toEqual([])
    expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'self', retryMs: null })
    bench.pass(200_000)
    expect(peer.ended).toBe('end')
    expect(bench.dials).toEqual([])
  })

  test('both ends in one node come to the same', () => {
    const bench = new Bench(7)
    bench.run((node, now) => node.connect(TARGET, now))
    // Two wires of one node, each handing to the other what it hears.
    const ends: { link: number | null; wire: Wire; ended: boolean }[] = []
    const end = (other: number) => {
      const mine = {
        link: null as number | null,
        ended: false,
        wire: {
          hear: (bytes: Uint8Array) => void pending.push([other, bytes]),
          closed: () => {
            mine.ended = true
          },
        },
      }
      ends.push(mine)
      return mine
    }
    const pending: [number, Uint8Array][] = []
    const dialled = end(1)
    const accepted = end(0)
    accepted.link = bench.accept(accepted.wire)
    dialled.link = bench.answerDial(dialled.wire)
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const to = ends[next[0]]!
      if (to.link !== null && !to.ended) bench.receive(to.link, next[1])
    }
    bench.pass(1_000)
    expect([dialled.ended, accepted.ended]).toEqual([true, true])
    expect(bench.tellings('peer')).toEqual([])
    expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'self', retryMs: null })
  })
})
