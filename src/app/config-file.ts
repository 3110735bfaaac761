import { dirname } from 'node:path'
import { ExitStatus } from './exit.ts'
import type { StartFault } from './options.ts'
import { shellWord, visible } from './options-quote.ts'
import type { Given } from './options-values.ts'
import { createSmallFile, readSmallFile } from './small-file.ts'

/** Far more than every key at its longest; bounds what a wrong path can make us read. */
export const CONFIG_BYTES_MAX = 1024 * 1024

interface ConfigFile {
  readonly ok: true
  /** False: there is none, which is well unless somebody named it. */
  readonly found: boolean
  readonly given: Given
}

/** Reads and checks a configuration file. `namedBy`: the flag or variable that asked for it, null for the usual one. */
export async function readConfigFile(path: string, namedBy: string | null): Promise<ConfigFile | StartFault> {
  const file = readSmallFile(path, CONFIG_BYTES_MAX)
  const shown = visible(path)
  if (!file.ok) {
    if (file.code === 'missing' && namedBy === null) return { ok: true, found: false, given: {} }
    const mend = file.code === 'denied' ? `chmod u+r ${visible(shellWord(path))} lets you read it` : 'check the path'
    const by = namedBy === null ? '' : `${namedBy}: `
    return fault(`${by}cannot read ${shown}: ${file.said}; ${mend}`, file.cause)
  }
  const text = decodeUtf8(file.bytes)
  if (text === null) return fault(`${shown}: expected UTF-8 text, got other bytes`)
  const { parseConfig } = await import('./config-toml.ts')
  const config = parseConfig(text, dirname(path))
  if (config.ok) return { ok: true, found: true, given: config.given }
  return fault(`${shown}:${config.line === null ? '' : `${config.line}:`} ${config.message}`)
}

/** Writes a first configuration, readable by its owner alone; never over one that is there. */
export function writeConfigFile(path: string, text: string): { readonly ok: true } | StartFault {
  const made = createSmallFile(path, text, { durable: true })
  if (made.ok) return made
  const mend = made.code === 'exists' ? 'move it away' : 'mend that, or name another with --config'
  return fault(`cannot write ${visible(path)}: ${made.said}; ${mend}`, made.cause)
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function fault(message: string, cause?: unknown): StartFault {
  return { ok: false, code: 'bad-config', message, exit: ExitStatus.badConfiguration, cause }
}
