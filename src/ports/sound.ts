/** Inside, sound is 48 kHz, one channel, 32-bit floats of -1 to 1, in frames of 10 ms. */
export const SAMPLE_RATE_HZ = 48_000
export const FRAME_SAMPLES = 480
export const FRAME_MS = 10

/** What sound comes in by and goes out by: the devices of this machine, or files in their place. */
export interface Sound {
  /** What there is now. Looks anew at each call. */
  devices(): Promise<SoundDevices | SoundFault>
  /** Begins to record. Frames may come before the promise is settled. */
  openCapture(options: StreamOptions, events: CaptureEvents): Promise<SoundStream | SoundFault>
  /** Begins to play. Frames may be wanted before the promise is settled. */
  openPlayback(options: StreamOptions, events: PlaybackEvents): Promise<SoundStream | SoundFault>
  /** Calls `changed` some time after devices have come or gone. What is answered ends that. */
  watch(changed: () => void): () => void
  /** Closes every stream. Nothing may be asked of it any more. */
  close(): Promise<void>
}

export interface SoundDevices {
  readonly ok: true
  readonly inputs: readonly SoundDevice[]
  readonly outputs: readonly SoundDevice[]
}

export interface SoundDevice {
  /** Names it when it is opened, and in the settings: the same at the next start. No two of one direction are the same. */
  readonly id: string
  /** For people: one clean line, at most `DEVICE_NAME_GRAPHEMES_MAX` characters; no two of one direction are the same. */
  readonly name: string
  /** Taken where none is chosen. At most one of each direction. */
  readonly isDefault: boolean
}

export const DEVICE_NAME_GRAPHEMES_MAX = 64
/** More of one direction are left out: nobody chooses among them, and a sound server can be made to list any number. */
export const DEVICES_MAX = 64

export interface StreamOptions {
  /** The id of a device; null for whatever is the default, also where another becomes it later. */
  readonly device: string | null
  /**
   * How much the device may buffer, in ms, beside the frame under way. Less is sooner, more stands longer waits for the processor. What the
   * adapter finds right where it is left out. A wish.
   */
  readonly bufferMs?: number
}

export interface CaptureEvents {
  /** The next 10 ms. The frame is the port's, which writes over it after the call. */
  captured(frame: Float32Array): void
  /** The stream has ended by itself: its device is gone, or its server is dead. Once, and nothing follows. Not after `close`. */
  ended(fault: SoundFault): void
}

export interface PlaybackEvents {
  /**
   * The next 10 ms are wanted, at once: to be written into the frame, which is the port's and comes silent. Samples beyond -1 to 1 may
   * come out distorted.
   */
  wanted(frame: Float32Array): void
  /** As in CaptureEvents. */
  ended(fault: SoundFault): void
}

export interface SoundStream {
  readonly ok: true
  /** Frames so far, and how often the device had to go without (playback) or something was lost (capture): clicks, as people hear it. */
  readonly statistics: Readonly<StreamStatistics>
  /** Ends it: no event comes after the call. */
  close(): Promise<void>
}

export interface StreamStatistics {
  frames: number
  gaps: number
}

/** Why there is no sound; `message` is a sentence for the user that says what is the matter and what to do. */
export interface SoundFault {
  readonly ok: false
  readonly code:
    | 'not-built'
    /** A library of the system is missing. */
    | 'no-library'
    /** There is nothing to record from, or to play on. */
    | 'no-device'
    /** The one asked for is not there (any more). */
    | 'gone'
    /** Neither sound nor an error for a second: its device was pulled out, or the sound server is dead. To be opened again. */
    | 'silent'
    /** The sound server hangs, and what speaks to it: only another process can have sound again. */
    | 'stuck'
    /** A file that cannot be read, written, or understood. */
    | 'file'
    | 'failed'
  readonly message: string
  readonly cause: unknown
}
