import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { COMPLETIONS } from '../../src/app/completions/shells.ts'
import { parseArguments } from '../../src/app/options.ts'
import { OPTIONS } from '../../src/app/options-help.ts'
import { SUBCOMMANDS } from '../../src/app/subcommands.ts'
import { type ShellName, ShellTerminal } from './shell-terminal.ts'

setDefaultTimeout(30_000)

const missing = (['bash', 'zsh', 'fish'] as const).filter((shell) => Bun.which(shell) === null)
if (missing.length > 0) console.error(`tests/app/completions was not run in ${missing.join(', ')}: not installed`)

/** What bash offers where the last of the words is half typed; words are parted as readline does it. */
function offered(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ')
  const script = `${COMPLETIONS.get('bash')!()}\nCOMP_WORDS=(${list})\nCOMP_CWORD=${words.length - 1}\n_hearsay\nprintf '%s\\n' "\${COMPREPLY[@]}"`
  const run = Bun.spawnSync(['bash', '--norc', '-c', script], { cwd: import.meta.dir })
  expect(run.stderr.toString()).toBe('')
  return run.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}

test('bash completes options, their values, the words that come first and what comes after those', () => {
  expect(offered('hearsay', '--the')).toEqual(['--theme'])
  expect(offered('hearsay', '--theme', 'l')).toEqual(['light'])
  expect(offered('hearsay', '--theme', '=', 'l')).toEqual(['light'])
  expect(offered('hearsay', '--theme', '=')).toEqual(['auto', 'dark', 'light', 'mono'])
  expect(offered('hearsay', '--theme=l')).toEqual(['--theme=light'])
  expect(offered('hearsay', '--dialect', 'm')).toEqual(['mesh'])
  expect(offered('hearsay', '--accept-files', 'a')).toEqual(['all', 'ask'])
  expect(offered('hearsay', 'ptt', 'o')).toEqual(['on', 'off'])
  expect(offered('hearsay', 'ptt', 'on', '')).toEqual([])
  expect(offered('hearsay', 'li')).toEqual(['listen'])
  expect(offered('hearsay', 'ex')).toEqual(['export'])
  expect(offered('hearsay', 'export', '--f')).toEqual(['--format'])
  expect(offered('hearsay', 'export', '--format', 'h')).toEqual(['html'])
  expect(offered('hearsay', 'export', '')).toEqual([])
  expect(offered('hearsay', 'completions', '')).toEqual(['bash', 'zsh', 'fish'])
  expect(offered('hearsay', '--port', '')).toEqual([])
  expect(offered('hearsay', '--debug', 'con')).toEqual([])
})

test('a word that comes first is offered first alone, but for the one that the program takes behind options as well', async () => {
  expect(offered('hearsay', '')).toEqual(SUBCOMMANDS.map(({ word }) => word))
  for (const { word } of SUBCOMMANDS) {
    const behind = await parseArguments(['--ephemeral', word], { version: '1', colour: false, columns: 80 })
    const isTaken = behind.kind !== 'refuse' || behind.fault.code !== 'unexpected-argument'
    expect(offered('hearsay', '--ephemeral', word)).toEqual(isTaken ? [word] : [])
  }
  expect(offered('hearsay', '--connect', 'host', ':', '5000', 'track')).toEqual(['tracker'])
  expect(offered('hearsay', '--room', 'tracker', '--js')).toEqual(['--json'])
  expect(offered('hearsay', '--host', 'x', 'tracker', '--p')).toEqual(['--port'])
})

test('every flag that is offered behind a word is one that the program knows there', async () => {
  for (const { word } of SUBCOMMANDS) {
    if (['manual', 'completions', 'ptt', 'mute', 'unmute', 'deafen', 'undeafen', 'status'].includes(word)) continue
    for (const flag of offered('hearsay', word, '--')) {
      const read = await parseArguments([word, flag], { version: '1', colour: false, columns: 80 })
      expect([word, flag, read.kind === 'refuse' ? read.fault.code : '']).not.toContain('unknown-flag')
    }
  }
})

