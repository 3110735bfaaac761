import { Database } from 'bun:sqlite'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { SetAside, Store, StoreFault } from '../ports/store.ts'
import { hasLog, setAside } from './sqlite-aside.ts'
import { codeOf, damagedFault, heldFault, newerFault, storeFault } from './sqlite-fault.ts'
import { SearchIndex } from './sqlite-index.ts'
import { rebuild } from './sqlite-rebuild.ts'
import { hasRoomBeside, tidyRoom } from './sqlite-room.ts'
import { integer, Rows, scrub } from './sqlite-rows.ts'
import { salvage } from './sqlite-salvage.ts'
import { APPLICATION_ID, hasSchema, MIGRATIONS, type Migration, migrate } from './sqlite-schema.ts'
import { SqliteStore, type Surroundings } from './sqlite-store.ts'

export interface StoreOptions {
  /** What goes wrong while reading; `commit` answers its own. */
  readonly onFault?: (fault: StoreFault) => void
  /** Look at every page of the file, however large it is; also done after it was found damaged while it was open. */
  readonly distrust?: boolean
  /** The schema's history; another than the program's for tests of its machinery. */
  readonly migrations?: readonly Migration[]
  /** The size the file may come to, in pages of 4 KiB: reaching it is like a full disk. */
  readonly pagesMax?: number
}

/** Files up to this size are looked through when they are opened: some 50 ms. In larger ones damage shows when it is met. */
const CHECKED_BYTES_MAX = 32 * 1024 * 1024
const CACHE_KIB = 16 * 1024
/** What is left of the write-ahead log after a large batch. */
const LOG_BYTES_MAX = 8 * 1024 * 1024
const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700
const PID_BYTES_MAX = 16

type Reason = SetAside['reason']

/** What cannot be used has been put out of the way already: `path` is where. */
type Opened =
  | { readonly ok: true; readonly rows: Rows }
  | { readonly ok: false; readonly code: 'aside'; readonly reason: Reason; readonly path: string }
  | StoreFault

/**
 * Opens the history at `path`, or begins one there; `:memory:` writes nothing anywhere. One process has it at a time, by a lock of the
 * database that ends with the process however it ends. A file that is damaged or not a history is set aside whole, and a new one begun.
 */
export function openStore(path: string, options: StoreOptions = {}): Store | StoreFault {
  try {
    return path === ':memory:' ? openMemory(options) : openFile(prepared(path), options)
  } catch (error) {
    const fault = storeFault(error, path)
    if (fault === null) throw error
    return fault
  }
}

function openMemory(options: StoreOptions): Store | StoreFault {
  const opened = open(':memory:', options, false)
  if (!opened.ok) return opened.code === 'aside' ? damagedFault(':memory:') : opened
  const { onFault: fault = () => {} } = options
  return new SqliteStore(opened.rows, ':memory:', null, { ...QUIET, fault })
}

function openFile(path: string, given: StoreOptions): Store | StoreFault {
  const options = { ...given, distrust: given.distrust === true || existsSync(suspicionOf(path)) }
  let opened = open(path, options, hasLog(path))
  let aside: SetAside | null = null
  if (!opened.ok && opened.code === 'aside') {
    const { reason, path: moved } = opened
    opened = open(prepared(path), options, false)
    const saved =
      opened.ok && reason === 'damaged' ? salvage(moved, new SqliteStore(opened.rows, path, null, QUIET)) : 0
    aside = { reason, path: moved, saved, message: sentence(path, moved, reason, saved) }
  }
  if (!opened.ok) {
    if (opened.code !== 'aside') return opened
    // Somebody else has made it meanwhile, or the disk keeps nothing.
    return opened.reason === 'foreign' ? heldFault(path, null, null) : damagedFault(path)
  }
  rmSync(suspicionOf(path), { force: true })
  tidyRoom(path)
  const { onFault: fault = () => {} } = options
  return new SqliteStore(opened.rows, path, aside, { fault, ...claim(path) })
}

/**
 * A file is there, ours alone from its first byte (SQLite would make it readable to all); answers its name without links: what lies beside the
 * database lies beside that.
 */
function prepared(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER })
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE))
  } catch (error) {
    // Never opened and closed again where it is there: closing would end the lock that this process may have on it.
    if (codeOf(error) !== 'EEXIST') throw error
    if (statSync(path).isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' })
  }
  return realpathSync(path)
}

