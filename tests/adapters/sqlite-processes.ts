import { join } from 'node:path'
import type { StoreOptions } from '../../src/adapters/sqlite-open.ts'
import { openStore } from '../../src/adapters/sqlite-open.ts'
import type { Store } from '../../src/ports/store.ts'

/** A store that opens without a fault, and throws what goes wrong while reading. */
export function opened(path: string, options: StoreOptions = {}): Store {
  const store = openStore(path, {
    onFault: (fault) => {
      throw new Error(fault.message, { cause: fault.cause })
    },
    ...options,
  })
  if ('ok' in store) throw new Error(store.message, { cause: store.cause })
  return store
}

/** A process of its own that does `task` with the store at `path` until it is killed; `sqlite-entry.ts` says what there is. */
export class StoreProcess {
  private constructor(
    private readonly child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>,
    private readonly output: AsyncIterator<Uint8Array>,
  ) {}

  /** Answers once the process has said its first line. */
  static async start(task: 'hold' | 'write' | 'delete', path: string): Promise<StoreProcess> {
    const entry = join(import.meta.dir, 'sqlite-entry.ts')
    const child = Bun.spawn([process.execPath, entry, task, path], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    const started = new StoreProcess(child, child.stdout[Symbol.asyncIterator]())
    await started.readUntil('\n')
    return started
  }

  get pid(): number {
    return this.child.pid
  }

  private said = ''

  /** Ends it as nothing can be prevented from ending, and answers all it has said. */
  async kill(): Promise<string> {
    this.child.kill('SIGKILL')
    await this.readUntil(null)
    await this.child.exited
    return this.said
  }

  private async readUntil(mark: string | null): Promise<void> {
    const decoder = new TextDecoder()
    while (mark === null || !this.said.includes(mark)) {
      const part = await this.output.next()
      if (part.done === true) return
      this.said += decoder.decode(part.value, { stream: true })
    }
  }
}
