import { describe, expect, test } from 'bun:test'
import { BACKOFF_MAX_MS } from '../../src/core/link/backoff.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode, writeBye } from '../../src/wire/hello.ts'
import { Bench } from './bench.ts'
import { Peer } from './peer.ts'

const TARGET = { host: '192.0.2.9', port: 8080 }

function dialler(): Bench {
  const bench = new Bench()
  bench.run((node, now) => node.connect(TARGET, now))
  return bench
}

/** Fails every dial for so long; answers how many there were. */
function refuse(bench: Bench, ms: number): number {
  let dials = 0
  for (const untilMs = bench.nowMs + ms; bench.nowMs < untilMs; bench.pass(50)) {
    for (const { attempt } of bench.dials.splice(0)) {
      dials++
      bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
    }
  }
  return dials
}

describe('an address that is to be dialled', () => {
  test('and refuses is tried often at first, and about once a minute in the end', () => {
    const bench = dialler()
    expect(refuse(bench, 30_000)).toBeGreaterThan(12)
    refuse(bench, 600_000)
    const anHour = refuse(bench, 3_600_000)
    expect(anHour).toBeGreaterThan(3_600_000 / BACKOFF_MAX_MS / 1.3)
    expect(anHour).toBeLessThan((3_600_000 / BACKOFF_MAX_MS) * 1.3)
  })

  test('and hangs up as soon as it is up is not dialled four times a second for ever', () => {
    const bench = dialler()
    let links = 0
    for (const untilMs = bench.nowMs + 600_000; bench.nowMs < untilMs; bench.pass(50)) {
      if (bench.dials.length === 0) continue
      const peer = new Peer(bench, { dialled: true, ephemeral: links++ }).open()
      expect(peer.up).toBe(true)
      peer.send(FrameType.bye, (out) => writeBye(out, { code: ByeCode.tooManyLinks, reason: 'is full' }))
    }
    expect(links).toBeLessThan(40)
  })

  test('and was up for long is dialled again at once when it goes', () => {
    const bench = dialler()
    const peer = new Peer(bench, { dialled: true }).open()
    bench.pass(60_000)
    bench.vanish(peer.link!)
    bench.pass(400)
    expect(bench.dials.length).toBe(1)
  })

  test('is dialled no more once it has been hung up on, at whatever point', () => {
    for (const reach of ['nothing', 'connection', 'handshake', 'hello'] as const) {
      const bench = dialler()
      const peer = new Peer(bench, { dialled: true })
      if (reach === 'connection') bench.answerDial({ hear() {}, closed() {} })
      if (reach === 'handshake') peer.connect()
      if (reach === 'hello') peer.open()
      const key = reach === 'hello' ? bench.node.peers()[0]!.peerKey : null
      expect(bench.run((node, now) => node.disconnect(key, TARGET, now))).toBe(true)
      if (reach === 'handshake') expect(peer.ended).toBe('abort')
      const unanswered = bench.dials.splice(0)
      bench.pass(300_000)
      expect(bench.dials).toEqual([])
      expect(bench.node.peers()).toEqual([])
      // A dial that was under way then is not taken up.
      for (const { attempt } of unanswered) expect(bench.node.dialled(attempt, TARGET, bench.now())).toBeNull()
    }
  })

  test('beyond the 256th is refused', () => {
    const bench = new Bench()
    for (let port = 1; port <= 256; port++) {
      expect(bench.run((node, now) => node.connect({ ...TARGET, port }, now))).toBe(true)
    }
    expect(bench.run((node, now) => node.connect({ ...TARGET, port: 257 }, now))).toBe(false)
    expect(bench.run((node, now) => node.connect({ ...TARGET, port: 1 }, now))).toBe(true)
  })
})
