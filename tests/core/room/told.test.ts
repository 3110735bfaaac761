import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../../../src/base/bytes.ts'
import { cleanText } from '../../../src/base/text.ts'
import { cleanEmoji, tellsOf } from '../../../src/core/room/told.ts'
import { encodeReaction, encodeTextAbout } from '../../../src/wire/amendment.ts'
import { EventKind } from '../../../src/wire/event.ts'

const TARGET = new Uint8Array(32).fill(7)

test('each kind tells its own, cleaned', () => {
  const about = encodeTextAbout({ target: TARGET, text: 'a\x1b[31mb' })!
  expect(tellsOf(EventKind.profile, utf8(' Ann\x07 '), null)).toEqual({ what: 'profile', name: 'Ann' })
  expect(tellsOf(EventKind.action, utf8('a\x1b[31mb'), 'Ann\n')).toEqual({
    ...{ what: 'message', kind: EventKind.action, name: 'Ann', text: 'ab', answers: null },
  })
  expect(tellsOf(EventKind.reply, about, null)).toEqual({
    ...{ what: 'message', kind: EventKind.text, name: null, text: 'ab', answers: TARGET },
  })
  expect(tellsOf(EventKind.edit, about, null)).toEqual({ what: 'edit', target: TARGET, text: 'ab' })
  expect(tellsOf(EventKind.remove, TARGET, null)).toEqual({ what: 'delete', target: TARGET })
  const reaction = encodeReaction({ target: TARGET, emoji: ' 👍\u200b', on: true })
  expect(tellsOf(EventKind.reaction, reaction, null)).toEqual({
    what: 'reaction',
    target: TARGET,
    emoji: '👍',
    on: true,
  })
})

test('what is broken, or has nothing to see, tells nothing', () => {
  expect(tellsOf(EventKind.text, Uint8Array.of(0xff), null)).toBeNull()
  expect(tellsOf(EventKind.profile, utf8('\u200b'), null)).toBeNull()
  expect(tellsOf(EventKind.reaction, encodeReaction({ target: TARGET, emoji: '\u200b', on: true }), null)).toBeNull()
  expect(tellsOf(EventKind.sealed, TARGET, null)).toBeNull()
  expect(tellsOf(100, TARGET, null)).toBeNull()
})

test('any bytes of any kind are survived, and every text that comes of them is clean', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.uint8Array({ maxLength: 120 }), fc.option(fc.string()), (kind, body, name) => {
      const told = tellsOf(kind, body, name)
      if (told !== null && 'text' in told && told.text !== null) expect(cleanText(told.text)).toBe(told.text)
    }),
    { numRuns: 1_000 },
  )
})

test('an emoji is cleaned to what can be seen', () => {
  expect(cleanEmoji('👍')).toBe('👍')
  expect(cleanEmoji('\u202e👍\n')).toBe('👍')
  expect(cleanEmoji(' \u200b')).toBeNull()
  expect(cleanEmoji('x'.repeat(33))).toBeNull()
})
