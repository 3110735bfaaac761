import type { FileHandle } from 'node:fs/promises'

/** Open at a time, of one folder that is given or received: far below what systems allow a process. */
const OPEN_MAX = 64

interface Held {
  readonly handle: Promise<FileHandle>
  users: number
  /** To be closed by whoever uses it last. */
  isLeft: boolean
}

/** Open files of a folder by number, the one used longest ago closed for another; one in use stays. */
export class DiskHandles {
  private readonly held = new Map<number, Held>()

  constructor(
    private readonly open: (number: number) => Promise<FileHandle>,
    private readonly openMax = OPEN_MAX,
  ) {}

  async use<T>(number: number, act: (handle: FileHandle) => Promise<T>): Promise<T> {
    const held = this.held.get(number) ?? { handle: this.open(number), users: 0, isLeft: false }
    this.held.delete(number)
    this.held.set(number, held)
    held.users++
    try {
      return await act(await held.handle)
    } catch (error) {
      // One that could not be opened is to be tried again.
      if (held.users === 1 && !held.isLeft) this.drop(number, held)
      throw error
    } finally {
      held.users--
      if (held.isLeft && held.users === 0) this.drop(number, held)
      this.shrink(this.openMax)
    }
  }

  /** Once nobody uses them. */
  close(): void {
    for (const [number, held] of this.held) {
      if (held.users === 0) this.drop(number, held)
      held.isLeft = true
      this.held.delete(number)
    }
  }

  private shrink(most: number): void {
    if (this.held.size <= most) return
    for (const [number, held] of this.held) {
      if (held.users > 0) continue
      this.drop(number, held)
      if (this.held.size <= most) return
    }
  }

  private drop(number: number, held: Held): void {
    if (this.held.get(number) === held) this.held.delete(number)
    void held.handle.then((handle) => handle.close()).catch(() => {})
  }
}

/** Reads all of it: a file may give less at a time. Answers how many bytes there were. */
export async function readFully(handle: FileHandle, into: Uint8Array, at: number): Promise<number> {
  let length = 0
  while (length < into.length) {
    const { bytesRead } = await handle.read(into, length, into.length - length, at + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

/** Writes all of it: a disk that is nearly full takes a part at first. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let length = 0
  while (length < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, length, bytes.length - length, at + length)
    length += bytesWritten
  }
}
