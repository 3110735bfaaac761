import { statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { errorCode } from '../../adapters/disk-fault.ts'
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

/** Why nothing can be received into a folder, as sentences, where it is or is in something else than one; else null: it can be made, or says why not when it is to be. */
export function folderFault(folder: string): string | null {
  const because = (what: string): string =>
    `Nothing can be received into ${folder}: ${what} is a file, not a folder. Start again with a folder (--download-dir).`
  try {
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false ? because('that') : null
  } catch (error) {
    return errorCode(error) === 'ENOTDIR' ? because('a part of that path') : null
  }
}
