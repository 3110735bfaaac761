import { type Address, formatAddress } from '../../base/address.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { DialectMachine } from '../machine.ts'
import { encodeSound, FRAME_MS, readSound, roomField, SAMPLES, senderField } from './sound.ts'

/** A silent frame as often as this keeps the way to who hears us open while nothing is said. */
const KEEP_ALIVE_MS = 1_000
/** Originals in voice at a time: each of us sends to each. */
const SPEAKERS_MAX = 32
const SILENCE = new Int16Array(SAMPLES)
/** Half as much again as anybody speaks, and as much at once as a network that stood still lets go. */
const BURST_FRAMES = 100
const FRAME_EVERY_MS = (2 * FRAME_MS) / 3

interface Speaker {
  readonly id: string
  readonly name: string
  readonly room: string
  readonly udp: Address
  readonly bucket: TokenBucket
  /** The last sequence number taken; -1 before the first. */
  last: number
}

/** Voice among the originals: who is in it and where they hear, what they say, and what we say to each of them. */
export class FramedVoice extends DialectMachine {
  private readonly speakers = new Map<string, Speaker>()
  private room: string | null = null
  private sequence = 0
  private sentAtMs = Number.NEGATIVE_INFINITY

  /** `own`: our node id there. */
  constructor(private readonly own: string) {
    super()
  }

  /** We are in voice in that room from now on; null: in none. */
  enter(room: string | null, nowMs: number): void {
    this.nowMs = nowMs
    const isNew = this.room === null && room !== null
    this.room = room
    if (isNew) this.keepAlive()
  }

  joined(id: string, name: string, room: string, udp: Address): void {
    const folded = normaliseRoom(room)
    if (folded === null || (this.speakers.size >= SPEAKERS_MAX && !this.speakers.has(id))) return
    const bucket = new TokenBucket(BURST_FRAMES, FRAME_EVERY_MS)
    this.speakers.set(id, { id, name, room: folded, udp, bucket, last: -1 })
  }

  left(id: string, room: string | null): void {
    const speaker = this.speakers.get(id)
    if (speaker === undefined || (room !== null && normaliseRoom(room) !== speaker.room)) return
    this.speakers.delete(id)
  }

  /** Who is in voice there, in our room. */
  get present(): { id: string; name: string; address: string }[] {
    return this.here().map(({ id, name, udp }) => ({ id, name, address: formatAddress(udp) }))
  }

  /** From anywhere; only what says it is from somebody in our room, and comes from where he is, is taken. */
  received(datagram: Uint8Array, from: Address, nowMs: number): void {
    this.nowMs = nowMs
    const sound = readSound(datagram)
    if (sound === null || this.room === null || sound.room !== roomField(this.room)) return
    const speaker = this.here().find(({ id }) => senderField(id) === sound.sender)
    if (speaker === undefined || speaker.udp.port !== from.port || !speaker.bucket.take(nowMs)) return
    if (sound.sequence !== 0 && sound.sequence <= speaker.last) return
    speaker.last = sound.sequence
    const { room, id } = speaker
    this.emit({ kind: 'sound', speaker: id, room, sequence: sound.sequence, samples: sound.samples })
  }

  /** Says 20 ms to everybody in our room; the samples are copied. `to`: what one of them is to hear instead, by id. */
  speak(samples: Int16Array, nowMs: number, to: (id: string) => Int16Array = () => samples): void {
    this.nowMs = nowMs
    const { room, own } = this
    const here = this.here()
    if (room === null || here.length === 0) return
    this.sentAtMs = nowMs
    const sequence = ++this.sequence
    for (const { id, udp } of here) {
      const datagram = encodeSound({ room, sender: own, sequence, samples: to(id) })
      this.emit({ kind: 'datagram', to: udp, datagram })
    }
  }

  private keepAlive(): void {
    if (this.room === null) return
    if (this.nowMs - this.sentAtMs >= KEEP_ALIVE_MS) this.speak(SILENCE, this.nowMs)
    this.after(KEEP_ALIVE_MS, () => this.keepAlive())
  }

  private here(): Speaker[] {
    return [...this.speakers.values()].filter(({ room }) => room === this.room)
  }
}

/** Sums in more bits than a sample has and clamps, as the originals mix. There must be one at least, all of one length. */
export function mixSamples(frames: readonly Int16Array[]): Int16Array {
  const mixed = new Int16Array(frames[0]!.length)
  for (let i = 0; i < mixed.length; i++) {
    let sum = 0
    for (const frame of frames) sum += frame[i]!
    mixed[i] = Math.max(-32_768, Math.min(32_767, sum))
  }
  return mixed
}