test.each(['bash', 'zsh', 'fish'])(
  '%s is told of every option and every word, in a language it understands',
  (shell) => {
    const script = COMPLETIONS.get(shell)!()
    const mark = shell === 'fish' ? '-l ' : '--'
    for (const { name } of OPTIONS) expect(script).toContain(`${mark}${name}`)
    for (const { word, flags } of SUBCOMMANDS) {
      expect(script).toContain(word)
      for (const { name } of flags) expect(script).toContain(`${mark}${name}`)
    }
    if (Bun.which(shell) === null) return
    const run = Bun.spawnSync([shell, '-n'], { stdin: Buffer.from(script) })
    expect([run.exitCode, run.stderr.toString()]).toEqual([0, ''])
  },
)

/** What is typed before Tab, and the words the line then has. */
const LINES: readonly (readonly [string, ...string[]])[] = [
  ['hearsay send my', 'send', 'my photo.jpg'],
  ['hearsay send --for 2 no', 'send', '--for', '2', 'notes.json'],
  ['hearsay send --to @bob no', 'send', '--to', '@bob', 'notes.json'],
  ['hearsay send --connect 127.0.0.1:5000 no', 'send', '--connect', '127.0.0.1:5000', 'notes.json'],
  ['hearsay send --ephem', 'send', '--ephemeral'],
  ['hearsay send --debug no', 'send', '--debug', 'notes.json'],
  ['hearsay import no', 'import', 'notes.json'],
  ['hearsay import --h', 'import', '--help'],
  ['hearsay receive no', 'receive', 'no'],
  ['hearsay export --format js', 'export', '--format', 'json'],
  ['hearsay export --format=js', 'export', '--format=json'],
  ['hearsay export --output no', 'export', '--output', 'notes.json'],
  ['hearsay --theme=l', '--theme=light'],
  ['hearsay --theme l', '--theme', 'light'],
  ['hearsay --config=no', '--config=notes.json'],
  ['hearsay --debug no', '--debug', 'notes.json'],
  ['hearsay --debug con', '--debug', 'con'],
  ['hearsay --debug --them', '--debug', '--theme'],
  ['hearsay --room x trac', '--room', 'x', 'tracker'],
  ['hearsay --room x sen', '--room', 'x', 'sen'],
  ['hearsay --host x tracker --js', '--host', 'x', 'tracker', '--json'],
  ['hearsay compl', 'completions'],
  ['hearsay completions z', 'completions', 'zsh'],
  ['hearsay mute tog', 'mute', 'toggle'],
]
/** A folder is completed with a slash behind it, which zsh takes away again where a word ends. */
const FOLDERS: readonly (readonly [string, ...string[]])[] = [
  ['hearsay listen --folder s', 'listen', '--folder', 'sub folder'],
  ['hearsay --download-dir s', '--download-dir', 'sub folder'],
  ['hearsay listen --folder=', 'listen', '--folder=sub folder'],
  ['hearsay --download-dir=s', '--download-dir=sub folder'],
  ['hearsay receive s', 'receive', 'sub folder'],
]

const WAYS: readonly (readonly [ShellName, 'read' | 'found'])[] = [
  ['bash', 'read'],
  ['zsh', 'read'],
  ['zsh', 'found'],
  ['fish', 'read'],
]

for (const [name, how] of WAYS) {
  describe.skipIf(missing.includes(name))(`in ${name}, where its script is ${how}`, () => {
    let shell: ShellTerminal
    beforeAll(async () => {
      shell = new ShellTerminal(name, how)
      await shell.ready()
    })
    afterAll(() => shell.end())

    test('the first Tab completes, and so does every other', async () => {
      for (const [typed, ...words] of LINES) expect(await shell.completed(typed)).toEqual(words)
      for (const [typed, ...words] of FOLDERS) {
        const found = await shell.completed(typed)
        expect(found.map((word) => word.replace(/\/$/, ''))).toEqual(words)
      }
    })
  })
}
