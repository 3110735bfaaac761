import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { parseConfig } from '../../src/app/config-toml.ts'
import { runSetup, suggestName } from '../../src/ui/wizard/wizard.ts'
import { FakeSetup } from './fake-setup.ts'
import { AtTerminal } from './pseudo-terminal.ts'

const ENTER = '\r'
const DOWN = '\u001b[B'
const ESCAPE = '\u001b'
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const CTRL_U = '\u0015'

let root: string
let homes = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-wizard-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function newcomer(...before: string[]) {
  const home = join(root, `${++homes}`)
  const entry = join(import.meta.dir, 'wizard-entry.ts')
  const command = [...before, process.execPath, entry]
  const environment = { XDG_CONFIG_HOME: home, USER: 'ann', TERM: 'xterm-256color', PATH: process.env['PATH'] ?? '' }
  return { at: new AtTerminal(command, environment), config: join(home, 'hearsay', 'config.toml'), environment, entry }
}

function configured(path: string) {
  const config = parseConfig(readFileSync(path, 'utf8'), '/')
  if (!config.ok) throw new Error(config.message)
  return config.given
}

describe('at a real terminal', () => {
  test('a newcomer answers, agrees, and starts with what was answered; the terminal is given back', async () => {
    const { at, config } = newcomer()
    await at.until('call you?')
    at.type(`Ann Ö${ENTER}`)
    await at.until('reach you?')
    at.type(`${DOWN}${ENTER}`)
    await at.until('on this disk?')
    at.type(ENTER)
    await at.until('connect to')
    at.type(`[::1]:5000${ENTER}`)
    await at.until('older programs')
    at.type(`${DOWN} ${ENTER}`)
    await at.until('What hearsay will do')
    await at.until('Ann Ö')
    await at.until('0.0.0.0')
    await at.until('[::1]:5000')
    await at.until('hearsay, and mesh')
    await at.until(config)
    await at.until('start?')
    expect(existsSync(config)).toBe(false)
    at.type(ENTER)
    const settings = { username: 'Ann Ö', host: '0.0.0.0', ephemeral: false, connect: [{ host: '::1', port: 5000 }] }
    await at.until(`SETTINGS ${JSON.stringify(settings)}`)
    expect(configured(config)).toEqual({ ...settings, dialect: [{ dialect: 'mesh', address: null }] })
    at.type('hello\n')
    await at.until('READ "hello\\n" cooked')
    expect(await at.exited).toBe(0)
  })

  test('who only presses Enter gets the login name, this machine, an identity kept and no peer', async () => {
    const { at, config } = newcomer()
    for (const question of ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs', 'start?']) {
      await at.until(question)
      at.type(ENTER)
    }
    await at.until('SETTINGS {"username":"ann","host":"127.0.0.1","ephemeral":false,"connect":[]}')
    expect(configured(config)).toEqual({ username: 'ann', host: '127.0.0.1', ephemeral: false })
    at.type('\n')
    await at.exited
  })

  test('a wrong answer is explained and can be mended; who does not agree is asked again', async () => {
    const { at, config } = newcomer()
    await at.until('call you?')
    at.type(`${'x'.repeat(33)}${ENTER}`)
    await at.until('Expected a name of 1 to 32 characters')
    at.type(`${CTRL_U}Bo${ENTER}`)
    await at.until('reach you?')
    at.type(`${DOWN}${DOWN}${ENTER}`)
    await at.until('on this disk?')
    at.type(`${DOWN}${ENTER}`)
    await at.until('connect to')
    at.type(`localhost${ENTER}`)
    await at.until('Expected HOST:PORT')
    at.type(`:5000${ENTER}`)
    await at.until('older programs')
    at.type(ENTER)
    await at.until('start?')
    at.type(`n`)
    for (const question of ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs', 'start?']) {
      await at.until(question)
      at.type(ENTER)
    }
    await at.until('SETTINGS')
    const { host, ...rest } = configured(config)
    expect(rest).toEqual({ username: 'Bo', ephemeral: true, connect: [{ host: 'localhost', port: 5000 }] })
    expect(['::', '0.0.0.0']).toContain(host!)
    at.type('\n')
    await at.exited
  })

  test.each([
    ['Ctrl-C', CTRL_C],
    ['Ctrl-D', CTRL_D],
  ])('%s leaves with 130 at any question, and nothing is written', async (_, key) => {
    for (const questions of [
      ['call you?'],
      ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs', 'start?'],
    ]) {
      const { at, config } = newcomer()
      for (const question of questions.slice(0, -1)) {
        await at.until(question)
        at.type(ENTER)
      }
      await at.until(questions.at(-1)!)
      at.type(key)
      await at.until('Nothing was written.')
      expect(await at.exited).toBe(130)
      expect(existsSync(config)).toBe(false)
    }
  })

  test('begins in no wider lines than the narrowest terminal has', async () => {
    const { at } = newcomer()
    const begin = await at.until('call you?')
    expect(begin).toContain('Escape: back. Ctrl-C: out.')
    for (const row of begin.split(/\r?\n/)) expect(row.length).toBeLessThanOrEqual(40)
    at.type(CTRL_C)
    await at.exited
  })

  test('Escape goes back question by question, each with what was answered, and from the first one out', async () => {
    const { at, config } = newcomer()
    const forth = async (question: string, keys: string): Promise<void> => {
      await at.until(question)
      at.type(keys)
    }
    await forth('call you?', `Ann${ENTER}`)
    await forth('reach you?', `${DOWN}${ENTER}`)
    await forth('on this disk?', `${DOWN}${ENTER}`)
    await forth('connect to', `localhost:5000${ENTER}`)
    await forth('older programs', ENTER)
    // Who keeps nothing is not asked about voice on the way back either.
    await forth('start?', ESCAPE)
    await forth('older programs', ESCAPE)
    await forth('connect to', `${CTRL_U}:1${ENTER}`)
    await forth('Expected HOST:PORT', `${CTRL_U}${ENTER}`)
    await forth('older programs', ENTER)
    await forth('start?', ENTER)
    await at.until('SETTINGS')
    expect(configured(config)).toEqual({ username: 'Ann', host: '0.0.0.0', ephemeral: true })
    at.type('\n')
    await at.exited
  })

  test('Escape at the first question leaves with 130, and nothing is written', async () => {
    const { at, config } = newcomer()
    await at.until('call you?')
    at.type(ENTER)
    await at.until('reach you?')
    at.type(ESCAPE)
    await at.until('call you?')
    at.type(ESCAPE)
    await at.until('Nothing was written.')
    expect(await at.exited).toBe(130)
    expect(existsSync(config)).toBe(false)
  })

  test('a terminal that goes away ends it without a busy loop, also where the hang-up signal is ignored', async () => {
    for (const question of ['call you?', 'reach you?']) {
      const { at, config } = newcomer('sh', '-c', 'trap "" HUP; exec "$@"', 'sh')
      await at.until('call you?')
      if (question !== 'call you?') {
        at.type(ENTER)
        await at.until(question)
      }
      at.hangUp()
      expect(await at.exited).toBe(130)
      expect(at.cpuMs()).toBeLessThan(1000)
      expect(existsSync(config)).toBe(false)
    }
  })

  test('who has arguments or a configuration is not asked', async () => {
    const { at } = newcomer('env', 'HEARSAY_EPHEMERAL=1')
    await at.until('SETTINGS {"username":null,"host":"127.0.0.1","ephemeral":true,"connect":[]}')
    at.type('\n')
    expect(await at.exited).toBe(0)
  })
})

