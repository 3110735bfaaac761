import { describe, expect, test } from 'bun:test'
import { nativeWords, relayedBody } from '../../src/app/dialects/native-words.ts'
import { People } from '../../src/app/people.ts'
import { RelayedOnce } from '../../src/app/relayed-once.ts'
import { messageEvent } from '../../src/app/teller.ts'
import { ByteReader, utf8 } from '../../src/base/bytes.ts'
import { tellsOf } from '../../src/core/room/told.ts'
import type { Words } from '../../src/dialects/words.ts'
import type { EventTelling } from '../../src/node/outputs.ts'
import { encodeDirectEvent, isAuthored, readDirectEvent } from '../../src/wire/amendment.ts'
import { EventKind } from '../../src/wire/event.ts'

const AUTHOR = new Uint8Array(32).fill(0xab)
const ANN = { id: 'ann-id', name: 'Ann' }

const heard: Words = {
  ...{ origin: '00112233445566778899aabbccddeeff', from: 'tracker', isExact: true, bridge: null, author: null },
  ...{ name: 'bob', text: 'hi', kind: 'text', room: 'general' },
}

function telling(more: Partial<EventTelling>): EventTelling {
  return {
    ...{
      kind: 'event',
      room: 'general',
      peer: null,
      id: new Uint8Array(32).fill(1),
      author: AUTHOR,
      name: 'Ann',
      number: 1,
    },
    ...{
      time: { ms: 1_000, counter: 0 },
      eventKind: EventKind.text,
      body: utf8('hi'),
      hops: 1,
      self: false,
      backlog: false,
    },
    ...more,
  }
}

const relayed = (words: Partial<Words> = {}, more: Partial<EventTelling> = {}): EventTelling =>
  telling({ eventKind: EventKind.relayed, body: relayedBody({ ...heard, ...words }, 'tracker')!, ...more })

describe('words of strangers among our own', () => {
  test('are shown under a marked name, with an id that is no node’s, and never as our own', () => {
    const event = messageEvent(relayed({}, { self: true }), 'general', ANN)
    expect(event).toMatchObject({
      from: { id: 'tracker:bob', name: 'bob (tracker)' },
      text: 'hi',
      self: false,
      relayed: 'tracker',
    })
  })

  test('are kept under that name, whatever name they were sent with', () => {
    const { body } = relayed({ name: 'Ann' })
    expect(tellsOf(EventKind.relayed, body, null)).toMatchObject({ what: 'message', name: 'Ann (tracker)', text: 'hi' })
    expect(tellsOf(EventKind.relayed, utf8('broken'), null)).toBeNull()
    expect(tellsOf(EventKind.relayed, null, null)).toMatchObject({ what: 'message', text: null })
  })

  test('are nothing that can be said directly', () => {
    const { body } = relayed()
    expect(isAuthored(EventKind.relayed, body)).toBe(true)
    const inside = encodeDirectEvent({ kind: EventKind.relayed, name: 'Ann', body })
    expect(readDirectEvent(new ByteReader(inside))).toBeNull()
  })

  test('are told once where two nodes pass them on', () => {
    const once = new RelayedOnce()
    expect(once.isFirst(relayed())).toBe(true)
    expect(once.isFirst(relayed({}, { author: new Uint8Array(32), id: new Uint8Array(32) }))).toBe(false)
    expect(once.isFirst(relayed({ origin: 'ff'.repeat(16) }))).toBe(true)
    expect(once.isFirst(telling({}))).toBe(true)
    expect(once.isFirst(telling({}))).toBe(true)
  })

  test('are not told where they are what one of us has said, and went round', () => {
    const once = new RelayedOnce()
    const own = telling({ id: Uint8Array.fromHex('77'.repeat(32)) })
    expect(once.isFirst(own)).toBe(true)
    expect(once.isFirst(relayed({ origin: '77'.repeat(16) }))).toBe(false)
    expect(once.isFirst(relayed({ origin: '78'.repeat(16) }))).toBe(true)
    expect(once.isFirst(own)).toBe(true)
  })

  test('nobody of our own kind looks like one of them', () => {
    const people = new People()
    expect(people.meet(AUTHOR, 'bob (tracker)').name).toBe('bob [tracker]')
    expect(people.sayer(AUTHOR, 'bob (tracker)')).toEqual({ id: 'tracker:bob', name: 'bob (tracker)' })
    expect(people.sayer(AUTHOR, 'Ann').id).toBe(people.meet(AUTHOR, '').id)
    expect(tellsOf(EventKind.profile, utf8('bob (tracker)'), null)).toEqual({ what: 'profile', name: 'bob [tracker]' })
  })
})

describe('what is said among us', () => {
  test('goes out with its origin, who said it, and where it came from', () => {
    expect(nativeWords(telling({}))).toMatchObject({
      origin: '01'.repeat(16),
      from: 'native',
      author: 'ab'.repeat(8),
      bridge: null,
    })
    expect(nativeWords(relayed())).toMatchObject({
      origin: heard.origin,
      from: 'tracker',
      author: null,
      bridge: 'ab'.repeat(8),
      name: 'bob',
    })
  })

  test('stays among us where it is direct, or was said before, or is no words', () => {
    expect(nativeWords(telling({ room: null, peer: AUTHOR }))).toBeNull()
    expect(nativeWords(telling({ backlog: true }))).toBeNull()
    expect(nativeWords(telling({ eventKind: EventKind.reaction }))).toBeNull()
    expect(nativeWords(telling({ body: Uint8Array.of(0xff) }))).toBeNull()
    expect(nativeWords(telling({ body: utf8('\u200b') }))).toBeNull()
  })
})
