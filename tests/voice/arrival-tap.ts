import { bunUdp } from '../../src/adapters/bun-udp.ts'
import { streamKey } from '../../src/app/voice/engine-member.ts'
import type { VoiceStream } from '../../src/app/voice/messages.ts'
import type { Address } from '../../src/base/address.ts'
import type { DatagramSocket } from '../../src/ports/datagrams.ts'
import { emptyAudio, readAudio } from '../../src/wire/voice-audio.ts'
import { datagramFault, numberOf, tagOf, VOICE_DATAGRAM_BYTES_MAX, VoiceOpener } from '../../src/wire/voice-datagram.ts'
import type { Arrival } from '../core/voice/recording.ts'
import type { Between } from './voice-node.ts'

const LOOPBACK = '127.0.0.1'

/**
 * Stands before the socket of one who hears, with the same kind of socket, and passes on what comes at once, both ways. What comes of one audio
 * stream it opens, and writes down when it came.
 */
export class ArrivalTap implements Between {
  readonly arrivals: Arrival[] = []
  private readonly opener: VoiceOpener
  private readonly audio = emptyAudio()
  private readonly payload = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
  private readonly seen = new Set<number>()
  private readonly sockets: DatagramSocket[] = []
  private readonly known: (Address | null)[] = [null, null]

  private constructor(private readonly stream: VoiceStream) {
    this.opener = new VoiceOpener(streamKey(stream, 'audio'))
  }

  /** `host`: the address that the one who speaks sends to. */
  static async open(stream: VoiceStream, host: string): Promise<ArrivalTap> {
    const tap = new ArrivalTap(stream)
    for (const [side, local] of [host, LOOPBACK].entries()) {
      const socket = await bunUdp.bind(
        { host: local, port: 0 },
        {
          received(datagram, from) {
            const nowMs = performance.now()
            tap.known[side] = from
            if (side === 0) tap.heard(datagram, nowMs)
            const to = tap.known[1 - side]
            if (to !== null && to !== undefined) tap.sockets[1 - side]?.send(datagram, to)
          },
        },
      )
      if (!socket.ok) throw new Error(socket.message)
      tap.sockets.push(socket)
    }
    return tap
  }

  endpoint(side: 0 | 1): Address {
    return this.sockets[side]!.local
  }

  expect(side: 0 | 1, address: Address): void {
    this.known[side] ??= address
  }

  /** Forgets what came until now. */
  begin(): void {
    this.arrivals.length = 0
  }

  close(): void {
    for (const socket of this.sockets) socket.close()
  }

  private heard(datagram: Uint8Array, nowMs: number): void {
    if (datagramFault(datagram) !== null || tagOf(datagram) !== this.stream.tag) return
    const { audio, payload } = this
    const length = this.opener.open(datagram, payload)
    if (length < 0 || !readAudio(payload.subarray(0, length), audio)) return
    const number = numberOf(datagram)
    // A network that carries one twice would be one that the replay window before the jitter buffer has made good.
    if (this.seen.has(number)) return
    this.seen.add(number)
    const { time, ticks, begins, ends, recovers, heldBack, older, olderCount } = audio
    const againAge = olderCount === 0 ? 0 : older[0]!.age
    const arrivesUs = Math.round(1_000 * nowMs)
    this.arrivals.push({ number, time, arrivesUs, ticks, begins, ends, recovers, heldBack, againAge })
  }
}

/** The same with the first number, time and arrival at 0, or the least of them that were overtaken. */
export function fromZero(arrivals: readonly Arrival[]): Arrival[] {
  const least = (of: (arrival: Arrival) => number): number =>
    arrivals.reduce((found, arrival) => Math.min(found, of(arrival)), Number.POSITIVE_INFINITY)
  const [number, time, arrivesUs] = [least((a) => a.number), least((a) => a.time), least((a) => a.arrivesUs)]
  return arrivals.map((arrival) => ({
    ...arrival,
    number: arrival.number - number,
    time: arrival.time - time,
    arrivesUs: arrival.arrivesUs - arrivesUs,
  }))
}
