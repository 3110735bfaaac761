import type { FilesFault } from '../ports/files.ts'

/** What a code of the system means to whoever reads it, and what to do about it. */
const KNOWN: Readonly<Record<string, readonly [FilesFault['code'], said: string, advice: string]>> = {
  ENOENT: ['missing', 'it is not there', 'Check the path.'],
  ENOTDIR: ['missing', 'a part of its path is no folder', 'Check the path.'],
  EACCES: ['denied', 'permission denied', 'Change its rights, or choose another place.'],
  EPERM: ['denied', 'permission denied', 'Change its rights, or choose another place.'],
  EROFS: ['denied', 'the file system is read-only', 'Choose another place.'],
  ENOSPC: ['full', 'the disk is full', 'Make room, and try again.'],
  EDQUOT: ['full', 'the disk quota is used up', 'Make room, and try again.'],
  EFBIG: ['too-large', 'it is larger than the file system allows', 'Choose another place.'],
  EISDIR: ['not-a-file', 'it is a folder', 'Give the path of a file.'],
  ELOOP: ['not-a-file', 'it is a symbolic link', 'Give the path that it leads to.'],
  ENXIO: ['not-a-file', 'it is not a file', 'Give the path of a file.'],
  ENAMETOOLONG: ['failed', 'the name is too long', 'Rename it to something shorter.'],
  // Our own, and no code of the system.
  EXCHANGED: [
    'changed',
    'what had come of it was taken away, or exchanged for something else, which stays as it is',
    'Take it again.',
  ],
  // A path or a name with a NUL character, which ends a path for the system.
  ERR_INVALID_ARG_VALUE: ['missing', 'no path has such characters in it', 'Check the path.'],
  UNFLUSHED: [
    'failed',
    'the disk has lost some of what was written to it',
    'Check the disk, and start hearsay again: it looks at what is there, and fetches what is not.',
  ],
  EMFILE: ['failed', 'too many files are open', 'Close some, and try again.'],
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** `doing`: the beginning of the sentence, such as "photo.jpg cannot be read". `advices`: what to do about it in this case, where the usual is of no use. */
export function diskFault(
  doing: string,
  cause: unknown,
  advices: { readonly [code in FilesFault['code']]?: string } = {},
): FilesFault {
  const code = errorCode(cause)
  const [known, said, usual] = KNOWN[code] ?? ['failed', code || 'the disk did not do it', 'Check the disk.']
  const what = `${doing}: ${said}.`
  return { ok: false, code: known, message: `${what} ${advices[known] ?? usual}`, what, cause }
}
