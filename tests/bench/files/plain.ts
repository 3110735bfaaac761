import { join } from 'node:path'

/** As long as the file that everything is compared on. */
export const PLAIN_BYTES = 2 ** 30

const ENTRY = join(import.meta.dir, 'plain-entry.ts')

export interface PlainPaths {
  readonly from: string
  readonly to: string
}

/** GB/s of the runtime's own TCP between two processes; from memory to memory, or from file to file. */
export async function measurePlain(paths: PlainPaths | null): Promise<number> {
  const files = (path: string | undefined): string[] => (path === undefined ? [] : [path])
  const receiver = start(['receive', ...files(paths?.to)])
  const lines = receiver.stdout.pipeThrough(new TextDecoderStream()).getReader()
  const { port } = JSON.parse((await lines.read()).value ?? '{}')
  const sender = start(['send', String(port), ...files(paths?.from)])
  const { tookMs } = JSON.parse((await lines.read()).value ?? '{}')
  await Promise.all([receiver.exited, sender.exited])
  return PLAIN_BYTES / Number(tookMs) / 1e6
}

function start(argv: readonly string[]) {
  return Bun.spawn([process.execPath, ENTRY, ...argv], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
}