function open(path: string, options: StoreOptions, isLogged: boolean): Opened {
  let rows: Rows | null = null
  const unusable = (reason: Reason) =>
    ({ ok: false, code: 'aside', reason, path: setAside(rows, path, reason, isLogged) }) as const
  try {
    rows = new Rows(new Database(path, { readwrite: true, create: false }))
    const trouble = setUp(rows, path, isLogged, options)
    if (trouble === null) return { ok: true, rows }
    if (typeof trouble === 'string') return unusable(trouble)
    rows.close()
    return trouble
  } catch (error) {
    if (codeOf(error) === 'SQLITE_NOTADB') return unusable('foreign')
    const fault = storeFault(error, path)
    if (fault?.code === 'damaged') return unusable('damaged')
    rows?.close()
    if (fault === null) throw error
    return fault.code === 'held' ? heldFault(path, holderOf(path), error) : fault
  }
}

/** Nothing is written before the file is known to be sound. Answers why it cannot be used, or null. */
function setUp(rows: Rows, path: string, isLogged: boolean, options: StoreOptions): StoreFault | Reason | null {
  const { migrations = MIGRATIONS } = options
  const { db } = rows
  // Exclusive before anything is read: the lock is had from then on, and no shared memory file is needed.
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
  const application = integer(rows.one('PRAGMA application_id')!, 'application_id')
  const entries = integer(rows.one('SELECT count(*) AS n FROM sqlite_schema')!, 'n')
  const version = integer(rows.one('PRAGMA user_version')!, 'user_version')
  const isNew = entries === 0 && application === 0 && version === 0
  if (!isNew && application !== APPLICATION_ID) return 'foreign'
  if (version > migrations.length) return newerFault(path, version)
  db.exec(`PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY`)
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA journal_size_limit = ${LOG_BYTES_MAX}`)
  if (options.pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${options.pagesMax}`)
  const health = isNew ? 'sound' : healthOf(rows, options.distrust === true)
  if (health === 'broken' || (!isNew && !hasSchema(rows, migrations, version))) return 'damaged'
  // A page is written and waited for where this is said again.
  if (isNew) db.exec('PRAGMA auto_vacuum = INCREMENTAL')
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  migrate(rows, version, migrations, () => rebuild(rows))
  // What a program that was killed has left may be erased since.
  if (isLogged) scrub(rows)
  if (health === 'index-broken') db.transaction(() => new SearchIndex(rows).rebuild())()
  return null
}

function healthOf(rows: Rows, distrust: boolean): 'sound' | 'index-broken' | 'broken' {
  const pages = integer(rows.one('PRAGMA page_count')!, 'page_count')
  const pageBytes = integer(rows.one('PRAGMA page_size')!, 'page_size')
  if (!distrust && pages * pageBytes > CHECKED_BYTES_MAX) return 'sound'
  const said = rows.all('PRAGMA quick_check(2)').map((row) => `${row['quick_check']}`)
  if (said.join() === 'ok') return 'sound'
  // That of the full-text index is the only one that can be made again.
  return said.every((line) => /\bfts5\b/i.test(line)) ? 'index-broken' : 'broken'
}

function sentence(path: string, aside: string, reason: SetAside['reason'], saved: number): string {
  const what = reason === 'damaged' ? 'was damaged' : 'is not a history of hearsay'
  const saving = saved === 0 ? '' : ` with ${saved} signed bundles of the old one`
  return `The file ${path} ${what}. It was moved to ${aside} as it is, and a new history begun${saving}, which fills from the others.`
}

const QUIET: Surroundings = { fault: () => {}, suspect: () => {}, hasRoom: () => true, closed: () => {} }

/**
 * Two small files beside the history. One says who has it, for whoever comes second: only to be told, the lock itself is the database's. The
 * other is there when the file was found damaged, and remains until it has been looked through.
 */
function claim(path: string): Omit<Surroundings, 'fault'> {
  const note = (file: string): void => {
    try {
      writeFileSync(file, `${process.pid}\n`, { mode: PRIVATE_FILE })
    } catch {
      // Then nobody is told who has it, or the damage shows again when it is met.
    }
  }
  const file = `${path}.pid`
  note(file)
  return {
    suspect: () => note(suspicionOf(path)),
    hasRoom: () => hasRoomBeside(path),
    closed: () => rmSync(file, { force: true }),
  }
}

function suspicionOf(path: string): string {
  return `${path}.suspect`
}

function holderOf(path: string): number | null {
  try {
    const said = readFileSync(`${path}.pid`, 'latin1').slice(0, PID_BYTES_MAX)
    const pid = Number(/^([1-9]\d{0,9})\n$/.exec(said)?.[1])
    return !Number.isNaN(pid) && isRunning(pid) ? pid : null
  } catch {
    return null
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM' // somebody else's
  }
}
