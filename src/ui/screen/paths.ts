import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromHome } from '../../app/home-path.ts'
import { cleanLine } from '../../base/text.ts'

const FOUND_MAX = 200

/** Files and folders whose paths begin like that, as one would type them: in quotation marks where there are blanks. None where it cannot be told. */
export async function pathsFor(word: string): Promise<string[]> {
  const isQuoted = word.startsWith('"')
  const typed = isQuoted ? word.slice(1) : word
  const slash = typed.lastIndexOf('/') + 1
  const folder = typed.slice(0, slash)
  const begin = typed.slice(slash)
  const place = fromHome(folder)
  try {
    const found = await readdir(place === '/' ? place : dirname(`${place}x`), { withFileTypes: true })
    return found
      .filter(({ name }) => name.startsWith(begin) && (begin !== '' || !name.startsWith('.')))
      .filter(({ name }) => cleanLine(name) === name && !name.includes('"'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, FOUND_MAX)
      .map((entry) => asTyped(`${folder}${entry.name}`, entry.isDirectory(), isQuoted))
  } catch {
    // A folder that is not there, or is not ours to read, has nothing to offer.
    return []
  }
}

/** A folder is left open, to be gone on with. */
function asTyped(path: string, isFolder: boolean, isQuoted: boolean): string {
  if (!isQuoted && !/\s/.test(path)) return `${path}${isFolder ? '/' : ' '}`
  return `"${path}${isFolder ? '/' : '" '}`
}
