import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

/** A process's variables; the ones read here by name. */
export interface Environment {
  readonly [name: string]: string | undefined
  readonly HOME?: string | undefined
  readonly XDG_CONFIG_HOME?: string | undefined
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
  const path = platform === 'win32' ? win32 : posix
  const absolute = (value: string | null | undefined): value is string =>
    value !== null && value !== undefined && path.isAbsolute(value)

  // The specification has relative paths ignored: they would make another folder wherever one happens to stand.
  const xdg = environment.XDG_CONFIG_HOME
  if (absolute(xdg)) return path.join(xdg, FOLDER)
  const roaming = environment.APPDATA
  if (platform === 'win32' && absolute(roaming)) return path.join(roaming, FOLDER)

  const named = platform === 'win32' ? environment.USERPROFILE : environment.HOME
  const found = absolute(named) ? named : home()
  if (!absolute(found)) return null
  if (platform === 'win32') return path.join(found, 'AppData', 'Roaming', FOLDER)
  if (platform === 'darwin') return path.join(found, 'Library', 'Application Support', FOLDER)
  return path.join(found, '.config', FOLDER)
}

function systemHome(): string | null {
  try {
    return homedir()
  } catch {
    return null // a user without an entry in the password file
  }
}
