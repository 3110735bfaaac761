import { describe, expect, test } from 'bun:test'
import { ByteReader, utf8 } from '../../src/base/bytes.ts'
import { EMOJI_BYTES_MAX } from '../../src/core/room/timeline.ts'
import { SEAL_OVERHEAD_BYTES } from '../../src/crypto/seal.ts'
import {
  encodeDirectEvent,
  encodeReaction,
  encodeTextAbout,
  isAuthored,
  readDirectEvent,
  readReaction,
  readTextAbout,
} from '../../src/wire/amendment.ts'
import { EventKind } from '../../src/wire/event.ts'
import { EVENT_BODY_BYTES_MAX, NAME_BYTES_MAX, TEXT_BYTES_MAX } from '../../src/wire/limits.ts'
import { directEventCodec, reactionCodec, removalCodec, textAboutCodec } from './amendment-codecs.ts'
import { obeysTheLaws } from './codec-laws.ts'

const TARGET = new Uint8Array(32).fill(7)

describe('what is said about an earlier message', () => {
  obeysTheLaws('an edit or a reply', textAboutCodec)
  obeysTheLaws('a removal', removalCodec)
  obeysTheLaws('a reaction', reactionCodec)
  obeysTheLaws('the inside of a sealed event', directEventCodec)

  test('is no longer than a text, so that whatever holds a text holds it', () => {
    const longest = TEXT_BYTES_MAX - 34
    const body = encodeTextAbout({ target: TARGET, text: 'x'.repeat(longest) })!
    expect(body.length).toBe(TEXT_BYTES_MAX)
    expect(readTextAbout(body)?.text.length).toBe(longest)
    expect(encodeTextAbout({ target: TARGET, text: 'x'.repeat(longest + 1) })).toBeNull()
    expect(encodeTextAbout({ target: TARGET, text: '' })).toBeNull()
    const sealed = encodeDirectEvent({ kind: EventKind.reply, name: 'x'.repeat(NAME_BYTES_MAX), body })
    expect(sealed.length + SEAL_OVERHEAD_BYTES).toBeLessThanOrEqual(EVENT_BODY_BYTES_MAX)
    expect(readDirectEvent(new ByteReader(sealed))).not.toBeNull()
  })

  test('an emoji is as long as the timeline takes it, and no longer', () => {
    const reread = (emoji: string) => readReaction(encodeReaction({ target: TARGET, emoji, on: true }))
    expect(reread('x'.repeat(EMOJI_BYTES_MAX))).not.toBeNull()
    expect(reread('x'.repeat(EMOJI_BYTES_MAX + 1))).toBeNull()
    expect(reread('')).toBeNull()
  })

  test('is on or off, and nothing between', () => {
    const body = encodeReaction({ target: TARGET, emoji: '!', on: true })
    body[32] = 2
    expect(readReaction(body)).toBeNull()
  })

  test('only what people do is authored, each with a body of its kind', () => {
    const edit = encodeTextAbout({ target: TARGET, text: 'a' })!
    for (let kind = 0; kind < 256; kind++) {
      expect(isAuthored(kind, edit)).toBe([2, 3, 4, 6, 9].includes(kind))
      expect(isAuthored(kind, TARGET)).toBe([2, 3, 4, 7].includes(kind))
      expect(isAuthored(kind, new Uint8Array(0))).toBe(false)
      expect(isAuthored(kind, new Uint8Array(TEXT_BYTES_MAX + 1).fill(0x61))).toBe(false)
    }
    const name = utf8('Ann')
    const sealedInSealed = Uint8Array.of(EventKind.sealed, name.length, ...name, 1, 0x61)
    expect(readDirectEvent(new ByteReader(sealedInSealed))).toBeNull()
  })
})
