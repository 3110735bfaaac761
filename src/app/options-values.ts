import { type Address, formatAddress, makeAddress, parseAddress } from '../base/address.ts'
import { DIALECTS, type DialectName, isDialect } from '../base/dialects.ts'
import { ipScope, isMulticastIp, parseIp } from '../base/ip.ts'
import { normaliseRoom } from '../base/room-name.ts'
import { cleanName, NAME_GRAPHEMES_MAX } from '../base/text.ts'
import type { KeyChanges } from './keymap.ts'
import { THEMES, type Theme } from './settings.ts'
import type { VoiceMode } from './voice/contract.ts'

/**
 * What one source gave: the flags, the `HEARSAY_…` variables or the file. What it did not mention is absent. The
 * names are those of the flags and of the file's keys; every value has been checked.
 */
export interface Given {
  readonly host?: string
  /** 0 to 65535. */
  readonly port?: number
  /** 0 to 65535. */
  readonly 'udp-port'?: number
  readonly connect?: readonly Address[]
  readonly tracker?: readonly Address[]
  readonly 'no-lan'?: boolean
  /** Groups and ports. */
  readonly multicast?: readonly Address[]
  readonly static?: boolean
  readonly dialect?: readonly DialectAsked[]
  readonly username?: string
  readonly room?: readonly string[]
  readonly plain?: boolean
  readonly json?: boolean
  readonly ephemeral?: boolean
  /** 0: for good. */
  readonly 'history-days'?: number
  /** 0: all of it. */
  readonly 'history-megabytes'?: number
  /** Paths of WAV files. */
  readonly 'audio-in'?: string
  readonly 'audio-out'?: string
  /** A room. */
  readonly voice?: string
  readonly 'voice-mode'?: VoiceMode
  readonly 'no-noise-suppression'?: boolean
  readonly 'accept-files'?: 'all' | 'ask' | 'none'
  readonly 'accept-megabytes'?: number
  readonly 'download-dir'?: string
  readonly theme?: Theme
  readonly debug?: boolean | string
  /** Only the file can give them. */
  readonly keys?: KeyChanges
}

/** One dialect that is let in, and the address it takes from outside: a peer to dial, the tracker's place, or the mesh's group. */
export interface DialectAsked {
  readonly dialect: DialectName
  readonly address: Address | null
}

export type OptionName = Exclude<keyof Given, 'keys'>

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** A value of one kind: what to call it in an error, and how its text is read (null: it is not one). */
export interface Check<T> {
  readonly expected: string
  read(text: string): T | null
}

type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly expected: string; readonly got: string }

/** Addresses dialled at the start, and rooms joined: as many as half-open links are allowed at a time. */
export const LIST_LENGTH_MAX = 64
const PORT_MAX = 65535
/** A century; a petabyte would not be more of a bound. */
const DAYS_MAX = 36_525
const MEGABYTES_MAX = 1_000_000
/** Long before a name is looked at character by character: no 32 characters take as much. */
const NAME_UNITS_MAX = 1024

export const acceptCheck: Check<'all' | 'ask' | 'none'> = {
  expected: 'all, ask or none',
  read: (text) => (text === 'all' || text === 'ask' || text === 'none' ? text : null),
}

export const hostCheck: Check<string> = {
  expected: 'a host name, an IPv4 or an IPv6 address',
  read: (text) => readHost(text),
}

export const portCheck: Check<number> = {
  expected: `a whole number from 0 to ${PORT_MAX}`,
  read: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX ? Number(text) : null),
}

export const daysCheck = wholeCheck(DAYS_MAX)
export const megabytesCheck = wholeCheck(MEGABYTES_MAX)

export const addressCheck: Check<Address> = {
  expected: `HOST:PORT, or [HOST]:PORT for IPv6, with a port from 1 to ${PORT_MAX}`,
  read(text) {
    const address = parseAddress(text)
    if (address === null) return null
    const bracketed = text.trim().startsWith('[')
    const host = readHost(address.host)
    return host === null || bracketed !== host.includes(':') ? null : { host, port: address.port }
  },
}

