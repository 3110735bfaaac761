import fc from 'fast-check'
import { ByteReader, utf8 } from '../../src/base/bytes.ts'
import {
  type DirectEvent,
  encodeDirectEvent,
  encodeReaction,
  encodeRemoval,
  encodeTextAbout,
  type ReactionBody,
  readDirectEvent,
  readReaction,
  readRemoval,
  readTextAbout,
  type TextAbout,
} from '../../src/wire/amendment.ts'
import { type AuthoredKind, EventKind } from '../../src/wire/event.ts'
import { NAME_BYTES_MAX } from '../../src/wire/limits.ts'
import { anyBytes, type Codec, exactly, texts } from './codec-laws.ts'

/** UTF-8 has no unpaired surrogates, so no other text can come back. */
const wellFormed = (text: string) => text.isWellFormed()

export const textAboutCodec: Codec<TextAbout> = {
  values: fc.record({ target: exactly(32), text: texts(400, 1).filter(wellFormed) }),
  encode: (value) => encodeTextAbout(value)!,
  decode: readTextAbout,
}

export const removalCodec: Codec<Uint8Array> = { values: exactly(32), encode: encodeRemoval, decode: readRemoval }

const emoji = texts(32, 1).filter((text) => wellFormed(text) && utf8(text).length <= 32)

export const reactionCodec: Codec<ReactionBody> = {
  values: fc.record({ target: exactly(32), emoji, on: fc.boolean() }),
  encode: encodeReaction,
  decode: readReaction,
}

function bodyOf(kind: AuthoredKind): fc.Arbitrary<Uint8Array> {
  if (kind === EventKind.edit || kind === EventKind.reply) return textAboutCodec.values.map(textAboutCodec.encode)
  if (kind === EventKind.remove) return removalCodec.values
  return kind === EventKind.reaction ? reactionCodec.values.map(encodeReaction) : anyBytes(60, 1)
}

const kinds = fc.constantFrom<AuthoredKind>(2, 3, 4, 6, 7, 8, 9)

export const directEventCodec: Codec<DirectEvent> = {
  values: kinds.chain((kind) =>
    fc.record({ kind: fc.constant(kind), name: texts(NAME_BYTES_MAX).filter(wellFormed), body: bodyOf(kind) }),
  ),
  encode: encodeDirectEvent,
  decode: (bytes) => readDirectEvent(new ByteReader(bytes)),
}
