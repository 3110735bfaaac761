import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { peakMbOf } from '../kernel.ts'

/** magic-wormhole by its Debian packages, with a mailbox and a relay of its own on loopback; as it comes but for where those are. */

const PACKAGES = ['magic-wormhole', 'python3-magic-wormhole-mailbox-server', 'magic-wormhole-transit-relay']
const INSTALL_MS_MAX = 120_000
const STARTED_MS_MAX = 20_000
const LOOK_MS = 50
const CODE = '7-guitar-dog'
/** For dpkg-query, which fills it in. */
const VERSION_FORMAT = '$'.concat('{Version}')

const install = `apt-get install ${PACKAGES.join(' ')}`

/** Installs it where that may be; the reason, as the end of a sentence, where it cannot be had. */
export function whyNoWormhole(): string | null {
  if (wormholeVersion() !== '') return null
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || Bun.which('apt-get') === null) {
    return `magic-wormhole is not here (Debian and Ubuntu: ${install})`
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...PACKAGES]
  const done = Bun.spawnSync(command, { env, stdio: ['ignore', 'ignore', 'ignore'], timeout: INSTALL_MS_MAX })
  return done.exitCode === 0 && wormholeVersion() !== '' ? null : `apt-get could not install ${PACKAGES.join(', ')}`
}

/** As Debian has it; empty where one of the packages is not here. */
export function wormholeVersion(): string {
  if (Bun.which('dpkg-query') === null) return ''
  const asked = Bun.spawnSync(['dpkg-query', '-Wf', `${VERSION_FORMAT}\n`, ...PACKAGES], { stderr: 'ignore' })
  return asked.exitCode === 0 ? asked.stdout.toString().split('\n')[0]! : ''
}

export interface WormholeFigures {
  /** From when the receiver says that it receives until it says that it has. */
  readonly gigabytesPerS: number
  readonly senderPeakMb: number | null
  readonly receiverPeakMb: number | null
}

/** Sends a file through it, into a folder of its own inside `folder`. */
export async function measureWormhole(
  path: string,
  folder: string,
  ports: readonly [number, number],
): Promise<WormholeFigures> {
  const home = mkdtempSync(join(folder, 'wormhole-'))
  const started: Bun.Subprocess[] = []
  const run = (command: string[]) => {
    const child = Bun.spawn(command, {
      cwd: home,
      env: { ...process.env, HOME: home },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    started.push(child)
    return child
  }
  try {
    const [mailbox, relay] = ports
    const at = (port: number): string[] => ['--port', `tcp:${port}:interface=127.0.0.1`]
    for (const [service, port] of [
      ['wormhole-mailbox', mailbox],
      ['transitrelay', relay],
    ] as const) {
      void run(['twist3', service, ...at(port)])
        .stderr.pipeTo(new WritableStream())
        .catch(() => {})
    }
    await Promise.all(ports.map(listening))
    const urls = ['--relay-url', `ws://127.0.0.1:${mailbox}/v1`, '--transit-helper', `tcp:127.0.0.1:${relay}`]
    const sender = run(['wormhole', ...urls, 'send', '--hide-progress', '--code', CODE, path])
    void sender.stderr.pipeTo(new WritableStream()).catch(() => {})
    const receiver = run(['wormhole', ...urls, 'receive', '--hide-progress', '--accept-file', '-o', 'taken', CODE])
    let said = ''
    let beganMs = Number.NaN
    let tookMs = Number.NaN
    let peaks: (number | null)[] = [null, null]
    for await (const chunk of receiver.stderr.pipeThrough(new TextDecoderStream())) {
      said += chunk
      if (Number.isNaN(beganMs) && said.includes('Receiving (')) beganMs = performance.now()
      if (!Number.isNaN(tookMs) || !said.includes('Received file')) continue
      tookMs = performance.now() - beganMs
      peaks = [sender, receiver].map(({ pid }) => peakMbOf(pid))
    }
    const { size } = statSync(path)
    if (Number.isNaN(tookMs) || statSync(join(home, 'taken')).size !== size) throw new Error(`it said: ${said.trim()}`)
    return { gigabytesPerS: size / tookMs / 1e6, senderPeakMb: peaks[0] ?? null, receiverPeakMb: peaks[1] ?? null }
  } finally {
    for (const child of started) child.kill('SIGKILL')
    await Promise.all(started.map((child) => child.exited))
    rmSync(home, { recursive: true, force: true })
  }
}

async function listening(port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < STARTED_MS_MAX; waitedMs += LOOK_MS) {
    const is = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } }).then(
      (socket) => {
        socket.end()
        return true
      },
      () => false,
    )
    if (is) return
    await Bun.sleep(LOOK_MS)
  }
  throw new Error(`nothing listens on port ${port}`)
}
