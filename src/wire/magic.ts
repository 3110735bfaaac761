import { equalBytes } from '../base/bytes.ts'

/**
 * What a native peer says first, in both directions, before its first frame: four bytes that start no text protocol,
 * no TLS and none of the dialects, then the version. Dialler and listener put the dialler's five into the Noise prologue,
 * so a version changed on the way ends the handshake.
 */
export const MAGIC = new Uint8Array([0xd7, 0x48, 0x53, 0x59])
/**
 * The same for a link that files travel on. Its first byte is another one, so that whoever takes connections can part the two before the
 * handshake.
 */
export const FILES_MAGIC = new Uint8Array([0xd8, 0x48, 0x53, 0x46])
export const PROTOCOL_VERSION = 1
export const GREETING = greetingOf(MAGIC)
export const GREETING_BYTES = GREETING.length

/** What the first bytes of a connection tell about who is there. */
export type Caller =
  | { readonly kind: 'native'; readonly version: number }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'foreign'; readonly guess: string }

/** What is said first on a link for what `magic` stands for. */
export function greetingOf(magic: Uint8Array): Uint8Array<ArrayBuffer> {
  const greeting = new Uint8Array(magic.length + 1)
  greeting.set(magic)
  greeting[magic.length] = PROTOCOL_VERSION
  return greeting
}

/** Decides from the first bytes, as soon as they can tell; asks for at most `GREETING_BYTES`. `greeting`: the one that is expected. */
export function recogniseCaller(first: Uint8Array, greeting: Uint8Array = GREETING): Caller {
  const shared = Math.min(first.length, MAGIC.length)
  if (!equalBytes(first.subarray(0, shared), greeting.subarray(0, shared)))
    return { kind: 'foreign', guess: guess(first) }
  if (first.length < GREETING_BYTES) return { kind: 'undecided' }
  return { kind: 'native', version: first[MAGIC.length]! }
}

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^(GET|POST|PUT|HEAD|OPTIONS|CONNECT|DELETE|PATCH|PRI|TRACE) /, 'an HTTP client'],
  [/^HTTP\//, 'an HTTP server'],
  [/^SSH-/, 'SSH'],
  [/^\x16\x03/, 'TLS'],
  [/^(220|\+OK|\* OK)/, 'a mail server'],
  [/^\{/, 'a program that speaks JSON'],
  [/^\x00/, 'a program that sends binary frames'],
]

function guess(first: Uint8Array): string {
  const text = Array.from(first.subarray(0, 16), (byte) => String.fromCharCode(byte)).join('')
  return KNOWN.find(([pattern]) => pattern.test(text))?.[1] ?? 'something else'
}
