import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { bunUdp } from '../../adapters/bun-udp.ts'
import { Chrt } from '../../adapters/chrt.ts'
import { openOpus } from '../../adapters/opus.ts'
import { openPortAudio } from '../../adapters/portaudio.ts'
import { openRnnoise } from '../../adapters/rnnoise.ts'
import { AlsaServer } from '../../adapters/sound-server.ts'
import { systemClock } from '../../adapters/system-clock.ts'
import { seededRng } from '../../base/rng.ts'
import { ExitStatus } from '../exit.ts'
import { VoiceDesk } from './desk.ts'
import { OwnKeys } from './engine-keys.ts'
import { parseCommand, type VoiceReport } from './messages.ts'
import { IN_USE_EVERY_MS } from './own-folder.ts'
import { ALSA_CONFIG_NAME } from './own-program.ts'
import { RealTime } from './real-time.ts'

/** What paths draw tokens from. */
const RNG_SEED_BYTES = 16
const ALIVE_MS = 500
/** A sound server that hangs does not take its devices back; the main process waits a little longer than this. */
const CLOSING_MS_MAX = 2_000

/**
 * The voice process: everything that has to do with sound, so that a crash there ends no conversation, and what the program does otherwise
 * makes no gaps. It ends when the main process does, or wants it to: the channel between them closes.
 */
export async function runVoiceProcess(folder: string | undefined): Promise<number> {
  if (process.send === undefined || folder === undefined) {
    process.stderr.write('hearsay: a voice process is started by hearsay itself\n')
    return ExitStatus.wrongUsage
  }
  const isOver = new Promise<void>((resolve) => process.once('disconnect', resolve))
  // Those of the keyboard are for the main process.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  hurry()
  const realTime = new RealTime(new Chrt())
  const desk = new VoiceDesk({
    clock: systemClock,
    sound: openSound(folder),
    tell,
    roomParts,
    giveUp: () => process.exit(ExitStatus.failed),
    inTime: (sound) => realTime.of(sound),
  })
  process.on('message', (message) => {
    const command = parseCommand(message)
    if (command !== null) desk.handle(command)
  })
  tell({ tell: 'ready' })
  const alive = setInterval(() => tell({ tell: 'alive' }), ALIVE_MS)
  const inUse = setInterval(
    () => void utimes(folder, Date.now() / 1_000, Date.now() / 1_000).catch(() => {}),
    IN_USE_EVERY_MS,
  )
  await isOver
  clearInterval(alive)
  clearInterval(inUse)
  await Promise.race([desk.close(), Bun.sleep(CLOSING_MS_MAX)])
  rmSync(folder, { recursive: true, force: true })
  return ExitStatus.asked
}

function tell(report: VoiceReport): void {
  if (process.connected) process.send?.(report)
}

/** What a voice room takes beside sound; without a suppressor it does as well as it can. */
async function roomParts() {
  const [codec, suppressor] = await Promise.all([openOpus(), openRnnoise()])
  if (!codec.ok) return codec
  if (!suppressor.ok) tell({ tell: 'fault', code: suppressor.code, message: suppressor.message })
  return {
    codec,
    suppressor: suppressor.ok ? suppressor : null,
    datagrams: bunUdp,
    rng: seededRng(randomBytes(RNG_SEED_BYTES)),
    keys: new OwnKeys(),
    cpuMs: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
  }
}

function openSound(folder: string) {
  const config = join(folder, ALSA_CONFIG_NAME)
  const isOurs = process.env['ALSA_CONFIG_PATH'] === config
  const sound = openPortAudio(systemClock, new AlsaServer(isOurs ? config : null, process.env, systemClock))
  // Bun has unpacked the addon there and does not take it away; once it is loaded nobody needs the file.
  if (process.platform === 'linux') {
    for (const name of readdirSync(folder)) if (name.endsWith('.node')) rmSync(join(folder, name), { force: true })
  }
  return sound
}

/** Before other programs where that may be: sound is late after 10 ms. What is finer than that the addon does, when it is loaded. */
function hurry(): void {
  const nice = constants.priority.PRIORITY_HIGHEST
  // Most users may neither.
  ignoreFault(() => setPriority(nice))
  // Among sessions: the one of this process is its own.
  if (process.platform === 'linux') ignoreFault(() => writeFileSync('/proc/self/autogroup', `${nice}`))
}

function ignoreFault(run: () => void): void {
  try {
    run()
  } catch {
    // It goes without.
  }
}
