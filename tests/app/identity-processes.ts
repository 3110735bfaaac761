import { join } from 'node:path'

/** A process of `identity-entry.ts`, ready to do its task. */
export interface Racer {
  readonly pid: number
  /** Lets it do its task and answers with the line it says. */
  go(): Promise<Record<string, unknown>>
  /** Ends its input, and so the process. */
  finish(): Promise<void>
  kill(): Promise<void>
}

export async function startRacer(task: 'lock' | 'load' | 'as-nobody', folder: string): Promise<Racer> {
  const entry = join(import.meta.dir, 'identity-entry.ts')
  const child = Bun.spawn([process.execPath, entry, task, folder], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const lines = linesOf(child.stdout)
  if ((await lines.next()).value !== 'here') throw new Error('the process did not start')
  return {
    pid: child.pid,
    async go() {
      child.stdin.write('go\n')
      await child.stdin.flush()
      return JSON.parse((await lines.next()).value ?? 'null')
    },
    async finish() {
      await child.stdin.end()
      await child.exited
    },
    async kill() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let held = ''
  for await (const chunk of stream) {
    held += decoder.decode(chunk, { stream: true })
    const lines = held.split('\n')
    held = lines.pop()!
    yield* lines
  }
}