describe('without a terminal', () => {
  test('nobody is asked, and the end of input ends the program', async () => {
    const { environment, entry } = { environment: { XDG_CONFIG_HOME: join(root, 'none') }, entry: 'wizard-entry.ts' }
    const child = Bun.spawn([process.execPath, join(import.meta.dir, entry)], { env: environment, stdin: null })
    expect(await new Response(child.stdout).text()).toStartWith('SETTINGS {"username":null')
    expect(await child.exited).toBe(0)
    expect(existsSync(environment.XDG_CONFIG_HOME)).toBe(false)
  })

  test('the questions are not put even when they are called for', async () => {
    const configFile = join(root, 'never', 'config.toml')
    const terminal = () => Object.assign(new PassThrough(), { isTTY: true })
    const [output, ended] = [terminal(), terminal()]
    ended.end()
    ended.resume()
    await new Promise((resolve) => ended.once('end', resolve))
    const setup = { configFile, suggestedName: null, variables: {}, voice: null }
    const cancelled = { kind: 'cancelled' } as const
    expect(await runSetup({ ...setup, input: new PassThrough(), output })).toEqual(cancelled)
    expect(await runSetup({ ...setup, input: terminal(), output: new PassThrough() })).toEqual(cancelled)
    expect(await runSetup({ ...setup, input: ended, output })).toEqual(cancelled)
    expect(output.readableLength).toBe(0)
  })
})

