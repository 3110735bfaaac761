/**
 * A speaker's frames that came and were not played, found by when they are due: times in ticks of 10 ms, whole numbers that only grow. Holds
 * 1.28 s, in slots that are made as they are needed and kept.
 */

/** More than the longest delay, with room for what comes while it is caught up; a power of two, for the ring. */
export const STORE_TICKS = 128
/** Slots are made for frames of this many bytes (20 ms at 100 kbit/s), and made larger where one is. */
const SLOT_BYTES = 256

export interface StoredFrame {
  time: number
  ticks: number
  begins: boolean
  ends: boolean
  recovers: boolean
  /** The Opus packet is `bytes[0, length)`. */
  length: number
  bytes: Uint8Array
}

export class FrameStore {
  private readonly slots: (StoredFrame | undefined)[] = new Array(STORE_TICKS).fill(undefined)
  private held = 0

  get count(): number {
    return this.held
  }

  /** The frame that begins just then. */
  at(time: number): StoredFrame | null {
    const slot = this.slots[time % STORE_TICKS]
    return slot !== undefined && slot.length > 0 && slot.time === time ? slot : null
  }

  /** The first frame at or after `time`. The caller has dropped what was before. */
  firstFrom(time: number): StoredFrame | null {
    if (this.held === 0) return null
    for (let i = 0; i < STORE_TICKS; i++) {
      const frame = this.at(time + i)
      if (frame !== null) return frame
    }
    return null
  }

  /** Copies the packet. The caller has seen that nothing is there, and that it is within `STORE_TICKS` of all others. Answers the slot. */
  put(time: number, ticks: number, opus: Uint8Array): StoredFrame {
    const index = time % STORE_TICKS
    const slot = this.slots[index] ?? emptySlot()
    this.slots[index] = slot
    if (slot.length === 0) this.held++
    if (slot.bytes.length < opus.length) slot.bytes = new Uint8Array(opus.length)
    slot.bytes.set(opus)
    slot.length = opus.length
    slot.time = time
    slot.ticks = ticks
    slot.begins = false
    slot.ends = false
    slot.recovers = false
    return slot
  }

  take(frame: StoredFrame): void {
    if (frame.length > 0) this.held--
    frame.length = 0
  }

  clear(): void {
    if (this.held === 0) return
    for (const slot of this.slots) if (slot !== undefined) slot.length = 0
    this.held = 0
  }
}

function emptySlot(): StoredFrame {
  const bytes = new Uint8Array(SLOT_BYTES)
  return { time: 0, ticks: 0, begins: false, ends: false, recovers: false, length: 0, bytes }
}
