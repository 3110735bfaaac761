import { type Address, makeAddress, parseAddress } from '../../base/address.ts'
import { type DialectName, isDialect } from '../../base/dialects.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import { type Argument, type ArgumentKind, fieldOf, type Read, type Words } from '../command.ts'
import { fromHome } from '../home-path.ts'
import { quoted } from '../options-quote.ts'

/** The kinds of argument commands take. Each reads itself from a typed line and from a JSON object. */

/** A value that is one string, in JSON too. */
export interface StringArgument<T> {
  readonly kind: ArgumentKind
  /** As in `it needs a room`. */
  readonly what: string
  readonly label: string
  readonly typed?: boolean
  take(words: Words): string | null
  check(text: string): Read<T>
}

export function required<T>(spec: StringArgument<T>): Argument<T> {
  const missing: Read<T> = { ok: false, message: `it needs ${spec.what}` }
  return {
    kind: spec.kind,
    usage: `<${spec.label}>`,
    typed: spec.typed ?? true,
    fromLine(words) {
      const text = spec.take(words)
      return text === null ? missing : spec.check(text)
    },
    fromJson(field, object) {
      const value = fieldOf(object, field)
      if (value === undefined) return { ok: false, message: `it needs ${spec.what} in "${field}"` }
      return readString(field, value, spec.check)
    },
  }
}

export function optional<T>(spec: StringArgument<T>): Argument<T | null> {
  return {
    kind: spec.kind,
    usage: `[<${spec.label}>]`,
    typed: spec.typed ?? true,
    fromLine(words) {
      const text = spec.take(words)
      return text === null ? { ok: true, value: null } : spec.check(text)
    },
    fromJson(field, object) {
      const value = fieldOf(object, field)
      return value === undefined ? { ok: true, value: null } : readString(field, value, spec.check)
    },
  }
}

function readString<T>(field: string, value: unknown, check: (text: string) => Read<T>): Read<T> {
  if (typeof value !== 'string') return { ok: false, message: `"${field}" must be a string` }
  const read = check(value)
  return read.ok ? read : { ok: false, message: `"${field}": ${read.message}` }
}

/** Text that is kept as it is, line breaks and all. In a typed line, everything to its end. */
export function text(): Argument<string> {
  return required<string>({
    kind: 'text',
    what: 'a text',
    label: 'text',
    take: (words) => words.all(),
    check: (value) => (value.trim() === '' ? { ok: false, message: 'the text is empty' } : { ok: true, value }),
  })
}

/** Somebody, by whatever `Chat` finds people by. `toEnd`: nothing follows, so a name may hold spaces without quotes. */
export function peer(options: { readonly toEnd: boolean }): Argument<string> {
  return required<string>({
    ...PEER,
    take: (words) => (options.toEnd ? withoutQuotes(words.all()) : words.nextQuoted()),
  })
}

/** Somebody, or nobody; nothing follows. */
export function optionalPeer(): Argument<string | null> {
  return optional<string>({ ...PEER, take: (words) => withoutQuotes(words.all()) })
}

const PEER = {
  kind: 'peer',
  what: 'a peer: a name, name#abcd or an id',
  label: 'peer',
  check(value: string): Read<string> {
    const named = value.trim().replace(/^@/, '')
    return named === '' ? { ok: false, message: 'the name is empty' } : { ok: true, value: named }
  },
} as const

/** A path of this machine, typed from home where it begins with `~/`; one with spaces stands in quotation marks where something follows. */
export function path(): Argument<string> {
  const closed = required<string>({
    kind: 'path',
    what: 'a path',
    label: 'path',
    take(words) {
      const typed = words.nextQuoted()
      return typed === null ? null : fromHome(typed)
    },
    check: (value) => (value.trim() === '' ? { ok: false, message: 'the path is empty' } : { ok: true, value }),
  })
  return {
    ...closed,
    fromLine: (words) =>
      words.isUnclosed
        ? { ok: false, message: 'the quotation mark that ends the path is missing' }
        : closed.fromLine(words),
  }
}

