import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader, joinBytes, utf8 } from '../../src/base/bytes.ts'
import { bareName, DIALECTS, isMarked, markName, networkOf, unmarkedName } from '../../src/base/dialects.ts'
import { cleanName } from '../../src/base/text.ts'
import { encodeFrame, FRAME_BYTES_KEPT, FRAME_BYTES_REFUSED, FrameReader } from '../../src/dialects/framed/frames.ts'
import { readFramed } from '../../src/dialects/framed/messages.ts'
import { DATAGRAM_BYTES, encodeSound, readSound } from '../../src/dialects/framed/sound.ts'
import { AGE_TOLD_MS_MAX } from '../../src/dialects/json.ts'
import { encodeFileHeader, encodeText, readLine } from '../../src/dialects/line/messages.ts'
import { LineReader } from '../../src/dialects/lines.ts'
import { encodeAnnouncement, readAnnouncement, readMeshLine } from '../../src/dialects/mesh/messages.ts'
import { recognise } from '../../src/dialects/recognise.ts'
import { formatLocal, formatRfc3339, parseRfc3339 } from '../../src/dialects/timestamps.ts'
import { encodeWords, MESSAGE_BYTES_MAX, readPeerMap, readTrackerRequest } from '../../src/dialects/tracker/messages.ts'
import type { Words } from '../../src/dialects/words.ts'
import { cutUtf8, originOfUuid, uuidOfOrigin } from '../../src/dialects/words.ts'
import { EventKind } from '../../src/wire/event.ts'
import { encodeRelayed, readRelayed } from '../../src/wire/relayed.ts'
import { anyBytes, texts } from '../wire/codec-laws.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('framed', () => {
  test('a frame is four bytes of length, big-endian, and JSON', () => {
    expect([...encodeFrame({ a: 1 })]).toEqual([0, 0, 0, 7, ...utf8('{"a":1}')])
  })

  test('frames are found however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(texts(50), { maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (all, cuts) => {
          const bytes = new Uint8Array(all.flatMap((each) => [...encodeFrame({ each })]))
          const reader = new FrameReader()
          const found: string[] = []
          for (let at = 0; at < bytes.length; ) {
            const end = at + cuts.next().value!
            for (const frame of reader.push(bytes.slice(at, end))) if ('body' in frame) found.push(text(frame.body))
            at = end
          }
          expect(found).toEqual(all.map((each) => text(encodeFrame({ each }).slice(4))))
        },
      ),
      { numRuns: 50 },
    )
  })

  test('what is longer than the originals take is a fault at its header, what is merely long is let go by', () => {
    const length = (bytes: number): Uint8Array => new Uint8Array(new Uint32Array([bytes]).buffer).reverse()
    const refusing = new FrameReader()
    expect(refusing.push(length(FRAME_BYTES_REFUSED + 1))).toEqual([])
    expect(refusing.fault).toContain(String(FRAME_BYTES_REFUSED + 1))
    const skipping = new FrameReader()
    const long = FRAME_BYTES_KEPT + 1
    expect(skipping.push(length(long))).toEqual([])
    expect(skipping.push(new Uint8Array(long))).toEqual([{ skippedBytes: long }])
    expect(skipping.push(encodeFrame({}))).toEqual([{ body: utf8('{}') }])
    expect(skipping.fault).toBeNull()
  })

  test('messages of every type are read, others are passed on, and what lacks something is none', () => {
    const base = { id: 'b9f9', from: '127.0.0.1:5001', username: 'Bob', ttl: 5, ts: '2025-01-01T00:00:00' }
    const read = (message: object) => readFramed(utf8(JSON.stringify(message)))
    expect(read({ ...base, type: 'hello' })).toMatchObject({ type: 'hello', from: '127.0.0.1:5001', username: 'Bob' })
    expect(read({ ...base, type: 'chat', room: 'general', msg: 'hi' })).toMatchObject({
      type: 'chat',
      msg: 'hi',
      ttl: 5,
    })
    const join = { ...base, type: 'voice_join', room: 'dev', udp_host: '127.0.0.1', udp_port: 6001 }
    expect(read(join)).toMatchObject({ type: 'voice_join', udp: { host: '127.0.0.1', port: 6001 } })
    expect(read({ ...base, type: 'voice_leave', room: 'dev' })).toMatchObject({ type: 'voice_leave' })
    expect(read({ ...base, type: 'channel_config', what: [1] })).toMatchObject({ type: 'other' })
    expect(read({ ...base, ttl: 1e9, type: 'chat', room: 'r', msg: 'm' })).toMatchObject({ ttl: 0 + 16 })
    expect(read({ ...base, type: 'chat', room: 'general' })).toBe('odd')
    expect(read({ ...join, udp_port: 70_000 })).toBe('odd')
    expect(read({ ...base, id: 7, type: 'hello' })).toBe('odd')
    expect(readFramed(utf8('[]'))).toBeNull()
    expect(readFramed(Uint8Array.of(0xff))).toBeNull()
  })

  test('a sound datagram has its fields where the originals have them, samples little-endian', () => {
    const samples = Int16Array.from({ length: 320 }, (_, i) => i - 160)
    const bytes = encodeSound({ room: 'general', sender: '127.0.0.1:5001', sequence: 0x01020304, samples })
    expect(bytes.length).toBe(696)
    expect(text(bytes.slice(0, 16))).toBe('general\0\0\0\0\0\0\0\0\0')
    expect(text(bytes.slice(16, 52))).toBe('127.0.0.1:5001'.padEnd(36, '\0'))
    expect([...bytes.slice(52, 60)]).toEqual([1, 2, 3, 4, 0x60, 0xff, 0x61, 0xff])
    expect(readSound(bytes)).toEqual({ room: 'general', sender: '127.0.0.1:5001', sequence: 0x01020304, samples })
    expect(readSound(bytes.slice(1))).toBeNull()
  })

  test('no datagram makes it throw', () => {
    fc.assert(fc.property(anyBytes(DATAGRAM_BYTES, DATAGRAM_BYTES), (bytes) => void readSound(bytes)))
  })
})

