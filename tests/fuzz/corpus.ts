import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dir, 'corpus')

/** One saved input. */
export interface Case {
  readonly bytes: Uint8Array
  /** Whether it is to be read or refused; null where only surviving it matters. */
  readonly good: boolean | null
}

/**
 * The saved cases of each decoder, by its name: `corpus/<name>.hex` has one a line in hexadecimal, after `+` where it must be read, `-`
 * where it must be refused, `?` where it once was trouble. What follows `#` is a remark.
 */
export function readCorpus(): Map<string, Case[]> {
  const names = readdirSync(FOLDER).filter((file) => file.endsWith('.hex'))
  return new Map(names.map((file) => [file.slice(0, -4), cases(readFileSync(join(FOLDER, file), 'utf8'))]))
}

function cases(text: string): Case[] {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim())
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [mark, hex = ''] = line.split(/\s+/)
      if (mark === undefined || !'+-?'.includes(mark) || !/^([0-9a-f]{2})*$/.test(hex))
        throw new Error(`no case: ${line}`)
      return { bytes: new Uint8Array(Buffer.from(hex, 'hex')), good: mark === '?' ? null : mark === '+' }
    })
}
