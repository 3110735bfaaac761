import { renameSync, unlinkSync } from 'node:fs'
import { isRunning, ownProcess, type ProcessName } from '../adapters/processes.ts'
import { ExitStatus } from './exit.ts'
import { ELSEWHERE, identityFile } from './identity.ts'
import type { StartFault } from './options.ts'
import { visible } from './options-quote.ts'
import { createSmallFile, errorCode, readSmallFile } from './small-file.ts'

/** `heldBy`: the process that has it; or the lock is ours until `release` (which may be called twice). */
export type IdentityLock = { readonly ok: true; release(): void } | { readonly ok: true; readonly heldBy: number }

const LOCK_BYTES_MAX = 256
/** Each further try means that another process took or gave up the lock in between. */
const TRIES_MAX = 8

/**
 * Claims the identity in `folder` for this process: one feed must not grow in two places. The lock is a file beside
 * it that names the process; that of a process that is gone is taken over. Take it before `loadIdentity`.
 */
export function lockIdentity(folder: string): IdentityLock | StartFault {
  const path = `${identityFile(folder)}.lock`
  const { pid, start } = ownProcess()
  // The nonce tells this lock from every other, also from an earlier one of this process.
  const mine = `${pid} ${start} ${crypto.randomUUID()}\n`
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const made = createSmallFile(path, mine, { durable: false })
    if (made.ok) return { ok: true, release: () => release(path, mine) }
    if (made.code !== 'exists') return cannotLock(path, made.said, made.cause)
    const there = readSmallFile(path, LOCK_BYTES_MAX)
    if (!there.ok) {
      if (there.code === 'missing') continue
      return cannotLock(path, there.said, there.cause)
    }
    const text = decode(there.bytes)
    const holder = parseHolder(text)
    if (holder !== null && isRunning(holder)) return { ok: true, heldBy: holder.pid }
    try {
      removeIf(path, text)
    } catch (error) {
      return cannotLock(path, errorCode(error), error)
    }
  }
  return cannotLock(path, 'other processes keep taking it', null)
}

function release(path: string, mine: string): void {
  try {
    removeIf(path, mine)
  } catch {
    // It will be found stale: the process it names is about to be gone.
  }
}

/**
 * Takes away the lock that says `text`, and no other. Moved aside first, because between looking and removing
 * another process may have put its own in place; what turns out to be another's goes back.
 */
function removeIf(path: string, text: string): void {
  const aside = `${path}.${crypto.randomUUID()}`
  const there = readSmallFile(path, LOCK_BYTES_MAX)
  if (!there.ok || decode(there.bytes) !== text) return
  try {
    renameSync(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return // another process was first
    throw error
  }
  const moved = readSmallFile(aside, LOCK_BYTES_MAX)
  unlinkSync(aside)
  if (moved.ok && decode(moved.bytes) !== text) createSmallFile(path, decode(moved.bytes), { durable: false })
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function parseHolder(text: string): ProcessName | null {
  const match = /^([1-9]\d{0,9}) (\S{1,100}) \S+\n$/.exec(text)
  return match === null ? null : { pid: Number(match[1]), start: match[2]! }
}

function cannotLock(path: string, said: string, cause: unknown): StartFault {
  const message = `cannot make the lock ${visible(path)}: ${said}; ${ELSEWHERE}`
  return { ok: false, code: 'identity-unlockable', message, exit: ExitStatus.badConfiguration, cause }
}
