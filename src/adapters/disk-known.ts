import type { Stats } from 'node:fs'
import { lstat, rename, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from './disk-fault.ts'

interface Known {
  readonly dev: number
  readonly ino: number
}

/** Looked at side by side. */
const LOOKED_AT_ONCE = 8
/** What opening says where something else stands, or nothing. */
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO'])
/**
 * File systems that may number a file anew each time they look it up, so that only what is open keeps its number: FAT, exFAT, FUSE, SMB. As of statfs(2)
 * and linux/magic.h.
 */
const RENUMBERING = new Set([0x4d44, 0x2011bab0, 0x65735546, 0xff534d42, 0xfe534d42])

/**
 * What the files and folders of a part are, by the numbers that the file system has for them: anybody may put something else in their place while they
 * come, and none of that is ours to write to, to move or to take away. Paths are those inside the part, the part's own is empty.
 */
export class KnownParts {
  private readonly known = new Map<string, Known>()
  private isRenumbering: Promise<boolean> | null = null

  /** `folder`: where the part stands. */
  constructor(private readonly folder: string) {}

  has(path: string): boolean {
    return this.known.has(path)
  }

  /** Throws unless it is what it was when it was first seen. */
  async see(path: string, stats: Stats): Promise<void> {
    const known = this.known.get(path)
    if (known === undefined) this.known.set(path, { dev: stats.dev, ino: stats.ino })
    else if (!(await this.isSame(known, stats))) throw exchanged(path)
  }

  /** Throws unless all that has been seen stands below `root` as it was; `sizeOf`: null of a folder. */
  async check(root: string, sizeOf: (path: string) => number | null): Promise<void> {
    const paths = [...this.known.keys()].filter((path) => path !== '')
    await Promise.all(
      Array.from({ length: LOOKED_AT_ONCE }, async () => {
        for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
          await this.checkOne(root, path, sizeOf(path))
        }
      }),
    )
    // Last what is moved itself: the next thing that is done is moving it.
    await this.checkOne(root, '', sizeOf(''))
  }

  /** The same of one alone. */
  async checkOne(root: string, path: string, size: number | null): Promise<void> {
    const stats = await lstat(join(root, path)).catch(orExchanged)
    const isKind = size === null ? stats.isDirectory() : stats.isFile() && stats.size === size
    if (!isKind) throw exchanged(path)
    await this.see(path, stats)
  }

  /** Nothing else is known to stand there. */
  async isOurs(root: string): Promise<boolean> {
    const known = this.known.get('')
    const stats = await lstat(root).catch(() => null)
    return stats !== null && (known === undefined || (await this.isSame(known, stats)))
  }

  private async isSame({ dev, ino }: Known, stats: Stats): Promise<boolean> {
    if (stats.dev === dev && stats.ino === ino) return true
    this.isRenumbering ??= statfs(this.folder).then(
      ({ type }) => RENUMBERING.has(type),
      () => false,
    )
    return stats.dev === dev && (await this.isRenumbering)
  }
}

/** Something else has been moved to `to`: it goes back, unless that has been taken as well. */
export async function takeBack(from: string, to: string): Promise<void> {
  const [before, there] = [await lstat(from).catch(() => null), await lstat(to).catch(() => null)]
  if (there === null) return
  if (before === null) await rename(to, from)
  else if (before.ino === there.ino && before.dev === there.dev) await unlink(to)
}

/** Throws that something else stands there where that is what an error says, and else the error. */
export function orExchanged(error: unknown): never {
  throw NOT_THERE.has(errorCode(error)) ? exchanged('') : error
}

function exchanged(path: string): Error {
  return Object.assign(new Error(`${path || 'the part'} is not what it was`), { code: 'EXCHANGED' })
}
