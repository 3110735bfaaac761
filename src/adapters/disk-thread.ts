/** Shared memory that the jobs after it name by its number; null: none of those that were told before is used again. */
export type DiskMemory = { readonly memory: number; readonly shared: SharedArrayBuffer } | { readonly memory: null }

/**
 * What the thread is to do with `length` bytes of shared memory from `from` on. Numbers and words alone: the runtime passes those from thread to thread at a
 * tenth of what anything else costs.
 */
export interface DiskJob {
  readonly id: number
  /** `store`: the hashes of its leaves stand behind the bytes, and it is written where `fd` is not -1 and every one of them is right. */
  readonly kind: 'read' | 'store'
  readonly memory: number
  readonly from: number
  readonly length: number
  readonly hashBytes: number
  readonly fd: number
  readonly at: number
}

/** Of a read file: how many bytes there were, and how it stands after that; of a store, whether the hashes are right. */
export interface DiskAnswer {
  readonly id: number
  /** Empty where it was done. */
  readonly fault: string
  readonly code: string
  readonly read: number
  readonly size: number
  readonly mtimeMs: number
  readonly isRight: boolean
}

interface Waiting {
  readonly resolve: (answer: DiskAnswer) => void
  readonly reject: (error: Error) => void
}

/** Kept for the next run of leaves: as much as is on its way between two who are near. */
const KEPT_MAX = 8
/** Memories that the other thread knows at a time; of a quarter of a mebibyte each. */
const KNOWN_MAX = 64

/**
 * A thread beside the program's own that reads, hashes and writes files: a mebibyte takes a millisecond of it, and nobody's words wait for that. It
 * begins with the first job, and keeps the process alive only while it has one.
 */
class DiskThread {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private readonly known = new Map<SharedArrayBuffer, number>()
  private readonly kept: SharedArrayBuffer[] = []
  private nextId = 1
  private nextMemory = 1

  /** Reads up to `into.length` bytes, which must be shared memory; says how many there were, and how the file stands after that. */
  read(fd: number, at: number, into: Uint8Array<SharedArrayBuffer>): Promise<DiskAnswer> {
    const { buffer, byteOffset, length } = into
    return this.do(buffer, { kind: 'read', from: byteOffset, length, hashBytes: 0, fd, at })
  }

  /** Whether bytes have these hashes, leaf by leaf; where they do and `to` is given they have been written there. */
  async store(bytes: Uint8Array, hashes: Uint8Array, to: { readonly fd: number; readonly at: number } | null) {
    const memory = this.take(bytes.length + hashes.length)
    const shared = new Uint8Array(memory)
    shared.set(bytes)
    shared.set(hashes, bytes.length)
    const { fd, at } = to ?? { fd: -1, at: 0 }
    try {
      const { length } = bytes
      const job = { kind: 'store', from: 0, length, hashBytes: hashes.length, fd, at } as const
      return (await this.do(memory, job)).isRight
    } finally {
      if (this.kept.length < KEPT_MAX) this.kept.push(memory)
    }
  }

  private take(length: number): SharedArrayBuffer {
    const kept = this.kept.pop()
    return kept !== undefined && kept.byteLength >= length ? kept : new SharedArrayBuffer(length)
  }

  private do(shared: SharedArrayBuffer, job: Omit<DiskJob, 'id' | 'memory'>): Promise<DiskAnswer> {
    this.worker ??= this.begin()
    const { worker } = this
    if (this.waiting.size === 0) worker.ref()
    const memory = this.numberOf(shared, worker)
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      worker.postMessage({ id, memory, ...job })
    })
  }

  private numberOf(shared: SharedArrayBuffer, worker: Worker): number {
    const known = this.known.get(shared)
    if (known !== undefined) return known
    if (this.known.size >= KNOWN_MAX) {
      this.known.clear()
      this.tell(worker, { memory: null })
    }
    const memory = this.nextMemory++
    this.known.set(shared, memory)
    this.tell(worker, { memory, shared })
    return memory
  }

  private tell(worker: Worker, memory: DiskMemory): void {
    worker.postMessage(memory)
  }

  private begin(): Worker {
    const worker = new Worker(workerUrl())
    worker.onmessage = ({ data }: MessageEvent<DiskAnswer>) => this.answered(worker, data)
    worker.onerror = (event) => this.lost(worker, event.message)
    return worker
  }

  private answered(worker: Worker, answer: DiskAnswer): void {
    const waiting = this.waiting.get(answer.id)
    this.waiting.delete(answer.id)
    if (this.waiting.size === 0) worker.unref()
    if (answer.fault === '') waiting?.resolve(answer)
    else waiting?.reject(Object.assign(new Error(answer.fault), { code: answer.code }))
  }

  /** It has ended for a reason of its own: what waited for it has failed, and the next job begins another. */
  private lost(worker: Worker, message: string): void {
    if (this.worker !== worker) return
    this.worker = null
    this.known.clear()
    worker.terminate()
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    for (const { reject } of waiting) reject(new Error(`the thread for files has ended: ${message}`))
  }
}

declare const HEARSAY_VERSION: string | undefined

/** Compiled, everything stands in one file, and this one by its path under src/. */
function workerUrl(): URL {
  const path = typeof HEARSAY_VERSION === 'string' ? './adapters/disk-worker.ts' : './disk-worker.ts'
  return new URL(path, import.meta.url)
}

export const diskThread = new DiskThread()
