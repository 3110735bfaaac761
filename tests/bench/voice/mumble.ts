import { Database } from 'bun:sqlite'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { PulseServer } from '../../ports/pulse-server.ts'

/** Another program for talking, by its Debian packages, to be measured on the same rig: as it comes, but for what changes chirps. */

const PACKAGES = ['mumble', 'mumble-server']
const INSTALL_MS_MAX = 180_000
const HOST = '127.0.0.1'
const STARTED_MS_MAX = 20_000
const LOOK_MS = 100
const SETTLE_MS = 2_500
/** As quiet as ours is made for it, so that echoes of the echo stay below. */
const VOLUME = 0.25

const install = `apt-get install ${PACKAGES.join(' ')}`

/** Installs it where that may be; the reason, as the end of a sentence, where it cannot be had. */
export function whyNoMumble(): string | null {
  if (isThere()) return null
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || Bun.which('apt-get') === null) {
    return `mumble and murmurd are not here (Debian and Ubuntu: ${install})`
  }
  // No server of the system's is started by it (invoke-rc.d looks at the run level).
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...PACKAGES]
  const done = Bun.spawnSync(command, { env, stdin: 'ignore', timeout: INSTALL_MS_MAX })
  return done.exitCode === 0 && isThere() ? null : `apt-get could not install ${PACKAGES.join(' and ')}`
}

function isThere(): boolean {
  return Bun.which('mumble') !== null && Bun.which('murmurd', { PATH: SERVER_PATH }) !== null
}

/** Where programs for administrators are, which not everybody's PATH has. */
const SERVER_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`

/** For dpkg-query, which fills it in. */
const VERSION_FORMAT = '$'.concat('{Version}')

/** The version as Debian has it; empty where it is not told. */
export function mumbleVersion(): string {
  const asked = Bun.which('dpkg-query') === null ? null : Bun.spawnSync(['dpkg-query', '-Wf', VERSION_FORMAT, 'mumble'])
  return asked?.exitCode === 0 ? asked.stdout.toString() : ''
}

/** A server and two who hear each other through it, like `echoing` in tests/voice/mouth-to-ear.ts. */
export class MumbleRoom {
  private readonly started: Bun.Subprocess[] = []
  /** By the server. */
  private said = ''

  private constructor(private readonly folder: string) {}

  static async open(sound: PulseServer, port: number): Promise<MumbleRoom> {
    const room = new MumbleRoom(mkdtempSync(join(tmpdir(), 'hearsay-mumble-')))
    try {
      const digest = await room.serve(port)
      room.join('a', sound, { input: 'mic.monitor', output: 'ear', port, digest, isMuted: false })
      room.join('b', sound, { input: 'ear.monitor', output: 'mic', port, digest, isMuted: true })
      await room.until(async () => room.said.split('Authenticated').length > 2, 'its clients did not reach the server')
      // As long as ours has, for the buffers to come to rest.
      await Bun.sleep(SETTLE_MS)
      return room
    } catch (error) {
      await room.close()
      throw error
    }
  }

  async close(): Promise<void> {
    for (const program of this.started.toReversed()) program.kill('SIGKILL')
    await Promise.all(this.started.map((program) => program.exited))
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Answers the digest of its certificate, once it can be reached. */
  private async serve(port: number): Promise<string> {
    const ini = join(this.folder, 'server.ini')
    // Or it would become another user, who may not write there.
    const user = process.getuid?.() === 0 ? ['uname=root'] : []
    const lines = [
      ...user,
      `database=${join(this.folder, 'server.sqlite')}`,
      `port=${port}`,
      `host=${HOST}`,
      'bonjour=false',
    ]
    writeFileSync(ini, [...lines, `logfile=${join(this.folder, 'server.log')}`, 'sendversion=true', ''].join('\n'))
    const murmurd = Bun.which('murmurd', { PATH: SERVER_PATH })!
    void this.listen(this.run([murmurd, '-fg', '-ini', ini], {}).stderr)
    let digest = ''
    await this.until(async () => {
      digest = await certificateOf(port)
      return digest !== ''
    }, 'murmurd did not start')
    return digest
  }

  private join(name: string, sound: PulseServer, how: ClientOptions): void {
    const home = join(this.folder, name)
    const [config, data] = [join(home, 'config', 'Mumble'), join(home, 'data', 'Mumble', 'Mumble')]
    for (const each of [config, data, join(home, 'Documents')]) mkdirSync(each, { recursive: true })
    makeCertificate(join(home, 'Documents'))
    writeFileSync(join(config, 'Mumble.conf'), clientConfig(join(data, 'mumble.sqlite'), how))
    const database = new Database(join(data, 'mumble.sqlite'))
    database.run('CREATE TABLE cert (id INTEGER PRIMARY KEY AUTOINCREMENT, hostname TEXT, port INTEGER, digest TEXT)')
    const add = 'INSERT INTO cert (hostname, port, digest) VALUES (?, ?, ?)'
    database.run(add, [HOST, how.port, how.digest])
    database.close()
    const environment = {
      ...sound.environment,
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_DATA_HOME: join(home, 'data'),
      QT_QPA_PLATFORM: 'offscreen',
      ALSA_CONFIG_PATH: undefined,
      DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    }
    const client = this.run(['mumble', '-m', `mumble://${name}@${HOST}:${how.port}/?version=1.3.0`], environment)
    void client.stderr.pipeTo(new WritableStream()).catch(() => {})
  }

  private run(command: string[], environment: Record<string, string | undefined>) {
    const env = { ...process.env, ...environment }
    const program = Bun.spawn(command, { env, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
    this.started.push(program)
    return program
  }

  private async listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) this.said += decoder.decode(chunk, { stream: true })
  }

  private async until(met: () => Promise<boolean>, otherwise: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < STARTED_MS_MAX; waitedMs += LOOK_MS) {
      if (await met()) return
      if (this.started.some(({ exitCode }) => exitCode !== null)) throw new Error('it ended by itself')
      await Bun.sleep(LOOK_MS)
    }
    throw new Error(otherwise)
  }
}

