import * as v from 'valibot'
import { readSmallFile, replaceSmallFile } from '../small-file.ts'

/** Something that was taken in a room and is here, so that a later run gives it on as this one does. */
export interface Taken {
  /** The offer's event. */
  readonly id: string
  /** Who offered it, by key. */
  readonly from: string
  readonly room: string
  readonly root: string
  readonly path: string
  /** Of all its bytes. */
  readonly size: number
  /** As it was offered, and as it stands on the disk: milliseconds since 1970; 0 where that was not told. */
  readonly changedMs: number
}

export interface TakenFiles {
  load(): Taken[]
  save(taken: readonly Taken[]): void
}

/** The newest: as many as one run gives on. */
export const TAKEN_MAX = 64
const BYTES_MAX = 1024 * 1024

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const FILE = v.array(
  v.object({ id: hash, from: hash, room: v.string(), root: hash, path: v.string(), size: count, changed: count }),
)

/** What was taken in a file of the data folder. One that cannot be read is as good as none; one that cannot be written is told to `log`. */
export function takenIn(path: string, log: (message: string) => void): TakenFiles {
  return {
    load() {
      const file = readSmallFile(path, BYTES_MAX)
      if (!file.ok) return []
      try {
        const rows = v.parse(FILE, JSON.parse(new TextDecoder().decode(file.bytes)))
        return rows.slice(-TAKEN_MAX).map(({ changed, ...row }) => ({ ...row, changedMs: changed }))
      } catch {
        log(`${path} cannot be read: what was taken before is not given on any more.`)
        return []
      }
    },
    save(taken) {
      const rows = taken.slice(-TAKEN_MAX).map(({ changedMs, ...row }) => ({ ...row, changed: changedMs }))
      const saved = replaceSmallFile(path, `${JSON.stringify(rows)}\n`)
      if (!saved.ok) log(`${path} cannot be written: ${saved.said}.`)
    },
  }
}
