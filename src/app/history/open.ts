import { join } from 'node:path'
import { openStore } from '../../adapters/sqlite-open.ts'
import type { Store, StoreFault } from '../../ports/store.ts'
import { OwnFeeds } from './own-feeds.ts'
import type { Reopened } from './service.ts'

const FILE = 'history.db'
/** Pages of 4 KiB: what is kept in memory only, and three times the bundles that `MEMORY_BUNDLE_BYTES_MAX` lets stay. */
const MEMORY_PAGES_MAX = 24_576
export const MEMORY_BUNDLE_BYTES_MAX = 24 * 1024 * 1024

export interface OpenedHistory {
  readonly store: Store
  readonly ownFeeds: OwnFeeds
  /** It will be there at the next start. */
  readonly isLasting: boolean
  /** What the user should know about it: why it does not last, or what was put aside. Null: nothing. */
  readonly notice: { readonly code: string; readonly message: string } | null
  readonly reopen: () => Reopened
}

export function historyFile(dataFolder: string): string {
  return join(dataFolder, FILE)
}

/**
 * Opens the history in a folder, or begins one there; `folder` null: one in memory. Where the file cannot be had (another process has
 * it) it is kept in memory too, and the notice says why. `faulty`: what goes wrong while reading later.
 */
export function openHistory(folder: string | null, faulty: (fault: StoreFault) => void): OpenedHistory {
  if (folder === null) return inMemory(null, faulty)
  const path = historyFile(folder)
  const store = openStore(path, { onFault: faulty })
  if ('ok' in store) return inMemory({ code: `history-${store.code}`, message: passing(store) }, faulty)
  const { setAside } = store
  const notice = setAside === null ? null : { code: `history-${setAside.reason}`, message: setAside.message }
  return {
    store,
    ownFeeds: new OwnFeeds(`${path}.own`, path),
    isLasting: true,
    notice,
    reopen: () => reopen(path, faulty),
  }
}

/** In the words of a notice: what is wrong, and what happens instead. */
function passing({ message }: StoreFault): string {
  return `${message} Until then what is said is kept in memory, and gone when this one ends.`
}

function inMemory(notice: OpenedHistory['notice'], faulty: (fault: StoreFault) => void): OpenedHistory {
  return {
    store: openMemory(faulty),
    ownFeeds: new OwnFeeds(null),
    isLasting: false,
    notice,
    reopen: () => ({ store: openMemory(faulty), isLasting: false, message: 'The history in memory was damaged.' }),
  }
}

function openMemory(faulty: (fault: StoreFault) => void): Store {
  const store = openStore(':memory:', { onFault: faulty, pagesMax: MEMORY_PAGES_MAX })
  if ('ok' in store) throw new Error(store.message, { cause: store.cause })
  return store
}

function reopen(path: string, faulty: (fault: StoreFault) => void): Reopened {
  const store = openStore(path, { onFault: faulty, distrust: true })
  if ('ok' in store) return { store: openMemory(faulty), isLasting: false, message: passing(store) }
  const message = store.setAside?.message ?? `The history ${path} could not be read for a moment, and is open again.`
  return { store, isLasting: true, message }
}
