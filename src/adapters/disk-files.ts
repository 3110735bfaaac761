import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rmdir, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlannedEntry } from '../core/transfer/folder.ts'
import {
  encodeResumeHeader,
  RESUME_HEADER_BYTES,
  type ResumeHeader,
  readResumeHeader,
  resumeLayout,
} from '../core/transfer/resume.ts'
import { Shape } from '../core/transfer/shape.ts'
import type { Files, FilesFault, Target } from '../ports/files.ts'
import { diskFault, errorCode } from './disk-fault.ts'
import { readFully, writeFully } from './disk-handles.ts'
import { alone, claimState, isOwn, ownState, removeState } from './disk-owner.ts'
import { isThere, NAMES_TRIED_MAX, placeName, readPlace } from './disk-place.ts'
import { diskSource } from './disk-source.ts'
import { DiskTarget, PART_SUFFIX, STATE_SUFFIX } from './disk-target.ts'

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW
/** States looked at when a run begins; more begun transfers than this are found by the next one. */
const UNFINISHED_MAX = 256
/** What is not ours to read by others: what is fetched, and from whom. */
const STATE_MODE = 0o600

/** The real disk. */
export const diskFiles: Files = {
  source: diskSource,

  async create(folder, header, entries) {
    try {
      await mkdir(folder, { recursive: true })
      for (let number = 1; number <= NAMES_TRIED_MAX; number++) {
        const name = placeName(header.name, number)
        const target = await begin(folder, { ...header, name }, entries)
        if (target !== null) return target
      }
      return {
        ok: false,
        code: 'failed',
        message: `There is no free name for ${header.name} in ${folder}: move some of that name away.`,
        cause: null,
      }
    } catch (error) {
      const isLink = await lstat(folder).then(
        (stats) => stats.isSymbolicLink(),
        () => false,
      )
      return placeFault(`${header.name} cannot be received into ${folder}`, error, isLink)
    }
  },

  async unfinished(folder) {
    const names = await readdir(folder).catch(() => [])
    return names.filter((name) => name.endsWith(STATE_SUFFIX)).slice(0, UNFINISHED_MAX)
  },

  async resume(folder, name, plan) {
    try {
      const state = await open(join(folder, name), constants.O_RDWR | NO_FOLLOW)
      // One that nobody closes ends the program when its memory is collected.
      const target = await readState(folder, name, state, plan).catch(async (error) => {
        await state.close()
        throw error
      })
      if (target === null || !target.ok) await state.close()
      return target ?? { ok: false, code: 'damaged', message: `${name} is of no use any more. Remove it.`, cause: null }
    } catch (error) {
      return diskFault(`${name} cannot be gone on with`, error)
    }
  },

  async freeBytes(folder) {
    const stats = await statfs(folder).catch(() => null)
    return stats === null ? null : stats.bavail * stats.bsize
  },
}

/** What is wrong with a folder that something is to be received into. `isLink`: it is a link, which may lead nowhere. */
function placeFault(doing: string, error: unknown, isLink: boolean): FilesFault {
  const code = errorCode(error)
  // Of the part and the state these say that a name is taken, and are not thrown.
  if (code !== 'EEXIST' && code !== 'ENOTDIR')
    return diskFault(doing, error, { denied: 'Change the rights of that folder, or choose another.' })
  const there = isLink ? 'a link that does not lead to a folder' : 'a file, not a folder'
  const what = `${doing}: ${code === 'EEXIST' ? `that is ${there}` : 'a part of that path is a file, not a folder'}.`
  return {
    ok: false,
    code: 'not-a-folder',
    message: `${what} Put a folder there, or choose another.`,
    what,
    cause: error,
  }
}

/** Null where the name is taken, by a part or by what is whole. */
async function begin(
  folder: string,
  header: ResumeHeader,
  entries: readonly PlannedEntry[] | null,
): Promise<Target | null> {
  if (await isThere(join(folder, header.name))) return null
  const path = join(folder, header.name + STATE_SUFFIX)
  // A later run knows by that whether somebody is at it still, or was killed at it.
  return await alone(path, () => beginAt(path, folder, header, entries))
}

