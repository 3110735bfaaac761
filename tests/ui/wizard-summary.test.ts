import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../../src/app/config-toml.ts'
import { AtTerminal } from './pseudo-terminal.ts'

const ENTER = '\r'
const ESCAPE = '\u001b'
const CTRL_C = '\u0003'
const CTRL_U = '\u0015'

let root: string
let homes = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-wizard-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function newcomer(variables: Record<string, string> = {}) {
  const home = join(root, `${++homes}`)
  const command = [process.execPath, join(import.meta.dir, 'wizard-entry.ts')]
  const own = { XDG_CONFIG_HOME: home, USER: 'ann', TERM: 'xterm-256color', PATH: process.env['PATH'] ?? '' }
  return { at: new AtTerminal(command, { ...own, ...variables }), config: join(home, 'hearsay', 'config.toml') }
}

function configured(path: string) {
  const config = parseConfig(readFileSync(path, 'utf8'), '/')
  if (!config.ok) throw new Error(config.message)
  return config.given
}

describe('the questions of the first start', () => {
  test('going back, the name that was typed is gone on with, and can be taken away', async () => {
    const { at, config } = newcomer()
    await at.until('call you?')
    at.type(`Ann${ENTER}`)
    await at.until('reach you?')
    at.type(ESCAPE)
    await at.until('call you?')
    at.type(`e Ö${ENTER}`)
    await at.until('reach you?')
    at.type(ENTER)
    for (const question of ['on this disk?', 'connect to', 'older programs']) {
      await at.until(question)
      at.type(ENTER)
    }
    await at.until('call you    Anne Ö')
    await at.until('start?')
    at.type('n')
    await at.until('call you?')
    at.type(`${CTRL_U}${ENTER}`)
    for (const question of ['reach you?', 'on this disk?', 'connect to', 'older programs']) {
      await at.until(question)
      at.type(ENTER)
    }
    await at.until('call you    user-<port>')
    await at.until('start?')
    at.type(ENTER)
    await at.until('SETTINGS')
    expect(configured(config)).toEqual({ host: '127.0.0.1', ephemeral: false })
    at.type('\n')
    await at.exited
  })

  test('what a variable says is what hearsay will do, and the summary names it', async () => {
    const { at } = newcomer({ HEARSAY_PORT: '5000', HEARSAY_CONNECT: 'a.example:1,b.example:2' })
    for (const question of ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs']) {
      await at.until(question)
      at.type(ENTER)
    }
    await at.until('listen on   127.0.0.1, port 5000 (HEARSAY_PORT)')
    await at.until('a.example:1, b.example:2')
    await at.until('start?')
    at.type(CTRL_C)
    await at.exited
  })
})
