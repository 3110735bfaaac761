import { describe, expect, test } from 'bun:test'
import type { AppEvent, MessageEvent } from '../../src/app/events.ts'
import { Hearsay } from '../../src/app/hearsay.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { EventKind, openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { writeBye, writeHello } from '../../src/wire/hello.ts'
import { encodePresence, PassingKind, sealPassing } from '../../src/wire/passing.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, Peer } from './peer.ts'

/** What nobody may put on somebody else's screen. */
const NASTY = {
  'an escape code': '\u001b[31mred\u001b[0m',
  'a title': '\u001b]0;owned\u0007',
  'a cursor move': '\u001b[2J\u001b[1;1H',
  'a one-byte escape': '\u009b31mred',
  'a bell and a backspace': 'ab\u0007\u0008\u0008c',
  'a carriage return': 'harmless\rNOT HARMLESS',
  'a null': 'a\u0000b',
  'a delete': 'a\u007fb',
  'a bidi override': '\u202egpj.exe',
  'bidi isolates': '\u2066a\u2069\u2067b\u2069',
  'marks of direction': 'a\u200eb\u200fc\u061cd',
  'nothing to see': 'a\u200b\u200c\u200d\u2060\ufeffb',
  'line and paragraph separators': 'a\u2028b\u2029c',
  'a soft hyphen': 'pass\u00adword',
  'tag characters': 'a\u{e0041}\u{e0042}b',
  'interlinear marks': 'a\ufff9b\ufffac\ufffb',
  'a tower of marks': `a${'\u0301'.repeat(200)}`,
}

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/
const UNSEEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/
const TOWER = /\p{M}{20}/u

function expectClean(text: string): void {
  expect(text).not.toMatch(CONTROL)
  expect(text).not.toMatch(UNSEEN)
  expect(text).not.toMatch(TOWER)
  expect(text.isWellFormed()).toBe(true)
}

/** A program as front ends see it: a node by hand, and the events it becomes. */
function program(): { bench: Bench; events: AppEvent[]; log: string[] } {
  const bench = new Bench()
  const events: AppEvent[] = []
  const log: string[] = []
  const hearsay = new Hearsay(identityOf(1).signing.publicKey, { log: (_, message) => log.push(message) })
  hearsay.subscribe((event) => events.push(event))
  const hear = bench.told.push.bind(bench.told)
  bench.told.push = (...tellings) => {
    for (const telling of tellings) hearsay.hear(telling)
    return hear(...tellings)
  }
  bench.run((node, now) => node.join('general', now))
  return { bench, events, log }
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}

/** Makes one peer say the same nasty thing everywhere it can. */
function sayEverywhere(bench: Bench, nasty: string): void {
  const name = new TextDecoder().decode(utf8(nasty).subarray(0, 120)).replace(/\ufffd$/u, '')
  const peer = new Peer(bench).connect()
  peer.send(FrameType.hello, (out) => writeHello(out, { name, tcpPort: 0, udpPort: 0, agent: 'x\u001b[0m' }))
  const author = new Author(7)
  nameFeed(peer, 1, author, 1, 1)
  push(peer, 1, author.say({ kind: EventKind.profile, body: name }, nasty, { kind: EventKind.action, body: nasty }))
  const far = new Author(8)
  nameFeed(peer, 2, far, 1, 1)
  push(peer, 2, far.say({ kind: EventKind.profile, body: name }, { body: 'x', time: { ms: 2 ** 47, counter: 0 } }))
  for (const [state, counter] of [
    ['here', 1],
    ['left', 2],
  ] as const) {
    const key = identityOf(9).signing
    const time = { ms: bench.wallMs, counter }
    const body = encodePresence({ state, name })
    const passing = { author: key.publicKey, room: openRoomId('general'), time, kind: PassingKind.presence, body }
    peer.send(FrameType.passing, (out) => out.u8(0).bytes(sealPassing(passing, key)))
  }
  peer.send(FrameType.bye, (out) => writeBye(out, { code: 99, reason: name }))
}

describe('text from the network', () => {
  test.each(Object.entries(NASTY))('%s reaches no front end and no log, from wherever it comes', (_, nasty) => {
    const { bench, events, log } = program()
    sayEverywhere(bench, nasty)
    const kinds = events.map(({ event }) => event)
    for (const kind of ['peer', 'message', 'member', 'notice']) expect(kinds).toContain(kind as AppEvent['event'])
    for (const text of [...events.flatMap(strings), ...log]) expectClean(text)
  })

  test('what is harmless stays as it was said', () => {
    const { bench, events } = program()
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    const harmless = ['two\nlines', 'Zoë, naïve café', '日本語', 'שלום', '👩‍👩‍👧 👍🏽', '{"a":"\\"}', '<b>&amp;</b>']
    push(peer, 1, author.say({ kind: EventKind.profile, body: 'Zoë 👍🏽' }, ...harmless))
    const messages = events.filter((event): event is MessageEvent => event.event === 'message')
    expect(messages.map(({ text }) => text)).toEqual(harmless)
    expect(new Set(messages.map(({ from }) => from.name))).toEqual(new Set(['Zoë 👍🏽']))
  })

  test('broken UTF-8 is not shown, and does not stop what follows', () => {
    const { bench, events, log } = program()
    const peer = openPeer(bench)
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 1)
    const broken = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x61, 0x80]]
    push(peer, 1, author.say(...broken.map((bytes) => ({ body: Uint8Array.from(bytes) })), 'whole'))
    const messages = events.filter((event): event is MessageEvent => event.event === 'message')
    expect(messages.map(({ text }) => text)).toEqual(['whole'])
    expect(log.filter((line) => line.includes('not UTF-8')).length).toBe(broken.length)
    expect(peer.up).toBe(true)
  })

  test('16 KiB of the worst are cleaned in no time to speak of', () => {
    const startedAtMs = performance.now()
    for (const piece of ['\u001b[', '\u001b]', '\u0301', 'a\u0301', '\u202e', '\u001b[0;', '\u009b', '\t', '👩‍']) {
      const { bench, events } = program()
      sayEverywhere(bench, piece.repeat(Math.floor((16 * 1024) / utf8(piece).length)))
      for (const text of events.flatMap(strings)) expectClean(text)
    }
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  })
})
