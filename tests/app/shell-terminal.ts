import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMPLETIONS } from '../../src/app/completions/shells.ts'
import { AtTerminal } from '../ui/pseudo-terminal.ts'

export type ShellName = 'bash' | 'zsh' | 'fish'

/** What says the words it was started with, in the place of hearsay. */
const SAYS = {
  bash: `hearsay() { printf 'WORDS'; printf '<%s>' "$@"; echo ' END'; }`,
  zsh: `hearsay() { printf 'WORDS'; printf '<%s>' "$@"; echo ' END'; }`,
  fish: `function hearsay; printf 'WORDS'; printf '<%s>' $argv; echo ' END'; end`,
} as const
const STARTED = {
  bash: ['bash', '--norc', '--noprofile', '-i'],
  zsh: ['zsh', '-f', '-i'],
  fish: ['fish', '--no-config', '-i'],
} as const
const ZSH_READY = 'autoload -U compinit; compinit -u -D'

/** A shell at a pseudo-terminal, in a folder with `my photo.jpg`, `notes.json` and `sub folder/`, where the words of hearsay are completed. */
export class ShellTerminal {
  private readonly folder = mkdtempSync(join(tmpdir(), 'hearsay-shell-'))
  private readonly terminal: AtTerminal
  private lines = 0

  /** `how`: read by a start-up file, or found in a folder of functions, as only zsh does. */
  constructor(
    private readonly name: ShellName,
    private readonly how: 'read' | 'found',
  ) {
    mkdirSync(join(this.folder, 'here', 'sub folder'), { recursive: true })
    mkdirSync(join(this.folder, 'functions'))
    for (const file of ['my photo.jpg', 'notes.json']) writeFileSync(join(this.folder, 'here', file), '')
    writeFileSync(join(this.folder, 'functions', '_hearsay'), COMPLETIONS.get(name)!())
    const { PATH = '' } = process.env
    const environment = { HOME: this.folder, PATH, TERM: 'xterm', LANG: 'C.UTF-8', INPUTRC: '/dev/null' }
    this.terminal = new AtTerminal(STARTED[name], environment)
  }

  /** Resolves when words can be completed. */
  async ready(): Promise<void> {
    const functions = join(this.folder, 'functions')
    const read = `. ${join(functions, '_hearsay')}`
    const setUp = this.how === 'found' ? `fpath=(${functions} $fpath); ${ZSH_READY}` : read
    const first = this.name === 'zsh' && this.how === 'read' ? `${ZSH_READY}; ` : ''
    this.terminal.type(`cd ${join(this.folder, 'here')}; ${SAYS[this.name]}; ${first}${setUp}; hearsay is ready\r`)
    await this.terminal.until('<is><ready> END')
  }

  /** The words that hearsay is started with when Tab was pressed behind `typed`, and then Return. */
  async completed(typed: string): Promise<string[]> {
    this.lines++
    // To the line's beginning and its end: the completion is over, whatever it offered. The last word tells this line's answer from another's.
    this.terminal.type(`${typed}\t\x01\x05 ${this.lines}\r`)
    const said = await this.terminal.until(`<${this.lines}> END`)
    const words = said.slice(said.lastIndexOf('WORDS'))
    return Array.from(words.matchAll(/<([^>]*)>/g), ([, word]) => word!).slice(0, -1)
  }

  async end(): Promise<void> {
    this.terminal.hangUp()
    await this.terminal.exited
    rmSync(this.folder, { recursive: true, force: true })
  }
}
