import {
  DIRECT,
  datagramFault,
  numberOf,
  type StreamKey,
  type StreamUse,
  tagOf,
  VOICE_PAYLOAD_BYTES_MAX,
  VoiceOpener,
} from '../../wire/voice-datagram.ts'
import { Allowance } from './allowance.ts'
import { ReplayWindow } from './replay-window.ts'

/**
 * Where datagrams come in: tells what is a known sender's, new, and not too much, and counts the rest by reason. Nothing here answers
 * anybody.
 *
 * What a datagram may cost is bounded in three steps. Length, form and tag are looked at first and cost nothing. Opening costs up to 2 µs, also
 * for what is forged, and happens at most `ATTEMPTS_PER_S` times for each stream. What opens goes on at most `OPENED_PER_S` times.
 */

/** An audio and a control stream for each of 150 members, and as many again while keys change. */
export const STREAMS_MAX = 600
/** Ten times what an honest stream sends. Somebody who forges a stream's header from anywhere takes 2 ms of each second with it. */
export const ATTEMPTS_PER_S = 1_000
/** Audio of 10 ms frames is 100; twice that after a stall on the way, and some more. */
export const OPENED_PER_S = 300

export type DropReason = keyof VoiceIntake<unknown>['drops']

/** An opened datagram. Filled again for the next one. */
export interface OpenedDatagram<Owner> {
  owner: Owner
  use: StreamUse
  number: number
  /** A view of memory that the next datagram overwrites. */
  payload: Uint8Array
}

interface Stream<Owner> {
  readonly owner: Owner
  readonly use: StreamUse
  readonly opener: VoiceOpener
  readonly window: ReplayWindow
  readonly attempts: Allowance
  readonly opened: Allowance
}

export class VoiceIntake<Owner> {
  /** Dropped, by reason; `malformed` is for the owner of the payload to say. */
  readonly drops = {
    short: 0,
    long: 0,
    form: 0,
    unknown: 0,
    excess: 0,
    replayed: 0,
    forged: 0,
    flood: 0,
    malformed: 0,
  }
  private readonly streams = new Map<number, Stream<Owner>>()
  private readonly plaintext = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)
  private opened: OpenedDatagram<Owner> | null = null

  get size(): number {
    return this.streams.size
  }

  /** False where the tag is another stream's already, or the table is full. */
  add(key: StreamKey, owner: Owner): boolean {
    if (this.streams.has(key.tag) || this.streams.size >= STREAMS_MAX) return false
    this.streams.set(key.tag, {
      owner,
      use: key.use,
      opener: new VoiceOpener(key),
      window: new ReplayWindow(),
      attempts: new Allowance(ATTEMPTS_PER_S),
      opened: new Allowance(OPENED_PER_S),
    })
    return true
  }

  remove(tag: number): void {
    this.streams.delete(tag)
  }

  /** `datagram`: direct, or what was within a relayed one; any bytes. Null where it was dropped and counted. */
  receive(datagram: Uint8Array, nowMs: number): OpenedDatagram<Owner> | null {
    const fault = datagram[0] === DIRECT ? datagramFault(datagram) : (datagramFault(datagram) ?? 'form')
    if (fault !== null) return this.drop(fault)
    const stream = this.streams.get(tagOf(datagram))
    if (stream === undefined) return this.drop('unknown')
    const number = numberOf(datagram)
    if (!stream.window.isFresh(number)) return this.drop('replayed')
    if (!stream.attempts.take(nowMs)) return this.drop('excess')
    const length = stream.opener.open(datagram, this.plaintext)
    if (length < 0) return this.drop('forged')
    stream.window.mark(number)
    if (!stream.opened.take(nowMs)) return this.drop('flood')
    return this.handOut(stream, number, length)
  }

  /** Counts a datagram that opened, but whose payload makes no sense. */
  drop(reason: DropReason): null {
    this.drops[reason]++
    return null
  }

  private handOut(stream: Stream<Owner>, number: number, length: number): OpenedDatagram<Owner> {
    const { owner, use } = stream
    const payload = this.plaintext.subarray(0, length)
    const { opened } = this
    if (opened === null) {
      this.opened = { owner, use, number, payload }
      return this.opened
    }
    opened.owner = owner
    opened.use = use
    opened.number = number
    opened.payload = payload
    return opened
  }
}