/** A file that was offered, by whatever `FilesChat` finds them by; empty: the only one there is. */
export function whichFile(): Argument<string> {
  const which = optional<string>({
    kind: 'file',
    what: 'a file',
    label: 'file',
    take: (words) => withoutQuotes(words.all()),
    check: (value) => ({ ok: true, value }),
  })
  const orOnly = (read: Read<string | null>): Read<string> => (read.ok ? { ok: true, value: read.value ?? '' } : read)
  return {
    ...{ kind: which.kind, usage: which.usage, typed: which.typed },
    fromLine: (words) => orOnly(which.fromLine(words)),
    fromJson: (field, object) => orOnly(which.fromJson(field, object)),
  }
}

export function name(): Argument<string | null> {
  return optional<string>({
    kind: 'name',
    what: 'a name',
    label: 'name',
    take: (words) => withoutQuotes(words.all()),
    check: (value) => (value.trim() === '' ? { ok: false, message: 'the name is empty' } : { ok: true, value }),
  })
}

const ROOM = { kind: 'room', what: 'a room', label: 'room', take: (words: Words) => words.next() } as const

/** A room's name; with `@` in front, the direct conversation with somebody. */
export function roomOrPeer(): Argument<string> {
  return required<string>({ ...ROOM, check: checkRoomOrPeer })
}

export function optionalRoomOrPeer(options: { readonly typed: boolean }): Argument<string | null> {
  return optional<string>({ ...ROOM, ...options, check: checkRoomOrPeer })
}

export function optionalRoom(): Argument<string | null> {
  return optional<string>({ ...ROOM, check: checkRoom })
}

/** A part of the name of a room or of a person, to the end of the line. */
export function partOfName(): Argument<string> {
  return required<string>({
    kind: 'room',
    what: 'a part of a name',
    label: 'part',
    take: (words) => withoutQuotes(words.all()),
    check: (value) => (value.trim() === '' ? { ok: false, message: 'the name is empty' } : { ok: true, value }),
  })
}

