import { closeSync, createReadStream, existsSync, openSync, rmSync, writeSync } from 'node:fs'
import { openStore } from '../../adapters/sqlite-open.ts'
import { encodeBase32 } from '../../base/base32.ts'
import { equalBytes } from '../../base/bytes.ts'
import { cleanLine } from '../../base/text.ts'
import type { RoomHeld, Store, StoreFault } from '../../ports/store.ts'
import { openRoomId } from '../../wire/event.ts'
import { ExitStatus } from '../exit.ts'
import type { StartFault } from '../options.ts'
import type { ExportAsked, ImportAsked } from '../options-history.ts'
import { quoted, visible } from '../options-quote.ts'
import { errorCode } from '../small-file.ts'
import { exportRoom } from './export.ts'
import { Importer } from './import.ts'
import { historyFile } from './open.ts'

/** `hearsay export` and `hearsay import`, from the data folder and back. */

const PRIVATE_FILE = 0o600
/** A line of an export is shorter than this by far, but for a message that thousands reacted to. */
const LINE_CHARS_MAX = 4 * 1024 * 1024

export interface TransferOptions {
  readonly dataFolder: string
  readonly output: NodeJS.WritableStream
  readonly wallMs: number
}

/** Answers the exit status, or why it cannot be done. */
export async function runExport(asked: ExportAsked, options: TransferOptions): Promise<number | StartFault> {
  const path = historyFile(options.dataFolder)
  if (!existsSync(path))
    return fault(
      'no-history',
      `nothing is kept yet: there is no ${visible(path)}; start hearsay first, without --ephemeral`,
    )
  return withStore(path, async (store) => {
    const held = findRoom(store, asked.room)
    if (held === null) {
      const names = store
        .rooms()
        .flatMap(({ settings }) => (settings.peer !== null || settings.name === '' ? [] : [settings.name]))
      const hint = names.length === 0 ? 'join it first' : `choose one of ${cleanLine(names.slice(0, 20).join(', '))}`
      return fault('no-such-room', `nothing is kept of ${quoted(asked.room)}; ${hint}`)
    }
    const pieces = exportRoom(store, held, asked.format, options.wallMs)
    if (asked.output === null) {
      options.output.on('error', () => {})
      for (const piece of pieces) if (!(await write(options.output, piece))) return ExitStatus.failed
      return ExitStatus.asked
    }
    return writeFile(asked.output, pieces)
  })
}

export async function runImport(asked: ImportAsked, options: TransferOptions): Promise<number | StartFault> {
  return withStore(historyFile(options.dataFolder), async (store) => {
    const importer = new Importer(store, options.wallMs)
    try {
      for await (const line of linesOf(asked.file)) {
        const wrong = importer.line(line)
        if (wrong !== null) return fault('import-failed', `${visible(asked.file)}: ${wrong.message}`)
      }
    } catch (error) {
      return fault(
        'unreadable',
        `cannot read ${visible(asked.file)}: ${errorCode(error) || String(error)}; check the path`,
      )
    }
    const done = importer.end()
    if (!done.ok) return fault('import-failed', `${visible(asked.file)}: ${done.message}`)
    const { room, fresh, known, refused } = done
    const there = known === 0 ? '' : ` ${known} ${known === 1 ? 'was' : 'were'} here already.`
    const bad =
      refused === 0 ? '' : ` ${refused} ${refused === 1 ? 'was refused: it does' : 'were refused: they do'} not verify.`
    const taken = fresh === 1 ? '1 signed bundle was' : `${fresh} signed bundles were`
    await write(options.output, `${taken} taken in to ${cleanLine(room)}.${there}${bad}\n`)
    return refused === 0 ? ExitStatus.asked : ExitStatus.failed
  })
}

async function withStore(
  path: string,
  act: (store: Store) => Promise<number | StartFault>,
): Promise<number | StartFault> {
  let broken: string | null = null
  const opened = openStore(path, { onFault: ({ message }) => (broken ??= message) })
  if ('ok' in opened)
    return fault(`history-${opened.code}`, opened.code === 'held' ? heldBy(path, opened) : opened.message)
  try {
    if (opened.setAside !== null) return fault('history-damaged', opened.setAside.message)
    const status = await act(opened)
    return broken === null ? status : fault('history-failed', broken)
  } finally {
    opened.close()
  }
}

/** Unlike for who wants to talk meanwhile, there is nothing else to do. */
function heldBy(path: string, { pid }: StoreFault): string {
  return `the history ${visible(path)} is in use by ${pid === null ? 'another process' : `process ${pid}`}: end that one first`
}

function findRoom(store: Store, room: string): RoomHeld | null {
  const rooms = store.rooms()
  if (!room.startsWith('@')) return rooms.find((held) => equalBytes(held.room, openRoomId(room))) ?? null
  const who = room.slice(1)
  const named = store.authorsNamed(who)
  const found = rooms.filter(({ settings: { peer, name } }) => {
    if (peer === null) return false
    // By the name of whoever never wrote, too.
    const isNamed = name.toLowerCase() === who.toLowerCase() || named.some((author) => equalBytes(author, peer))
    return isNamed || encodeBase32(peer).startsWith(who.toLowerCase())
  })
  return found.length === 1 ? found[0]! : null
}

/** Never over a file that is there; one that could not be written whole is taken away again. */
function writeFile(path: string, pieces: Iterable<string>): number | StartFault {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', PRIVATE_FILE)
  } catch (error) {
    const why = errorCode(error) === 'EEXIST' ? 'it exists already' : errorCode(error)
    return fault('unwritable', `cannot write ${visible(path)}: ${why}; choose another name with --output`)
  }
  try {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece)
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    }
    closeSync(descriptor)
    return ExitStatus.asked
  } catch (error) {
    closeSync(descriptor)
    rmSync(path, { force: true })
    return fault(
      'unwritable',
      `cannot write ${visible(path)}: ${errorCode(error) || String(error)}; choose another place with --output`,
    )
  }
}

/** Waits until it is taken: what reads it may be slow, and the history large. False where nobody reads it any more. */
function write(output: NodeJS.WritableStream, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    output.write(text, (error) => resolve(error === null || error === undefined))
  })
}

/** The lines of a UTF-8 file; null for one that is too long. */
async function* linesOf(path: string): AsyncGenerator<string | null> {
  let rest = ''
  let isTooLong = false
  for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
    const parts = (rest + String(chunk)).split('\n')
    rest = parts.pop()!
    for (const part of parts) {
      yield isTooLong ? null : part
      isTooLong = false
    }
    if (rest.length > LINE_CHARS_MAX) {
      isTooLong = true
      rest = ''
    }
  }
  if (rest !== '' || isTooLong) yield isTooLong ? null : rest
}

function fault(code: string, message: string): StartFault {
  return { ok: false, code, message, exit: ExitStatus.failed }
}
