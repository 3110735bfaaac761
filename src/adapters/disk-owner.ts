import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { RESUME_HEADER_BYTES } from '../core/transfer/resume.ts'
import { errorCode } from './disk-fault.ts'
import { readFully, writeFully } from './disk-handles.ts'
import { isRunning, ownProcess, type ProcessName } from './processes.ts'

/** At the end of a state's header, which leaves it free: the process that receives into it, as text. */
export const OWNER_BYTES = 256
const OWNER_AT = RESUME_HEADER_BYTES - OWNER_BYTES
/** Whoever claims a state has said so in less: what is older, and does not say whose it is, is of one that was killed at it. */
const CLAIM_MS_MAX = 5_000
const TRIES_MAX = 100
const TRY_MS = 20
/** Neither a link is followed nor a pipe waited for. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Does something with a state while no other does. `act` hears whether that could be had; where it could not, all are as careful as they can be.
 * What it is had by says whose it is: one that was killed at it keeps nobody waiting.
 */
export async function alone<Result>(path: string, act: (isAlone: boolean) => Promise<Result>): Promise<Result> {
  const claim = claimOf(path)
  const isAlone = await enter(claim)
  try {
    return await act(isAlone)
  } finally {
    if (isAlone) await unlink(claim).catch(() => {})
  }
}

/** Says in a state that this process receives into it. Answers null, or the number of the one that does already. */
export function claimState(state: FileHandle, path: string): Promise<number | null> {
  return alone(path, () => ownState(state))
}

/** As `claimState`, for whoever is alone with it. */
export async function ownState(state: FileHandle): Promise<number | null> {
  const holder = await ownerOf(state, OWNER_AT)
  if (holder !== null && holder.pid !== process.pid && isRunning(holder)) return holder.pid
  await write(state, nameOfOwn(), OWNER_AT)
  return null
}

/** Whether this process has said that it receives into it. */
export async function isOwn(state: FileHandle): Promise<boolean> {
  const holder = await ownerOf(state, OWNER_AT)
  return holder !== null && holder.pid === process.pid && isRunning(holder)
}

/** Takes away a state, and what somebody who was killed has left beside it. */
export async function removeState(path: string): Promise<void> {
  await unlink(path).catch(() => {})
  await unlink(claimOf(path)).catch(() => {})
}

/** It is nobody's any more. */
export async function releaseState(state: FileHandle): Promise<void> {
  await write(state, '', OWNER_AT)
}

function claimOf(path: string): string {
  return `${path}.claim`
}

function nameOfOwn(): string {
  const { pid, start } = ownProcess()
  return `${pid} ${start}\n`
}

async function ownerOf(file: FileHandle, at: number): Promise<ProcessName | null> {
  const bytes = new Uint8Array(OWNER_BYTES)
  await readFully(file, bytes, at)
  const match = /^([1-9]\d{0,9}) (\S{1,100})\n/.exec(new TextDecoder().decode(bytes))
  return match === null ? null : { pid: Number(match[1]), start: match[2]! }
}

async function write(file: FileHandle, text: string, at: number): Promise<void> {
  const bytes = new Uint8Array(OWNER_BYTES)
  new TextEncoder().encodeInto(text, bytes)
  await writeFully(file, bytes, at)
}

/** Waits until nobody else is at it; false where that cannot be had. */
async function enter(claim: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      const handle = await open(claim, 'wx')
      // A full disk does not take it: it goes by its age then.
      await write(handle, nameOfOwn(), 0).catch(() => {})
      await handle.close()
      return true
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') return false
    }
    if (await isLeft(claim)) await unlink(claim).catch(() => {})
    else await Bun.sleep(TRY_MS)
  }
  return false
}

/** Whoever made it has ended. */
async function isLeft(claim: string): Promise<boolean> {
  const handle = await open(claim, READ).catch(() => null)
  if (handle === null) return false
  try {
    const owner = await ownerOf(handle, 0)
    return owner === null ? Date.now() - (await handle.stat()).mtimeMs > CLAIM_MS_MAX : !isRunning(owner)
  } catch {
    return false
  } finally {
    await handle.close()
  }
}
