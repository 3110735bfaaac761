import { ExitStatus } from './exit.ts'
import type { StartFault } from './options.ts'
import { quoted } from './options-quote.ts'
import { exclusion, type Given, type Mutable, type OptionName, readInto } from './options-values.ts'
import type { Environment } from './paths.ts'

const VARIABLES: readonly (readonly [OptionName, variable: string, many?: 'many'])[] = [
  ['host', 'HEARSAY_HOST'],
  ['port', 'HEARSAY_PORT'],
  ['udp-port', 'HEARSAY_UDP_PORT'],
  ['connect', 'HEARSAY_CONNECT', 'many'],
  ['tracker', 'HEARSAY_TRACKER', 'many'],
  ['no-lan', 'HEARSAY_NO_LAN'],
  ['multicast', 'HEARSAY_MULTICAST', 'many'],
  ['static', 'HEARSAY_STATIC'],
  ['dialect', 'HEARSAY_DIALECT', 'many'],
  ['username', 'HEARSAY_USERNAME'],
  ['room', 'HEARSAY_ROOM', 'many'],
  ['plain', 'HEARSAY_PLAIN'],
  ['json', 'HEARSAY_JSON'],
  ['ephemeral', 'HEARSAY_EPHEMERAL'],
  ['history-days', 'HEARSAY_HISTORY_DAYS'],
  ['history-megabytes', 'HEARSAY_HISTORY_MEGABYTES'],
  ['theme', 'HEARSAY_THEME'],
  ['audio-in', 'HEARSAY_AUDIO_IN'],
  ['audio-out', 'HEARSAY_AUDIO_OUT'],
  ['voice', 'HEARSAY_VOICE'],
  ['voice-mode', 'HEARSAY_VOICE_MODE'],
  ['no-noise-suppression', 'HEARSAY_NO_NOISE_SUPPRESSION'],
  ['accept-files', 'HEARSAY_ACCEPT_FILES'],
  ['accept-megabytes', 'HEARSAY_ACCEPT_MEGABYTES'],
  ['download-dir', 'HEARSAY_DOWNLOAD_DIR'],
  ['debug', 'HEARSAY_DEBUG'],
]

/** `HEARSAY_PORT` for port. */
export function variableOf(name: OptionName): string {
  return VARIABLES.find(([each]) => each === name)![1]
}

interface Variables {
  readonly ok: true
  readonly given: Given
  /** `HEARSAY_CONFIG`, or null. */
  readonly configFile: string | null
}

/** Reads the `HEARSAY_…` variables. Empty ones count as absent; lists are separated by commas or spaces. */
export function readVariables(environment: Environment): Variables | StartFault {
  const given: Mutable<Given> = {}
  for (const [name, variable, many] of VARIABLES) {
    const text = environment[variable] ?? ''
    const texts = many === undefined ? [text] : text.split(/[\s,]+/)
    const filled = texts.filter((item) => item.length > 0)
    if (filled.length === 0) continue
    const wrong = readInto(given, name, filled)
    if (wrong !== null) return refuse(`${variable}: expected ${wrong.expected}, got ${quoted(wrong.got)}`)
  }
  const excluded = exclusion(given)
  if (excluded !== null) {
    const [one, other] = excluded.map(variableOf)
    return refuse(`${other}: cannot be on with ${one}; unset one`)
  }
  return { ok: true, given, configFile: environment.HEARSAY_CONFIG || null }
}

function refuse(message: string): StartFault {
  return { ok: false, code: 'bad-variable', message, exit: ExitStatus.wrongUsage }
}
