import type { Clock } from '../ports/clock.ts'
import type {
  CaptureEvents,
  PlaybackEvents,
  Sound,
  SoundDevice,
  SoundDevices,
  SoundFault,
  SoundStream,
  StreamOptions,
} from '../ports/sound.ts'
import { type Addon, loadAddon } from './portaudio-addon.ts'
import { capturing, type Direction, PortAudioStream, playing } from './portaudio-stream.ts'
import { namedDevices } from './sound-names.ts'

type Side = 'input' | 'output'

/** What stands between PortAudio and the devices, and knows them better: a sound server, by way of ALSA's configuration. */
export interface SoundServer {
  /** The server's own devices, and what PortAudio will call them; null where there is none, and PortAudio's own list counts. */
  look(): Promise<ServerDevices | null>
  watch(changed: () => void): () => void
  /** What a user can do where no device is found; a sentence, or empty. */
  advice(): string
}

export interface ServerDevices {
  readonly inputs: readonly ServerDevice[]
  readonly outputs: readonly ServerDevice[]
}

export interface ServerDevice {
  readonly id: string
  readonly name: string
  readonly isDefault: boolean
  readonly portAudioName: string
}

/** PortAudio's list as of the last time when nothing was open. */
interface Listing {
  readonly inputs: readonly Listed[]
  readonly outputs: readonly Listed[]
  readonly defaultInput: number | null
  readonly defaultOutput: number | null
}

interface Listed {
  /** Its name, and a number where another has the same. */
  readonly key: string
  readonly name: string
  readonly index: number
}

/** In a signed number: -1. */
const NO_DEVICE = 2 ** 32 - 1

/**
 * The devices of this machine, through PortAudio. It sees a device that was plugged in only when it is started anew, and for that nothing
 * may be open: where such a one is asked for, the streams that are there fall silent for some 50 ms and go on.
 */
export class PortAudioSound implements Sound {
  private readonly addon: Addon
  private readonly clock: Clock
  private readonly server: SoundServer
  private readonly streams = new Map<PortAudioStream, Side>()
  private readonly ended = new Map<PortAudioStream, (fault: SoundFault) => void>()
  private listing: Listing | null = null
  /** As the server was seen last. */
  private served: ServerDevices | null = null
  private isStuck = false
  private readonly watchers = new Set<() => void>()
  private stopWatching: (() => void) | null = null
  private before: Promise<unknown> = Promise.resolve()

  constructor(addon: Addon, clock: Clock, server: SoundServer) {
    this.addon = addon
    this.clock = clock
    this.server = server
  }

  async devices(): Promise<SoundDevices | SoundFault> {
    this.served = await this.server.look()
    if (this.served !== null) {
      return { ok: true, inputs: namedDevices(this.served.inputs), outputs: namedDevices(this.served.outputs) }
    }
    const listing = await this.inTurn(async () => this.list())
    const shown = (listed: readonly Listed[], defaultIndex: number | null): SoundDevice[] =>
      namedDevices(listed.map(({ key, name, index }) => ({ id: key, name, isDefault: index === defaultIndex })))
    return {
      ok: true,
      inputs: shown(listing.inputs, listing.defaultInput),
      outputs: shown(listing.outputs, listing.defaultOutput),
    }
  }

  openCapture({ device, bufferMs }: StreamOptions, events: CaptureEvents): Promise<SoundStream | SoundFault> {
    return this.open('input', capturing(events, bufferMs), device, (fault) => events.ended(fault))
  }

  openPlayback({ device, bufferMs }: StreamOptions, events: PlaybackEvents): Promise<SoundStream | SoundFault> {
    return this.open('output', playing(events, bufferMs), device, (fault) => events.ended(fault))
  }

