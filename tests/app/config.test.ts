import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gathered, gatherSettings, setupWanted } from '../../src/app/config.ts'
import { CONFIG_BYTES_MAX, writeConfigFile } from '../../src/app/config-file.ts'
import { parseArguments } from '../../src/app/options.ts'

let home: string
const usual = () => join(home, 'hearsay', 'config.toml')

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'hearsay-config-'))
  mkdirSync(join(home, 'hearsay'))
})
afterAll(() => rmSync(home, { recursive: true }))

function file(text: string | Uint8Array, name = usual()): string {
  writeFileSync(name, text)
  return name
}

async function gather(argv: string[], environment: Record<string, string> = {}) {
  const parsed = await parseArguments(argv, { version: '0', colour: false, columns: 80 })
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed))
  return gatherSettings(parsed, { XDG_CONFIG_HOME: home, XDG_DATA_HOME: join(home, 'data'), ...environment })
}

async function settings(argv: string[], environment: Record<string, string> = {}) {
  const gathered = await gather(argv, environment)
  if (!gathered.ok) throw new Error(gathered.message)
  return gathered.settings
}

async function refused(argv: string[], environment: Record<string, string> = {}) {
  const gathered = await gather(argv, environment)
  if (gathered.ok) throw new Error('accepted')
  expect(gathered.message).not.toContain('\n')
  return { exit: gathered.exit, message: gathered.message }
}

describe('the settings', () => {
  test('name groups of the local network where a source further back turns the search off, and the other way round', async () => {
    const group = '239.1.2.3:4'
    const multicast = async (argv: string[], environment: Record<string, string>) =>
      (await settings(argv, environment)).multicast
    expect(await multicast(['--multicast', group], { HEARSAY_NO_LAN: '1' })).toEqual([{ host: '239.1.2.3', port: 4 }])
    expect(await multicast(['--no-lan'], { HEARSAY_MULTICAST: group })).toEqual([])
    const both = await refused([], { HEARSAY_MULTICAST: group, HEARSAY_NO_LAN: '1' })
    expect(both.message).toContain('HEARSAY_MULTICAST: cannot be on with HEARSAY_NO_LAN')
  })

  test('have defaults where nobody says anything', async () => {
    rmSync(usual(), { force: true })
    expect(await settings([])).toEqual({
      host: '127.0.0.1',
      port: 0,
      udpPort: null,
      connect: [],
      trackers: [],
      multicast: null,
      isStatic: false,
      dialects: [],
      username: null,
      rooms: ['general'],
      frontEnd: 'auto',
      theme: 'auto',
      keys: {},
      ephemeral: false,
      historyDays: null,
      historyMegabytes: null,
      audioIn: null,
      audioOut: null,
      voice: null,
      voiceMode: null,
      noiseSuppression: null,
      acceptFiles: { mode: 'ask', bytesMax: null },
      downloadFolder: '.',
      debug: false,
      configFolder: join(home, 'hearsay'),
      dataFolder: join(home, 'data', 'hearsay'),
    })
  })

  test('come from the flag over the variable over the file, each on its own', async () => {
    file('host = "::"\nport = 1\nusername = "File"\nroom = "file"\nephemeral = true\nconnect = "f:1"')
    const environment = { HEARSAY_PORT: '2', HEARSAY_USERNAME: 'Variable', HEARSAY_EPHEMERAL: '0' }
    expect(
      await settings(['--username', 'Flag', '--room', 'a', '--room', 'b', '--room', 'A'], environment),
    ).toMatchObject({
      host: '::',
      port: 2,
      username: 'Flag',
      rooms: ['a', 'b'],
      ephemeral: false,
      connect: [{ host: 'f', port: 1 }],
    })
  })

  test('keep everything unless told otherwise, and zero is everything', async () => {
    file('history-days = 30\nhistory_megabytes = 5')
    expect(await settings([])).toMatchObject({ historyDays: 30, historyMegabytes: 5 })
    const over = await settings(['--history-days', '0'], { HEARSAY_HISTORY_MEGABYTES: '7' })
    expect(over).toMatchObject({ historyDays: null, historyMegabytes: 7 })
  })

  test('have one front end: the higher source chooses, and may switch the lower one off', async () => {
    file('plain = true')
    expect((await settings([])).frontEnd).toBe('plain')
    expect((await settings(['--json'])).frontEnd).toBe('json')
    expect((await settings([], { HEARSAY_JSON: '1' })).frontEnd).toBe('json')
    expect((await settings([], { HEARSAY_PLAIN: '0' })).frontEnd).toBe('auto')
    expect((await settings([], { HEARSAY_JSON: '0' })).frontEnd).toBe('plain')
    expect((await settings(['--plain'], { HEARSAY_JSON: '1' })).frontEnd).toBe('plain')
  })

  test('of voice come from anywhere, with the room it is in, and paths that hold anywhere', async () => {
    file('audio-in = "in.wav"\nvoice = "Dev"\nno-noise-suppression = true')
    const told = await settings(['--audio-out', '/tmp/out.wav', '--room', 'a'], { HEARSAY_VOICE_MODE: 'Push' })
    expect(told).toMatchObject({ audioIn: join(home, 'hearsay', 'in.wav'), audioOut: '/tmp/out.wav' })
    expect(told).toMatchObject({ voice: 'dev', rooms: ['a', 'dev'], voiceMode: 'push', noiseSuppression: false })
    expect((await settings(['--voice=a', '--room=a', '--room=b'])).rooms).toEqual(['a', 'b'])
    expect((await refused([], { HEARSAY_VOICE_MODE: 'shout' })).message).toContain('expected voice, push or open')
  })

  test('take UDP port 0 for the usual one', async () => {
    file('udp-port = 6000')
    expect((await settings([])).udpPort).toBe(6000)
    expect((await settings(['--udp-port', '0'])).udpPort).toBeNull()
  })
})

