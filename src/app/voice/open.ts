import { lookup } from 'node:dns/promises'
import type { Address } from '../../base/address.ts'
import { parseIp } from '../../base/ip.ts'
import type { VoiceSteering } from '../../node/voice-outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AppEvent } from '../events.ts'
import type { Log } from '../log.ts'
import type { People } from '../people.ts'
import type { Settings } from '../settings.ts'
import { ChoiceStore } from './choices.ts'
import type { Voice, VoiceChoices } from './contract.ts'
import { controlFolder, controlPath } from './control-path.ts'
import { ControlServer } from './control-server.ts'
import { ownProgram } from './own-program.ts'
import { VoiceRoom } from './room.ts'
import { VoiceRunner } from './runner.ts'
import { VoiceService } from './service.ts'
import { VoiceSupervisor } from './supervisor.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface AssembleOptions {
  readonly environment: Environment
  readonly clock: Clock
  readonly log: Log
  readonly steering: VoiceSteering
  readonly people: People
  readonly store: ChoiceStore
  readonly listen: Address
  readonly files: { readonly input: string | null; readonly output: string | null }
  emit(event: AppEvent): void
  closing?(): void
}

export interface OpenVoiceOptions extends Omit<AssembleOptions, 'store' | 'files' | 'closing'> {
  readonly settings: Settings
  /** Of ourselves. */
  readonly id: string
  /** What is steered by a control socket. */
  readonly voice: Voice
}

/** Everything that voice takes, together: called when it is first wanted. `listen`: where the node does, and the UDP port that it has told of. */
export async function openVoice(options: OpenVoiceOptions): Promise<VoiceService> {
  const { settings, log, listen } = options
  const store = new ChoiceStore({
    folder: settings.configFolder === '' ? null : settings.configFolder,
    isWritten: !settings.ephemeral,
    given: givenChoices(settings),
    log,
  })
  const control = await openControl(options)
  return assemble({
    ...options,
    ...{ store, listen: await literal(listen), closing: () => control?.close() },
    files: { input: settings.audioIn, output: settings.audioOut },
  })
}

/** A service and its voice process, which is not started yet. */
export function assemble(options: AssembleOptions): VoiceService {
  const { environment, clock, log, people, store } = options
  const supervisor = new VoiceSupervisor({
    ...{ command: ownProgram(), environment, clock, log },
    changed: (state) => service.processChanged(state),
    heard: (report) => service.heard(report),
  })
  const runner = new VoiceRunner(supervisor)
  const room = new VoiceRoom({ ...options, runner })
  const service = new VoiceService({ ...options, runner, store, room, find: (peer) => people.find(peer) })
  return service
}

/** Sockets of UDP are bound to addresses, and not to names. */
async function literal({ host, port }: Address): Promise<Address> {
  if (parseIp(host) !== null) return { host, port }
  try {
    const { address } = await lookup(host)
    return { host: address, port }
  } catch {
    // Binding it says what is wrong.
    return { host, port }
  }
}

async function openControl({ settings, environment, id, voice, log }: OpenVoiceOptions): Promise<ControlServer | null> {
  if (process.platform === 'win32') return null
  const folder = controlFolder(environment, settings.dataFolder, !settings.ephemeral)
  return folder === null ? null : ControlServer.open({ folder, path: controlPath(folder, id), voice, log })
}

function givenChoices({ voiceMode, noiseSuppression }: Settings): Partial<VoiceChoices> {
  return {
    ...(voiceMode === null ? {} : { mode: voiceMode }),
    ...(noiseSuppression === null ? {} : { noiseSuppression }),
  }
}
