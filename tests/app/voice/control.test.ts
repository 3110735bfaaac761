import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askControl } from '../../../src/app/voice/control-client.ts'
import { controlFolder, controlPath, socketsIn } from '../../../src/app/voice/control-path.ts'
import { runControl } from '../../../src/app/voice/control-run.ts'
import { ControlServer } from '../../../src/app/voice/control-server.ts'
import { Collector } from '../../ui/streams.ts'
import { FakeVoice } from '../fake-voice.ts'

let root: string
let folder: string
let path: string
const open: ControlServer[] = []
const logged: string[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-control-'))
  folder = join(root, 'hearsay')
  path = controlPath(folder, 'abcdefghijklmnopqrst')
})
afterEach(() => {
  for (const server of open.splice(0)) server.close()
  logged.length = 0
  rmSync(root, { recursive: true })
})

async function serve(voice: FakeVoice, at = path): Promise<ControlServer | null> {
  const log = (_: string, message: string): void => void logged.push(message)
  const server = await ControlServer.open({ folder, path: at, voice, log })
  if (server !== null) open.push(server)
  return server
}

async function talking(): Promise<{ voice: FakeVoice; asked: string[] }> {
  const asked: string[] = []
  const voice = new FakeVoice(asked)
  await voice.join('general')
  asked.length = 0
  return { voice, asked }
}

/** What is answered to these bytes, or that nothing is. */
function say(bytes: string | Uint8Array, isWhole = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path, () => (isWhole ? socket.write(bytes) : socket.end(bytes)))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

