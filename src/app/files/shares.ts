import * as v from 'valibot'
import { readSmallFile, replaceSmallFile } from '../small-file.ts'

/** Something that was offered, so that a later run gives it as well: those who have begun to fetch it count on it. */
export interface Share {
  /** The offer's event. */
  readonly id: string
  readonly room: string
  readonly root: string
  readonly path: string
}

export interface Shares {
  load(): Share[]
  save(shares: readonly Share[]): void
}

/** As many as a run remembers offers. */
const SHARES_MAX = 512
const BYTES_MAX = 4 * 1024 * 1024

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const FILE = v.array(v.object({ id: hash, room: v.string(), root: hash, path: v.string() }))

/** Shares in a file of the data folder. One that cannot be read is as good as none; one that cannot be written is told to `log`. */
export function sharesIn(path: string, log: (message: string) => void): Shares {
  return {
    load() {
      const file = readSmallFile(path, BYTES_MAX)
      if (!file.ok) return []
      try {
        return v.parse(FILE, JSON.parse(new TextDecoder().decode(file.bytes))).slice(0, SHARES_MAX)
      } catch {
        log(`${path} cannot be read: what was offered before is not offered any more.`)
        return []
      }
    },
    save(shares) {
      const saved = replaceSmallFile(path, `${JSON.stringify(shares.slice(-SHARES_MAX))}\n`)
      if (!saved.ok) log(`${path} cannot be written: ${saved.said}.`)
    },
  }
}
