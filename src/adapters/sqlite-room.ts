import { closeSync, openSync, rmSync, writeSync } from 'node:fs'

/** Some times what one commit of what waited needs. */
const TRIED_BYTES = 1024 * 1024
const BLOCK_BYTES = 64 * 1024
const PRIVATE_FILE = 0o600

function trialOf(path: string): string {
  return `${path}.room`
}

/** Takes away what a program that was killed while it tried has left. */
export function tidyRoom(path: string): void {
  rmSync(trialOf(path), { force: true })
}

/** Whether a file beside the one at `path` can be written now: quotas and rights count too, which no figure tells. It is taken away again. */
export function hasRoomBeside(path: string): boolean {
  const trial = trialOf(path)
  // A disk that packs what is written on it must not be able to.
  const block = crypto.getRandomValues(new Uint8Array(BLOCK_BYTES))
  let file: number | null = null
  try {
    rmSync(trial, { force: true })
    file = openSync(trial, 'wx', PRIVATE_FILE)
    for (let left = TRIED_BYTES; left > 0; ) {
      const wrote = writeSync(file, block, 0, Math.min(left, block.length))
      if (wrote === 0) return false
      left -= wrote
    }
    return true
  } catch {
    return false
  } finally {
    if (file !== null) closeSync(file)
    rmSync(trial, { force: true })
  }
}
