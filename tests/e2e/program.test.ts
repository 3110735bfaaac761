import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXECUTABLE, freePort, Program, removeHomes, temporaryHome } from './program.ts'

/** The program as a whole: where it runs, what it refuses, how it ends. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(args: string[], options: { home?: string; env?: Record<string, string> } = {}): Promise<Program> {
  const program = await Program.start(args, options)
  running.push(program)
  return program
}

function runToEnd(args: string[], options: { cwd?: string; env?: Record<string, string>; stdin?: string } = {}) {
  const home = options.cwd ?? temporaryHome()
  const { exitCode, stdout, stderr } = Bun.spawnSync([EXECUTABLE, ...args], {
    cwd: home,
    env: { HOME: home, ...options.env },
    stdin: options.stdin === undefined ? 'ignore' : Buffer.from(options.stdin),
    timeout: 30_000,
  })
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString(), home }
}

describe('where it runs', () => {
  test('in an empty folder with an empty environment', () => {
    const { exitCode, stdout } = Bun.spawnSync([EXECUTABLE, '--json', '--ephemeral'], {
      cwd: temporaryHome(),
      env: {},
      stdin: Buffer.from('hello\n'),
    })
    expect(exitCode).toBe(0)
    expect(stdout.toString()).toContain('"event":"ready"')
    expect(stdout.toString()).toContain('"text":"hello"')
  })

  test('what lies in the current folder has no say: .env, bunfig.toml, tsconfig.json', () => {
    const home = temporaryHome()
    writeFileSync(join(home, '.env'), 'HEARSAY_USERNAME=Mallory\n')
    writeFileSync(join(home, 'bunfig.toml'), 'preload = ["./evil.ts"]\n')
    writeFileSync(join(home, 'evil.ts'), 'console.log("evil"); process.exit(7)\n')
    const { exitCode, stdout } = runToEnd(['--json', '--ephemeral'], { cwd: home })
    expect(exitCode).toBe(0)
    expect(stdout).not.toContain('evil')
    expect(stdout).not.toContain('Mallory')
  })

  test('ephemeral, it writes nothing at all', async () => {
    const program = await launch(['--ephemeral'])
    await program.say('gone with the wind')
    expect(await program.quit()).toBe(0)
    expect(readdirSync(program.home)).toEqual([])
  })

  test('the identity is made at the first start, private, and stays', async () => {
    const first = await launch([])
    expect(await first.quit()).toBe(0)
    const file = join(first.home, 'config', 'hearsay', 'identity')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const second = await launch([], { home: first.home })
    expect(second.id).toBe(first.id)
  })

  test('a second one beside the first gets a temporary identity and says so', async () => {
    const first = await launch([])
    const second = await launch([], { home: first.home })
    await second.until((line) => line.event === 'notice' && line.code === 'temporary-identity')
    expect(second.id).not.toBe(first.id)
  })
})

describe('what it refuses, in one line', () => {
  test('an unknown flag, naming the nearest one', () => {
    const { exitCode, stderr } = runToEnd(['--usernam', 'Alice'])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^hearsay: [^\n]*--usernam[^\n]*--username[^\n]*\n$/)
  })

  test('a port that is none, by flag and by variable', () => {
    const byFlag = runToEnd(['--port', 'abc'])
    expect(byFlag.exitCode).toBe(2)
    expect(byFlag.stderr).toMatch(/^hearsay: --port[^\n]*abc[^\n]*\n$/)
    const byVariable = runToEnd(['--json'], { env: { HEARSAY_PORT: '70000' } })
    expect(byVariable.exitCode).toBe(2)
    expect(byVariable.stderr).toMatch(/^hearsay: HEARSAY_PORT[^\n]*70000[^\n]*\n$/)
  })

  test('a configuration of the wrong type: file, line, what was expected', () => {
    const home = temporaryHome()
    mkdirSync(join(home, '.config', 'hearsay'), { recursive: true })
    writeFileSync(join(home, '.config', 'hearsay', 'config.toml'), 'username = "Ann"\nport = "many"\n')
    const { exitCode, stderr } = runToEnd(['--json'], { cwd: home })
    expect(exitCode).toBe(4)
    expect(stderr).toMatch(/^hearsay: [^\n]*config\.toml:2: port[^\n]*expected[^\n]*\n$/)
  })

  test('an identity file that others can read, or that is damaged', async () => {
    const first = await launch([])
    await first.quit()
    const file = join(first.home, 'config', 'hearsay', 'identity')
    const env = { XDG_CONFIG_HOME: join(first.home, 'config') }
    chmodSync(file, 0o644)
    const open = runToEnd(['--json'], { cwd: first.home, env })
    expect(open.exitCode).toBe(4)
    expect(open.stderr).toMatch(/^hearsay: [^\n]*identity[^\n]*chmod 600[^\n]*\n$/)
    chmodSync(file, 0o600)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.slice(0, text.length - 6))
    const damaged = runToEnd(['--json'], { cwd: first.home, env })
    expect(damaged.exitCode).toBe(4)
    expect(damaged.stderr).toMatch(/^hearsay: [^\n]*identity[^\n]*\n$/)
    expect(readFileSync(file, 'utf8')).toBe(text.slice(0, text.length - 6))
  })

  test('a port that is taken, naming who holds it', async () => {
    const port = await freePort()
    const holder = await launch(['--port', String(port)])
    const { exitCode, stderr } = runToEnd(['--json', '--ephemeral', '--port', String(port)])
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`127.0.0.1:${port}`)
    expect(stderr).toContain(`(pid ${holder.pid})`)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('configuration', () => {
  test('a flag counts over a variable, a variable over the file', async () => {
    const home = temporaryHome()
    mkdirSync(join(home, 'config', 'hearsay'), { recursive: true })
    const file = 'username = "FromFile"\nroom = ["filed"]\n'
    writeFileSync(join(home, 'config', 'hearsay', 'config.toml'), file)
    const name = async (args: string[], env: Record<string, string>): Promise<unknown> => {
      const program = await launch(args, { home, env })
      const ready = await program.until((line) => line.event === 'ready')
      await program.until((line) => line.event === 'room' && line.room === 'filed')
      await program.quit()
      return ready.event === 'ready' && ready.name
    }
    expect(await name([], {})).toBe('FromFile')
    expect(await name([], { HEARSAY_USERNAME: 'FromVariable' })).toBe('FromVariable')
    expect(await name(['--username', 'FromFlag'], { HEARSAY_USERNAME: 'FromVariable' })).toBe('FromFlag')
  })
})

describe('how it ends', () => {
  test('at end of input, after what was said has left, even over a link still being made', async () => {
    const hub = await launch(['--username', 'Hub'])
    const said = runToEnd(['--plain', '--ephemeral', '--connect', hub.address], { stdin: 'send last words\n' })
    expect(said.exitCode).toBe(0)
    await hub.hears('last words')
  })

  test('with 130 when interrupted, with 0 when told to end, saying goodbye to its peers', async () => {
    const hub = await launch(['--username', 'Hub'])
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 0],
    ] as const) {
      const peer = await launch(['--connect', hub.address])
      await hub.peerUp(peer.id)
      expect(await peer.kill(signal)).toBe(status)
      const down = await hub.until((line) => line.event === 'peer' && line.state === 'down' && line.id === peer.id)
      expect(down).toMatchObject({ reason: 'left' })
    }
  })
})

describe('peers that are not hearsay', () => {
  test('an HTTP client, SSH, TLS and a flood of zeros are hung up on, and the node lives', async () => {
    const node = await launch(['--username', 'Node', '--debug'])
    const visitors = [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'SSH-2.0-OpenSSH_9.2\r\n',
      '\x16\x03\x01\x02\x00',
      '\0'.repeat(65_536),
    ]
    for (const words of visitors) {
      const { promise, resolve } = Promise.withResolvers<void>()
      await Bun.connect({
        hostname: '127.0.0.1',
        port: node.port,
        socket: {
          open(socket) {
            socket.write(words)
          },
          data() {},
          close: () => resolve(),
          error: () => resolve(),
        },
      })
      await promise
    }
    const peer = await launch(['--username', 'Peer', '--connect', node.address])
    await node.peerUp(peer.id)
    await node.say('still here')
    await peer.hears('still here')
    expect(node.stderr).toContain('HTTP')
    expect(node.stderr).toContain('SSH')
    expect(node.stderr).toContain('TLS')
  })

  test('dialling something else says what it seems to be and keeps the program running', async () => {
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hi') })
    const node = await launch(['--connect', `127.0.0.1:${other.port}`])
    const line = await node.until((each) => each.event === 'error')
    expect(line).toMatchObject({ event: 'error' })
    expect((await node.do({ do: 'peers' })).ok).toBe(true)
    other.stop(true)
  })
})
