import { join } from 'node:path'
import { ExitStatus } from './exit.ts'
import { readIdentity, SEED_BYTES, writeIdentity } from './identity-text.ts'
import type { StartFault } from './options.ts'
import { shellWord, visible } from './options-quote.ts'
import { createSmallFile, type FileFault, readSmallFile } from './small-file.ts'

export interface Identity {
  readonly ok: true
  /** 32 bytes, the caller's to keep. */
  readonly seed: Uint8Array
  /** Made now, at the first start. */
  readonly created: boolean
}

const IDENTITY_BYTES_MAX = 4096
const OTHERS = 0o077

/** What to do where a folder cannot be written to. */
export const ELSEWHERE = 'mend that, set XDG_CONFIG_HOME to another folder, or start with --ephemeral'

export function identityFile(folder: string): string {
  return join(folder, 'identity')
}

/**
 * Reads the identity kept in `folder`, or makes one there (file 0600, folder 0700) where there is none. A file that
 * is there is never written to. `random`: as many unpredictable bytes as asked for.
 */
export function loadIdentity(folder: string, random: (length: number) => Uint8Array): Identity | StartFault {
  const path = identityFile(folder)
  const known = readKept(path)
  if (known !== null) return known
  const made = createSmallFile(path, writeIdentity(random(SEED_BYTES)), { durable: true })
  if (!made.ok && made.code !== 'exists') return cannotWrite(path, made)
  // Read back what is there: the process that was first, if two made one at once, decides for both.
  const kept = readKept(path)
  if (kept === null) {
    const mend = 'bring back what it leads to, or remove it'
    return fault('identity-unreadable', `the identity file ${visible(path)} is a link that leads nowhere; ${mend}`)
  }
  return kept.ok ? { ...kept, created: made.ok } : kept
}

/** Null where there is none. */
function readKept(path: string): Identity | StartFault | null {
  const shown = visible(path)
  const word = visible(shellWord(path))
  const file = readSmallFile(path, IDENTITY_BYTES_MAX)
  const afresh = 'put a copy of it back, or move it away to start with a new identity'
  if (!file.ok) {
    if (file.code === 'missing') return null
    const mend = file.code === 'denied' ? `chmod 600 ${word} as its owner lets you read it` : afresh
    return fault('identity-unreadable', `cannot read the identity file ${shown}: ${file.said}; ${mend}`, file.cause)
  }
  // Windows has no such bits and reports made-up ones.
  if ((file.mode & OTHERS) !== 0 && process.platform !== 'win32') {
    const mode = file.mode.toString(8).padStart(4, '0')
    const message = `the identity file ${shown} is open to others (mode ${mode}); chmod 600 ${word} closes it`
    return fault('identity-exposed', message)
  }
  const identity = readIdentity(new TextDecoder().decode(file.bytes))
  if (identity.ok) return { ok: true, seed: identity.seed, created: false }
  if (identity.newer) {
    const message = `the identity file ${shown} was made by a newer hearsay: ${identity.said}; update hearsay`
    return fault('identity-newer', message)
  }
  return fault('identity-damaged', `the identity file ${shown} is damaged: ${identity.said}; ${afresh}`)
}

function cannotWrite(path: string, { said, cause }: FileFault): StartFault {
  const message = `cannot make the identity file ${visible(path)}: ${said}; ${ELSEWHERE}`
  return fault('identity-unwritable', message, cause)
}

function fault(code: string, message: string, cause?: unknown): StartFault {
  return { ok: false, code, message, exit: ExitStatus.badConfiguration, cause }
}
