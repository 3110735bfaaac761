import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeWav } from './wav.ts'

/** A reference and what became of it; see stoi.py. */
export interface StoiPair {
  readonly reference: Float32Array
  readonly degraded: Float32Array
  readonly rateHz: number
  /** By how much what is degraded should lag behind, 0 where it is left out; and by how much more or less it may, 1,000 likewise. */
  readonly expectedDelayMs?: number
  readonly maxDelayMs?: number
  /** Above 0: pieces of so many seconds are aligned each by itself. */
  readonly pieceS?: number
}

export interface StoiResult {
  /** 0 to 1; above 0.95 everything is understood. */
  readonly stoi: number
  /** By how much what is degraded lags behind, to a tenth of a millisecond. */
  readonly delayMs: number
  readonly delaysMs: readonly number[]
}

const SCRIPT = join(import.meta.dir, 'stoi.py')
/** The system's Python has the system's packages, also where another comes first on PATH. */
const PYTHONS = ['python3', '/usr/bin/python3']
const MS_MAX = 300_000

function findPython(): string | null {
  for (const python of PYTHONS) {
    if (Bun.which(python) === null) continue
    if (Bun.spawnSync([python, '-c', 'import numpy, scipy.signal']).exitCode === 0) return python
  }
  return null
}

const python = findPython()

/** Why nothing can be measured here, as the end of a sentence; null where it can. */
export const whyNoStoi =
  python === null ? 'Python with numpy and scipy is missing (Debian: python3-numpy python3-scipy)' : null

/** Throws where `whyNoStoi` says why, and where the script fails. One call for many pairs spares starting Python again. */
export async function stoiOf(pairs: readonly StoiPair[]): Promise<StoiResult[]> {
  if (python === null) throw new Error(`STOI cannot be measured: ${whyNoStoi}`)
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-stoi-'))
  try {
    const paths = new Map<Float32Array, string>()
    const written = (sound: Float32Array, rateHz: number): string => {
      const known = paths.get(sound)
      if (known !== undefined) return known
      const path = join(folder, `${paths.size}.wav`)
      writeWav(path, sound, rateHz)
      paths.set(sound, path)
      return path
    }
    const jobs = pairs.map(({ reference, degraded, rateHz, ...options }) => ({
      ...options,
      reference: written(reference, rateHz),
      degraded: written(degraded, rateHz),
    }))
    const child = Bun.spawn([python, SCRIPT, '-'], {
      stdin: new Blob([JSON.stringify(jobs)]),
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: MS_MAX,
    })
    const [status, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()])
    if (status !== 0) throw new Error(`stoi.py ended with ${status}: ${err}`)
    return JSON.parse(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
