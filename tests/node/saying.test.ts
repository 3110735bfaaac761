import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import type { SayFault } from '../../src/node/rooms.ts'
import { EventKind } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { TEXT_BYTES_MAX } from '../../src/wire/limits.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer } from './peer.ts'

function say(bench: Bench, text: Uint8Array, room = 'general'): SayFault | null {
  return bench.run((node, now) => node.say(room, EventKind.text, text, 7, now))
}

function speaker(): Bench {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  return bench
}

describe('saying', () => {
  test.each<[string, number, SayFault | null]>([
    ['nothing', 0, 'empty'],
    ['one byte', 1, null],
    ['16 KiB', TEXT_BYTES_MAX, null],
    ['16 KiB and a byte', TEXT_BYTES_MAX + 1, 'too-long'],
    ['a megabyte', 2 ** 20, 'too-long'],
  ])('%s in a room', (_, length, fault) => {
    const bench = speaker()
    const peer = openPeer(bench)
    expect(say(bench, new Uint8Array(length).fill(97))).toBe(fault)
    const sent = peer.heardOf(FrameType.bundle)
    expect(sent.length).toBe(fault === null ? 1 : 0)
    expect(bench.tellings('event').length).toBe(sent.length)
    expect(bench.tellings('said').length).toBe(sent.length)
  })

  test.each<[string, number, SayFault | null]>([
    ['nothing', 0, 'empty'],
    ['16 KiB', TEXT_BYTES_MAX, null],
    ['16 KiB and a byte', TEXT_BYTES_MAX + 1, 'too-long'],
  ])('%s to one person, sealed', (_, length, fault) => {
    const bench = new Bench(1, { name: 'N'.repeat(128) })
    const peer = openPeer(bench)
    const to = identityOf(55).signing.publicKey
    const text = new Uint8Array(length).fill(97)
    expect(bench.run((node, now) => node.direct(to, EventKind.text, text, 7, now))).toBe(fault)
    const sent = peer.heardOf(FrameType.bundle)
    expect(sent.length).toBe(fault === null ? 1 : 0)
    expect(bench.tellings('event').map(({ body }) => body.length)).toEqual(fault === null ? [length] : [])
    // Nobody on the way can read it.
    if (sent[0] !== undefined) expect(String(sent[0])).not.toContain(String(text.subarray(0, 64)))
  })

  test('in a room that is not joined, or to somebody who cannot be', () => {
    const bench = speaker()
    expect(say(bench, utf8('x'), 'elsewhere')).toBe('not-joined')
    for (const key of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31)), new Uint8Array(32).fill(0xff)]) {
      expect(bench.run((node, now) => node.direct(key, EventKind.text, utf8('x'), 1, now))).toBe('no-such-person')
    }
  })

  test('much at once goes out in full bundles, each thing once and in order', () => {
    const bench = speaker()
    const other = new Bench(2)
    other.run((node, now) => node.join('general', now))
    const peer = openPeer(bench)
    const texts = Array.from({ length: 1_000 }, (_, at) => `${at} ${'x'.repeat(at)}`)
    bench.run((node, now) => {
      texts.forEach((text, at) => {
        expect(node.say('general', EventKind.text, utf8(text), at, now)).toBeNull()
      })
    })
    expect(bench.texts()).toEqual(texts)
    expect(bench.tellings('said').map(({ ref }) => ref)).toEqual(texts.map((_, at) => at))
    expect(new Set(bench.tellings('said').map(({ id }) => String(id))).size).toBe(1_000)
    expect(peer.heardOf(FrameType.bundle).length).toBeLessThan(15)
  })

  test('goes on after the wall clock has been set back by a day, and others can still read it', () => {
    const bench = speaker()
    const peer = openPeer(bench)
    bench.wallAheadMs += 24 * 3_600_000
    bench.run((node, now) => node.say('general', EventKind.text, utf8('tomorrow'), 1, now))
    // Both in one turn: the bundle that is being gathered holds an event from before.
    bench.run((node, now) => {
      node.say('general', EventKind.text, utf8('still tomorrow'), 2, now)
      bench.wallAheadMs -= 24 * 3_600_000
      node.say('general', EventKind.text, utf8('today'), 3, bench.now())
    })
    expect(bench.tellings('event').map(({ time }) => time.ms - bench.wallMs)).toContain(0)
    expect(bench.texts()).toContain('today')
    expect(peer.heardOf(FrameType.bundle).length).toBe(3)
  })
})
