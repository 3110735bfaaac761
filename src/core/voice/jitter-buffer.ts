import { type AudioPayload, TIME_TICKS } from '../../wire/voice-audio.ts'
import { ArrivalDelays } from './arrival.ts'
import { FrameStore, STORE_TICKS, type StoredFrame } from './frame-store.ts'

/**
 * One speaker's packets as they arrive: put in order by the time they were made, each frame once, in bounded room. What is due next is the
 * player's to say (`due`); what comes after its turn is dropped, but tells how long to hold packets back (`delays`).
 */
export const TICK_MS = 10
/**
 * Packets in a row whose times fit nothing: the sender's clock is believed then, and what was held is dropped. But not where they come all at
 * once: a way that was given up has let go of what it held, and what it held was said long ago.
 */
const STRAYS_MAX = 3
const STRAYS_MS_MIN = 25
/** Where a speaker is heard for the first time in a while, packets that were overtaken by so much are still taken. */
const OVERTAKEN_TICKS = 16

export interface JitterCounts {
  /** Datagrams taken in, whatever became of their frames. */
  received: number
  /** Frames that came after their turn. */
  late: number
  /** Frames that were here already. */
  duplicate: number
  /** Frames with a time far from all others. */
  stray: number
  /** Frames that came again by another datagram than their own, in time. */
  repaired: number
}

export class JitterBuffer {
  readonly delays = new ArrivalDelays()
  readonly store = new FrameStore()
  readonly counts: JitterCounts = { received: 0, late: 0, duplicate: 0, stray: 0, repaired: 0 }
  /** The first tick that was not played or given up yet. */
  due = 0
  /** Nothing is being played: the speaker may begin anywhere. */
  idle = true
  private latest = -1
  private strays = 0
  /** When the first of them came. */
  private strayMs = 0
  /** Which frames came, by time: also those that were played or late. */
  private readonly seen = new Float64Array(STORE_TICKS).fill(-1)

  /** Copies what it keeps. `nowMs`: when the datagram arrived. */
  receive(audio: AudioPayload, nowMs: number): void {
    this.counts.received++
    const time = this.unwrap(audio.time)
    if (!this.fits(time, audio.begins, nowMs)) return
    this.latest = Math.max(this.latest, time)
    if (audio.heldBack) this.delays.heardHeldBack(nowMs, time * TICK_MS)
    else this.delays.heard(nowMs, time * TICK_MS)
    if (audio.recovers && !audio.begins) this.countRecovered(time - audio.ticks, nowMs)
    let first = this.keepNewest(audio, time)
    for (let i = 0; i < audio.olderCount; i++) first = this.keepOlder(audio, i, time, nowMs) ?? first
    if (first !== null && audio.begins) first.begins = true
  }

  /** How long after the fastest packet's arrival a sample made at `tick` would be heard, if it were heard at `nowMs`. */
  delayAt(nowMs: number, tick: number): number {
    return nowMs - this.delays.baseMs - tick * TICK_MS
  }

  /** Drops what is held; what was sent before it counts as late from here on. */
  clear(): void {
    this.due = Math.max(this.due, this.latest + 1)
    this.store.clear()
  }

  private keepNewest(audio: AudioPayload, time: number): StoredFrame | null {
    if (this.wasSeen(time)) {
      this.counts.duplicate++
      return null
    }
    this.seen[time % STORE_TICKS] = time
    if (time < this.due) {
      this.counts.late++
      return null
    }
    const frame = this.store.put(time, audio.ticks, audio.newest)
    frame.recovers = audio.recovers
    frame.ends = audio.ends
    return frame
  }

  private keepOlder(audio: AudioPayload, i: number, newestTime: number, nowMs: number): StoredFrame | null {
    const { age, opus } = audio.older[i]!
    const time = newestTime - age * audio.ticks
    if (time < 0 || this.wasSeen(time)) return null
    this.delays.count(this.delayAt(nowMs, time))
    this.seen[time % STORE_TICKS] = time
    if (time < this.due) return null
    this.counts.repaired++
    return this.store.put(time, audio.ticks, opus)
  }

  /** A frame that is missing could be made from this packet: a delay of so much lets it. */
  private countRecovered(time: number, nowMs: number): void {
    if (time >= 0 && !this.wasSeen(time)) this.delays.count(this.delayAt(nowMs, time))
  }

  private wasSeen(time: number): boolean {
    return this.seen[time % STORE_TICKS] === time
  }

  /** Of the times that end in these 24 bits, the nearest to the latest; the first is taken for one far from zero. */
  private unwrap(low: number): number {
    if (this.latest < 0) return low + TIME_TICKS
    const ahead = (low - this.latest) & (TIME_TICKS - 1)
    const time = this.latest + (ahead < TIME_TICKS / 2 ? ahead : ahead - TIME_TICKS)
    return time < TIME_TICKS ? time + TIME_TICKS : time
  }

  /** Whether there is room for that time beside what is held; makes it where the speaker had been silent, or insists. */
  private fits(time: number, begins: boolean, nowMs: number): boolean {
    const ahead = time - this.due
    if (this.latest >= 0 && ahead < STORE_TICKS && ahead > -STORE_TICKS) {
      this.strays = 0
      return true
    }
    const silent = this.idle && this.store.count === 0 && ahead > 0
    if (this.latest >= 0 && !silent && !begins && !this.insists(nowMs)) {
      this.counts.stray++
      return false
    }
    this.strays = 0
    this.store.clear()
    this.latest = time
    this.due = time - OVERTAKEN_TICKS
    return true
  }

  private insists(nowMs: number): boolean {
    if (this.strays++ === 0) this.strayMs = nowMs
    return this.strays >= STRAYS_MAX && nowMs - this.strayMs >= STRAYS_MS_MIN
  }
}
