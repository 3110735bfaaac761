import { pace } from '../../src/adapters/pace.ts'
import { type FoundDevice, namedDevices } from '../../src/adapters/sound-names.ts'
import type { Clock } from '../../src/ports/clock.ts'
import {
  type CaptureEvents,
  FRAME_SAMPLES,
  type PlaybackEvents,
  type Sound,
  type SoundDevices,
  type SoundFault,
  type SoundStream,
  type StreamOptions,
} from '../../src/ports/sound.ts'

/** What the others hear of a microphone: writes the next 10 ms over a silent frame. */
export type Voice = (frame: Float32Array) => void

interface Open {
  readonly device: string
  readonly end: (fault: SoundFault | null) => void
}

/** Devices of a simulated machine: what is said into the microphones is told, and what is played is kept. */
export class SimulatedSound implements Sound {
  /** Said into every microphone. */
  voice: Voice = () => {}
  /** Told of each frame that is played, which is overwritten after the call. */
  heard: (frame: Float32Array) => void = () => {}
  private inputs: FoundDevice[] = [{ id: 'mic', name: 'Microphone', isDefault: true }]
  private outputs: FoundDevice[] = [{ id: 'ear', name: 'Headphones', isDefault: true }]
  private readonly open = new Set<Open>()
  private readonly watchers = new Set<() => void>()
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** A headset is plugged in: one more microphone, and one more device to play on. */
  plug(device: FoundDevice): void {
    this.inputs.push(device)
    this.outputs.push(device)
    this.tell()
  }

  unplug(id: string): void {
    this.inputs = this.inputs.filter((device) => device.id !== id)
    this.outputs = this.outputs.filter((device) => device.id !== id)
    for (const stream of [...this.open]) if (stream.device === id) stream.end(gone())
    this.tell()
  }

  async devices(): Promise<SoundDevices> {
    return { ok: true, inputs: namedDevices(this.inputs), outputs: namedDevices(this.outputs) }
  }

  async openCapture({ device }: StreamOptions, events: CaptureEvents): Promise<SoundStream | SoundFault> {
    return this.begin(this.inputs, device, events, (frame) => {
      this.voice(frame)
      events.captured(frame)
    })
  }

  async openPlayback({ device }: StreamOptions, events: PlaybackEvents): Promise<SoundStream | SoundFault> {
    return this.begin(this.outputs, device, events, (frame) => {
      events.wanted(frame)
      this.heard(frame)
    })
  }

  watch(changed: () => void): () => void {
    this.watchers.add(changed)
    return () => this.watchers.delete(changed)
  }

  async close(): Promise<void> {
    for (const stream of [...this.open]) stream.end(null)
  }

  private begin(
    devices: readonly FoundDevice[],
    wanted: string | null,
    events: { ended(fault: SoundFault): void },
    turn: (frame: Float32Array) => void,
  ): SoundStream | SoundFault {
    const device = devices.find(({ id, isDefault }) => (wanted === null ? isDefault : id === wanted))
    if (device === undefined) return gone()
    const frame = new Float32Array(FRAME_SAMPLES)
    const statistics = { frames: 0, gaps: 0 }
    const stop = pace(this.clock, () => {
      frame.fill(0)
      statistics.frames++
      turn(frame)
    })
    const open: Open = {
      device: device.id,
      end: (fault) => {
        stop()
        if (this.open.delete(open) && fault !== null) events.ended(fault)
      },
    }
    this.open.add(open)
    return { ok: true, statistics, close: async () => open.end(null) }
  }

  private tell(): void {
    for (const changed of this.watchers) this.clock.defer(changed)
  }
}

function gone(): SoundFault {
  return { ok: false, code: 'gone', message: 'The device is not there any more.', cause: null }
}
