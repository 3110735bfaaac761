import * as v from 'valibot'
import { BITRATE_MAX, BITRATE_MIN } from '../../core/voice/loss-control.ts'
import { VOLUME_PERCENT_MAX } from '../../core/voice/mixer.ts'
import { reportSchema } from './reports.ts'

/**
 * What the main process and the voice process tell each other: small, and few in a second. Both are this program, but a crash may cut
 * a message, and a program that was replaced on the disk may speak differently: so all are looked at before they are believed.
 *
 * A voice process that begins (`ready`) knows nothing: where files stand in for devices it is told `files`, and where voice is wanted
 * `begin` and each `member`. What it answers is in reports.ts.
 */

const TEXT_LENGTH_MAX = 1_024
/** PATH_MAX of Linux. */
const PATH_LENGTH_MAX = 4_096
const HOST_LENGTH_MAX = 64
const ENDPOINTS_MAX = 8
const MEMBER_ID_LENGTH_MAX = 64
const GAIN_DB_MOST = 20

const text = v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** The id of a device; null for the default. */
const device = v.nullable(text)
const path = v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(PATH_LENGTH_MAX)))
/** What the main process calls a member: it comes back in reports. */
const memberId = v.pipe(v.string(), v.minLength(1), v.maxLength(MEMBER_ID_LENGTH_MAX))
const tag = v.pipe(count, v.maxValue(2 ** 32 - 1))
const volumePercent = v.pipe(v.number(), v.minValue(0), v.maxValue(VOLUME_PERCENT_MAX))

/** A stream's tag and secret (wire/voice-datagram.ts): both random; the secret's 32 bytes in hexadecimal. */
const stream = v.object({ tag, secret: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })

const endpoint = v.object({
  /** A literal address. */
  host: v.pipe(v.string(), v.minLength(1), v.maxLength(HOST_LENGTH_MAX)),
  port: v.pipe(count, v.minValue(1), v.maxValue(65_535)),
})

/** All of what people can set, each time: nothing is remembered of what was set before. */
const settings = v.object({
  /** Nothing is sent. */
  muted: v.boolean(),
  /** Nobody is heard. */
  deafened: v.boolean(),
  /** What opens the microphone: a voice, a key that is held, or nothing has to. */
  mode: v.picklist(['voice', 'push', 'open']),
  /** The key is held. */
  pressed: v.boolean(),
  /** Bits a second while the network is well. */
  bitrate: v.pipe(v.number(), v.minValue(BITRATE_MIN), v.maxValue(BITRATE_MAX)),
  frameMs: v.picklist([10, 20]),
  noiseSuppression: v.boolean(),
  automaticGain: v.boolean(),
  /** Where the gain is not automatic. */
  gainDb: v.pipe(v.number(), v.minValue(-GAIN_DB_MOST), v.maxValue(GAIN_DB_MOST)),
  /** Of everybody together. */
  volumePercent,
  /** Whether joins and leaves are heard. */
  chimes: v.boolean(),
  /** Whether `level` is told: while somebody looks at a meter. */
  levels: v.boolean(),
  input: device,
  output: device,
})

/** Who is in the voice room beside us. */
const member = v.object({
  id: memberId,
  /** Random; names them where datagrams are passed on, and stays as it is while keys change. Another one: they have begun anew. */
  tag,
  /** Their sending stream. Another one than before takes its place within seconds; both are heard until then. */
  audio: stream,
  /** The control stream from them to us, and the one from us to them: nobody else has these. */
  theirs: stream,
  ours: stream,
  /** Where they say that they can be reached. */
  endpoints: v.pipe(v.array(endpoint), v.maxLength(ENDPOINTS_MAX)),
  volumePercent,
  muted: v.boolean(),
  /** They join just now, to be heard by everybody: not one who was here before us. */
  chime: v.boolean(),
})

/** Somebody in voice in a network of another protocol: what they are called there, their name without a mark, and where they hear. */
const foreigner = v.object({ id: memberId, name: text, ...endpoint.entries })
const FOREIGNERS_MAX = 32

/** To the voice process. */
const commandSchema = v.variant('do', [
  v.object({ do: v.literal('devices') }),
  /** Hear yourself, `delayMs` late (0 to 2,000), until `quiet`. Beside a voice room it is one more pair of streams. */
  v.object({
    do: v.literal('loopback'),
    input: device,
    output: device,
    delayMs: v.pipe(count, v.maxValue(2_000)),
  }),
  /** Ends the loopback. */
  v.object({ do: v.literal('quiet') }),
  /** WAV files in place of devices from here on, for whatever is begun next; null for the devices again. */
  v.object({ do: v.literal('files'), input: path, output: path }),
  /**
   * Be in a voice room, alone at first. Answered by `begun`, or by a `fault` of the network. `room` comes back in it.
   *
   * **No key is ever given to two voice processes, or twice to one**: numbers begin at 0, and one that is sealed twice under one key betrays
   * both datagrams. So whenever a process says `ready`, and for every `begin` and `key`, all own keys (`audio`, and each member's
   * `ours`) are new, and the members are told.
   */
  v.object({
    do: v.literal('begin'),
    room: text,
    /** Address and UDP port to bind: as the node's own listening address is; 0 for any port. */
    host: v.pipe(v.string(), v.minLength(1), v.maxLength(HOST_LENGTH_MAX)),
    port: v.pipe(count, v.maxValue(65_535)),
    /** Our own, as a member's. */
    tag,
    audio: stream,
    settings,
  }),
  v.object({ do: v.literal('end') }),
  v.object({ do: v.literal('settings'), settings }),
  /** Somebody is there, or something of theirs has changed: everything of them each time. At most 150 (core/voice/paths.ts). */
  v.object({ do: v.literal('member'), member }),
  /** They are sent nothing any more, and what they send is dropped, from now on. */
  v.object({ do: v.literal('gone'), id: memberId, chime: v.boolean() }),
  /**
   * Another own audio stream, as after somebody left: what is sealed `afterMs` (0 to 5,000) from now is sealed by it. Those who stay have to have
   * heard of it by then, or they miss what is said until they have.
   */
  v.object({ do: v.literal('key'), audio: stream, afterMs: v.pipe(count, v.maxValue(5_000)) }),
  /** Who of the framed network is in voice in the room: all of them, each time. `own`: what we are called there. */
  v.object({
    do: v.literal('foreigners'),
    own: memberId,
    room: text,
    people: v.pipe(v.array(foreigner), v.maxLength(FOREIGNERS_MAX)),
  }),
  /** How somebody of another network is to be heard, by the id that front ends know; of whom nothing is told are heard as they come. */
  v.object({ do: v.literal('hear'), id: text, volumePercent, muted: v.boolean() }),
])

export type VoiceCommand = v.InferOutput<typeof commandSchema>
export type VoiceSettings = v.InferOutput<typeof settings>
export type VoiceMember = v.InferOutput<typeof member>
export type VoiceForeigner = v.InferOutput<typeof foreigner>
export type VoiceStream = v.InferOutput<typeof stream>
export type VoiceReport = v.InferOutput<typeof reportSchema>

export function parseCommand(message: unknown): VoiceCommand | null {
  const parsed = v.safeParse(commandSchema, message)
  return parsed.success ? parsed.output : null
}

export function parseReport(message: unknown): VoiceReport | null {
  const parsed = v.safeParse(reportSchema, message)
  return parsed.success ? parsed.output : null
}
