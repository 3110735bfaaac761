import { closeSync, existsSync, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { cleanLine } from '../../base/text.ts'

const NAME_CHARS_MAX = 100
/** Names tried beside one that is taken. */
const NAMES_MAX = 1_000

/** A name that stays in its folder, on any system, and hides nothing. */
export function safeFileName(name: string): string {
  const last = cleanLine(name).split(/[/\\]/).at(-1) ?? ''
  const plain = last
    .replace(/[<>:"|?*]/g, '_')
    .replace(/^[.\s]+/, '')
    .slice(-NAME_CHARS_MAX)
    .replace(/[.\s]+$/, '')
  const isDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain)
  return plain === '' || isDevice ? `file_${plain}` : plain
}

/** One file that somebody sends. Until it is accepted nothing is written; what has come by then is held, and no more is to be read. */
export class IncomingFile {
  state: 'asked' | 'accepted' | 'declined' = 'asked'
  /** Whether the sender has sent all of it, or broken off; null before either. */
  whole: boolean | null = null
  readonly name: string
  private held: Uint8Array[] = []
  private path = ''
  private file: number | null = null

  constructor(
    name: string,
    readonly size: number,
  ) {
    this.name = safeFileName(name)
  }

  bytes(part: Uint8Array): void {
    if (this.state === 'declined') return
    if (this.file === null) this.held.push(part)
    else writeSync(this.file, part)
  }

  /** Begins to write; throws where the folder cannot be written to. */
  accept(folder: string): void {
    mkdirSync(folder, { recursive: true })
    this.path = freeName(folder, this.name)
    this.file = openSync(`${this.path}.part`, 'wx', 0o600)
    this.state = 'accepted'
    for (const part of this.held.splice(0)) writeSync(this.file, part)
  }

  decline(): void {
    this.state = 'declined'
    this.held = []
  }

  /** Ends it: answers where it is, whole or with `.part` behind its name; null where nothing was to be kept. */
  finish(): string | null {
    if (this.file === null) return null
    closeSync(this.file)
    this.file = null
    if (this.whole !== true) return `${this.path}.part`
    renameSync(`${this.path}.part`, this.path)
    return this.path
  }

  /** Takes back what was written of it. */
  discard(): void {
    if (this.file === null) return
    closeSync(this.file)
    this.file = null
    unlinkSync(`${this.path}.part`)
  }
}

function freeName(folder: string, name: string): string {
  const [, stem = name, extension = ''] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? []
  for (let number = 1; number < NAMES_MAX; number++) {
    const path = join(folder, number === 1 ? name : `${stem} (${number})${extension}`)
    if (!existsSync(path) && !existsSync(`${path}.part`)) return path
  }
  throw new Error(`there are ${NAMES_MAX} files called ${name} already`)
}