async function beginAt(
  path: string,
  folder: string,
  header: ResumeHeader,
  entries: readonly PlannedEntry[] | null,
): Promise<Target | null> {
  const state = await open(path, CREATE, STATE_MODE).catch(unlessTaken)
  if (state === null) return null
  const part = join(folder, header.name + PART_SUFFIX)
  const made = entries === null ? await makeFile(part) : await makeFolder(part)
  if (made === null) {
    await state.close()
    await unlink(path)
    return null
  }
  const target = await DiskTarget.begun(folder, header, entries, state, made)
  try {
    await writeFully(state, encodeResumeHeader(header), 0)
    await ownState(state)
  } catch (error) {
    await target.discard()
    throw error
  }
  return target
}

/** Null where the name is taken. */
async function makeFile(path: string): Promise<Stats | null> {
  const handle = await open(path, CREATE, 0o666).catch(unlessTaken)
  if (handle === null) return null
  try {
    return await handle.stat()
  } finally {
    await handle.close()
  }
}

async function makeFolder(path: string): Promise<Stats | null> {
  const isMade = await mkdir(path).then(() => true, unlessTaken)
  return isMade === null ? null : await lstat(path)
}

function unlessTaken(error: unknown): null {
  const code = errorCode(error)
  if (code === 'EEXIST' || code === 'ELOOP') return null
  throw error
}

async function readState(
  folder: string,
  name: string,
  state: FileHandle,
  plan: (header: ResumeHeader, manifest: Uint8Array) => readonly PlannedEntry[] | null,
): Promise<Target | FilesFault | null> {
  const path = join(folder, name)
  const bytes = new Uint8Array(RESUME_HEADER_BYTES)
  const isRead = async (): Promise<boolean> => (await readFully(state, bytes, 0)) === bytes.length
  if (!(await isRead()) && !(await alone(path, async (isAlone) => (await isRead()) || !isAlone)))
    return await takeAwayUnbegun(path, state)
  const header = readResumeHeader(bytes)
  if (header === null || header.name + STATE_SUFFIX !== name) return null
  const isOurs = await isOwn(state)
  const holder = await claimState(state, path)
  if (holder !== null) {
    const message = `${header.name} is being received by another hearsay, process ${holder}.`
    return { ok: false, code: 'busy', message, cause: null }
  }
  const hasPart = await isThere(join(folder, header.name + PART_SUFFIX))
  const place = await readPlace(state, folder, header, hasPart)
  if (!hasPart && place === null) {
    // Whoever takes the part away, or what became of it, does not want it any more: what is left would only have the name. Ours has just come.
    if (!isOurs) await removeState(path)
    return {
      ...lost(
        `What had come of ${header.name} is not there any more: it is not gone on with. /accept it again if you want it.`,
      ),
      header,
    }
  }
  const layout = resumeLayout(new Shape(header.offer.size))
  const bitmap = new Uint8Array(layout.bitmapBytes)
  await readFully(state, bitmap, layout.bitmap)
  if (header.offer.manifestBytes === 0) return new DiskTarget(folder, header, null, state, bitmap, place)
  const manifest = new Uint8Array(header.offer.manifestBytes)
  await readFully(state, manifest, layout.manifest)
  const entries = plan(header, manifest)
  if (entries !== null) return new DiskTarget(folder, header, entries, state, bitmap, place)
  if (!hasPart || bitmap.some((byte) => byte !== 0)) return null
  // Its run was ended before it had written what is in the folder: kept, it would only have the name. What is in it is somebody's.
  const isEmpty = await rmdir(join(folder, header.name + PART_SUFFIX)).then(
    () => true,
    () => false,
  )
  if (!isEmpty) return null
  await removeState(path)
  return lost(`Nothing of ${header.name} had come: it begins anew. If it does not, /accept it again.`)
}

/** Its run was ended before it had said what it is for. Null where somebody else has something of it. */
async function takeAwayUnbegun(path: string, state: FileHandle): Promise<FilesFault | null> {
  const { size, mtimeMs } = await state.stat()
  if (size > 0) return null
  const part = path.slice(0, -STATE_SUFFIX.length) + PART_SUFFIX
  const there = await lstat(part).catch(() => null)
  // What is older was there before, and is not of that run.
  const isOfThat = there !== null && there.mtimeMs >= mtimeMs
  if (isOfThat && there.isDirectory()) await rmdir(part).catch(() => {})
  if (isOfThat && there.isFile() && there.size === 0) await unlink(part).catch(() => {})
  await removeState(path)
  return lost(`Nothing had come of what ${path} was made for: it begins anew. If it does not, /accept it again.`)
}

function lost(message: string): FilesFault {
  return { ok: false, code: 'missing', message, cause: null }
}
