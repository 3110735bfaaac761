import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '../ports/clock.ts'
import { isConfigurable, pulseConfig, SYSTEM_CONFIG } from './alsa-config.ts'
import type { ServerDevice, ServerDevices, SoundServer } from './portaudio.ts'
import { hasPulsePlugin, isPulseThere, type PulseDevice, type PulseEnvironment, pulseDevices } from './pulse-control.ts'

/**
 * Between looks for what has come or gone, each of which takes some 15 ms of a processor. (`pactl subscribe` would tell at once, but a process
 * that waits is left behind when we are killed; and the default, which most people use, is followed by the server itself.)
 */
const LOOK_MS = 3_000

/** Names given to devices in a life of this process. Nobody plugs in so often; beyond this the rest has none. */
const NAMES_MAX = 1_000

const CARDS = '/proc/asound/cards'

/** PulseAudio, or PipeWire in its place, as ALSA sees it; where there is none, ALSA's own devices. */
export class AlsaServer implements SoundServer {
  /** The file that `ALSA_CONFIG_PATH` names, if it is ours to write. */
  private readonly configFile: string | null
  private readonly environment: PulseEnvironment
  private readonly clock: Clock
  /** By direction and the server's name. Never another's later: a name means one device for as long as the process lives. */
  private readonly names = { input: new Map<string, string>(), output: new Map<string, string>() }
  private written = ''
  private lacksPlugin = false

  constructor(configFile: string | null, environment: PulseEnvironment, clock: Clock) {
    this.configFile = configFile
    this.environment = environment
    this.clock = clock
  }

  async look(): Promise<ServerDevices | null> {
    if (this.configFile === null) return null
    const isThere = await isPulseThere(this.environment)
    this.lacksPlugin = isThere && !hasPulsePlugin(this.environment)
    if (!isThere || this.lacksPlugin) {
      this.write(this.configFile, SYSTEM_CONFIG)
      return null
    }
    const found = await pulseDevices(this.environment)
    const inputs = this.named('input', found?.inputs ?? [])
    const outputs = this.named('output', found?.outputs ?? [])
    this.write(this.configFile, pulseConfig([...this.names.input, ...this.names.output]))
    return found === null ? null : { inputs, outputs }
  }

  watch(changed: () => void): () => void {
    let isOver = false
    let cancel = (): void => {}
    const look = async (before: string | null): Promise<void> => {
      const now = await this.signature()
      if (isOver) return
      if (before !== null && now !== before) changed()
      cancel = this.clock.timer(this.clock.nowMs() + LOOK_MS, () => void look(now))
    }
    void look(null)
    return () => {
      isOver = true
      cancel()
    }
  }

  advice(): string {
    if (this.lacksPlugin)
      return 'A sound server runs, but ALSA cannot speak to it: apt-get install libasound2-plugins (Debian and Ubuntu).'
    return 'Plug one in, or start a sound server: pulseaudio --start, or systemctl --user start pipewire-pulse.'
  }

  /** Another when devices have come or gone. */
  private async signature(): Promise<string> {
    const isThere = await isPulseThere(this.environment)
    const found = isThere ? await pulseDevices(this.environment) : null
    const ids = [...(found?.inputs ?? []), ...(found?.outputs ?? [])].map(({ id, isDefault }) => `${id} ${isDefault}`)
    return [isThere, cards(), ...ids].join('\n')
  }

  private named(side: 'input' | 'output', devices: readonly PulseDevice[]): ServerDevice[] {
    const names = this.names[side]
    return devices.flatMap(({ id, name, isDefault }) => {
      if (!isConfigurable(id) || (!names.has(id) && names.size >= NAMES_MAX)) return []
      const portAudioName = names.get(id) ?? `hearsay_${side}_${names.size}`
      names.set(id, portAudioName)
      return [{ id, name, isDefault, portAudioName }]
    })
  }

  /** As another file in its place: ALSA looks at the time in whole seconds, and would not see a change within one. */
  private write(path: string, text: string): void {
    if (text === this.written) return
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
    this.written = text
  }
}

function cards(): string {
  try {
    return readFileSync(CARDS, 'utf8')
  } catch {
    return ''
  }
}
