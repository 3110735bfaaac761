import type { Address } from '../../base/address.ts'
import { Fader } from '../../core/voice/mixer.ts'
import type { Route } from '../../core/voice/paths.ts'
import { SpeakerPlayout } from '../../core/voice/playout.ts'
import { Reception } from '../../core/voice/reception.ts'
import { Speaking } from '../../core/voice/speaking.ts'
import type { VoiceDecoder } from '../../ports/codec.ts'
import { TIME_TICKS } from '../../wire/voice-audio.ts'
import type { VoiceReport as ListenerReport } from '../../wire/voice-control.ts'
import type { StreamKey, StreamUse, VoiceSealer } from '../../wire/voice-datagram.ts'
import type { VoiceMember, VoiceStream } from './messages.ts'

/** A stream that a member sends, while datagrams of it are taken. */
export interface HeardStream {
  readonly member: Member
  readonly key: StreamKey
  /** When it is given up; infinite for the newest. */
  untilMs: number
}

/** Who is in the voice room beside us, and all that is kept for them. */
export class Member {
  readonly id: string
  /** Of datagrams that are passed on. */
  readonly tag: number
  readonly fader = new Fader()
  readonly speaking = new Speaking()
  /** Seals what they alone open; another where `ours` is told to be another. */
  control: VoiceSealer
  ours: VoiceStream
  /** Oldest first; the last is the one that is sent now, or will be soon. */
  audio: HeardStream[] = []
  theirs: HeardStream | null = null
  /** They came while another own key was waiting for its time, and are sent what is sealed by that one already. */
  isAhead = false
  /** Where they were last told to be. */
  told = ''
  /** As it was `routeMs`: it is asked for again after a while, not for each datagram. */
  route: Route<Member> | null = null
  routeMs = Number.NEGATIVE_INFINITY
  lastFrom: Address | null = null
  /** The last audio. */
  heardMs = Number.NEGATIVE_INFINITY
  /** Their last report about us. */
  report: ListenerReport | null = null
  readonly voice = new HeardVoice()

  constructor({ id, tag, ours }: VoiceMember, control: VoiceSealer) {
    this.id = id
    this.tag = tag
    this.ours = ours
    this.control = control
  }
}

interface Playing {
  readonly playout: SpeakerPlayout
  readonly decoder: VoiceDecoder
}

/** One member's voice, from datagrams to sound, and how it fares. */
export class HeardVoice {
  playing: Playing | null = null
  received = 0
  lost = 0
  lossPercent = 0
  jitterMs = 0
  private reception = new Reception()
  private stream: HeardStream | null = null
  private latestTick = -1
  /** Of decoders that were given back. */
  private readonly before = { late: 0, played: 0, recovered: 0, concealed: 0 }

  /** Audio datagram `number` of `stream` came, whose sound began at `time` (24 bits of ticks). */
  came(stream: HeardStream, number: number, time: number, nowMs: number): void {
    if (stream !== this.stream) {
      // Numbers begin anew with a key. What still comes under the one before counts no more.
      if (this.stream !== null && this.stream.untilMs > stream.untilMs) return
      this.stream = stream
      this.reception = new Reception()
    }
    this.received++
    this.reception.received(number, nowMs, this.unwrap(time) * TICK_MS)
  }

  /** What to report to them; null where nothing came. To be asked once a second. */
  report(): ListenerReport | null {
    const { late, concealed } = this.totals()
    const delayMs = this.playing?.playout.delayMs ?? 0
    const report = this.reception.report({ late, concealedTicks: concealed, delayMs })
    if (report === null) return null
    this.lost += report.lost
    this.lossPercent = (100 * report.lost) / report.expected
    this.jitterMs = report.jitterMs
    return report
  }

  totals(): { late: number; played: number; recovered: number; concealed: number } {
    const { before, playing } = this
    if (playing === null) return before
    const { counts, arrivals } = playing.playout
    return {
      late: before.late + arrivals.late,
      played: before.played + counts.played,
      recovered: before.recovered + counts.recovered,
      concealed: before.concealed + counts.concealed,
    }
  }

  play(decoder: VoiceDecoder): void {
    this.playing = { playout: new SpeakerPlayout(decoder), decoder }
  }

  /** Gives the decoder back; what is held is not heard any more. */
  stop(): void {
    if (this.playing === null) return
    Object.assign(this.before, this.totals())
    this.playing.decoder.close()
    this.playing = null
  }

  /** Of the times that end in these bits, the nearest to the latest. */
  private unwrap(low: number): number {
    if (this.latestTick < 0) {
      this.latestTick = low + TIME_TICKS
      return this.latestTick
    }
    const ahead = (low - this.latestTick) & (TIME_TICKS - 1)
    const tick = this.latestTick + (ahead < TIME_TICKS / 2 ? ahead : ahead - TIME_TICKS)
    this.latestTick = Math.max(this.latestTick, tick)
    return tick
  }
}

const TICK_MS = 10

export function streamKey({ tag, secret }: VoiceStream, use: StreamUse): StreamKey {
  return { tag, secret: Uint8Array.fromHex(secret), use }
}
