import { type FileHandle, link, lstat, mkdir, open, rename, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { numbered } from '../core/transfer/names.ts'
import { RESUME_HEADER_BYTES } from '../core/transfer/resume.ts'
import { errorCode } from './disk-fault.ts'
import { readFully, writeFully } from './disk-handles.ts'
import { OWNER_BYTES } from './disk-owner.ts'

/** Where something that is whole goes, as its state says. */
export interface Place {
  /** 1: the name itself; from 2 on that with the number. */
  readonly number: number
  /** It is there, and not where it was any more. */
  readonly isMoved: boolean
}

/** Tried before it is given up: somebody else makes files of this name faster than we do. */
export const NAMES_TRIED_MAX = 1000
/** In a state's header, which leaves it free, before whose it is: a number, as text. */
const PLACE_BYTES = 16
const PLACE_AT = RESUME_HEADER_BYTES - OWNER_BYTES - PLACE_BYTES
const FILE_MODE = 0o666

export function placeName(name: string, number: number): string {
  return number === 1 ? name : numbered(name, number)
}

/** A link that leads nowhere is there too. Throws where nobody can tell, such as in a folder without rights: no other name would be free there either. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

/** Says in a state that it is going to stand under the name of this number; on the disk when this resolves. */
export async function recordPlace(state: FileHandle, number: number): Promise<void> {
  const bytes = new Uint8Array(PLACE_BYTES)
  new TextEncoder().encodeInto(`${number}\n`, bytes)
  await writeFully(state, bytes, PLACE_AT)
  await state.datasync()
}

/** What a state says of that; null where nothing, or nothing that can be. `hasPart`: it is where it was. */
export async function readPlace(
  state: FileHandle,
  folder: string,
  { name, offer: { size, manifestBytes } }: { name: string; offer: { size: number; manifestBytes: number } },
  hasPart: boolean,
): Promise<Place | null> {
  const bytes = new Uint8Array(PLACE_BYTES)
  await readFully(state, bytes, PLACE_AT)
  const number = Number(/^([1-9]\d{0,3})\n/.exec(new TextDecoder().decode(bytes))?.[1] ?? 0)
  if (number < 1 || number > NAMES_TRIED_MAX) return null
  if (hasPart) return { number, isMoved: false }
  const there = await lstat(join(folder, placeName(name, number))).catch(() => null)
  const isIt = manifestBytes > 0 ? there?.isDirectory() : there?.isFile() && there.size === size
  return isIt === true ? { number, isMoved: true } : null
}

/** What file systems without hard links (FAT, some network ones) answer to one. */
const LINKLESS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK'])

/**
 * False where the name is taken: a link fails there, unlike a rename. Where there are links it has both names then. `isBegun`: an earlier run has
 * found the name free and said that it moves it there, and may have been ended at it.
 */
export async function moveFile(from: string, to: string, isBegun: boolean): Promise<boolean> {
  try {
    await link(from, to)
  } catch (error) {
    if (errorCode(error) === 'EEXIST')
      return (await isSameFile(from, to)) || (isBegun && (await moveOverEmpty(from, to)))
    if (!LINKLESS.has(errorCode(error))) throw error
    return (await moveOver(from, to)) || (isBegun && (await moveOverEmpty(from, to)))
  }
  return true
}

/** An earlier run has given it its name and ended before it took the other away. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other)])
  return a.ino === b.ino && a.dev === b.dev
}

/** Takes the name with an empty file of our own first, and puts the other in its place. */
async function moveOver(from: string, to: string): Promise<boolean> {
  try {
    await (await open(to, 'wx', FILE_MODE)).close()
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
  await rename(from, to)
  return true
}

/** The empty file is of an earlier run that was ended between the two. */
async function moveOverEmpty(from: string, to: string): Promise<boolean> {
  const there = await lstat(to)
  if (!there.isFile() || there.size > 0) return false
  await rename(from, to)
  return true
}

/** A folder takes the place of an empty one, which is made for it: making it fails where the name is taken. `isBegun`: as of a file. */
export async function moveFolder(from: string, to: string, isBegun: boolean): Promise<boolean> {
  try {
    await mkdir(to)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    return isBegun && (await renameFolder(from, to).catch(unlessTaken))
  }
  return await renameFolder(from, to)
}

async function renameFolder(from: string, to: string): Promise<boolean> {
  // Windows does not rename over a folder; one that is not empty stays.
  if (process.platform === 'win32') await rmdir(to)
  await rename(from, to)
  return true
}

/** What stands there is not the empty folder that was made for it. */
function unlessTaken(error: unknown): false {
  if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(errorCode(error))) return false
  throw error
}