describe('the configuration file', () => {
  test('is the one that is named, by the flag before the variable, and must then be there', async () => {
    const other = file('port = 3', join(home, 'other.toml'))
    const third = file('port = 4', join(home, 'third.toml'))
    expect((await settings([], { HEARSAY_CONFIG: other })).port).toBe(3)
    expect((await settings(['--config', third], { HEARSAY_CONFIG: other })).port).toBe(4)
    expect((await settings(['--config', other])).configFolder).toBe(join(home, 'hearsay'))
    const nowhere = join(home, 'nowhere.toml')
    expect(await refused(['--config', nowhere])).toEqual({
      exit: 4,
      message: `--config: cannot read ${nowhere}: there is no such file; check the path`,
    })
    expect((await refused([], { HEARSAY_CONFIG: nowhere })).message).toStartWith('HEARSAY_CONFIG: cannot read ')
  })

  test('is named with line and key where it is wrong, status 4', async () => {
    const path = file('host = "::"\nport = "abc"')
    expect(await refused([])).toEqual({
      exit: 4,
      message: `${path}:2: port: expected a whole number from 0 to 65535, got "abc"`,
    })
    file(Uint8Array.of(0x70, 0xff, 0xfe))
    expect(await refused([])).toEqual({ exit: 4, message: `${path}: expected UTF-8 text, got other bytes` })
  })

  test('is not read past its bound, nor where it is no file', async () => {
    file('#'.repeat(CONFIG_BYTES_MAX))
    expect((await gather([])).ok).toBe(true)
    file('#'.repeat(CONFIG_BYTES_MAX + 1))
    expect((await refused([])).message).toContain('it is larger than 1048576 bytes; ')
    expect((await refused(['--config', '/dev/zero'])).message).toContain('it is larger than 1048576 bytes; ')
    expect((await refused(['--config', home])).message).toEndWith('it is not a file; check the path')
    const pipe = join(home, 'pipe')
    expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0)
    expect((await refused(['--config', pipe])).message).toEndWith('it is not a file; check the path')
    rmSync(usual())
    expect((await settings(['--config', '/dev/null'])).port).toBe(0)
  })

  test('is written for its owner alone, and never over another', () => {
    const path = join(home, 'new', 'config.toml')
    expect(writeConfigFile(path, 'port = 1\n')).toEqual({ ok: true })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const again = writeConfigFile(path, 'port = 2\n')
    expect(again).toMatchObject({
      ok: false,
      exit: 4,
      message: `cannot write ${path}: it exists already; move it away`,
    })
  })
})

describe('whether a newcomer is asked', () => {
  const terminal = { input: true, output: true }

  async function found(argv: string[], environment: Record<string, string> = {}): Promise<Gathered> {
    const gathered = await gather(argv, environment)
    if (!gathered.ok) throw new Error(gathered.message)
    return gathered
  }

  test('only without arguments, without a configuration, at a terminal', async () => {
    rmSync(usual(), { force: true })
    const fresh = await found([])
    expect(setupWanted(fresh, true, terminal)).toBe(true)
    expect(setupWanted(fresh, false, terminal)).toBe(false)
    expect(setupWanted(fresh, true, { input: false, output: true })).toBe(false)
    expect(setupWanted(fresh, true, { input: true, output: false })).toBe(false)
    file('')
    expect(setupWanted(await found([]), true, terminal)).toBe(false)
  })

  test('never where nothing may be written, or a program reads the output', async () => {
    rmSync(usual(), { force: true })
    expect(setupWanted(await found([], { HEARSAY_EPHEMERAL: '1' }), true, terminal)).toBe(false)
    expect(setupWanted(await found([], { HEARSAY_JSON: '1' }), true, terminal)).toBe(false)
  })
})