describe('mesh', () => {
  test('an announcement is as the originals send it, and is read', () => {
    const atMs = Date.UTC(2025, 10, 16, 10, 30, 0, 123)
    const alice = { type: 'announce', peerId: 'alice_123', username: 'alice', port: 8080, introduction: null } as const
    const bytes = encodeAnnouncement(alice, atMs, 0)
    expect(text(bytes)).toBe(
      '{"type":"announce","peer_id":"alice_123","username":"alice","address":"[::]:8080",' +
        '"port":8080,"timestamp":"2025-11-16T10:30:00.123000000Z","sequence":0}',
    )
    expect(readAnnouncement(bytes)).toEqual({
      type: 'announce',
      peerId: 'alice_123',
      username: 'alice',
      port: 8080,
      atMs,
      introduction: null,
    })
    const introduction = { bridge: '0123456789abcdef', ageMs: 60_000 }
    expect(readAnnouncement(encodeAnnouncement({ ...alice, introduction }, atMs, 0))).toMatchObject({ introduction })
    for (const wrong of [60_001, -1, 1.5, '1', null]) {
      const told = JSON.stringify({ ...alice, peer_id: 'a', hearsay: { bridge: introduction.bridge, age_ms: wrong } })
      expect(readAnnouncement(utf8(told))).toMatchObject({ introduction: null })
    }
    expect(readAnnouncement(utf8('{"type":"hi","peer_id":"a","port":1}'))).toBeNull()
    expect(readAnnouncement(utf8('{"type":"announce","peer_id":"a","port":0}'))).toBeNull()
    expect(readAnnouncement(utf8(JSON.stringify({ type: 'ping', peer_id: 'x'.repeat(1100), port: 1 })))).toBeNull()
  })

  test('a line needs id, type and sender; the rest may be missing', () => {
    expect(readMeshLine(utf8('{"id":"1","type":"chat","sender_id":"a"}'))).toMatchObject({ content: '', room: null })
    expect(readMeshLine(utf8('{"id":"1","type":"dance","sender_id":"a"}'))).toMatchObject({ type: 'other' })
    for (const line of ['{"type":"chat","sender_id":"a"}', '{"id":"1","type":"chat"}', '7'])
      expect(readMeshLine(utf8(line))).toBeNull()
  })

  test('points in time are read as they are written, in any zone, and as Date has them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000_000, max: 250_000_000_000_000 }), (ms) => {
        expect(formatRfc3339(ms)).toBe(`${new Date(ms).toISOString().slice(0, -1)}000000Z`)
        expect(parseRfc3339(formatRfc3339(ms))).toBe(ms)
      }),
    )
    expect(parseRfc3339('2025-11-16T10:30:00.5+02:00')).toBe(Date.UTC(2025, 10, 16, 8, 30, 0, 500))
    expect(formatLocal(Date.UTC(2025, 0, 1), 3_600_000)).toBe('2025-01-01T01:00:00')
    for (const bad of ['2025-13-01T00:00:00Z', '2025-01-01 00:00', '', 'x'.repeat(100)])
      expect(parseRfc3339(bad)).toBeNull()
  })
})