interface ClientOptions {
  readonly input: string
  readonly output: string
  readonly port: number
  readonly digest: string
  readonly isMuted: boolean
}

/** The wizard for one does not come up where it finds a backup of the client's own. */
function makeCertificate(folder: string): void {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=bench', '-days', '30']
  const pack = ['pkcs12', '-export', '-inkey', key, '-in', certificate, '-passout', 'pass:']
  for (const words of [
    [...make, '-keyout', key, '-out', certificate],
    [...pack, '-out', join(folder, 'MumbleAutomaticCertificateBackup.p12')],
  ]) {
    const { exitCode } = Bun.spawnSync(['openssl', ...words], { stdio: ['ignore', 'ignore', 'ignore'] })
    if (exitCode !== 0) throw new Error('openssl made no certificate for its client')
  }
}

/** SHA-1 of it in hexadecimal; empty where nobody answers yet. */
function certificateOf(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port, rejectUnauthorized: false }, () => {
      const { fingerprint } = socket.getPeerCertificate()
      socket.destroy()
      resolve((fingerprint ?? '').replaceAll(':', '').toLowerCase())
    })
    socket.on('error', () => resolve(''))
  })
}

/** Always sent, nothing suppressed, echoes as they are; nothing asks a person. Frames and delays are the program's own defaults. */
function clientConfig(database: string, { input, output, isMuted }: ClientOptions): string {
  return `[General]
databaselocation=${database}
lastupdate=2

[audio]
input=PulseAudio
output=PulseAudio
transmit=0
noisesupress=0
mute=${isMuted}
volume=${isMuted ? VOLUME : 1}
headphone=true
vadsource=0
echomulti=false
maxloudness=0
minloudness=30000

[pulseaudio]
input=${input}
output=${output}

[ui]
updatecheck=false
plugincheck=false
usage=false
developermenu=false

[messages]
size=0

[overlay]
enable=false

[shortcuts]
size=0

[net]
tcponly=false
reconnect=true
autoconnect=false
`
}