describe('with streams of the caller', () => {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true })

  /** Answers each question as it comes; `'end'` ends the input instead. */
  async function run(
    configFile: string,
    answers: readonly (readonly [question: string, keys: string])[],
    voice: FakeSetup | null = null,
  ) {
    const [input, output] = [terminal(), terminal()]
    let shown = ''
    const left = [...answers]
    output.on('data', (chunk: Uint8Array) => {
      shown += Bun.stripANSI(chunk.toString())
      const [next] = left
      if (next === undefined || !shown.includes(next[0])) return
      left.shift()
      shown = ''
      // As from a person: not while the question is still being written.
      setImmediate(() => (next[1] === 'end' ? input.end() : input.write(next[1])))
    })
    return runSetup({ input, output, configFile, suggestedName: null, variables: {}, voice })
  }

  test('without a suggestion an empty name stays empty', async () => {
    const configFile = join(root, 'streams', 'config.toml')
    const questions = ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs', 'start?']
    expect(
      await run(
        configFile,
        questions.map((question) => [question, ENTER] as const),
      ),
    ).toEqual({ kind: 'written' })
    expect(configured(configFile)).toEqual({ host: '127.0.0.1', ephemeral: false })
  })

  const FIRST = ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs'].map(
    (question) => [question, ENTER] as const,
  )

  test('who wants to try voice chooses devices, hears themselves, and has the choice kept', async () => {
    const voice = new FakeSetup()
    const configFile = join(root, 'voice', 'config.toml')
    const outcome = await run(
      configFile,
      [
        ...FIRST,
        ['headphones now?', DOWN + ENTER],
        ['Which microphone?', DOWN + ENTER],
        ['hear the others?', ENTER],
        ['##########---------- -30 dB', ' '],
        ['hear yourself?', DOWN + ENTER],
        ['Which microphone?', ENTER],
        ['hear the others?', DOWN + ENTER],
        ['dB', ' '],
        ['hear yourself?', ENTER],
        ['start?', ENTER],
      ],
      voice,
    )
    expect(outcome).toEqual({ kind: 'written' })
    expect(voice.did).toEqual([
      'devices',
      'mic null',
      'test',
      'end',
      'devices',
      'null ear',
      'test',
      'end',
      'keep',
      'close',
    ])
  })

  test('who goes back while trying voice is asked whether to try, and before that what came before', async () => {
    const voice = new FakeSetup()
    const configFile = join(root, 'back', 'config.toml')
    const outcome = await run(
      configFile,
      [
        ...FIRST,
        ['headphones now?', DOWN + ENTER],
        ['Which microphone?', ESCAPE],
        ['headphones now?', DOWN + ENTER],
        ['Which microphone?', ENTER],
        ['hear the others?', ENTER],
        ['dB', ESCAPE],
        ['headphones now?', ESCAPE],
        ['older programs', ENTER],
        ['headphones now?', ENTER],
        ['start?', ENTER],
      ],
      voice,
    )
    expect(outcome).toEqual({ kind: 'written' })
    expect(voice.did.filter((did) => did === 'keep' || did === 'test' || did === 'end')).toEqual(['test', 'end'])
  })

  test('who does not, who has no sound, and who leaves in the middle lose nothing', async () => {
    const [later, silent, left] = [new FakeSetup(), new FakeSetup(), new FakeSetup()]
    const where = (name: string): string => join(root, name, 'config.toml')
    await run(where('later'), [...FIRST, ['headphones now?', ENTER], ['start?', ENTER]], later)
    expect(later.did).toEqual(['close'])
    silent.fault = { ok: false, code: 'no-device', message: 'There is no sound here.' }
    const spoken = [...FIRST, ['headphones now?', DOWN + ENTER], ['no sound here', ''], ['start?', ENTER]] as const
    expect(await run(where('silent'), spoken, silent)).toEqual({ kind: 'written' })
    expect(silent.did).toEqual(['devices', 'close'])
    const leaving = [
      ['headphones now?', DOWN + ENTER],
      ['Which', ENTER],
      ['hear the', ENTER],
      ['dB', CTRL_C],
    ] as const
    expect(await run(where('left'), [...FIRST, ...leaving], left)).toEqual({ kind: 'cancelled' })
    expect(left.did).toEqual(['devices', 'null null', 'test', 'end', 'close'])
    expect(existsSync(where('left'))).toBe(false)
  })

  test('the end of input cancels', async () => {
    const configFile = join(root, 'ended', 'config.toml')
    expect(await run(configFile, [['call you?', 'end']])).toEqual({ kind: 'cancelled' })
    expect(
      await run(configFile, [
        ['call you?', ENTER],
        ['reach you?', 'end'],
      ]),
    ).toEqual({ kind: 'cancelled' })
    expect(existsSync(configFile)).toBe(false)
  })

  test('a configuration that appeared meanwhile is left alone', async () => {
    const configFile = join(root, 'meanwhile', 'config.toml')
    await Bun.write(configFile, 'port = 1\n')
    const questions = ['call you?', 'reach you?', 'on this disk?', 'connect to', 'older programs', 'start?']
    const outcome = await run(
      configFile,
      questions.map((question) => [question, ENTER] as const),
    )
    expect(outcome).toMatchObject({ kind: 'fault', fault: { exit: 4, code: 'bad-config' } })
    expect(readFileSync(configFile, 'utf8')).toBe('port = 1\n')
  })
})

test('the name that is suggested is the one given, else the login name where it can be shown', () => {
  expect(suggestName('Ann', { USER: 'root' })).toBe('Ann')
  expect(suggestName(null, { USER: '', LOGNAME: 'bo' })).toBe('bo')
  expect(suggestName(null, { USERNAME: 'Cy' })).toBe('Cy')
  expect(suggestName(null, { USER: 'x'.repeat(40) })).toBeNull()
  expect(suggestName(null, {})).toBeNull()
})
