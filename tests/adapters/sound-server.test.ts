import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { AlsaServer } from '../../src/adapters/sound-server.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'

/** A sound server as far as it is looked at: its socket, and a `pactl` that tells what a file says. */
let folder = ''
let socket: Server | null = null
let environment: Record<string, string | undefined> = {}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-server-'))
  for (const name of ['bin', 'plugins', 'pulse']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'plugins/libasound_module_pcm_pulse.so'), '')
  environment = {
    PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
    PULSE_RUNTIME_PATH: join(folder, 'pulse'),
    ALSA_PLUGIN_DIR: join(folder, 'plugins'),
  }
})

afterEach(async () => {
  await new Promise((resolve) => (socket === null ? resolve(null) : socket.close(resolve)))
  socket = null
  rmSync(folder, { recursive: true })
})

async function serverStarts(): Promise<void> {
  const server = createServer((caller) => caller.on('error', () => {}))
  socket = server
  await new Promise<void>((resolve) => server.listen(join(folder, 'pulse/native'), resolve))
}

function pactlTells(answers: { readonly info?: unknown; readonly sinks?: unknown; readonly sources?: unknown }): void {
  for (const [what, answer] of Object.entries(answers)) writeFileSync(join(folder, what), JSON.stringify(answer))
  const script = `#!/bin/sh\nfor what; do :; done\nexec cat ${folder}/$what\n`
  writeFileSync(join(folder, 'bin/pactl'), script, { mode: 0o755 })
}

const config = (): string => readFileSync(join(folder, 'alsa.conf'), 'utf8')
const alsaServer = (): AlsaServer => new AlsaServer(join(folder, 'alsa.conf'), environment, systemClock)

const SINKS = [
  { name: 'alsa_output.pci', description: 'Built-in Audio' },
  { name: 'usb', description: 'Headset' },
]

describe.skipIf(process.platform === 'win32')('a sound server', () => {
  test('that is there has its devices written down for ALSA, and its default named', async () => {
    await serverStarts()
    pactlTells({
      info: { default_sink_name: 'usb' },
      sinks: SINKS,
      sources: [{ name: 'usb.monitor' }, { name: 'mic' }],
    })
    const found = await alsaServer().look()
    expect(found?.outputs).toEqual([
      { id: 'alsa_output.pci', name: 'Built-in Audio', isDefault: false, portAudioName: 'hearsay_output_0' },
      { id: 'usb', name: 'Headset', isDefault: true, portAudioName: 'hearsay_output_1' },
    ])
    // Recording what others play is the last thing anybody wants.
    expect(found?.inputs.map(({ id }) => id)).toEqual(['mic', 'usb.monitor'])
    expect(config()).toContain('pcm.default { type pulse }\n')
    expect(config()).toContain('pcm.hearsay_output_1 { type pulse device "usb" }\n')
  })

  test('keeps the names it was given when devices come and go, and never gives one twice', async () => {
    await serverStarts()
    pactlTells({ info: {}, sinks: SINKS, sources: [] })
    const server = alsaServer()
    await server.look()
    const before = statSync(join(folder, 'alsa.conf')).ino
    await server.look()
    expect(statSync(join(folder, 'alsa.conf')).ino).toBe(before)
    pactlTells({ sinks: [{ name: 'new', description: 'New' }, SINKS[1]] })
    const found = await server.look()
    expect(found?.outputs.map(({ id, portAudioName }) => [id, portAudioName])).toEqual([
      ['new', 'hearsay_output_2'],
      ['usb', 'hearsay_output_1'],
    ])
    // Another file: ALSA may have read the one before within this second.
    expect(statSync(join(folder, 'alsa.conf')).ino).not.toBe(before)
  })

  test('cannot have anything written into the configuration', async () => {
    await serverStarts()
    const names = ['a"b', 'a\\b', 'a b', 'a\n}', 'ü', 'x'.repeat(300), 7, null, 'good']
    pactlTells({ info: null, sinks: [...names.map((name) => ({ name })), 'odd', null], sources: [] })
    expect((await alsaServer().look())?.outputs.map(({ id }) => id)).toEqual(['good'])
    expect(config().split('\n').length).toBe(4)
  })

  test('that tells nothing of its devices is used by its default', async () => {
    await serverStarts()
    for (const sinks of [{}, 'x', [[]]]) {
      pactlTells({ info: {}, sinks, sources: sinks })
      const found = await alsaServer().look()
      expect(found?.outputs ?? []).toEqual([])
      expect(config()).toBe('pcm.default { type pulse }\nctl.default { type pulse }\n')
    }
  })

  test("that is not there leaves ALSA's own configuration, also where its socket was left behind", async () => {
    const server = alsaServer()
    expect(await server.look()).toBeNull()
    expect(config()).toBe('<confdir:alsa.conf>\n')
    writeFileSync(join(folder, 'pulse/native'), '')
    expect(await server.look()).toBeNull()
    expect(server.advice()).toContain('pulseaudio --start')
  })

  test('that ALSA cannot speak to is told of with what is missing', async () => {
    await serverStarts()
    rmSync(join(folder, 'plugins/libasound_module_pcm_pulse.so'))
    const server = alsaServer()
    expect(await server.look()).toBeNull()
    expect(server.advice()).toContain('libasound2-plugins')
  })

  test("does not touch the user's own configuration", async () => {
    await serverStarts()
    pactlTells({ info: {}, sinks: SINKS, sources: [] })
    expect(await new AlsaServer(null, environment, systemClock).look()).toBeNull()
    expect(() => config()).toThrow()
  })
})
