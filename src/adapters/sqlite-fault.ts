import { SQLiteError } from 'bun:sqlite'
import type { StoreFault } from '../ports/store.ts'
import { BrokenRow } from './sqlite-rows.ts'

const INSTEAD = 'or keep nothing with --ephemeral'

/** What went wrong with the database at `path`; null for what is a fault of the program. */
export function storeFault(error: unknown, path: string): StoreFault | null {
  const code = codeOf(error)
  if (code === '') return null
  const fault = (code: StoreFault['code'], message: string): StoreFault => ({
    ok: false,
    code,
    message,
    pid: null,
    cause: error,
  })
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return heldFault(path, null, error)
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) {
    return fault('full', `The disk is full, so nothing more of the history is kept in ${path}: make room, ${INSTEAD}.`)
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return fault('damaged', `The history ${path} is damaged: start again, and it is put aside and a new one begun.`)
  }
  // A file that may only be read cannot be locked either.
  if (
    /^(SQLITE_(CANTOPEN|READONLY|PERM|AUTH|IOERR_LOCK)|EACCES|EPERM|EROFS|ENOENT|ENOTDIR|EEXIST|EISDIR|ELOOP)/.test(
      code,
    )
  ) {
    return fault(
      'denied',
      `The history ${path} cannot be opened for writing: check its path and its rights, ${INSTEAD}.`,
    )
  }
  return fault('failed', `The history ${path} cannot be read or written (${code}): check the disk, ${INSTEAD}.`)
}

export function heldFault(path: string, pid: number | null, cause: unknown): StoreFault {
  const who = pid === null ? 'another process' : pid === process.pid ? 'this process already' : `process ${pid}`
  const message = `The history ${path} is in use by ${who}: end that one, choose another data folder, ${INSTEAD}.`
  return { ok: false, code: 'held', message, pid, cause }
}

/** A new history is damaged as soon as it is begun. */
export function damagedFault(path: string): StoreFault {
  const message = `The history ${path} was begun anew, and is damaged already: check the disk, ${INSTEAD}.`
  return { ok: false, code: 'damaged', message, pid: null, cause: null }
}

export function newerFault(path: string, version: number): StoreFault {
  const message = `The history ${path} was written by a newer hearsay (version ${version} of its tables): update this one, ${INSTEAD}.`
  return { ok: false, code: 'newer', message, pid: null, cause: null }
}

export function codeOf(error: unknown): string {
  if (error instanceof BrokenRow) return 'SQLITE_CORRUPT'
  if (error instanceof SQLiteError) return error.code ?? 'SQLITE_ERROR'
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return ''
}
