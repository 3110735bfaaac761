import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../paths.ts'

/** Of an id: enough to tell one identity from another, and few enough for a path. */
const ID_CHARS = 16
const ENDING = '.sock'
/** `sun_path` of Linux has 108 bytes with the zero at its end, that of macOS 104. */
const PATH_BYTES_MAX = 103

/**
 * The folder of control sockets: `$XDG_RUNTIME_DIR/hearsay`, which is in memory and the user's own, else one in the data folder; null where
 * there is neither. `onDisk`: whether the second may be.
 */
export function controlFolder(environment: Environment, dataFolder: string, onDisk: boolean): string | null {
  const runtime = environment['XDG_RUNTIME_DIR'] ?? ''
  if (runtime.startsWith('/')) return join(runtime, 'hearsay')
  return onDisk && dataFolder !== '' ? join(dataFolder, 'control') : null
}

export function controlPath(folder: string, id: string): string {
  return join(folder, `${id.slice(0, ID_CHARS)}${ENDING}`)
}

export function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > PATH_BYTES_MAX
}

/** Makes the folder where it is missing, and sees to it that nobody else has a way in. Throws where that cannot be. */
export function ownFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if ((modeOfOwn(folder) & 0o077) !== 0) chmodSync(folder, 0o700)
}

/** The sockets in a folder, by their paths; none where it is not there, or somebody else's: what listens there may be anything. */
export function socketsIn(folder: string): string[] {
  try {
    modeOfOwn(folder)
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isSocket() && entry.name.endsWith(ENDING))
      .map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

function modeOfOwn(folder: string): number {
  const stat = lstatSync(folder)
  if (!stat.isDirectory()) throw new Error(`${folder} is no folder`)
  if (stat.uid !== process.getuid?.()) throw new Error(`${folder} is somebody else's`)
  return stat.mode
}