const SAID: Omit<Words, 'name' | 'text'> = {
  ...{ origin: '0'.repeat(32), from: 'native', isExact: true, bridge: null, author: null },
  ...{ kind: 'text', room: 'general' },
}

describe('tracker', () => {
  test('requests are read as soon as they are whole, with or without blanks', () => {
    const read = (said: string) => readTrackerRequest(utf8(said))
    expect(read('{"action": "register", "port": 41234}')).toEqual({ kind: 'register', port: 41234 })
    expect(read('{"action":"get_peers"}')).toEqual({ kind: 'get_peers' })
    expect(read('{"action":"populate","peers":{"1":1,"2":2}}')).toEqual({ kind: 'populate', ports: [1, 2] })
    expect(read('{"type":"election"}')).toEqual({ kind: 'election' })
    expect(read('{"username":"ann","message":"hi"}')).toMatchObject({ kind: 'message', username: 'ann', message: 'hi' })
    expect(read('{"username":"ann","mess')).toBe('incomplete')
    expect(read('{"action":"register","port":0}')).toBeNull()
    expect(read('GET /')).toBeNull()
    expect(readPeerMap(utf8('{"41234":41234}'))).toEqual([41234])
  })

  test('what is said fits what the originals read at once, and all of it arrives', () => {
    fc.assert(
      fc.property(texts(20), fc.string({ unit: 'binary', maxLength: 1500 }), (name, said) => {
        const words = { ...SAID, name, text: said.toWellFormed() }
        const messages = encodeWords(words, { bridge: '0'.repeat(16), ageMs: AGE_TOLD_MS_MAX - 1 }, 65_535)
        for (const each of messages) expect(each.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX)
        expect(messages.map((each) => JSON.parse(text(each)).message).join('')).toBe(said.toWellFormed())
      }),
      { numRuns: 200 },
    )
  })
})

describe('line', () => {
  test('lines are what they are', () => {
    expect(readLine(utf8('[ann] hi [there]'))).toEqual({ kind: 'text', name: 'ann', text: 'hi [there]' })
    expect(readLine(utf8('[ann] has left the chat.'))).toEqual({ kind: 'left', name: 'ann' })
    expect(readLine(utf8('/file cat.png 1234'))).toEqual({ kind: 'file', name: 'cat.png', size: 1234 })
    expect(readLine(utf8('/file cat.png 12x'))).toEqual({ kind: 'text', name: '', text: '/file cat.png 12x' })
    expect(readLine(Uint8Array.of(0xc3))).toBeNull()
  })

  test('several lines are said one by one, and a name cannot end early', () => {
    expect(text(joinBytes(encodeText('a]b', 'one\ntwo')))).toBe('[a)b] one\n[a)b] two\n')
    expect(text(encodeFileHeader('my cat.png', 5))).toBe('/file my_cat.png 5\n')
  })

  test('lines are found however the stream is cut, and a long one is a fault', () => {
    const reader = new LineReader(10)
    const lines: string[] = []
    for (const part of ['ab', 'c\r\nde', '\n\nf']) {
      const bytes = utf8(part)
      for (let at = 0; at < bytes.length; ) {
        const next = reader.next(bytes, at)
        at = next.at
        if (next.line !== null) lines.push(text(next.line))
      }
    }
    expect(lines).toEqual(['abc', 'de', ''])
    expect(text(reader.takeRest())).toBe('f')
    reader.next(utf8('12345678901'), 0)
    expect(reader.isBroken).toBe(true)
  })
})

