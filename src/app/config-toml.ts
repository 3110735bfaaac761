import { resolve } from 'node:path'
import * as v from 'valibot'
import { scanStatements } from './config-lines.ts'
import { ACTIONS, type Action, isActionOrNone, isChord, type KeyChanges } from './keymap.ts'
import { quoted, visible } from './options-quote.ts'
import {
  acceptCheck,
  addressCheck,
  type Check,
  daysCheck,
  dialectCheck,
  exclusion,
  folderCheck,
  type Given,
  groupCheck,
  hostCheck,
  LIST_LENGTH_MAX,
  megabytesCheck,
  modeCheck,
  nameCheck,
  pathCheck,
  portCheck,
  roomCheck,
  themeCheck,
  trackerCheck,
} from './options-values.ts'
import { suggest } from './suggest.ts'

/** What is wrong with a configuration: `line` counted from 1, null where none can be named. */
interface ConfigFault {
  readonly ok: false
  readonly line: number | null
  readonly message: string
}

/** Lists in lists in lists: nothing here needs more than two, and the parser's stack is not endless. */
const DEPTH_MAX = 16

const BOOLEAN = 'true or false'
const DEBUG = 'true, false or the path of a file'
const KEY = 'keys such as ctrl-k, alt-1, ctrl-alt-x, shift-tab or f5'
const MANY = `at most ${LIST_LENGTH_MAX} entries`

const port = v.pipe(
  v.number(portCheck.expected),
  v.integer(portCheck.expected),
  v.minValue(0, portCheck.expected),
  v.maxValue(65535, portCheck.expected),
)

const boolean = v.boolean(BOOLEAN)

/** A number that `check` reads. */
function whole({ expected, read }: Check<number>) {
  return v.pipe(
    v.number(expected),
    v.check((value) => read(String(value)) !== null, expected),
  )
}

/** A text that `check` reads; the issue's message is what was expected. */
function text<T>(check: Check<T>, expected = check.expected) {
  return v.pipe(
    v.string(expected),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = check.read(dataset.value)
      if (value !== null) return value
      addIssue({ message: expected })
      return NEVER
    }),
  )
}

/** One entry, or a list of them. */
function list<T>(check: Check<T>) {
  return v.pipe(
    v.unknown(),
    v.transform((value: unknown): unknown => (Array.isArray(value) ? value : [value])),
    v.array(text(check), check.expected),
    v.maxLength(LIST_LENGTH_MAX, MANY),
  )
}

/** A table of chords; what one is to do is checked with the chord, so that a fault names both. */
const keys = v.pipe(
  v.record(v.string(), v.string('the name of something a key can do, as a text'), 'a table of keys'),
  v.rawTransform<Record<string, string>, KeyChanges>(({ dataset, addIssue, NEVER }) => {
    const changes: Record<string, Action | 'none'> = {}
    for (const [chord, action] of Object.entries(dataset.value)) {
      const wrong = !isChord(chord)
        ? KEY
        : isActionOrNone(action)
          ? null
          : `${quoted(chord)} to be none or one of ${Object.keys(ACTIONS).join(', ')}`
      if (wrong !== null) {
        addIssue({ message: wrong, input: isChord(chord) ? action : chord })
        return NEVER
      }
      if (isActionOrNone(action)) changes[chord] = action
    }
    return changes
  }),
)

const CONFIG = v.object({
  host: v.exactOptional(text(hostCheck)),
  port: v.exactOptional(port),
  'udp-port': v.exactOptional(port),
  connect: v.exactOptional(list(addressCheck)),
  tracker: v.exactOptional(list(trackerCheck)),
  'no-lan': v.exactOptional(boolean),
  multicast: v.exactOptional(list(groupCheck)),
  static: v.exactOptional(boolean),
  dialect: v.exactOptional(
    v.pipe(
      list(dialectCheck),
      v.transform((many) => many.flat().slice(0, LIST_LENGTH_MAX)),
    ),
  ),
  username: v.exactOptional(text(nameCheck)),
  room: v.exactOptional(v.pipe(list(roomCheck), v.minLength(1, roomCheck.expected))),
  plain: v.exactOptional(boolean),
  json: v.exactOptional(boolean),
  ephemeral: v.exactOptional(boolean),
  'history-days': v.exactOptional(whole(daysCheck)),
  'history-megabytes': v.exactOptional(whole(megabytesCheck)),
  theme: v.exactOptional(text(themeCheck)),
  'audio-in': v.exactOptional(text(pathCheck)),
  'audio-out': v.exactOptional(text(pathCheck)),
  voice: v.exactOptional(text(roomCheck)),
  'voice-mode': v.exactOptional(text(modeCheck)),
  'no-noise-suppression': v.exactOptional(boolean),
  'accept-files': v.exactOptional(text(acceptCheck)),
  'accept-megabytes': v.exactOptional(whole(megabytesCheck)),
  'download-dir': v.exactOptional(text(folderCheck)),
  debug: v.exactOptional(v.union([v.boolean(), text(pathCheck)], DEBUG)),
  keys: v.exactOptional(keys),
})

