import { type FileHandle, open, stat, unlink } from 'node:fs/promises'
import { RESUME_HEADER_BYTES } from '../core/transfer/resume.ts'
import { errorCode } from './disk-fault.ts'
import { readFully, writeFully } from './disk-handles.ts'
import { isRunning, ownProcess } from './processes.ts'

/** At the end of a state's header, which leaves it free: the process that receives into it, as text. */
export const OWNER_BYTES = 256
const OWNER_AT = RESUME_HEADER_BYTES - OWNER_BYTES
/** Whoever claims a state does so in less: what is older is of one that was killed at it. */
const CLAIM_MS_MAX = 5_000
const TRIES_MAX = 100
const TRY_MS = 20

/** Says in a state that this process receives into it. Answers null, or the number of the one that does already. */
export async function claimState(state: FileHandle, path: string): Promise<number | null> {
  const claim = `${path}.claim`
  const isAlone = await enter(claim)
  try {
    const holder = await ownerOf(state)
    if (holder !== null && holder.pid !== process.pid && isRunning(holder)) return holder.pid
    const { pid, start } = ownProcess()
    await write(state, `${pid} ${start}\n`)
    return null
  } finally {
    if (isAlone) await unlink(claim).catch(() => {})
  }
}

/** It is nobody's any more. */
export async function releaseState(state: FileHandle): Promise<void> {
  await write(state, '')
}

async function ownerOf(state: FileHandle): Promise<{ readonly pid: number; readonly start: string } | null> {
  const bytes = new Uint8Array(OWNER_BYTES)
  await readFully(state, bytes, OWNER_AT)
  const match = /^([1-9]\d{0,9}) (\S{1,100})\n/.exec(new TextDecoder().decode(bytes))
  return match === null ? null : { pid: Number(match[1]), start: match[2]! }
}

async function write(state: FileHandle, text: string): Promise<void> {
  const bytes = new Uint8Array(OWNER_BYTES)
  new TextEncoder().encodeInto(text, bytes)
  await writeFully(state, bytes, OWNER_AT)
}

/** Waits until nobody else is at it; false where that cannot be had, and both are as careful as they can. */
async function enter(claim: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      await (await open(claim, 'wx')).close()
      return true
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') return false
    }
    const there = await stat(claim).catch(() => null)
    if (there !== null && Date.now() - there.mtimeMs > CLAIM_MS_MAX) await unlink(claim).catch(() => {})
    else await Bun.sleep(TRY_MS)
  }
  return false
}
