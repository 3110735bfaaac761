import { mkdtempSync } from 'node:fs'
import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** The private folders of voice processes. */

const NAME = 'hearsay-voice-'
const NAMED = /^hearsay-voice-[A-Za-z0-9]{6}$/
/** A voice process says that often that its folder is in use, by the folder's time. */
export const IN_USE_EVERY_MS = 60_000
/** So long after it was last said, nobody uses it: also where its process cannot be seen from here, as in another container. */
const LEFT_MS_MIN = 10 * 60_000
/** At each start; more are not left between two. */
const SWEPT_MAX = 100

export function makeVoiceFolder(parent: string): string {
  return mkdtempSync(join(parent, NAME))
}

/**
 * Takes away what is left of voice processes that were killed together with their main processes: this user's folders that no process was
 * started with. Linux only, where that can be told. Never fails.
 */
export async function sweepVoiceFolders(parent: string, wallMs: number): Promise<void> {
  if (process.platform !== 'linux') return
  try {
    const folders = (await readdir(parent)).filter((name) => NAMED.test(name)).map((name) => join(parent, name))
    const left: string[] = []
    for (const folder of folders.slice(0, SWEPT_MAX)) if (await isOld(folder, wallMs)) left.push(folder)
    if (left.length === 0) return
    const held = await commandLines()
    for (const folder of left) {
      if (!held.some((line) => line.split('\0').includes(folder))) await rm(folder, { recursive: true, force: true })
    }
  } catch {
    // They stay until the system empties its folder.
  }
}

async function isOld(folder: string, wallMs: number): Promise<boolean> {
  const status = await lstat(folder)
  return status.isDirectory() && status.uid === process.getuid?.() && wallMs - status.mtimeMs >= LEFT_MS_MIN
}

/** Of all processes that can be seen: those of this user always can. Throws where none can. */
async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  if (!pids.includes(String(process.pid))) throw new Error('/proc does not tell')
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
}
