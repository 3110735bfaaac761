import type { Clock } from '../../ports/clock.ts'
import type { SoundFault, SoundStream } from '../../ports/sound.ts'

export interface DeviceEvents {
  /** Opens the device, null for the default; `ended` as of the stream. */
  open(device: string | null, ended: (fault: SoundFault) => void): Promise<SoundStream | SoundFault>
  /** There is sound, or there is none any more. */
  changed(): void
  /** Why there is none: not told again while the reason stays the same. */
  fault(fault: SoundFault): void
}

/** A sound server that starts again takes a second or so. */
const RETRY_MS = [250, 500, 1_000, 2_000] as const
/** While another stands in for the device that was chosen: asking for it interrupts nobody. */
const BACK_MS = 5_000
/** Nothing that passes by itself. */
const LASTING: readonly SoundFault['code'][] = ['not-built', 'no-library', 'stuck', 'file']

/**
 * Keeps one direction of sound open: on the device that was chosen; while that one is not there, on the default; and while there is none at
 * all, tries again, at once when devices have come or gone.
 */
export class Device {
  private wanted: string | null
  /** What the stream was opened with. */
  private used: string | null = null
  private stream: SoundStream | null = null
  private told: SoundFault['code'] | null = null
  private gapsBefore = 0
  private retries = 0
  private cancelRetry = (): void => {}
  private before: Promise<void> = Promise.resolve()
  private isOver = false

  constructor(
    private readonly clock: Clock,
    device: string | null,
    private readonly events: DeviceEvents,
  ) {
    this.wanted = device
    this.renew()
  }

  get isOpen(): boolean {
    return this.stream !== null
  }

  /** Clicks so far, over all streams. */
  get gaps(): number {
    return this.gapsBefore + (this.stream?.statistics.gaps ?? 0)
  }

  want(device: string | null): void {
    if (device === this.wanted) return
    this.wanted = device
    this.told = null
    this.renew()
  }

  /** Devices have come or gone. */
  look(): void {
    if (this.stream === null || this.used !== this.wanted) this.renew()
  }

  async close(): Promise<void> {
    this.isOver = true
    this.cancelRetry()
    await this.before
    await this.shut()
  }

  /** One after the other: opening takes a moment. */
  private renew(): void {
    this.cancelRetry()
    this.before = this.before.then(() => this.reopen())
  }

  private async reopen(): Promise<void> {
    if (this.isOver) return
    const { wanted } = this
    // Looked for first, that nothing is interrupted for a device that is not back.
    const isFallback = this.stream !== null && this.used === null && wanted !== null
    if (!isFallback) await this.shut()
    let fault = await this.open(wanted)
    const isMissing = fault?.code === 'gone' || fault?.code === 'no-device'
    if (fault !== null && isMissing && wanted !== null) {
      this.tell(fault)
      if (this.stream === null) fault = await this.open(null)
    }
    if (this.stream !== null) this.opened(isMissing ? null : wanted)
    else if (fault !== null) this.failed(fault)
  }

  private async open(device: string | null): Promise<SoundFault | null> {
    const opening: { stream: SoundStream | null; fault: SoundFault | null } = { stream: null, fault: null }
    const opened = await this.events.open(device, (fault) => {
      opening.fault = fault
      if (opening.stream !== null) this.ended(opening.stream, fault)
    })
    if (!opened.ok) return opened
    if (opening.fault !== null) return opening.fault
    opening.stream = opened
    if (this.stream !== null) await this.shut()
    this.stream = opened
    return null
  }

  private opened(device: string | null): void {
    this.used = device
    if (device === this.wanted) this.told = null
    this.retries = 0
    // One that was back before anybody looked is not told of.
    if (device !== this.wanted) this.retryAfter(BACK_MS)
    this.events.changed()
  }

  private failed(fault: SoundFault): void {
    this.tell(fault)
    if (this.isOver || LASTING.includes(fault.code)) return
    this.retryAfter(RETRY_MS[Math.min(this.retries++, RETRY_MS.length - 1)]!)
  }

  private retryAfter(ms: number): void {
    this.cancelRetry()
    if (!this.isOver) this.cancelRetry = this.clock.timer(this.clock.nowMs() + ms, () => this.renew())
  }

  private ended(stream: SoundStream, fault: SoundFault): void {
    if (this.stream !== stream || this.isOver) return
    this.gapsBefore += stream.statistics.gaps
    this.stream = null
    this.events.changed()
    this.failed(fault)
  }

  private tell(fault: SoundFault): void {
    if (this.told === fault.code) return
    this.told = fault.code
    this.events.fault(fault)
  }

  private async shut(): Promise<void> {
    const { stream } = this
    this.stream = null
    if (stream === null) return
    this.gapsBefore += stream.statistics.gaps
    await stream.close()
  }
}
