import { join } from 'node:path'

/** As long as the file that everything is compared on. */
export const PLAIN_BYTES = 2 ** 30

/**
 * `plain`: the runtime's own TCP. `bare`: with every piece sealed, opened, hashed and written as hearsay does it, and no more: no questions, no room, nobody
 * else who waits for a turn. No transfer of the kind can be faster here.
 */
export type PlainKind = 'plain' | 'bare'

export interface PlainPaths {
  readonly from: string
  readonly to: string
}

/** GB/s between two processes; from memory to memory, or from file to file. */
export async function measurePlain(kind: PlainKind, paths: PlainPaths | null): Promise<number> {
  const files = (path: string | undefined): string[] => (path === undefined ? [] : [path])
  const receiver = start(kind, ['receive', ...files(paths?.to)])
  const lines = receiver.stdout.pipeThrough(new TextDecoderStream()).getReader()
  const { port } = JSON.parse((await lines.read()).value ?? '{}')
  const sender = start(kind, ['send', String(port), ...files(paths?.from)])
  const { tookMs } = JSON.parse((await lines.read()).value ?? '{}')
  await Promise.all([receiver.exited, sender.exited])
  return PLAIN_BYTES / Number(tookMs) / 1e6
}

function start(kind: PlainKind, argv: readonly string[]) {
  const entry = join(import.meta.dir, `${kind}-entry.ts`)
  return Bun.spawn([process.execPath, entry, ...argv], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
}
