import type { Clock } from '../ports/clock.ts'
import {
  type CaptureEvents,
  FRAME_SAMPLES,
  type PlaybackEvents,
  SAMPLE_RATE_HZ,
  type SoundFault,
  type SoundStream,
  type StreamStatistics,
} from '../ports/sound.ts'
import type { Addon, AddonOptions, AudioIO } from './portaudio-addon.ts'

/** Takes or gives one frame; false when there are no more. The fault it throws ends the stream. */
export type Turn = (io: AudioIO, isCurrent: () => boolean, statistics: StreamStatistics) => Promise<boolean>

export interface Direction {
  readonly turn: Turn
  create(addon: Addon, deviceId: number): AudioIO
}

/**
 * What PortAudio takes at once. Half a frame: with PulseAudio in between the way in and out is 37 ms then, and 42 ms with whole ones.
 */
const SAMPLES_AT_ONCE = 240

/** Half a second: longer than any pause in this process that is not a fault, and what is older is of no use. */
const CAPTURED_CHUNKS_MAX = 50

/** The capture buffer costs no time, but a large one is emptied in large pieces. */
const CAPTURE_BUFFER_MS = 10
/** On an idle machine 5 ms will do; 15 ms stand the waits of a busy one. */
const PLAYBACK_BUFFER_MS = 15

const FRAME_BYTES = FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT

/** A frame comes each 10 ms: after four looks in a row that saw none, nothing will come. Looks, not time: we may have stood still ourselves. */
const LOOK_MS = 250
const LOOKS_MAX = 4

/** Longer than a device takes to play what it has; after that the sound server hangs. */
const QUIT_MS_MAX = 2_000

/** From a device into frames. */
export function capturing(events: CaptureEvents, bufferMs = CAPTURE_BUFFER_MS): Direction {
  const frame = new Float32Array(FRAME_SAMPLES)
  const bytes = new Uint8Array(frame.buffer)
  return {
    create: (addon, deviceId) => addon.create({ inOptions: optionsOf(deviceId, bufferMs, CAPTURED_CHUNKS_MAX) }),
    async turn(io, isCurrent, statistics) {
      const { buf, err, finished } = await io.read(FRAME_BYTES)
      if (!isCurrent()) return false
      if (err !== undefined) statistics.gaps++
      if (buf.length === FRAME_BYTES) {
        bytes.set(buf)
        statistics.frames++
        events.captured(frame)
      }
      return !finished
    },
  }
}

/** From frames to a device. */
export function playing(events: PlaybackEvents, bufferMs = PLAYBACK_BUFFER_MS): Direction {
  const frame = new Float32Array(FRAME_SAMPLES)
  const bytes = new Uint8Array(frame.buffer)
  return {
    // One waits while one is played: the least, and what comes late is told as a gap.
    create: (addon, deviceId) => addon.create({ outOptions: optionsOf(deviceId, bufferMs, 1) }),
    async turn(io, isCurrent, statistics) {
      frame.fill(0)
      events.wanted(frame)
      if (!isCurrent()) return false
      const error = await io.write(bytes)
      if (!isCurrent()) return false
      if (error !== undefined) statistics.gaps++
      statistics.frames++
      return true
    },
  }
}

function optionsOf(deviceId: number, bufferMs: number, maxQueue: number): AddonOptions {
  return {
    deviceId,
    sampleRate: SAMPLE_RATE_HZ,
    channelCount: 1,
    sampleFormat: 1,
    maxQueue,
    framesPerBuffer: SAMPLES_AT_ONCE,
    latencyUs: bufferMs * 1000,
    closeOnError: true,
  }
}

/** A stream on one device after another: its device is taken from under it when devices are looked for anew. */
export class PortAudioStream implements SoundStream {
  readonly ok = true
  readonly statistics: StreamStatistics = { frames: 0, gaps: 0 }
  /** The device asked for. */
  readonly device: string | null
  private readonly direction: Direction
  private readonly addon: Addon
  private readonly clock: Clock
  private readonly over: (stream: PortAudioStream, fault: SoundFault | null) => Promise<void>
  private io: AudioIO | null = null
  private cancelLook = (): void => {}

  /** `over` is called once when it ends: with why, or with null where it is closed. It has to call `halt`. */
  constructor(
    direction: Direction,
    device: string | null,
    { addon, clock }: { readonly addon: Addon; readonly clock: Clock },
    over: (stream: PortAudioStream, fault: SoundFault | null) => Promise<void>,
  ) {
    this.direction = direction
    this.device = device
    this.addon = addon
    this.clock = clock
    this.over = over
  }

  /** Opens a device by PortAudio's number. */
  begin(deviceId: number): SoundFault | null {
    let io: AudioIO | undefined
    try {
      io = this.direction.create(this.addon, deviceId)
      io.start()
    } catch (cause) {
      io?.quit('WAIT').catch(() => {})
      return cannotOpen(cause)
    }
    this.io = io
    void this.run(io)
    this.look(this.statistics.frames, 0)
    return null
  }

  /** Gives the device back. False where the sound server does not take it: it hangs, and PortAudio with it. */
  async halt(): Promise<boolean> {
    const { io } = this
    this.io = null
    this.cancelLook()
    if (io === null) return true
    return new Promise((resolve) => {
      const cancel = this.clock.timer(this.clock.nowMs() + QUIT_MS_MAX, () => resolve(false))
      io.quit('WAIT')
        .then(() => resolve(true))
        .catch(() => resolve(true))
        .finally(cancel)
    })
  }

  close(): Promise<void> {
    return this.over(this, null)
  }

  private async run(io: AudioIO): Promise<void> {
    const isCurrent = (): boolean => this.io === io
    while (await this.direction.turn(io, isCurrent, this.statistics));
    if (isCurrent()) await this.over(this, lost(null))
  }

  private look(framesBefore: number, idleLooks: number): void {
    this.cancelLook = this.clock.timer(this.clock.nowMs() + LOOK_MS, () => {
      const { frames } = this.statistics
      if (frames !== framesBefore) this.look(frames, 0)
      else if (idleLooks + 1 < LOOKS_MAX) this.look(frames, idleLooks + 1)
      else void this.over(this, silent())
    })
  }
}

function cannotOpen(cause: unknown): SoundFault {
  const text = cause instanceof Error ? cause.message : String(cause)
  // A sound server that has just died shows only when it is used.
  if (/unavailable|no default device|invalid device/i.test(text)) return lost(cause)
  return {
    ok: false,
    code: 'failed',
    message: `The sound device cannot be opened: ${text}. /voice devices lists others.`,
    cause,
  }
}

function lost(cause: unknown): SoundFault {
  return {
    ok: false,
    code: 'gone',
    message: 'The sound device is gone, or another program has it to itself. /voice devices lists others.',
    cause,
  }
}

function silent(): SoundFault {
  const message = 'The sound device has fallen silent: it is gone, or the sound server is.'
  return { ok: false, code: 'silent', message, cause: null }
}