  watch(changed: () => void): () => void {
    // Another each time: the same function may watch twice.
    const watcher = (): void => changed()
    this.watchers.add(watcher)
    this.attend()
    return () => {
      this.watchers.delete(watcher)
      this.attend()
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.streams.keys()].map((stream) => stream.close()))
  }

  /** Looks at the server while somebody wants to know, or a device that was chosen may vanish. */
  private attend(): void {
    const isNeeded = this.watchers.size > 0 || [...this.streams.keys()].some(({ device }) => device !== null)
    if (isNeeded) this.stopWatching ??= this.server.watch(() => void this.changed())
    else this.stopWatching?.()
    if (!isNeeded) this.stopWatching = null
  }

  private async changed(): Promise<void> {
    const served = await this.server.look()
    if (served !== null) this.endVanished(served)
    for (const watcher of [...this.watchers]) watcher()
  }

  /** PulseAudio moves what plays on a device that is pulled out to another, and says nothing: ALSA does not tell one from the other. */
  private endVanished(served: ServerDevices): void {
    this.served = served
    for (const [stream, side] of this.streams) {
      const { device } = stream
      if (device !== null && this.servedAs(served, side, device) === undefined) void this.over(stream, notThere(side))
    }
  }

  private open(
    side: Side,
    direction: Direction,
    device: string | null,
    ended: (fault: SoundFault) => void,
  ): Promise<SoundStream | SoundFault> {
    return this.inTurn(async () => {
      if (this.isStuck) return stuck()
      this.served = await this.server.look()
      let index = this.indexOf(this.list(), side, device)
      if (index === null && this.streams.size > 0 && this.mayHaveCome(side, device)) {
        index = this.indexOf(await this.refresh(), side, device)
      }
      if (this.isStuck) return stuck()
      if (index === null) return device === null ? this.noDevice(side) : notThere(side)
      const stream = new PortAudioStream(direction, device, { addon: this.addon, clock: this.clock }, (over, fault) =>
        this.over(over, fault),
      )
      const fault = stream.begin(index)
      if (fault !== null) return fault
      this.streams.set(stream, side)
      this.ended.set(stream, ended)
      this.attend()
      return stream
    })
  }

  /** Opening, closing and looking for devices happen one after the other: PortAudio knows no other way. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.before.then(run)
    this.before = result.catch(() => {})
    return result
  }

  private async over(stream: PortAudioStream, fault: SoundFault | null): Promise<void> {
    const ended = this.ended.get(stream)
    this.ended.delete(stream)
    if (ended === undefined) return
    const halted = stream.halt()
    if (fault !== null) ended(fault)
    await this.inTurn(async () => {
      this.isStuck = !(await halted) || this.isStuck
      this.streams.delete(stream)
      this.attend()
    })
  }

  /** PortAudio's devices: as they are now, where nothing is open. */
  private list(): Listing {
    if (this.listing !== null && this.streams.size > 0) return this.listing
    const found = this.addon.getDevices()
    const [api] = this.addon.getHostAPIs().HostAPIs
    const known = (index: number | undefined): number | null =>
      index === undefined || index === NO_DEVICE ? null : index
    this.listing = {
      inputs: listed(found.filter(({ maxInputChannels }) => maxInputChannels > 0)),
      outputs: listed(found.filter(({ maxOutputChannels }) => maxOutputChannels > 0)),
      defaultInput: known(api?.defaultInput),
      defaultOutput: known(api?.defaultOutput),
    }
    return this.listing
  }

  private async refresh(): Promise<Listing> {
    const halted = await Promise.all([...this.streams.keys()].map((stream) => stream.halt()))
    this.isStuck = halted.includes(false)
    this.listing = null
    const listing = this.list()
    for (const [stream, side] of this.streams) {
      const index = this.isStuck ? null : this.indexOf(listing, side, stream.device)
      const fault = index === null ? notThere(side) : stream.begin(index)
      if (fault !== null) void this.over(stream, this.isStuck ? stuck() : fault)
    }
    return listing
  }

  private indexOf(listing: Listing, side: Side, device: string | null): number | null {
    if (device === null) return side === 'input' ? listing.defaultInput : listing.defaultOutput
    const key = this.served === null ? device : this.servedAs(this.served, side, device)?.portAudioName
    return listing[`${side}s`].find((each) => each.key === key)?.index ?? null
  }

  private servedAs(served: ServerDevices, side: Side, device: string): ServerDevice | undefined {
    return served[`${side}s`].find(({ id }) => id === device)
  }

  /** Whether looking anew can find it, for which those who speak have to be interrupted. */
  private mayHaveCome(side: Side, device: string | null): boolean {
    return device !== null && (this.served === null || this.servedAs(this.served, side, device) !== undefined)
  }

  private noDevice(side: Side): SoundFault {
    const what = side === 'input' ? 'No microphone is there' : 'There is nothing to play sound on'
    const message = `${what}. ${this.server.advice()}`.trim()
    return { ok: false, code: 'no-device', message, cause: null }
  }
}

function listed(found: readonly { readonly name: string; readonly id: number }[]): Listed[] {
  const taken = new Map<string, number>()
  return found.map(({ name, id }) => {
    const count = (taken.get(name) ?? 0) + 1
    taken.set(name, count)
    return { key: count === 1 ? name : `${name} #${count}`, name, index: id }
  })
}

function stuck(): SoundFault {
  const message = 'The sound server hangs. Voice starts again as soon as it answers.'
  return { ok: false, code: 'stuck', message, cause: null }
}

function notThere(side: Side): SoundFault {
  const what = side === 'input' ? 'microphone' : 'device to play on'
  return { ok: false, code: 'gone', message: `The ${what} that was chosen is not there; choose another.`, cause: null }
}

/** Loads PortAudio; or why there is no sound. To be called in the voice process alone. */
export function openPortAudio(clock: Clock, server: SoundServer): Sound | SoundFault {
  const addon = loadAddon()
  return 'ok' in addon ? addon : new PortAudioSound(addon, clock, server)
}