describe('who is calling', () => {
  test.each([
    ['\0\0\0\x20{"id"', 'framed'],
    ['{"id":"1","type":"join"', 'mesh'],
    ['{"type":"join","id":"1"}\n', 'mesh'],
    ['{"action": "register"', 'tracker'],
    ['{"username":"ann","mes', 'tracker'],
    ['{"type": "election"}', 'tracker'],
    ['[ann] hi', 'line'],
    ['/file x 3', 'line'],
  ])('%j is %s', (said, dialect) => {
    expect<unknown>(recognise(utf8(said))).toEqual({ kind: 'dialect', dialect })
  })

  test.each([
    ['', 'undecided'],
    ['{', 'undecided'],
    ['{"ty', 'undecided'],
    ['GET / HTTP/1.1', 'foreign'],
    ['{broken\n', 'foreign'],
    [`{"x":"${'y'.repeat(5000)}`, 'foreign'],
  ])('%j is %s', (said, kind) => {
    expect<string>(recognise(utf8(said)).kind).toBe(kind)
  })

  test('a native peer is told by its first byte', () => {
    expect(recognise(Uint8Array.of(0xd7)).kind).toBe('native')
  })
})

describe('what is passed on', () => {
  test('is read as it was written, and nothing else is', () => {
    const relayed = fc.record({
      dialect: fc.constantFrom(...DIALECTS),
      kind: fc.constantFrom(EventKind.text, EventKind.action, EventKind.notice),
      origin: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      name: texts(100).map((each) => each.toWellFormed()),
      text: texts(300, 1).map((each) => each.toWellFormed()),
    })
    fc.assert(
      fc.property(relayed, (value) => {
        const bytes = encodeRelayed(value)!
        expect(readRelayed(new ByteReader(bytes))).toEqual(value)
        expect(readRelayed(new ByteReader(bytes.slice(0, -1)))).toBeNull()
      }),
    )
    expect(encodeRelayed({ dialect: 'line', kind: 2, origin: new Uint8Array(16), name: '', text: '' })).toBeNull()
  })

  test('a UUID and an origin stand for each other', () => {
    const uuid = '6fa459ea-ee8a-4ca4-894e-db77e160355e'
    expect(uuidOfOrigin(originOfUuid(uuid)!)).toBe(uuid)
    expect(originOfUuid('6fa459ea')).toBeNull()
  })

  test('text is cut between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(50), (said, bytesMax) => {
        const cut = cutUtf8(said.toWellFormed(), bytesMax)
        expect(utf8(cut).length).toBeLessThanOrEqual(bytesMax)
        expect(said.toWellFormed().startsWith(cut)).toBe(true)
      }),
    )
  })
})

describe('names of strangers', () => {
  test('always end in their network, are clean and no longer than names are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom(...DIALECTS), (name, dialect) => {
        const marked = markName(name, dialect)
        expect(marked.endsWith(` (${dialect})`)).toBe(true)
        expect(cleanName(marked)).toBe(marked)
        expect(networkOf(marked)).toBe(dialect)
        expect(bareName(marked)).not.toBe('')
        // Passed on again it grows by no more than one mark.
        expect(cleanName(markName(marked, 'mesh'))).toBe(markName(marked, 'mesh'))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['ann (Framed)', 'ann [Framed]'],
    ['ann (MESH)', 'ann [MESH]'],
    ['ann(line)', 'ann[line]'],
    ['ann（framed）', 'ann[framed]'],
    ['ann (ｆｒａｍｅｄ)', 'ann [ｆｒａｍｅｄ]'],
    ['ann ⁽hearsay⁾', 'ann [hearsay]'],
    ['ann ❨ tracker ❩', 'ann [ tracker ]'],
    ['ann （Meſh)', 'ann [Meſh]'],
    ['⦅x⦆ (mesh)', '[x] [mesh]'],
  ])('the name %s, which looks like one of these, does not', (name, shown) => {
    expect(unmarkedName(name)).toBe(shown)
    expect(cleanName(shown)).toBe(shown)
    expect(unmarkedName(shown)).toBe(shown)
  })

  test('the names of our own kind never do', () => {
    expect(isMarked(unmarkedName('ann (tracker)'))).toBe(false)
    expect(unmarkedName('ann (the tracker)')).toBe('ann (the tracker)')
    expect(unmarkedName('ann (framed) too')).toBe('ann (framed) too')
    expect(networkOf('zoe (hearsay)')).toBeNull()
  })
})
