import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Why a small file could not be read or written. `said`: the reason, as the end of a sentence. */
export interface FileFault {
  readonly ok: false
  readonly code: 'missing' | 'exists' | 'denied' | 'not-a-file' | 'too-large' | 'other'
  readonly said: string
  readonly cause: unknown
}

interface SmallFile {
  readonly ok: true
  /** The caller's to keep. */
  readonly bytes: Uint8Array
  /** Permission bits, as `chmod` counts them. */
  readonly mode: number
}

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/** Reads a file of at most `bytesMax` bytes. Never waits: a pipe without a writer is refused, not waited for. */
export function readSmallFile(path: string, bytesMax: number): SmallFile | FileFault {
  let descriptor: number
  try {
    // Opening a named pipe would otherwise wait for somebody to write to it. Windows has no such flag.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    return fileFault(error)
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() && !stat.isCharacterDevice()) {
      return { ok: false, code: 'not-a-file', said: 'it is not a file', cause: null }
    }
    // The size fstat tells may be wrong by the time of reading: what bounds it is the buffer.
    const buffer = new Uint8Array(bytesMax + 1)
    let length = 0
    while (length <= bytesMax) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, null)
      if (count === 0) return { ok: true, bytes: buffer.slice(0, length), mode: stat.mode & 0o7777 }
      length += count
    }
    return { ok: false, code: 'too-large', said: `it is larger than ${bytesMax} bytes`, cause: null }
  } catch (error) {
    return fileFault(error)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Makes a file that only its owner can read, and its folder (0700) where that is missing. Whole or not at all, and
 * never over another: of two processes making it at once the second gets `exists`.
 * `durable`: on the disk, not just in its cache, when this returns.
 */
export function createSmallFile(
  path: string,
  text: string,
  options: { readonly durable: boolean; readonly link?: typeof linkSync },
): { readonly ok: true } | FileFault {
  const nonce = crypto.getRandomValues(new Uint32Array(2)).reduce((hex, word) => hex + word.toString(16), '')
  const temporary = `${path}.${process.pid}.${nonce}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER })
    writeNew(temporary, text, options.durable)
    try {
      // Unlike a rename, a link fails where the name is taken.
      const link = options.link ?? linkSync
      link(temporary, path)
    } catch (error) {
      if (!LINKLESS.has(errorCode(error))) throw error
      writeNew(path, text, options.durable)
    } finally {
      unlinkSync(temporary)
    }
    if (options.durable) syncFolder(dirname(path))
    return { ok: true }
  } catch (error) {
    return fileFault(error)
  }
}

/** Makes such a file, or puts it in the place of the one there is: readers see the one or the other, whole. */
export function replaceSmallFile(path: string, text: string): { readonly ok: true } | FileFault {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER })
    rmSync(temporary, { force: true })
    writeNew(temporary, text, true)
    renameSync(temporary, path)
    return { ok: true }
  } catch (error) {
    return fileFault(error)
  }
}

/** Takes a file away, for good when this returns; one that is not there is no fault. */
export function removeSmallFile(path: string): { readonly ok: true } | FileFault {
  try {
    rmSync(path, { force: true })
    syncFolder(dirname(path))
    return { ok: true }
  } catch (error) {
    return fileFault(error)
  }
}

/** What file systems without hard links (FAT, some network ones) answer to one. */
const LINKLESS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

function writeNew(path: string, text: string, durable: boolean): void {
  const descriptor = openSync(path, 'wx', PRIVATE_FILE)
  try {
    fchmodSync(descriptor, PRIVATE_FILE) // the umask may have taken more away
    writeFileSync(descriptor, text)
    if (durable) fsyncSync(descriptor)
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function syncFolder(folder: string): void {
  let descriptor: number | null = null
  try {
    descriptor = openSync(folder, constants.O_RDONLY)
    fsyncSync(descriptor)
  } catch {
    // Some systems (Windows) do not open folders; the file itself is safe.
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

const REASONS: Readonly<Record<string, readonly [FileFault['code'], said: string]>> = {
  ENOENT: ['missing', 'there is no such file'],
  ENOTDIR: ['missing', 'a part of its path is no folder'],
  EEXIST: ['exists', 'it exists already'],
  EACCES: ['denied', 'permission denied'],
  EPERM: ['denied', 'permission denied'],
  EROFS: ['denied', 'the file system is read-only'],
  EISDIR: ['not-a-file', 'it is a folder'],
  ENXIO: ['not-a-file', 'it is not a file'],
  ENOSPC: ['other', 'the disk is full'],
  EDQUOT: ['other', 'the disk quota is used up'],
  ELOOP: ['other', 'its symbolic links go in a circle'],
  ENAMETOOLONG: ['other', 'the name is too long'],
}

function fileFault(cause: unknown): FileFault {
  const known = REASONS[errorCode(cause)]
  const [code, said] = known ?? ['other', errorCode(cause) || 'it cannot be used']
  return { ok: false, code, said, cause }
}
