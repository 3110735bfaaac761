import { dirname, join, resolve } from 'node:path'
import type { DialectName } from '../base/dialects.ts'
import type { AcceptPolicy } from '../core/transfer/offers.ts'
import { readConfigFile } from './config-file.ts'
import { ExitStatus } from './exit.ts'
import { downloadsFolder } from './files/downloads.ts'
import type { StartFault } from './options.ts'
import { readVariables } from './options-environment.ts'
import { doublyPlaced, type Given } from './options-values.ts'
import { configFolder, dataFolder, type Environment } from './paths.ts'
import type { Settings } from './settings.ts'

export interface Gathered {
  readonly ok: true
  readonly settings: Settings
  /** The configuration file that was looked for, null without a home to look in. */
  readonly configFile: string | null
  /** Whether it was there. */
  readonly configFound: boolean
  /** What HEARSAY_… variables say by themselves. */
  readonly variables: Given
}

/** What `parseArguments` found, as far as it concerns the settings. */
export interface Asked {
  readonly given: Given
  readonly configFile: string | null
}

const ROOM_AT_START = 'general'
const MEGABYTE = 1_000_000

/** Reads the variables and the configuration file and settles: flag over variable over file over default. */
export async function gatherSettings(asked: Asked, environment: Environment): Promise<Gathered | StartFault> {
  const variables = readVariables(environment)
  if (!variables.ok) return variables

  const folder = configFolder(environment)
  const usual = folder === null ? null : join(folder, 'config.toml')
  const configFile = asked.configFile ?? variables.configFile ?? usual
  const namedBy = asked.configFile !== null ? '--config' : variables.configFile !== null ? 'HEARSAY_CONFIG' : null
  const file = configFile === null ? null : await readConfigFile(configFile, namedBy)
  if (file !== null && !file.ok) return file

  const settings = settle(
    [asked.given, variables.given, file?.given ?? {}],
    folder ?? '',
    dataFolder(environment) ?? '',
    downloadsOf(environment),
  )
  if (folder === null && !settings.ephemeral) return noHome()
  const twice = doublyPlaced(settings.dialects)
  if (twice !== null) return twoPlaces(twice)
  return { ok: true, settings, configFile, configFound: file?.found ?? false, variables: variables.given }
}

function twoPlaces(dialect: DialectName): StartFault {
  const what = dialect === 'mesh' ? 'one group of the mesh' : "one tracker's network"
  const message = `dialect: ${dialect}@ is given with two addresses, and a hearsay takes part in ${what}: leave one out, or start another hearsay for it`
  return { ok: false, code: 'dialect-twice', message, exit: ExitStatus.badConfiguration }
}

/** Why nothing can be kept on a machine that tells of no home. */
export function noHome(): StartFault {
  const message =
    'no home folder is known to keep the identity in: set HOME or XDG_CONFIG_HOME, or start with --ephemeral'
  return { ok: false, code: 'no-home', message, exit: ExitStatus.badConfiguration }
}

/** Merges sources, the one that counts most first. */
function settle(sources: readonly Given[], folder: string, data: string, downloads: () => string): Settings {
  const first = <Name extends keyof Given>(name: Name): Given[Name] | undefined =>
    sources.find((source) => source[name] !== undefined)?.[name]
  return {
    host: first('host') ?? '127.0.0.1',
    port: first('port') ?? 0,
    udpPort: first('udp-port') || null,
    connect: first('connect') ?? [],
    trackers: first('tracker') ?? [],
    multicast: multicastOf(sources),
    isStatic: first('static') ?? false,
    dialects: first('dialect') ?? [],
    username: first('username') ?? null,
    rooms: roomsOf(first('room') ?? [ROOM_AT_START], first('voice')),
    frontEnd: frontEndOf(sources),
    theme: first('theme') ?? 'auto',
    keys: first('keys') ?? {},
    ephemeral: first('ephemeral') ?? false,
    historyDays: first('history-days') || null,
    historyMegabytes: first('history-megabytes') || null,
    audioIn: absolute(first('audio-in')),
    audioOut: absolute(first('audio-out')),
    voice: first('voice') ?? null,
    voiceMode: first('voice-mode') ?? null,
    noiseSuppression: first('no-noise-suppression') === undefined ? null : !first('no-noise-suppression'),
    acceptFiles: acceptedBy(first('accept-files') ?? 'ask', first('accept-megabytes') ?? null),
    downloadFolder: first('download-dir') ?? downloads(),
    debug: first('debug') ?? false,
    configFolder: folder,
    dataFolder: data,
  }
}

/** Who is in voice in a room is in the room; the first one given stays the current one. */
function roomsOf(given: readonly string[], voice: string | undefined): string[] {
  return [...new Set(voice === undefined ? given : [...given, voice])]
}

/** Another process, which may stand elsewhere, is told of it. */
function absolute(path: string | undefined): string | null {
  return path === undefined ? null : resolve(path)
}

function acceptedBy(mode: AcceptPolicy['mode'], megabytes: number | null): AcceptPolicy {
  return { mode, bytesMax: megabytes === null ? null : megabytes * MEGABYTE }
}

/** Without a home, where the program was started. */
function downloadsOf(environment: Environment): () => string {
  const config = configFolder(environment)
  const home = environment.HOME ?? environment.USERPROFILE
  return () => (home === undefined || config === null ? '.' : downloadsFolder(home, dirname(config)))
}

/** `no-lan` and `multicast` are one choice: a source that names groups wins over one further back that turns the search off. */
function multicastOf(sources: readonly Given[]): Settings['multicast'] {
  let isWanted = false
  for (const source of sources) {
    if (source.multicast !== undefined) return source.multicast
    if (source['no-lan'] === true && !isWanted) return []
    if (source['no-lan'] === false) isWanted = true
  }
  return null
}

/** `plain` and `json` are one choice: the first source that turns one on, unless an earlier one turned it off. */
function frontEndOf(sources: readonly Given[]): Settings['frontEnd'] {
  const denied = new Set<'plain' | 'json'>()
  for (const source of sources) {
    for (const name of ['plain', 'json'] as const) {
      if (source[name] === true && !denied.has(name)) return name
      if (source[name] === false) denied.add(name)
    }
  }
  return 'auto'
}

/**
 * Whether to ask a newcomer how to set up: nothing was asked for, nothing is configured, and a person is there to
 * answer. Never where nothing may be written, or where standard output belongs to a program.
 */
export function setupWanted(
  gathered: Gathered,
  bare: boolean,
  terminal: { readonly input: boolean; readonly output: boolean },
): boolean {
  if (!bare || gathered.configFound || gathered.configFile === null) return false
  const { ephemeral, frontEnd } = gathered.settings
  return !ephemeral && frontEnd !== 'json' && terminal.input && terminal.output
}
