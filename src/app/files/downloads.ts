import { join, posix } from 'node:path'
import { readSmallFile } from '../small-file.ts'

const BYTES_MAX = 64 * 1024

/**
 * Where people expect what they take: `XDG_DOWNLOAD_DIR` of `user-dirs.dirs` (xdg-user-dirs 0.18) where that names a folder, else `Downloads` in the home.
 * `configHome`: `XDG_CONFIG_HOME` or its default.
 */
export function downloadsFolder(home: string, configHome: string): string {
  const file = readSmallFile(join(configHome, 'user-dirs.dirs'), BYTES_MAX)
  const line = file.ok ? /^\s*XDG_DOWNLOAD_DIR="(.*)"\s*$/m.exec(new TextDecoder().decode(file.bytes)) : null
  const named = line?.[1]?.replace(/\\(.)/g, '$1').replace(/^\$HOME(?=\/|$)/, home)
  // The home itself stands for "none" there.
  const isFolder =
    named !== undefined && posix.isAbsolute(named) && posix.normalize(`${named}/`) !== posix.normalize(`${home}/`)
  return isFolder ? named : join(home, 'Downloads')
}
