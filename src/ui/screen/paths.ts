import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { cleanLine } from '../../base/text.ts'

const FOUND_MAX = 200

/** Files and folders whose paths begin like that, as one would type them. None where it cannot be told. */
export async function pathsFor(typed: string): Promise<string[]> {
  const slash = typed.lastIndexOf('/') + 1
  const folder = typed.slice(0, slash)
  const begin = typed.slice(slash)
  const place = folder.startsWith('~/') ? `${homedir()}${folder.slice(1)}` : folder
  try {
    const found = await readdir(place === '/' ? place : dirname(`${place}x`), { withFileTypes: true })
    return found
      .filter(({ name }) => name.startsWith(begin) && (begin !== '' || !name.startsWith('.')))
      .filter(({ name }) => cleanLine(name) === name && !name.includes(' '))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, FOUND_MAX)
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ' '}`)
  } catch {
    // A folder that is not there, or is not ours to read, has nothing to offer.
    return []
  }
}
