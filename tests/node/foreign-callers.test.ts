import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { HANDSHAKE_MS_MAX } from '../../src/node/links.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { GREETING, MAGIC } from '../../src/wire/magic.ts'
import { Bench, type Wire } from './bench.ts'
import { heapBytes } from './heap.ts'
import { openPeer, Peer } from './peer.ts'

/** Somebody who connects and is not hearsay. */
class Stranger implements Wire {
  readonly link: number
  answer: number[] = []
  ended: 'abort' | 'end' | null = null

  constructor(readonly bench: Bench) {
    this.link = bench.accept(this)!
  }

  say(bytes: Uint8Array): this {
    this.bench.receive(this.link, bytes)
    return this
  }

  hear(bytes: Uint8Array): void {
    this.answer.push(...bytes)
  }

  closed(abort: boolean): void {
    this.ended = abort ? 'abort' : 'end'
  }
}

const TLS_HELLO = Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0xf4, 0x01, 0x00, 0x00, 0xf0, 0x03, 0x03)

describe('a caller that is not hearsay', () => {
  test.each([
    ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'an HTTP client'],
    ['SSH-2.0-OpenSSH_9.6p1\r\n', 'SSH'],
    [String.fromCharCode(...TLS_HELLO), 'TLS'],
    ['{"type":"hello"}\n', 'a program that speaks JSON'],
    ['\0\0\0\0\0\0\0\0', 'a program that sends binary frames'],
    ['quit\r\n', 'something else'],
  ])('%j is told apart at its first byte, hung up on without a word, and named in the log', (says, guess) => {
    const bench = new Bench()
    const bytes = Uint8Array.from(says, (char) => char.charCodeAt(0))
    const stranger = new Stranger(bench).say(bytes.slice(0, 1))
    expect(stranger.ended).toBe('abort')
    expect(new Stranger(bench).say(bytes)).toMatchObject({ ended: 'abort', answer: [] })
    const [, trouble] = bench.tellings('trouble')
    expect(trouble).toMatchObject({ code: 'not-hearsay', user: false })
    expect(trouble?.message).toBe(`192.0.2.1:40000 is ${guess}, not hearsay; the connection was closed.`)
  })

  test('what comes piece by piece is told apart as soon as it can be', () => {
    const bench = new Bench()
    const stranger = new Stranger(bench)
    stranger.say(MAGIC.slice(0, 3))
    expect(stranger.ended).toBeNull()
    stranger.say(utf8('?'))
    expect(stranger.ended).toBe('abort')
  })

  test('silence is given ten seconds', () => {
    const bench = new Bench()
    const stranger = new Stranger(bench)
    bench.pass(HANDSHAKE_MS_MAX - 1)
    expect(stranger.ended).toBeNull()
    bench.pass(1)
    expect(stranger.ended).toBe('abort')
  })

  test.each([
    ['nothing', []],
    ['the greeting', [...GREETING]],
    [
      'the greeting and a first message',
      [...GREETING, 0, 0, 0, 33, FrameType.handshake, ...new Uint8Array(32).fill(9)],
    ],
  ])('1 GiB of zeros after %s ends at the first of them, and takes no memory', (_, first) => {
    const bench = new Bench()
    const stranger = new Stranger(bench)
    if (first.length > 0) stranger.say(Uint8Array.from(first))
    expect(stranger.ended).toBeNull()
    const before = heapBytes()
    const chunk = new Uint8Array(64 * 1024)
    stranger.say(chunk.subarray(0, 4))
    expect(stranger.ended).toBe('abort')
    for (let sent = 0; sent < 2 ** 30; sent += chunk.length) bench.receive(stranger.link, chunk)
    expect(heapBytes() - before).toBeLessThan(256 * 1024)
    expect(bench.told.length).toBe(1)
  })

  test('1 GiB of zeros on an established link ends it at the first of them', () => {
    const bench = new Bench()
    const peer = openPeer(bench)
    const chunk = new Uint8Array(64 * 1024)
    const before = heapBytes()
    for (let sent = 0; sent < 2 ** 30; sent += chunk.length) bench.receive(peer.link!, chunk)
    expect(peer.up).toBe(false)
    expect(heapBytes() - before).toBeLessThan(256 * 1024)
    expect(bench.tellings('peer').map(({ state }) => state)).toEqual(['up', 'down'])
  })

  test('the node goes on as if nobody had been there', () => {
    const bench = new Bench()
    for (let i = 0; i < 100; i++) new Stranger(bench).say(utf8('GET / HTTP/1.1\r\n'))
    expect(openPeer(bench).up).toBe(true)
  })
})

describe('a caller of another version', () => {
  test('is told ours, so that it can say which one to get, and then hung up on', () => {
    const bench = new Bench()
    const stranger = new Stranger(bench).say(Uint8Array.of(...MAGIC, 2, 1, 2, 3))
    expect(stranger.answer).toEqual([...GREETING])
    bench.pass(1_000)
    expect(stranger.ended).toBe('end')
    expect(bench.tellings('trouble')[0]?.message).toContain('speaks version 2 of the protocol, this hearsay version 1')
  })

  test('when it is who we dialled, the reason is told with the address', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect({ host: '192.0.2.9', port: 8080 }, now))
    const wire: Wire = { hear() {}, closed() {} }
    const link = bench.answerDial(wire)
    bench.receive(link, Uint8Array.of(...MAGIC, 7))
    expect(bench.tellings('dial-result')[0]).toMatchObject({ peer: null, code: 'other-version', failures: 1 })
  })
})

describe('a server that is not hearsay', () => {
  test('is named when we dialled it, and dialled again later', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect({ host: '192.0.2.9', port: 22 }, now))
    const link = bench.answerDial({ hear() {}, closed() {} })
    bench.receive(link, utf8('SSH-2.0-OpenSSH_9.6p1\r\n'))
    expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'not-hearsay', reason: 'is SSH, not hearsay' })
    expect(bench.dials.length).toBe(0)
    bench.pass(2_000)
    expect(bench.dials.length).toBe(1)
  })

  test('an honest peer dialled by the node is up as any other', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect({ host: '192.0.2.9', port: 8080 }, now))
    expect(new Peer(bench, { dialled: true }).open().up).toBe(true)
    expect(bench.tellings('dial-result')[0]).toMatchObject({ code: 'ok' })
  })
})
