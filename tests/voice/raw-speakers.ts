import { openOpus } from '../../src/adapters/opus.ts'
import { pace } from '../../src/adapters/pace.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { streamKey } from '../../src/app/voice/engine-member.ts'
import type { VoiceMember, VoiceStream } from '../../src/app/voice/messages.ts'
import type { Address } from '../../src/base/address.ts'
import { levelBelowFullScale } from '../../src/core/voice/level.ts'
import { PAYLOAD_BYTES_MAX } from '../../src/ports/codec.ts'
import { type AudioPayload, emptyAudio, writeAudio } from '../../src/wire/voice-audio.ts'
import { VOICE_DATAGRAM_BYTES_MAX, VOICE_PAYLOAD_BYTES_MAX, VoiceSealer } from '../../src/wire/voice-datagram.ts'

/** Speech of 20 ms each, encoded once, to be sent by many. */
export interface EncodedSpeech {
  readonly packets: readonly { readonly opus: Uint8Array; readonly level: number }[]
}

const FRAME_SAMPLES = 960
const TICKS = 2
const LEVEL_SILENT = 127

export async function encodeSpeech(sound: Float32Array): Promise<EncodedSpeech> {
  const codec = await openOpus()
  if (!codec.ok) throw codec.cause
  const encoder = codec.encoder({})
  const into = new Uint8Array(PAYLOAD_BYTES_MAX)
  const packets: { opus: Uint8Array; level: number }[] = []
  for (let at = 0; at + FRAME_SAMPLES <= sound.length; at += FRAME_SAMPLES) {
    const frame = sound.subarray(at, at + FRAME_SAMPLES)
    packets.push({ opus: into.slice(0, encoder.encode(frame, into)), level: levelBelowFullScale(frame) })
  }
  encoder.close()
  return { packets }
}

/** A member without a process: as the real one sees it there is only what comes from its socket, which a test sends. */
export class RawSpeaker {
  readonly audio = rawStream()
  readonly theirs = rawStream()
  readonly ours = rawStream()
  private readonly tag = crypto.getRandomValues(new Uint32Array(1))[0]!
  private readonly sealer: VoiceSealer
  private readonly payload = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)
  private readonly bytes = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
  private readonly said: AudioPayload = emptyAudio()
  private time = 0
  private at: number

  constructor(
    readonly id: string,
    readonly speech: EncodedSpeech,
    /** Where in the speech it begins, which is said again and again. */
    offset = 0,
    /** By so many decibels they say that they are quieter than they are. */
    private readonly modestyDb = 0,
  ) {
    this.at = offset
    this.sealer = new VoiceSealer(streamKey(this.audio, 'audio'))
  }

  member(endpoint: Address): VoiceMember {
    const { id, tag, audio, theirs, ours } = this
    const rest = { endpoints: [endpoint], volumePercent: 100, muted: false, chime: false }
    return { id, tag, audio, theirs, ours, ...rest }
  }

  /** The datagram of the next 20 ms; valid until the one after. */
  next(): Uint8Array {
    const { said, speech } = this
    const { opus, level } = speech.packets[this.at++ % speech.packets.length]!
    said.begins = this.time === 0
    said.ticks = TICKS
    said.level = Math.min(LEVEL_SILENT, level + this.modestyDb)
    said.newest = opus
    return this.payloadOf(said)
  }

  /** Of any Opus packet, in the place of the next one. */
  saying(opus: Uint8Array, level = 10): Uint8Array {
    const { said } = this
    said.begins = this.time === 0
    said.ticks = TICKS
    said.level = level
    said.newest = opus
    return this.payloadOf(said)
  }

  /** Of any payload. */
  sealed(payload: Uint8Array): Uint8Array {
    return this.bytes.subarray(0, this.sealer.seal(payload, this.bytes))
  }

  private payloadOf(said: AudioPayload): Uint8Array {
    said.time = this.time
    this.time += TICKS
    return this.sealed(this.payload.subarray(0, writeAudio(said, this.payload)))
  }
}

/** All of them speak to one address from one socket until the function answered is called, each in its own part of every 20 ms. */
export async function speakTo(speakers: readonly RawSpeaker[], to: Address): Promise<() => void> {
  const socket = await Bun.udpSocket({ hostname: '127.0.0.1', port: 0, socket: { data() {}, error() {} } })
  let tick = 0
  const stop = pace(systemClock, () => {
    for (let i = tick % TICKS; i < speakers.length; i += TICKS) {
      try {
        socket.send(speakers[i]!.next(), to.port, to.host)
      } catch {
        // Nobody is there any more.
      }
    }
    tick++
  })
  return () => {
    stop()
    socket.close()
  }
}

function rawStream(): VoiceStream {
  const tag = crypto.getRandomValues(new Uint32Array(1))[0]!
  return { tag, secret: crypto.getRandomValues(new Uint8Array(32)).toHex() }
}
