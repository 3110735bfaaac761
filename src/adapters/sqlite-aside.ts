import { constants, copyFileSync, renameSync, rmSync, statSync } from 'node:fs'
import type { SetAside } from '../ports/store.ts'
import { codeOf } from './sqlite-fault.ts'
import type { Rows } from './sqlite-rows.ts'

/** What lies beside a database that was not closed; what is committed may be in the first of them alone. */
const LEFT = ['-wal', '-journal'] as const

/** Whether something was left in a log by whoever had the database last. */
export function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/**
 * Closes a database that cannot be used and puts it out of the way as it was found, with what lies beside it; answers its new name. `rows`: the
 * connection that nothing was written by; null where there is none. `isLogged`: as `hasLog` said before it was made.
 */
export function setAside(rows: Rows | null, path: string, reason: SetAside['reason'], isLogged: boolean): string {
  const aside = `${path}.${reason}-${new Date().toISOString().replace(/[:.]/g, '-')}`
  // Closing writes what is in the log into the file and takes the log away.
  const isCopied = isLogged && rows !== null && copied(path, aside)
  rows?.close()
  for (const suffix of [...LEFT, '']) {
    if (isCopied) rmSync(`${path}${suffix}`, { force: true })
    else whereThere(() => renameSync(`${path}${suffix}`, `${aside}${suffix}`))
  }
  return aside
}

/** Without it, as on a full disk, the file goes as closing leaves it: with the same in it. */
function copied(path: string, aside: string): boolean {
  try {
    for (const suffix of [...LEFT, '']) {
      const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
      whereThere(() => copyFileSync(`${path}${suffix}`, `${aside}${suffix}`, mode))
    }
    return true
  } catch {
    for (const suffix of [...LEFT, '']) rmSync(`${aside}${suffix}`, { force: true })
    return false
  }
}

function whereThere(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
