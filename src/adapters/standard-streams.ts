import { write } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { FilesFault } from '../ports/files.ts'
import { diskFault, errorCode } from './disk-fault.ts'
import { writeFully } from './disk-handles.ts'

const STANDARD_OUTPUT = 1
/** A pipe that somebody has made one that does not wait. */
const AGAIN_MS = 5
const PRIVATE_FILE = 0o600

const writeTo = promisify(write)

/** Writes all of it to standard output, as slow as that is; null, or what was thrown: `EPIPE` where nobody reads any more. */
export async function writeStandardOutput(bytes: Uint8Array): Promise<unknown> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writeTo(STANDARD_OUTPUT, bytes, at, bytes.length - at, null)).bytesWritten
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') return error
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }
  return null
}

/** What came on a stream, as a file of its own in a folder of its own, until `dispose`. */
export interface Kept {
  readonly ok: true
  readonly path: string
  dispose(): Promise<void>
}

/**
 * Keeps a stream in a temporary file: to offer something its size and hash must be known, and who loses the link asks for a part again.
 * `aborted`: gives up, and takes away what there is.
 */
export async function keepStream(
  input: AsyncIterable<Uint8Array>,
  name: string,
  aborted: AbortSignal,
): Promise<Kept | FilesFault> {
  const parent = tmpdir()
  let folder: string | null = null
  const dispose = async (): Promise<void> => {
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
  try {
    folder = await mkdtemp(join(parent, 'hearsay-'))
    const path = join(folder, name)
    const handle = await open(path, 'wx', PRIVATE_FILE)
    try {
      let at = 0
      for await (const bytes of input) {
        if (aborted.aborted) break
        await writeFully(handle, bytes, at)
        at += bytes.length
      }
    } finally {
      await handle.close()
    }
    if (!aborted.aborted) return { ok: true, path, dispose }
    await dispose()
    return {
      ok: false,
      code: 'failed',
      message: 'Standard input was not read to its end. Start again to send it.',
      cause: null,
    }
  } catch (error) {
    await dispose()
    return diskFault(`standard input cannot be kept in ${parent} while it is sent (TMPDIR names another place)`, error)
  }
}
