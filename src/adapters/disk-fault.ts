import type { FilesFault } from '../ports/files.ts'

const KNOWN: Readonly<Record<string, readonly [FilesFault['code'], said: string]>> = {
  ENOENT: ['missing', 'it is not there'],
  ENOTDIR: ['missing', 'a part of its path is no folder'],
  EACCES: ['denied', 'permission denied'],
  EPERM: ['denied', 'permission denied'],
  EROFS: ['denied', 'the file system is read-only'],
  ENOSPC: ['full', 'the disk is full'],
  EDQUOT: ['full', 'the disk quota is used up'],
  EFBIG: ['too-large', 'it is larger than the file system allows'],
  EISDIR: ['not-a-file', 'it is a folder'],
  ELOOP: ['not-a-file', 'it is a symbolic link'],
  ENXIO: ['not-a-file', 'it is not a file'],
  ENAMETOOLONG: ['failed', 'the name is too long'],
  EMFILE: ['failed', 'too many files are open'],
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** `doing`: the beginning of the sentence, such as "photo.jpg cannot be read". */
export function diskFault(doing: string, cause: unknown): FilesFault {
  const code = errorCode(cause)
  const [known, said] = KNOWN[code] ?? ['failed', code || 'the disk did not do it']
  return { ok: false, code: known, message: `${doing}: ${said}.`, cause }
}
