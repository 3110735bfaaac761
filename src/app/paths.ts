import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

/** A process's variables; the ones read here by name. */
export interface Environment {
  readonly [name: string]: string | undefined
  readonly HOME?: string | undefined
  readonly XDG_CONFIG_HOME?: string | undefined
  readonly XDG_DATA_HOME?: string | undefined
  readonly LOCALAPPDATA?: string | undefined
  readonly APPDATA?: string | undefined
  readonly USERPROFILE?: string | undefined
  readonly USER?: string | undefined
  readonly LOGNAME?: string | undefined
  readonly USERNAME?: string | undefined
  readonly HEARSAY_CONFIG?: string | undefined
}

const FOLDER = 'hearsay'

/**
 * The folder of config.toml and the identity, or null on a machine that tells of no home at all.
 * `$XDG_CONFIG_HOME/hearsay` where that is set, on every system; else `~/.config/hearsay` (XDG Base Directory
 * Specification 0.8), `~/Library/Application Support/hearsay` on macOS, `%APPDATA%\hearsay` on Windows.
 */
export function configFolder(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
  home: () => string | null = systemHome,
): string | null {
  const { XDG_CONFIG_HOME: xdg, APPDATA: windows } = environment
  return folder({ environment, platform, home, xdg, windows, unix: ['.config'], roaming: 'Roaming' })
}

/**
 * The folder of what is learnt and kept, or null as above: `$XDG_DATA_HOME/hearsay`, else `~/.local/share/hearsay`,
 * `~/Library/Application Support/hearsay` on macOS, `%LOCALAPPDATA%\hearsay` on Windows.
 */
export function dataFolder(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
  home: () => string | null = systemHome,
): string | null {
  const { XDG_DATA_HOME: xdg, LOCALAPPDATA: windows } = environment
  return folder({ environment, platform, home, xdg, windows, unix: ['.local', 'share'], roaming: 'Local' })
}

interface Where {
  readonly environment: Environment
  readonly platform: NodeJS.Platform
  readonly home: () => string | null
  /** What the variables of the two worlds say. */
  readonly xdg: string | undefined
  readonly windows: string | undefined
  /** Under the home where they say nothing. */
  readonly unix: readonly string[]
  readonly roaming: 'Roaming' | 'Local'
}

function folder({ environment, platform, home, xdg, windows, unix, roaming }: Where): string | null {
  const path = platform === 'win32' ? win32 : posix
  const absolute = (value: string | null | undefined): value is string =>
    value !== null && value !== undefined && path.isAbsolute(value)

  // The specification has relative paths ignored: they would make another folder wherever one happens to stand.
  if (absolute(xdg)) return path.join(xdg, FOLDER)
  if (platform === 'win32' && absolute(windows)) return path.join(windows, FOLDER)

  const named = platform === 'win32' ? environment.USERPROFILE : environment.HOME
  const found = absolute(named) ? named : home()
  if (!absolute(found)) return null
  if (platform === 'win32') return path.join(found, 'AppData', roaming, FOLDER)
  if (platform === 'darwin') return path.join(found, 'Library', 'Application Support', FOLDER)
  return path.join(found, ...unix, FOLDER)
}

function systemHome(): string | null {
  try {
    return homedir()
  } catch {
    return null // a user without an entry in the password file
  }
}
