import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryHome } from './program.ts'

/**
 * A disk of a few megabytes that only the programs started `via` it have: a file system in memory, in a mount namespace. It lives as long as the
 * process that holds it open, which ends with its input: however this process ends, the kernel takes the disk away.
 */

/** A user who is not root is one in a user namespace of the harness's own, where the machine allows that. */
const UNPRIVILEGED = process.getuid?.() !== 0
const UNSHARE = ['unshare', ...(UNPRIVILEGED ? ['--map-root-user'] : []), '--mount']
const MOUNT = 'mount -t tmpfs -o size="$0" hearsay-test "$1"'
const BLOCK = new Uint8Array(64 * 1024).fill(7)

/** Why there can be no such disks here, as the end of a sentence; null where there can. */
function whyNoDisks(): string | null {
  if (process.platform !== 'linux') return 'only Linux has mount namespaces'
  for (const tool of ['unshare', 'nsenter', 'mount']) if (Bun.which(tool) === null) return `${tool} is missing`
  const trial = Bun.spawnSync([...UNSHARE, 'sh', '-c', MOUNT, '4096', '/tmp'])
  if (trial.exitCode === 0) return null
  const [cause = ''] = trial.stderr.toString().trim().split('\n')
  return `namespaces or mounts may not be made${cause === '' ? '' : ` (${cause})`}`
}

const reason = whyNoDisks()
if (reason !== null) console.error(`tests/e2e/full-disk was not run: ${reason}`)

/** Whether this machine can make such disks; if not, why has been said once. */
export const diskTests = reason === null

export class SmallDisk implements AsyncDisposable {
  private constructor(
    private readonly holder: Bun.Subprocess<'pipe', 'pipe', 'inherit'>,
    /** Where the programs see it. */
    readonly folder: string,
  ) {}

  static async open(bytes: number): Promise<SmallDisk> {
    const folder = temporaryHome()
    const hold = [...UNSHARE, 'sh', '-c', `${MOUNT} && exec cat`, String(bytes), folder]
    const holder = Bun.spawn(hold, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    holder.stdin.write('open\n')
    holder.stdin.flush()
    const { done } = await holder.stdout.getReader().read()
    if (done) throw new Error('a small disk could not be made')
    return new SmallDisk(holder, folder)
  }

  /** To be put before a command, which then has the disk, under the process id it would have had anyway. */
  get via(): string[] {
    const user = UNPRIVILEGED ? ['--user', '--preserve-credentials'] : []
    return ['nsenter', `--target=${this.holder.pid}`, ...user, '--mount', '--']
  }

  /** How this process reaches what is on it. */
  seen(...path: string[]): string {
    return join('/proc', String(this.holder.pid), 'root', this.folder, ...path)
  }

  /** Leaves no room at all; answers how many bytes that took. */
  fill(): number {
    const file = openSync(this.seen('ballast'), 'a')
    let bytes = 0
    try {
      for (let size = BLOCK.length; size >= 1; ) {
        const wrote = writtenOf(file, size)
        if (wrote === 0) size >>= 1
        bytes += wrote
      }
    } finally {
      closeSync(file)
    }
    return bytes
  }

  makeRoom(): void {
    rmSync(this.seen('ballast'), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.holder.stdin.end()
    await this.holder.exited
  }
}

function writtenOf(file: number, size: number): number {
  try {
    return writeSync(file, BLOCK, 0, size)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return 0
    throw error
  }
}