/** What a program leaves that was killed. */
async function abandoned(name: string): Promise<string> {
  const left = join(folder, name)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${left}.on`, resolve))
  renameSync(`${left}.on`, left)
  await new Promise((resolve) => server.close(resolve))
  return left
}

describe('the control socket', () => {
  test('does what a key asks, and tells how it stands', async () => {
    const { voice, asked } = await talking()
    await serve(voice)
    expect(await askControl(path, 'ptt on')).toMatchObject({ ok: true, room: 'general', pressed: true })
    expect(await askControl(path, 'ptt off')).toMatchObject({ ok: true, pressed: false })
    expect(await askControl(path, 'mute toggle')).toMatchObject({ ok: true, state: 'muted' })
    expect(await askControl(path, 'unmute')).toMatchObject({ ok: true, state: 'on' })
    expect(await askControl(path, 'deafen')).toMatchObject({ ok: true, deafened: true })
    expect(await askControl(path, 'status')).toMatchObject({ ok: true, deafened: true })
    expect(asked).toEqual([
      'voice press true',
      'voice press false',
      'voice mute null',
      'voice mute false',
      'voice deafen true',
    ])
  })

  test('is found also where many who were killed have left theirs, which it takes away', async () => {
    mkdirSync(folder, { mode: 0o700 })
    for (let i = 0; i < 80; i++) await abandoned(`a${i}.sock`)
    const { voice, asked } = await talking()
    await serve(voice, controlPath(folder, 'zzzzzzzzzzzzzzzzzzzz'))
    expect(socketsIn(folder).length).toBe(1)
    expect(await runControl({ word: 'ptt', how: 'on' }, { XDG_RUNTIME_DIR: root }, new Collector())).toBe(0)
    expect(asked).toEqual(['voice press true'])
  })

  test('of one who hangs is not taken away by another', async () => {
    await serve((await talking()).voice)
    const other = controlPath(folder, 'zzzzzzzzzzzzzzzzzzzz')
    const mute = createServer(() => {})
    await new Promise<void>((resolve) => mute.listen(other, resolve))
    await serve((await talking()).voice, controlPath(folder, 'yyyyyyyyyyyyyyyyyyyy'))
    expect(socketsIn(folder)).toContain(other)
    mute.close()
  })

  test.skipIf(process.getuid?.() !== 0)('in a folder of somebody else is not asked', async () => {
    await serve((await talking()).voice)
    chownSync(folder, 12_345, 12_345)
    expect(socketsIn(folder)).toEqual([])
  })

  test('that answers with what a terminal would obey is shown as it reads', async () => {
    mkdirSync(folder, { mode: 0o700 })
    const room = 'dev\u001b]0;gone\u0007'
    const answer = { ok: true, state: 'on', room, muted: false, deafened: false, pressed: false }
    const server = createServer((socket) => socket.end(`${JSON.stringify(answer)}\n`))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const output = new Collector()
    expect(await runControl({ word: 'status', how: 'on' }, { XDG_RUNTIME_DIR: root }, output)).toBe(0)
    server.close()
    expect(output.text).toStartWith('on dev')
    expect(output.text).not.toContain('\u001b')
  })

  test('is for its owner alone, and gone when it is closed', async () => {
    const server = await serve((await talking()).voice)
    expect([statSync(folder).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600])
    server!.close()
    expect(existsSync(path)).toBe(false)
    expect(await askControl(path, 'status')).toBeNull()
  })

  test('closes a folder that stood open to others, and does not follow a link that somebody left there', async () => {
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    await serve((await talking()).voice)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    const linked = join(root, 'linked')
    symlinkSync(folder, linked)
    const voice = new FakeVoice([])
    const log = (_: string, message: string): void => void logged.push(message)
    expect(await ControlServer.open({ folder: linked, path: join(linked, 'x.sock'), voice, log })).toBeNull()
    expect(logged[0]).toContain('is no folder')
  })

  test('takes the place of one that was left behind, and of none that lives', async () => {
    mkdirSync(folder, { mode: 0o700 })
    const dead = Bun.spawnSync([
      process.execPath,
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ])
    expect(dead.success).toBe(false)
    expect(socketsIn(folder)).toEqual([path])
    expect(await serve((await talking()).voice)).not.toBeNull()
    expect(await askControl(path, 'status')).toMatchObject({ ok: true })
    expect(await serve((await talking()).voice)).toBeNull()
    expect(await askControl(path, 'status')).toMatchObject({ ok: true })
  })

  test('that another process has made in its place meanwhile is not taken away with it', async () => {
    const ours = await serve((await talking()).voice)
    rmSync(path)
    const theirs = await serve((await talking()).voice)
    ours!.close()
    expect(await askControl(path, 'status')).toMatchObject({ ok: true })
    theirs!.close()
    expect(existsSync(path)).toBe(false)
  })

  test('whose path is too long for one is done without', async () => {
    expect(await serve((await talking()).voice, join(folder, 'x'.repeat(120)))).toBeNull()
    expect(logged[0]).toContain('too long')
  })
})

describe('what nobody should say to it', () => {
  test('is answered in one line, or not at all', async () => {
    const { voice, asked } = await talking()
    await serve(voice)
    for (const odd of [
      '\n',
      'quit\n',
      'ptt up\n',
      'ptt on off\n',
      `${'x'.repeat(65)}`,
      '\u0000\u00ff\n',
      `{"do":"ptt"}\n`,
    ]) {
      expect(await say(odd)).toBe(
        '{"ok":false,"code":"bad-request","message":"it takes ptt, mute, deafen [on|off|toggle], unmute, undeafen, or status"}\n',
      )
    }
    expect(await say(new Uint8Array(1_000_000).fill(65))).toMatch(/^(\{"ok":false.*\n)?$/)
    expect(await say('ptt o', false)).toBe('')
    expect(asked).toEqual([])
  })

  test('a request in pieces is understood, and what follows its line is not listened to', async () => {
    const { voice, asked } = await talking()
    await serve(voice)
    const answer = new Promise<string>((resolve) => {
      const socket = connect(path, async () => {
        for (const piece of ['pt', 't ', 'on', '\nptt off\nmute\n']) {
          socket.write(piece)
          await Bun.sleep(5)
        }
      })
      socket.on('data', (chunk) => resolve(chunk.toString()))
    })
    expect(JSON.parse(await answer)).toMatchObject({ ok: true, pressed: true })
    expect(asked).toEqual(['voice press true'])
  })

  test('a thousand connections that say nothing keep nobody out for long', async () => {
    const { voice } = await talking()
    await serve(voice)
    const silent: Socket[] = []
    const closed = Promise.all(
      Array.from({ length: 1_000 }, () => {
        const socket = connect(path)
        silent.push(socket)
        socket.on('error', () => {})
        return new Promise<void>((resolve) => socket.on('close', () => resolve()))
      }),
    )
    await closed
    expect(await askControl(path, 'status')).toMatchObject({ ok: true })
  })

  test('one that never answers is given up', async () => {
    mkdirSync(folder, { mode: 0o700 })
    const deaf = createServer(() => {})
    await new Promise<void>((resolve) => deaf.listen(path, resolve))
    expect(await askControl(path, 'status')).toBeNull()
    deaf.close()
  }, 10_000)
})

describe('hearsay ptt', () => {
  test('tells everyone who is in voice, and refuses with a sentence where nobody is', async () => {
    const environment = { XDG_RUNTIME_DIR: root }
    const output = new Collector()
    const asked = { word: 'ptt', how: 'on' } as const
    expect(await runControl(asked, environment, output)).toMatchObject({ exit: 1, code: 'nobody-there' })
    await serve(new FakeVoice([]))
    expect(await runControl(asked, environment, output)).toMatchObject({ exit: 1, code: 'not-in-voice' })
    const { voice } = await talking()
    await serve(voice, controlPath(folder, 'zzzzzzzzzzzzzzzzzzzz'))
    expect(await runControl(asked, environment, output)).toBe(0)
    expect(output.text).toBe('on general talking\n')
    expect(voice.view().pressed).toBe(true)
  })

  test('looks where the system keeps what lasts as long as a session, else beside the data, else nowhere', () => {
    expect(controlFolder({ XDG_RUNTIME_DIR: '/run/user/1' }, '/data', true)).toBe('/run/user/1/hearsay')
    expect(controlFolder({ XDG_RUNTIME_DIR: 'here' }, '/data', true)).toBe('/data/control')
    expect(controlFolder({}, '/data', false)).toBeNull()
    expect(socketsIn(join(root, 'nowhere'))).toEqual([])
  })
})
