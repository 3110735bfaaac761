import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { diskFault } from '../../adapters/disk-fault.ts'
import { orderedFiles } from '../../adapters/ordered-files.ts'
import { keepStream, writeStandardOutput } from '../../adapters/standard-streams.ts'
import type { Files } from '../../ports/files.ts'
import { ExitStatus } from '../exit.ts'
import type { StartFault } from '../options.ts'
import { quoted } from '../options-quote.ts'
import type { ReceiveAsked, SendAsked, TransferAsked } from '../options-transfer.ts'
import type { Settings } from '../settings.ts'

/** Everything that one transfer without a screen needs before it starts. */
export interface Prepared {
  readonly ok: true
  readonly settings: Settings
  /** What is sent: standard input by the file it is kept in. */
  readonly paths: readonly string[]
  /** Where what comes goes, where that is not the disk. */
  readonly files?: Files
  dispose(): Promise<void>
}

const STANDARD = '-'

/** Looks at the paths and reads standard input to its end where it is to be sent; `interrupted` gives that up. */
export async function prepareOnce(
  asked: TransferAsked,
  gathered: Settings,
  input: AsyncIterable<Uint8Array>,
  interrupted: AbortSignal,
): Promise<Prepared | StartFault> {
  const settings: Settings = {
    ...gathered,
    // Another one may run and have the usual one.
    port: asked.given.port ?? 0,
    dialects: [],
    voice: null,
  }
  return asked.kind === 'send'
    ? await prepareSend(asked, settings, input, interrupted)
    : prepareReceive(asked, settings)
}

async function prepareSend(
  asked: SendAsked,
  settings: Settings,
  input: AsyncIterable<Uint8Array>,
  interrupted: AbortSignal,
): Promise<Prepared | StartFault> {
  for (const path of asked.paths) {
    if (path === STANDARD) continue
    try {
      statSync(path)
    } catch (error) {
      return refuse('no-such-file', diskFault(`${path} cannot be sent`, error).message, ExitStatus.failed, error)
    }
  }
  const acceptFiles = { mode: 'none', bytesMax: null } as const
  const ready = { ok: true, settings: { ...settings, acceptFiles } } as const
  if (!asked.paths.includes(STANDARD)) return { ...ready, paths: asked.paths, dispose: async () => {} }
  const kept = await keepStream(input, asked.name, interrupted)
  if (interrupted.aborted) {
    if (kept.ok) await kept.dispose()
    return refuse(
      'interrupted',
      'interrupted while standard input was read; start again to send it',
      ExitStatus.interrupted,
    )
  }
  if (!kept.ok) return refuse('stdin', kept.message, ExitStatus.failed, kept.cause)
  const paths = asked.paths.map((path) => (path === STANDARD ? kept.path : path))
  return { ...ready, paths, dispose: kept.dispose }
}

function prepareReceive({ into }: ReceiveAsked, settings: Settings): Prepared | StartFault {
  const ready = { ok: true, paths: [], dispose: async () => {} } as const
  const asking = { ...settings, acceptFiles: { mode: 'ask', bytesMax: null } as const }
  if (into === STANDARD) return { ...ready, settings: asking, files: orderedFiles(writeStandardOutput) }
  try {
    if (!statSync(into).isDirectory()) {
      return refuse('not-a-folder', `receive: ${quoted(into)}: it is not a folder; give one`, ExitStatus.wrongUsage)
    }
  } catch (error) {
    return refuse('no-folder', diskFault(`receive: ${quoted(into)}`, error).message, ExitStatus.wrongUsage, error)
  }
  return { ...ready, settings: { ...asking, downloadFolder: resolve(into) } }
}

function refuse(code: string, message: string, exit: number, cause?: unknown): StartFault {
  return { ok: false, code, message, exit, cause }
}
