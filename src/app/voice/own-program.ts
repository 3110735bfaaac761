/** The first argument of a voice process; the second is the folder that was made for it. Not for people, so no help tells of it. */
export const VOICE_ARGUMENT = '--voice-process'

/** Defined in the compiled program. */
declare const HEARSAY_VERSION: string | undefined

/** False in a program built without the addon; not there when run from source. */
declare const HEARSAY_SOUND: boolean | undefined

/** Whether this program can have sound at all; run from its source, that shows when it is tried. */
export const HAS_SOUND = typeof HEARSAY_SOUND !== 'boolean' || HEARSAY_SOUND

/** What starts this program again, with other arguments behind it. */
export function ownProgram(): string[] {
  if (typeof HEARSAY_VERSION !== 'string') return [process.execPath, Bun.main]
  // This very program, also when the file has been replaced by a newer one that speaks differently.
  return [process.platform === 'linux' ? '/proc/self/exe' : process.execPath]
}

/**
 * The environment of a voice process. `folder` is private: Bun unpacks what is embedded there, instead of under a name that others
 * could have prepared in the common one.
 */
export function voiceEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Record<string, string | undefined> {
  const threads = Number(environment['UV_THREADPOOL_SIZE']) || 0
  return {
    ...environment,
    BUN_TMPDIR: folder,
    ALSA_CONFIG_PATH: environment['ALSA_CONFIG_PATH'] || `${folder}/${ALSA_CONFIG_NAME}`,
    // Devices that cannot do 48 kHz or one channel are spoken to by way of ALSA's conversion.
    PA_ALSA_PLUGHW: '1',
    // The addon asks the system to run this process at once whenever it is woken.
    HEARSAY_URGENT: '1',
    UV_THREADPOOL_SIZE: String(Math.max(threads, THREADS)),
  }
}

export const ALSA_CONFIG_NAME = 'alsa.conf'

/** Recording and playing hold one each for good, and giving back a device that hangs another two. */
const THREADS = 8
