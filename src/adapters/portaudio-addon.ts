import type { SoundFault } from '../ports/sound.ts'

/**
 * naudiodon's compiled part, which holds PortAudio. Its JavaScript is not used: it loads a package that does not load in Bun. What is
 * here is what we use of it, with what patches/ adds.
 */
export interface Addon {
  /** Every device of every interface. Looks anew only while no AudioIO is there that has not quit. Takes some 10 ms for each. */
  getDevices(): AddonDevice[]
  getHostAPIs(): { readonly HostAPIs: readonly { readonly defaultInput: number; readonly defaultOutput: number }[] }
  /** Throws where the device cannot be opened so. */
  create(options: { readonly inOptions: AddonOptions } | { readonly outOptions: AddonOptions }): AudioIO
}

export interface AddonDevice {
  readonly id: number
  readonly name: string
  readonly maxInputChannels: number
  readonly maxOutputChannels: number
}

export interface AddonOptions {
  readonly deviceId: number
  readonly sampleRate: number
  readonly channelCount: number
  /** 1: 32-bit floats. */
  readonly sampleFormat: 1
  /** Playback: `write` is settled when fewer than this many chunks wait. Capture: the oldest of more are dropped. */
  readonly maxQueue: number
  /** Samples that PortAudio takes at once. */
  readonly framesPerBuffer: number
  /** Its buffer, beside those. A write that is late is waited for half as long, and silence is played after that. */
  readonly latencyUs: number
  /** True: what went wrong since the last time is told with `read` and `write`, and nothing ends because of it. */
  readonly closeOnError: true
}

/** Each call waits in a thread of the pool (`UV_THREADPOOL_SIZE`); one at a time of a kind. */
export interface AudioIO {
  start(): void
  read(byteCount: number): Promise<{ readonly buf: Uint8Array; readonly finished: boolean; readonly err?: string }>
  /** Copies the bytes before it returns. */
  write(bytes: Uint8Array): Promise<string | undefined>
  /** Releases those that wait in the other two, and gives the device back. Does not settle where the sound server hangs. */
  quit(how: 'WAIT'): Promise<void>
}

/** False in a program built without the addon; not there when run from source. */
declare const HEARSAY_SOUND: boolean | undefined

/** Loads it, once and for good: PortAudio prints to standard output, and an assertion in it ends the process. */
export function loadAddon(): Addon | SoundFault {
  if (typeof HEARSAY_SOUND === 'boolean' && !HEARSAY_SOUND) return notBuilt(null)
  let addon: unknown
  try {
    // By this very name, or it is not found when the program is compiled.
    addon = require('naudiodon/build/Release/naudiodon.node')
  } catch (cause) {
    return cannotLoad(cause)
  }
  return isAddon(addon) ? addon : notBuilt(addon)
}

function isAddon(addon: unknown): addon is Addon {
  if (typeof addon !== 'object' || addon === null) return false
  return ['getDevices', 'getHostAPIs', 'create'].every((name) => typeof Reflect.get(addon, name) === 'function')
}

function notBuilt(cause: unknown): SoundFault {
  const message = 'This build of hearsay has no voice: build it on the machine it is for, with scripts/build.'
  return { ok: false, code: 'not-built', message, cause }
}

/** What is wrong where the addon does not load, from the loader's words. */
export function cannotLoad(cause: unknown): SoundFault {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (/cannot (find|require) module/i.test(text)) return notBuilt(cause)
  const library = /(\S+\.so[.\d]*): cannot open shared object file/.exec(text)?.[1]
  if (library === 'libasound.so.2') {
    const message =
      'Voice needs ALSA, which is not here: apt-get install libasound2-plugins (Debian and Ubuntu; it brings ALSA), or else alsa-lib.'
    return { ok: false, code: 'no-library', message, cause }
  }
  if (text.includes('failed to map segment')) {
    const message =
      'Voice cannot be loaded: programs may not run from the temporary folder. Set TMPDIR to another folder.'
    return { ok: false, code: 'no-library', message, cause }
  }
  const what = library === undefined ? text : `${library} is missing`
  const advice = library === undefined ? 'Build hearsay on this machine, with scripts/build.' : 'Install what has it.'
  return { ok: false, code: 'no-library', message: `Voice cannot be loaded here: ${what}. ${advice}`, cause }
}