/** Its name, or two words where it is a part of one: `voice join`. */
export function commandName(): Argument<string | null> {
  return optional<string>({
    kind: 'command',
    what: 'a command',
    label: 'command',
    take: (words) => words.all(),
    check: (value) => ({ ok: true, value: value.trim().replace(/^\//, '') }),
  })
}

/** `host:port` or `host port`; in JSON `"address"`, or `"host"` and `"port"`. */
/** Somewhere to dial, and what is spoken there. */
export interface Place {
  readonly address: Address
  /** Null: our own. */
  readonly dialect: DialectName | null
}

/** An address, or `framed@` and one. */
export function place(): Argument<Place> {
  const own = address()
  const placed = (read: Read<Address>, dialect: DialectName | null): Read<Place> =>
    read.ok ? { ok: true, value: { address: read.value, dialect } } : read
  const split = (text: string): [DialectName | null, string] => {
    const [name = '', ...rest] = text.split('@')
    return rest.length > 0 && isDialect(name) ? [name, rest.join('@')] : [null, text]
  }
  return {
    ...own,
    fromLine(words) {
      const host = words.next()
      if (host === null) return { ok: false, message: 'it needs an address' }
      const [dialect, where] = split(host)
      const port = words.next()
      return placed(port === null ? checkAddress(where) : joinAddress(where, port), dialect)
    },
    fromJson(field, object) {
      const whole = fieldOf(object, field)
      if (typeof whole !== 'string') return placed(own.fromJson(field, object), null)
      const [dialect, where] = split(whole)
      return placed(readString(field, where, checkAddress), dialect)
    },
  }
}

function address(): Argument<Address> {
  return {
    kind: 'address',
    usage: '<host:port>',
    typed: true,
    fromLine(words) {
      const host = words.next()
      if (host === null) return { ok: false, message: 'it needs an address' }
      const port = words.next()
      return port === null ? checkAddress(host) : joinAddress(host, port)
    },
    fromJson(field, object) {
      const whole = fieldOf(object, field)
      if (whole !== undefined) return readString(field, whole, checkAddress)
      const host = fieldOf(object, 'host')
      const port = fieldOf(object, 'port')
      if (host === undefined) return { ok: false, message: `it needs "${field}", or "host" and "port"` }
      if (typeof host !== 'string') return { ok: false, message: '"host" must be a string' }
      if (typeof port !== 'number' && typeof port !== 'string') return { ok: false, message: '"port" must be a number' }
      return joinAddress(host, String(port))
    },
  }
}

function checkRoom(value: string): Read<string> {
  const room = normaliseRoom(value)
  if (room !== null) return { ok: true, value: room }
  return { ok: false, message: `${quoted(value)} cannot be a room: a name has 1 to 32 characters and no spaces` }
}

function checkRoomOrPeer(value: string): Read<string> {
  return /^@./.test(value) ? { ok: true, value } : checkRoom(value)
}

function checkAddress(value: string): Read<Address> {
  const found = parseAddress(value)
  if (found !== null) return { ok: true, value: found }
  return { ok: false, message: `${quoted(value)} is no address: write host:port, as in 192.168.1.5:8080` }
}

function joinAddress(host: string, port: string): Read<Address> {
  const found = makeAddress(host, port)
  if (found !== null) return { ok: true, value: found }
  return { ok: false, message: `${quoted(`${host} ${port}`)} is no host and port: write them as in 192.168.1.5 8080` }
}

function withoutQuotes(value: string | null): string | null {
  return value?.replace(/^"(.+)"$/s, '$1') ?? null
}

/** A mark and a number, or a mark and the beginning of an id: no ordinary word, so that it can be left out before a text. */
const MARKED = /^#(\d{1,3}|[0-9a-f]{4,64})$/i
const BARE = /^#?(\d{1,3}|[0-9a-f]{4,64})$/i

/** A message (see `Which`), or null for the last one. `bare`: the mark may be left out; only where no text of one's own follows. */
export function optionalMessage(options: { readonly bare: boolean }): Argument<string | null> {
  const pattern = options.bare ? BARE : MARKED
  return optional<string>({
    ...MESSAGE,
    take: (words) => (pattern.test(words.peek() ?? '') ? words.next() : null),
  })
}

export function message(): Argument<string> {
  return required<string>(MESSAGE)
}

const MESSAGE = {
  kind: 'message',
  what: 'a message: #3 counts back, /history shows ids',
  label: 'which',
  take: (words: Words) => words.next(),
  check(value: string): Read<string> {
    if (BARE.test(value.trim())) return { ok: true, value: value.trim() }
    return { ok: false, message: `${quoted(value)} is no message: write #3 to count back, or the beginning of an id` }
  },
} as const

export function emoji(): Argument<string> {
  return required<string>({
    kind: 'emoji',
    what: 'an emoji',
    label: 'emoji',
    take: (words) => words.next(),
    check: (value) => (value.trim() === '' ? { ok: false, message: 'the emoji is empty' } : { ok: true, value }),
  })
}

/** Only programs say it: people switch. */
export function onOrOff(): Argument<boolean | null> {
  return {
    kind: 'text',
    usage: '[<on>]',
    typed: false,
    fromLine: () => ({ ok: true, value: null }),
    fromJson(field, object) {
      const value = fieldOf(object, field)
      if (value === undefined) return { ok: true, value: null }
      return typeof value === 'boolean'
        ? { ok: true, value }
        : { ok: false, message: `"${field}" must be true or false` }
    },
  }
}

/** A whole number from 1. */
export function count(options: { readonly max: number; readonly usual: number }): Argument<number> {
  const { max, usual } = options
  const check = (value: number, what: string): Read<number> =>
    Number.isInteger(value) && value >= 1 && value <= max
      ? { ok: true, value }
      : { ok: false, message: `${what} must be a whole number from 1 to ${max}` }
  return {
    kind: 'number',
    usage: '[<n>]',
    typed: true,
    fromLine(words) {
      const word = words.next()
      return word === null ? { ok: true, value: usual } : check(/^\d{1,9}$/.test(word) ? Number(word) : Number.NaN, 'n')
    },
    fromJson(field, object) {
      const value = fieldOf(object, field)
      if (value === undefined) return { ok: true, value: usual }
      return check(typeof value === 'number' ? value : Number.NaN, `"${field}"`)
    },
  }
}

/** Only programs give it. */
export function untypedMessage(): Argument<string | null> {
  return optional<string>({ ...MESSAGE, typed: false })
}
