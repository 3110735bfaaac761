import type { Sound, SoundFault, SoundStream } from '../../ports/sound.ts'

/** Sets this process before all others that are not real-time, or back. Where that may not be, it does nothing. */
export interface Scheduling {
  realTime(): Promise<void>
  ordinary(): Promise<void>
}

/** What a stream may tell at its end. */
interface Ended {
  ended(fault: SoundFault): void
}

/**
 * Lets a process go before all others for as long as it records or plays: on a busy machine even one of high priority waits for longer than a
 * frame of 10 ms. Not while a stream is being opened: that takes its time, starts programs and threads and waits for a sound server, none of
 * which is anything to go first for.
 */
export class RealTime {
  private opening = 0
  private streams = 0
  private is: 'ordinary' | 'real-time' = 'ordinary'
  private change: Promise<void> | null = null

  constructor(private readonly scheduling: Scheduling) {}

  /** That sound, which brings it about. */
  of(sound: Sound): Sound {
    return {
      devices: () => sound.devices(),
      openCapture: (options, events) =>
        this.open(events, ({ ended }) =>
          sound.openCapture(options, { captured: (frame) => events.captured(frame), ended }),
        ),
      openPlayback: (options, events) =>
        this.open(events, ({ ended }) =>
          sound.openPlayback(options, { wanted: (frame) => events.wanted(frame), ended }),
        ),
      watch: (changed) => sound.watch(changed),
      close: () => sound.close(),
    }
  }

  private async open(
    events: Ended,
    open: (events: Ended) => Promise<SoundStream | SoundFault>,
  ): Promise<SoundStream | SoundFault> {
    this.opening++
    await this.settle()
    const leave = this.enter()
    const ended = (fault: SoundFault): void => {
      leave()
      events.ended(fault)
    }
    try {
      const opened = await open({ ended })
      if (!opened.ok) {
        leave()
        return opened
      }
      return { ok: true, statistics: opened.statistics, close: () => opened.close().finally(leave) }
    } finally {
      this.opening--
      void this.settle()
    }
  }

  /** Answers what ends it; more than once does nothing. */
  private enter(): () => void {
    let isOpen = true
    this.streams++
    return () => {
      if (!isOpen) return
      isOpen = false
      this.streams--
      void this.settle()
    }
  }

  /** One change after the other, until it is as wanted. */
  private async settle(): Promise<void> {
    if (this.change === null && this.wanted !== this.is) this.change = this.follow()
    await this.change
  }

  private async follow(): Promise<void> {
    for (let wanted = this.wanted; wanted !== this.is; wanted = this.wanted) {
      this.is = wanted
      await (wanted === 'real-time' ? this.scheduling.realTime() : this.scheduling.ordinary())
    }
    this.change = null
  }

  private get wanted(): 'ordinary' | 'real-time' {
    return this.opening === 0 && this.streams > 0 ? 'real-time' : 'ordinary'
  }
}
