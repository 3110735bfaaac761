import { basename } from 'node:path'
import type { Clock } from '../ports/clock.ts'
import {
  type CaptureEvents,
  FRAME_SAMPLES,
  type PlaybackEvents,
  type Sound,
  type SoundDevices,
  type SoundFault,
  type SoundStream,
  type StreamOptions,
} from '../ports/sound.ts'
import { pace } from './pace.ts'
import { namedDevices } from './sound-names.ts'
import { WavReader, WavWriter } from './wav-file.ts'

/** Which files; null where the other sound's devices are to be used, or none at all. */
export interface WavFiles {
  readonly input: string | null
  readonly output: string | null
}

/**
 * WAV files in place of devices, as fast as people speak: `input` is what the microphone hears, with silence after its end; what would be
 * played goes to `output`, which is begun anew at each opening. Where only one of them is a file, `devices` has the other.
 */
export class WavSound implements Sound {
  private readonly files: WavFiles
  private readonly clock: Clock
  private readonly others: Sound | SoundFault
  private readonly streams = new Set<SoundStream>()

  constructor(files: WavFiles, clock: Clock, others: Sound | SoundFault = noDevice()) {
    this.files = files
    this.clock = clock
    this.others = others
  }

  async devices(): Promise<SoundDevices | SoundFault> {
    const { input, output } = this.files
    const others = 'ok' in this.others || (input !== null && output !== null) ? null : await this.others.devices()
    if (others?.ok === false) return others
    return {
      ok: true,
      inputs: input === null ? (others?.inputs ?? []) : fileDevice(input),
      outputs: output === null ? (others?.outputs ?? []) : fileDevice(output),
    }
  }

  async openCapture(options: StreamOptions, events: CaptureEvents): Promise<SoundStream | SoundFault> {
    const { input } = this.files
    if (input === null) return 'ok' in this.others ? this.others : this.others.openCapture(options, events)
    if (options.device !== null && options.device !== input) return notThere(options.device)
    const reader = WavReader.open(input)
    if (!(reader instanceof WavReader)) return reader
    const frame = new Float32Array(FRAME_SAMPLES)
    const turn = (): null => {
      reader.read(frame)
      events.captured(frame)
      return null
    }
    return this.begin(turn, events, () => reader.close())
  }

  async openPlayback(options: StreamOptions, events: PlaybackEvents): Promise<SoundStream | SoundFault> {
    const { output } = this.files
    if (output === null) return 'ok' in this.others ? this.others : this.others.openPlayback(options, events)
    if (options.device !== null && options.device !== output) return notThere(options.device)
    const writer = WavWriter.open(output)
    if (!(writer instanceof WavWriter)) return writer
    const frame = new Float32Array(FRAME_SAMPLES)
    const turn = (): SoundFault | null => {
      frame.fill(0)
      events.wanted(frame)
      return writer.write(frame)
    }
    return this.begin(turn, events, () => writer.close())
  }

  /** Files neither come nor go. */
  watch(changed: () => void): () => void {
    return 'ok' in this.others ? () => {} : this.others.watch(changed)
  }

  async close(): Promise<void> {
    await Promise.all([...this.streams].map((stream) => stream.close()))
    if (!('ok' in this.others)) await this.others.close()
  }

  private begin(
    turn: () => SoundFault | null,
    events: { ended(fault: SoundFault): void },
    closeFile: () => void,
  ): SoundStream {
    const statistics = { frames: 0, gaps: 0 }
    const end = (): void => {
      cancel()
      if (this.streams.delete(stream)) closeFile()
    }
    const stream: SoundStream = {
      ok: true,
      statistics,
      close: async () => end(),
    }
    this.streams.add(stream)
    const cancel = pace(this.clock, () => {
      const fault = turn()
      statistics.frames++
      if (fault === null || !this.streams.has(stream)) return
      end()
      events.ended(fault)
    })
    return stream
  }
}

function fileDevice(path: string): SoundDevices['inputs'] {
  return namedDevices([{ id: path, name: basename(path), isDefault: true }])
}

function notThere(device: string): SoundFault {
  const message = `The sound device ${device} is not there: a WAV file stands in for it.`
  return { ok: false, code: 'gone', message, cause: null }
}

function noDevice(): SoundFault {
  const message = 'Only a WAV file was given for sound, for the other direction: give both --audio-in and --audio-out.'
  return { ok: false, code: 'no-device', message, cause: null }
}