/** Where others are to find a list: 0.0.0.0 and the like are no place to find anything at. */
export const trackerCheck: Check<Address> = {
  expected: `${addressCheck.expected}, of one machine that others can dial`,
  read(text) {
    const address = addressCheck.read(text)
    const ip = address === null ? null : parseIp(address.host)
    return ip !== null && ipScope(ip) === 'none' ? null : address
  },
}

export const groupCheck: Check<Address> = {
  expected: `GROUP:PORT with a multicast group (224.0.0.0 to 239.255.255.255, or [ff…]) and a port from 1 to ${PORT_MAX}`,
  read(text) {
    const address = addressCheck.read(text)
    const ip = address === null ? null : parseIp(address.host)
    return ip !== null && isMulticastIp(ip) ? address : null
  },
}

const DIALECT_ADDRESSES: Readonly<Record<DialectName, Check<Address>>> = {
  framed: addressCheck,
  mesh: groupCheck,
  tracker: trackerCheck,
  line: addressCheck,
}

/** There is one group of a mesh, and one tracker of a network: whoever gives two would be in one of them only. */
const ONE_ADDRESS: readonly DialectName[] = ['mesh', 'tracker']

/** The dialect of which two places are asked for, and one can be had; null where there is none. The same place twice is one. */
export function doublyPlaced(asked: readonly DialectAsked[]): DialectName | null {
  const placesOf = (dialect: DialectName): Set<string> =>
    new Set(
      asked.flatMap((each) => (each.dialect === dialect && each.address !== null ? [formatAddress(each.address)] : [])),
    )
  return ONE_ADDRESS.find((dialect) => placesOf(dialect).size > 1) ?? null
}

/** One entry, which may hold several: `mesh,framed@127.0.0.1:5001`. */
export const dialectCheck: Check<readonly DialectAsked[]> = {
  expected: `${DIALECTS.join(', ')} or all, separated by commas, each alone or with @HOST:PORT behind it`,
  read(text) {
    const asked: DialectAsked[] = []
    for (const word of text.split(',')) {
      const [name = '', where, more] = word.trim().split('@')
      if (name === 'all' && where === undefined)
        asked.push(...DIALECTS.map((each) => ({ dialect: each, address: null })))
      else if (!isDialect(name) || more !== undefined) return null
      else {
        const address = where === undefined ? null : DIALECT_ADDRESSES[name].read(where)
        if (where !== undefined && address === null) return null
        asked.push({ dialect: name, address })
      }
    }
    return asked.length > LIST_LENGTH_MAX ? null : asked
  },
}

/** What others would see of it must be what was written: its owner is there to be asked. Runs of spaces are one. */
export const nameCheck: Check<string> = {
  expected: `a name of 1 to ${NAME_GRAPHEMES_MAX} characters, all of them visible`,
  read(text) {
    if (text.length > NAME_UNITS_MAX) return null
    const written = text.trim().replace(/\s+/g, ' ')
    return written.length > 0 && cleanName(written) === written ? written : null
  },
}

export const roomCheck: Check<string> = {
  expected: 'the name of a room: 1 to 32 visible characters without spaces',
  read: normaliseRoom,
}

export const pathCheck: Check<string> = {
  expected: 'the path of a file',
  read: (text) => (text.length > 0 && !text.includes('\0') ? text : null),
}

export const folderCheck: Check<string> = { ...pathCheck, expected: 'the path of a folder' }

const MODES: readonly VoiceMode[] = ['voice', 'push', 'open']

export const modeCheck: Check<VoiceMode> = {
  expected: 'voice, push or open',
  read: (text) => MODES.find((mode) => mode === text.toLowerCase()) ?? null,
}

export const themeCheck: Check<Theme> = {
  expected: `one of ${THEMES.join(', ')}`,
  read: (text) => THEMES.find((theme) => theme === text) ?? null,
}

const booleanCheck: Check<boolean> = {
  expected: '1 or 0',
  read(text) {
    if (/^(1|true|yes|on)$/i.test(text)) return true
    return /^(0|false|no|off)$/i.test(text) ? false : null
  },
}

const debugCheck: Check<boolean | string> = {
  expected: '1, 0 or the path of a file',
  read: (text) => booleanCheck.read(text) ?? pathCheck.read(text),
}