/**
 * Reads the text of config.toml. Keys are the flags' names (`udp-port`, `udp_port` too); `room` and `connect` take a
 * text or a list. `folder`: what relative paths start from.
 */
export function parseConfig(
  source: string,
  folder: string,
): { readonly ok: true; readonly given: Given } | ConfigFault {
  const scan = scanStatements(source)
  if (scan.depth > DEPTH_MAX)
    return { ok: false, line: null, message: 'lists stand too deep in each other: write them flat' }
  const table = parseToml(source)
  if (table instanceof Error) return syntaxFault(source, table)
  const lineOf = (key: string) => scan.statements.find((statement) => statement.key === key)?.line ?? null

  const known = new Map<string, unknown>()
  for (const [key, value] of Object.entries(table)) {
    const name = key.replaceAll('_', '-')
    if (!Object.hasOwn(CONFIG.entries, name)) {
      const near = suggest(name, Object.keys(CONFIG.entries))
      const hint = near === null ? `the keys are ${Object.keys(CONFIG.entries).join(', ')}` : `did you mean ${near}?`
      return { ok: false, line: lineOf(key), message: `${visible(key.slice(0, 60))}: no such key; ${hint}` }
    }
    if (known.has(name))
      return { ok: false, line: lineOf(key), message: `${name}: given more than once; leave one out` }
    known.set(name, value)
  }
  const checked = v.safeParse(CONFIG, Object.fromEntries(known), { abortEarly: true })
  if (!checked.success) {
    const [issue] = checked.issues
    const key = String(issue.path?.[0].key ?? '')
    const line = lineOf(key) ?? lineOf(key.replaceAll('-', '_'))
    return { ok: false, line, message: `${key}: expected ${issue.message}, got ${described(issue.input)}` }
  }
  const given: Given = checked.output
  const excluded = exclusion(given)
  if (excluded !== null) {
    const [one, other] = excluded
    const what = given[other] === true ? 'cannot be true with' : 'cannot be given with'
    return { ok: false, line: lineOf(other), message: `${other}: ${what} ${one}; leave one out` }
  }
  return { ok: true, given: { ...given, ...absolutePaths(given, folder) } }
}

function absolutePaths(given: Given, folder: string): Given {
  const { debug, 'audio-in': input, 'audio-out': output } = given
  return {
    ...(typeof debug === 'string' ? { debug: resolve(folder, debug) } : {}),
    ...(input === undefined ? {} : { 'audio-in': resolve(folder, input) }),
    ...(output === undefined ? {} : { 'audio-out': resolve(folder, output) }),
  }
}

function parseToml(source: string): object | Error {
  try {
    return Bun.TOML.parse(source)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/**
 * The parser does not say where it stopped. It reads from the front, so the statement at fault is the last one of
 * the shortest beginning that fails.
 */
function syntaxFault(source: string, error: Error): ConfigFault {
  const { statements } = scanStatements(source)
  let good = 0
  let bad = statements.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (parseToml(source.slice(0, statements[middle - 1]!.end)) instanceof Error) bad = middle
    else good = middle
  }
  const said = visible(error.message.replace(/^TOML Parse error: /, '')).slice(0, 200)
  return { ok: false, line: statements[bad - 1]?.line ?? null, message: `not valid TOML: ${said}; mend that line` }
}

/** A value as an error can show it. */
function described(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'a table'
  return String(value)
}
