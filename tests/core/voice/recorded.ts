import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packetAt } from './known-decoder.ts'
import { type Arrival, parseRecording } from './recording.ts'
import type { Trip } from './traces.ts'

const FOLDER = join(import.meta.dir, 'arrivals')
const ENDING = '.txt'

/** Names of all that was recorded, in `arrivals/`. */
export function recordedNames(): string[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(ENDING))
  return files.map((file) => file.slice(0, -ENDING.length)).toSorted()
}

export function textOf(name: string): string {
  return readFileSync(join(FOLDER, name + ENDING), 'utf8')
}

/** What was recorded under that name, in the order it came. */
export function recorded(name: string): Trip[] {
  return parseRecording(textOf(name)).packets.map(tripOf)
}

function tripOf({ time, arrivesUs, ticks, begins, ends, recovers, heldBack, againAge }: Arrival): Trip {
  const againAt = time - againAge * ticks
  const isAgain = againAge > 0 && againAt >= 0
  return {
    time,
    arrivesMs: arrivesUs / 1_000,
    marks: {
      ...{ ticks, begins, ends, recovers, heldBack },
      olderCount: isAgain ? 1 : 0,
      older: isAgain ? [{ age: againAge, opus: packetAt(againAt, ticks) }] : [],
    },
  }
}