function wholeCheck(max: number): Check<number> {
  return {
    expected: `a whole number from 0 to ${max}`,
    read: (text) => (/^\d{1,9}$/.test(text) && Number(text) <= max ? Number(text) : null),
  }
}

/** A host to listen on or to dial, brackets taken off. A number with dots must be an IPv4 address, a colon IPv6. */
function readHost(text: string): string | null {
  const address = makeAddress(text, '1')
  if (address === null) return null
  const { host } = address
  const zoneless = host.replace(/%[\w.-]+$/, '') // RFC 4007 §11: fe80::1%eth0
  if (zoneless.includes(':')) return URL.canParse(`http://[${zoneless}]:1`) ? host : null
  if (host.includes('%')) return null
  if (text !== host || host.startsWith('-')) return null
  if (/^[\d.]+$/.test(host)) return isIpv4(host) ? host : null
  return host
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

interface TextReader<T> {
  /** Reads what one source gave for one option: never an empty list. */
  read(texts: readonly string[]): Read<T>
}

function single<T>(check: Check<T>): TextReader<T> {
  return {
    read(texts) {
      const text = texts[texts.length - 1]!
      const value = check.read(text)
      return value === null ? { ok: false, expected: check.expected, got: text } : { ok: true, value }
    },
  }
}

function list<T>(check: Check<T>): TextReader<readonly T[]> {
  return {
    read(texts) {
      if (texts.length > LIST_LENGTH_MAX) {
        return { ok: false, expected: `at most ${LIST_LENGTH_MAX}`, got: String(texts.length) }
      }
      const values: T[] = []
      for (const text of texts) {
        const value = check.read(text)
        if (value === null) return { ok: false, expected: check.expected, got: text }
        values.push(value)
      }
      return { ok: true, value: values }
    },
  }
}

function flattened<T>({ read }: TextReader<readonly (readonly T[])[]>): TextReader<readonly T[]> {
  return {
    read(texts) {
      const many = read(texts)
      return many.ok ? { ok: true, value: many.value.flat().slice(0, LIST_LENGTH_MAX) } : many
    },
  }
}

type Values = Required<Given>

const READERS: { readonly [Name in OptionName]: TextReader<Values[Name]> } = {
  host: single(hostCheck),
  port: single(portCheck),
  'udp-port': single(portCheck),
  connect: list(addressCheck),
  tracker: list(trackerCheck),
  'no-lan': single(booleanCheck),
  multicast: list(groupCheck),
  static: single(booleanCheck),
  dialect: flattened(list(dialectCheck)),
  username: single(nameCheck),
  room: list(roomCheck),
  plain: single(booleanCheck),
  json: single(booleanCheck),
  ephemeral: single(booleanCheck),
  'history-days': single(daysCheck),
  'history-megabytes': single(megabytesCheck),
  'audio-in': single(pathCheck),
  'audio-out': single(pathCheck),
  voice: single(roomCheck),
  'voice-mode': single(modeCheck),
  'no-noise-suppression': single(booleanCheck),
  'accept-files': single(acceptCheck),
  'accept-megabytes': single(megabytesCheck),
  'download-dir': single(folderCheck),
  theme: single(themeCheck),
  debug: single(debugCheck),
}

/** What means nothing together: the second is refused where one source gives both. */
const EXCLUDING: readonly (readonly [OptionName, OptionName])[] = [
  ['plain', 'json'],
  ['no-lan', 'multicast'],
  ['static', 'multicast'],
]

/** Two options of one source that exclude each other, the one to be refused last; null where there are none. */
export function exclusion(given: Given): readonly [OptionName, OptionName] | null {
  const isOn = (name: OptionName): boolean => given[name] !== undefined && given[name] !== false
  return EXCLUDING.find(([one, other]) => isOn(one) && isOn(other)) ?? null
}

/** Reads the texts one source gave for `name` into `given`; answers null, or what was expected and what was there. */
export function readInto<Name extends OptionName>(
  given: Mutable<Given>,
  name: Name,
  texts: readonly string[],
): { expected: string; got: string } | null {
  const reader: TextReader<Values[Name]> = READERS[name]
  const read = reader.read(texts)
  if (!read.ok) return read
  given[name] = read.value
  return null
}
