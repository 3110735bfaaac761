import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasPulsePlugin } from '../../src/adapters/pulse-control.ts'

const ADDON = join(import.meta.dir, '../../node_modules/naudiodon/build/Release/naudiodon.node')

/** Why this machine can run no sound server of the tests, as the end of a sentence; null where it can. */
export function whyNoSound(): string | null {
  for (const program of ['pulseaudio', 'pactl', 'pacat', 'parec']) {
    if (Bun.which(program) === null) return `${program} is missing (Debian and Ubuntu: pulseaudio, pulseaudio-utils)`
  }
  if (!hasPulsePlugin({})) return "ALSA's plugin for PulseAudio is missing (Debian and Ubuntu: libasound2-plugins)"
  return existsSync(ADDON) ? null : 'naudiodon is not compiled: see scripts/build-addon.ts'
}

const reason = whyNoSound()
if (reason !== null) console.error(`tests with a real sound server were not run: ${reason}`)

/** Whether this machine can run a sound server of the tests; if not, why has been said once. */
export const soundTests = reason === null

/** Where a test was ended, nobody is left who would end the server. */
const IDLE_S = 20
const RAW = ['--raw', '--rate=48000', '--channels=1', '--format=float32le', '--latency-msec=10']

type Environment = Readonly<Record<string, string | undefined>>

/** A way to a sound server, by the programs that come with it. */
export class PulseClient {
  /** For programs that are to use the server. */
  readonly environment: Environment
  protected readonly started: Bun.Subprocess[] = []

  constructor(environment: Environment) {
    this.environment = environment
  }

  /** Adds a sink that plays to nobody; answers the number to take it away by. */
  async addSink(name: string): Promise<string> {
    const { output } = await this.control('load-module', 'module-null-sink', ...sinkArguments(name))
    await this.keepAwake(name)
    return output.trim()
  }

  async control(...words: readonly string[]): Promise<{ ok: boolean; output: string }> {
    const pactl = Bun.spawn(['pactl', ...words], { env: this.environment, stdin: 'ignore', stderr: 'ignore' })
    const output = await new Response(pactl.stdout).text()
    return { ok: (await pactl.exited) === 0, output }
  }

  /** Begins to play samples on a sink. */
  play(sink: string, samples: Float32Array<ArrayBuffer>): void {
    this.run(['pacat', '--playback', '-d', sink, ...RAW], new Uint8Array(samples.buffer))
  }

  /** What comes out of a sink from now on, in pieces, as 32-bit floats. */
  record(sink: string): ReadableStream<Uint8Array> {
    return this.run(['parec', '-d', `${sink}.monitor`, ...RAW]).stdout
  }

  async close(): Promise<void> {
    for (const program of this.started.toReversed()) program.kill('SIGKILL')
    await Promise.all(this.started.map((program) => program.exited))
  }

  /**
   * Such a sink works seconds ahead of the time until somebody listens closely. Here somebody does, and when there is something to hear, it
   * is in time.
   */
  protected async keepAwake(sink: string): Promise<void> {
    const reader = this.record(sink).getReader()
    await reader.read()
    const listen = async (): Promise<void> => {
      while (!(await reader.read()).done);
    }
    listen().catch(() => {})
  }

  protected run(command: string[], input?: Uint8Array<ArrayBuffer>) {
    const options = { env: this.environment, stdout: 'pipe', stderr: 'ignore' } as const
    const program = Bun.spawn(command, { ...options, stdin: input ?? 'ignore' })
    this.started.push(program)
    return program
  }
}

/**
 * A PulseAudio of the tests' own, with sinks that play to nobody. What is played on `mic` is what its monitor, the microphone, hears; `ear`
 * is what people listen to.
 */
export class PulseServer extends PulseClient {
  private readonly folder: string
  private program: Bun.Subprocess | null = null

  private constructor(folder: string) {
    const runtime = join(folder, 'pulse')
    mkdirSync(runtime, { mode: 0o700 })
    // Whoever asks before the server is there would start another, with the user's own devices.
    writeFileSync(join(folder, 'client.conf'), 'autospawn = no\nenable-shm = no\n')
    super({
      ...process.env,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_RUNTIME_DIR: folder,
      PULSE_RUNTIME_PATH: runtime,
      PULSE_SERVER: undefined,
      PULSE_CLIENTCONFIG: join(folder, 'client.conf'),
      PULSE_COOKIE: join(folder, 'cookie'),
      ALSA_CONFIG_PATH: join(folder, 'alsa.conf'),
      LC_ALL: 'C.UTF-8',
    })
    this.folder = folder
  }

  static async start(sinks: readonly string[] = ['mic', 'ear']): Promise<PulseServer> {
    const server = new PulseServer(mkdtempSync(join(tmpdir(), 'hearsay-pulse-')))
    try {
      await server.begin(sinks)
      return server
    } catch (error) {
      await server.close()
      throw error
    }
  }

  /** Ends it without a word, as a crash does. */
  kill(): void {
    this.program?.kill('SIGKILL')
  }

  /** Lets it hang, or go on. */
  pause(isPaused: boolean): void {
    this.program?.kill(isPaused ? 'SIGSTOP' : 'SIGCONT')
  }

  /** After it was killed: the same once more, as a session does it. */
  async revive(sinks: readonly string[] = ['mic', 'ear']): Promise<void> {
    await this.program?.exited
    await this.begin(sinks)
  }

  private async begin(sinks: readonly string[]): Promise<void> {
    const loading = ['-L', 'module-native-protocol-unix auth-anonymous=1']
    for (const sink of sinks) loading.push('-L', `module-null-sink ${sinkArguments(sink).join(' ')}`)
    const behaviour = [`--exit-idle-time=${IDLE_S}`, '--disable-shm=yes', '--daemonize=no', '--use-pid-file=no']
    const program = this.run(['pulseaudio', '-n', ...loading, ...behaviour])
    this.program = program
    while (!(await this.control('info')).ok) {
      if (program.exitCode !== null) throw new Error(`pulseaudio ended with status ${program.exitCode}`)
    }
    await this.control('set-default-sink', 'ear')
    await this.control('set-default-source', 'mic.monitor')
    await Promise.all(sinks.map((sink) => this.keepAwake(sink)))
  }

  override async close(): Promise<void> {
    await super.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function sinkArguments(name: string): string[] {
  return [`sink_name=${name}`, 'rate=48000', 'channels=1', `sink_properties=device.description=${name}`]
}
