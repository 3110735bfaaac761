import { describe, expect, test } from 'bun:test'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { ACTIONS } from '../../src/app/keymap.ts'
import { manualPage, RELEASE } from '../../src/app/manual.ts'
import { parseArguments } from '../../src/app/options.ts'
import { OPTIONS } from '../../src/app/options-help.ts'
import { SUBCOMMANDS } from '../../src/app/subcommands.ts'

const asked = (...argv: string[]) => parseArguments(argv, { version: '1.2.3', colour: false, columns: 80 })

describe('completions', () => {
  test('a shell that is none is refused by name', async () => {
    expect(await asked('completions', 'tcsh')).toMatchObject({ kind: 'refuse', fault: { exit: 2 } })
    expect(await asked('completions')).toMatchObject({ fault: { message: expect.stringContaining('bash, zsh, fish') } })
    expect(await asked('completions', 'bash', 'zsh')).toMatchObject({ kind: 'refuse' })
    expect(await asked('completions', '--help')).toMatchObject({
      kind: 'print',
      text: expect.stringContaining('~/.bashrc'),
    })
  })
})

describe('the manual page', () => {
  const plain = (page: string) => page.replaceAll('\\-', '-').replaceAll('\\e', '\\')

  test('has every option, every command and everything a key can do', async () => {
    const page = plain(manualPage('1.2.3'))
    expect(page).toContain('hearsay 1.2.3')
    for (const { name } of OPTIONS) expect(page).toContain(`--${name}`)
    for (const { usage } of COMMANDS.commands) expect(page).toContain(`.B ${usage}\n`)
    expect(page).toContain('.B /voice join [<room>]\n')
    expect(page).toContain('Also: on.')
    for (const action of Object.keys(ACTIONS)) expect(page).toContain(`.B ${action}\n`)
    expect(await asked('manual')).toEqual({ kind: 'print', text: manualPage('1.2.3') })
    for (const file of [
      'config.toml',
      'identity',
      'voice.json',
      'ignored.json',
      'history.db',
      'peers.txt',
      'shares.json',
      'offers.json',
    ])
      expect(page).toContain(`/hearsay/${file}\n`)
    expect(await asked('manual', 'x')).toMatchObject({ kind: 'refuse' })
  })

  test('has every word that comes first in its synopsis, and every option that is its own', () => {
    const page = plain(manualPage('1'))
    for (const { word } of SUBCOMMANDS) expect(page).toContain(`.br\n.B hearsay ${word}\n`)
    expect(page).toContain('.B hearsay export\n--room <name> [--format <text|json|html>] [--output <file>]\n')
    expect(page).toContain('.B hearsay import\n<file>\n')
    const terms =
      'export --format <text|json|html>,export --output <file>,listen --folder <folder>,connect --folder <folder>'
    for (const term of [...terms.split(','), 'send --to <room|@person>', 'receive --yes', 'tracker --debug [file]'])
      expect(page).toContain(`.TP\n.B ${term}\n`)
    expect(page).toMatch(/Of the options above:[^.]*--debug\[=file]\./)
  })

  test('bears the date of its release, and not the day it was made', async () => {
    const { version } = await Bun.file(new URL('../../package.json', import.meta.url)).json()
    expect(RELEASE.version).toBe(version)
    expect(manualPage(version)).toStartWith(`.TH HEARSAY 1 "${RELEASE.date}" "hearsay ${version}" `)
    expect(RELEASE.date).toMatch(/^\d{4}-\d\d-\d\d$/)
  })

  test('has nothing hang under an option, or a command, that is about all of them', () => {
    // Under a term stands one text, in lines as full as they may be; a second one begins a paragraph.
    const loose = manualPage('1')
      .split('\n')
      .filter((line, index, all) => {
        const before = all[index - 1] ?? ''
        return /^[^.]/.test(line) && /^[^.]/.test(before) && before.length + 1 + line.split(' ')[0]!.length <= 80
      })
    expect(loose).toEqual([])
  })

  test('holds no line that would be taken for a command of the formatter, no long one, and nothing but ASCII', () => {
    const page = manualPage('.1')
    for (const line of page.split('\n').filter((each) => /^[.']/.test(each)))
      expect(line).toMatch(/^\.(TH|SH|PP|TP|B|RI|br)( |$)/)
    expect(page).toMatch(/^[\n -~]*$/)
    // What `mandoc -T lint` has to say of a page.
    expect(page.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
})
