import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

/** A process's variables; the ones read here by name. */
export interface PulseEnvironment {
  readonly [name: string]: string | undefined
  readonly PULSE_SERVER?: string | undefined
  readonly PULSE_RUNTIME_PATH?: string | undefined
  readonly XDG_RUNTIME_DIR?: string | undefined
  readonly ALSA_PLUGIN_DIR?: string | undefined
}

export interface PulseDevice {
  readonly id: string
  readonly name: string
  readonly isDefault: boolean
}

export interface PulseDevices {
  readonly inputs: readonly PulseDevice[]
  readonly outputs: readonly PulseDevice[]
}

/** A server that takes longer is not to be waited for. */
const ANSWER_MS_MAX = 2_000
/** Between tries to reach a server that is there and takes nobody in. */
const AGAIN_MS = [30, 60, 120, 240] as const
/** Some 1,500 bytes a device. */
const ANSWER_BYTES_MAX = 1024 * 1024

/** Of ALSA's plugins the one for PulseAudio, which PipeWire is spoken to with too. */
const PLUGIN = 'libasound_module_pcm_pulse.so'
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }
/** Where distributions keep them. */
const PLUGIN_FOLDERS = [`/usr/lib/${MULTIARCH[process.arch]}/alsa-lib`, '/usr/lib64/alsa-lib', '/usr/lib/alsa-lib']

/** Whether ALSA can speak to such a server at all. */
export function hasPulsePlugin({ ALSA_PLUGIN_DIR: own }: PulseEnvironment): boolean {
  const folders = own === undefined || own === '' ? PLUGIN_FOLDERS : [own]
  return folders.some((folder) => exists(join(folder, PLUGIN)))
}

/** The server's socket; null where another way to it is given, or none is. */
function pulseSocket({ PULSE_RUNTIME_PATH: own, XDG_RUNTIME_DIR: runtime }: PulseEnvironment): string | null {
  if (own !== undefined && own !== '') return join(own, 'native')
  return runtime === undefined || runtime === '' ? null : join(runtime, 'pulse/native')
}

/** Whether a server is there. One that is named is taken to be, and one that hangs is. */
export async function isPulseThere(environment: PulseEnvironment): Promise<boolean> {
  if ((environment.PULSE_SERVER ?? '') !== '') return true
  const path = pulseSocket(environment)
  if (path === null || !exists(path)) return false
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => settle(true))
    // One that has no room for us just now is there.
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EAGAIN'))
    socket.setTimeout(ANSWER_MS_MAX, () => settle(true))
  })
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** The server's devices, as `pactl` tells them; null where it is not installed, is older than 16, or cannot reach the server. */
export async function pulseDevices(environment: PulseEnvironment): Promise<PulseDevices | null> {
  const [info, sinks, sources] = await Promise.all([
    ask(['info'], environment),
    ask(['list', 'sinks'], environment),
    ask(['list', 'sources'], environment),
  ])
  if (!Array.isArray(sinks) || !Array.isArray(sources)) return null
  const inputs = sources.flatMap((source) => deviceOf(source, text(info, 'default_source_name')))
  const outputs = sinks.flatMap((sink) => deviceOf(sink, text(info, 'default_sink_name')))
  // What a device plays can be recorded too, but is hardly ever meant.
  const isMonitor = ({ id }: PulseDevice): boolean => id.endsWith('.monitor')
  return { inputs: [...inputs.filter((each) => !isMonitor(each)), ...inputs.filter(isMonitor)], outputs }
}

function deviceOf(found: unknown, defaultName: string): PulseDevice[] {
  const id = text(found, 'name')
  return id === '' ? [] : [{ id, name: text(found, 'description'), isDefault: id === defaultName }]
}

function text(of: unknown, key: string): string {
  const value: unknown = typeof of === 'object' && of !== null ? Reflect.get(of, key) : undefined
  return typeof value === 'string' ? value : ''
}

/** A server that waits for the processor itself turns away whom it has no room for at its door: five at a time. */
async function ask(what: readonly string[], environment: PulseEnvironment): Promise<unknown> {
  for (const pauseMs of AGAIN_MS) {
    const answer = await askOnce(what, environment)
    if (answer !== REFUSED) return answer
    await Bun.sleep(pauseMs)
  }
  const answer = await askOnce(what, environment)
  return answer === REFUSED ? null : answer
}

const REFUSED = Symbol('refused')

async function askOnce(what: readonly string[], environment: PulseEnvironment): Promise<unknown> {
  try {
    const pactl = Bun.spawn(['pactl', '-f', 'json', ...what], {
      env: inEnglish(environment),
      ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
      timeout: ANSWER_MS_MAX,
      maxBuffer: ANSWER_BYTES_MAX,
    })
    const [answer, errors] = await Promise.all([new Response(pactl.stdout).text(), new Response(pactl.stderr).text()])
    if ((await pactl.exited) !== 0) return errors.includes('Connection refused') ? REFUSED : null
    return JSON.parse(answer)
  } catch {
    // Not installed, or it says something else than JSON.
    return null
  }
}

/** Numbers with a point, whatever the user's language, and letters as they are. */
function inEnglish(environment: PulseEnvironment): Record<string, string | undefined> {
  return { ...environment, LC_ALL: 'C.UTF-8' }
}
