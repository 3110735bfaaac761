import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { PulseServer, soundTests } from '../ports/pulse-server.ts'
import { AtTerminal } from '../ui/pseudo-terminal.ts'
import { writeWav } from '../voice/wav.ts'
import { EXECUTABLE, removeHomes, temporaryHome } from './program.ts'

setDefaultTimeout(30_000)

const RATE_HZ = 48_000
const ENTER = '\r'
const DOWN = '\u001b[B'
/** F8 goes down, and comes up, where the terminal tells of both. */
const F8 = '\u001b[19~'
const F8_UP = '\u001b[19;1:3~'

let home: string
let at: AtTerminal
beforeEach(() => {
  home = temporaryHome()
})
afterEach(async () => {
  at.hangUp()
  await at.exited
  removeHomes()
})

function environment(more: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const all = { HOME: home, XDG_RUNTIME_DIR: home, TERM: 'xterm-256color', PATH: process.env['PATH'], ...more }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

test('at a terminal the prompt says how voice stands, and a key that is held talks', async () => {
  const files = ['in.wav', 'out.wav'].map((name) => join(home, name))
  writeWav(files[0]!, new Float32Array(RATE_HZ), RATE_HZ)
  const sound = ['--audio-in', files[0]!, '--audio-out', files[1]!, '--voice-mode', 'push']
  at = new AtTerminal([EXECUTABLE, '--plain', '--ephemeral', ...sound], environment())
  await at.until('[general] >')
  at.type(`voice join${ENTER}`)
  await at.until('You are in voice in general.')
  await at.until('[general] [voice:on] >')
  // What a terminal that knows the protocol answers when it is asked.
  at.type('\u001b[?0u')
  at.type(F8)
  await at.until('[voice:on] [talking] >')
  at.type(F8_UP)
  await at.until('[voice:on] >')
  at.type(`M${ENTER}`)
  await at.until('[voice:muted] >')
  at.type(`voice leave${ENTER}`)
  await at.until('You left voice.')
  await at.until('[general] >')
  at.type(`exit${ENTER}`)
  expect(await at.exited).toBe(0)
})

describe.skipIf(!soundTests)('with a sound server', () => {
  let server: PulseServer
  beforeEach(async () => {
    server = await PulseServer.start()
  })
  afterEach(() => server.close())

  test('the first start lets one choose devices and hear oneself, and remembers', async () => {
    const sound = { ...server.environment, ALSA_CONFIG_PATH: undefined }
    at = new AtTerminal([EXECUTABLE], environment({ ...sound, TERM: 'xterm-256color' }))
    for (const question of ['call you?', 'reach you?', 'on this disk?', 'connect to']) {
      await at.until(question)
      at.type(ENTER)
    }
    await at.until('headphones now?')
    at.type(`${DOWN}${ENTER}`)
    await at.until('Which microphone?')
    at.type(`${DOWN}${ENTER}`)
    await at.until('hear the others?')
    at.type(`${DOWN}${ENTER}`)
    await at.until('dB')
    at.type(' ')
    await at.until('hear yourself?')
    at.type(ENTER)
    await at.until('start?')
    at.type(ENTER)
    await at.until('[general] >')
    const chosen = await Bun.file(join(server.environment['XDG_CONFIG_HOME']!, 'hearsay/voice.json')).json()
    expect(chosen.input).toBeString()
    expect(chosen.output).toBeString()
    at.type(`/voice devices${ENTER}`)
    await at.until('* 1')
    at.type(`exit${ENTER}`)
    expect(await at.exited).toBe(0)
  })
})
