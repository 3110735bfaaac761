import { type ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { DIALECTS, type DialectName } from '../base/dialects.ts'
import { decodeUtf8 } from '../base/text.ts'
import { isSpoken, type SpokenKind } from './event.ts'
import { NAME_BYTES_MAX, TEXT_BYTES_MAX } from './limits.ts'

/**
 * What a node passes on from a network of another protocol, where nobody proves who he is:
 *
 *     protocol 1 · kind 1 · origin 16 · name (sized) · text (sized)
 *
 * It is signed by the node that heard it, and by nobody else. The reader puts the protocol behind the name, so that its writer cannot leave that
 * out. `origin` is the same for everybody who heard the same words, so that nobody need show them twice.
 */
export interface Relayed {
  readonly dialect: DialectName
  readonly kind: SpokenKind
  /** 16 bytes. */
  readonly origin: Uint8Array
  /** As sent, perhaps empty. */
  readonly name: string
  /** As sent; never empty. */
  readonly text: string
}

export const ORIGIN_BYTES = 16

/** Null where the text is empty, or it is all too long for an event. */
export function encodeRelayed({ dialect, kind, origin, name, text }: Relayed): Uint8Array | null {
  const out = new ByteWriter()
    .u8(DIALECTS.indexOf(dialect) + 1)
    .u8(kind)
    .bytes(origin)
    .sized(utf8(name))
    .sized(utf8(text))
  const isOne = text !== '' && origin.length === ORIGIN_BYTES && utf8(name).length <= NAME_BYTES_MAX
  return isOne && out.length <= TEXT_BYTES_MAX ? out.copy() : null
}

/** Null when broken. */
export function readRelayed(reader: ByteReader): Relayed | null {
  const dialect = DIALECTS[reader.u8() - 1]
  const kind = reader.u8()
  const origin = reader.take(ORIGIN_BYTES).slice()
  const name = decodeUtf8(reader.sized(NAME_BYTES_MAX))
  const text = decodeUtf8(reader.sized(TEXT_BYTES_MAX))
  if (!reader.done || dialect === undefined || !isSpoken(kind) || name === null || text === null || text === '')
    return null
  return { dialect, kind, origin, name, text }
}
