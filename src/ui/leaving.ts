import { ExitStatus } from '../app/exit.ts'

/** A second interrupt this soon means "now". */
const AT_ONCE_MS = 1000

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** Where signals come from: `process`, or a test's own emitter. */
export interface SignalSource {
  on(signal: Signal, hear: () => void): unknown
  off(signal: Signal, hear: () => void): unknown
}

export interface LeavingOptions {
  /** The orderly way out. `hurried`: somebody asked the process to go, do not wait long for a slow reader. */
  close(hurried: boolean): Promise<void>
  readonly signals: SignalSource
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number
}

/**
 * The ways a front end ends, and its exit status. End of input, `/quit`, SIGTERM and SIGHUP leave in order; so does
 * an interrupt, with a status of its own, and a second one within a second leaves at once.
 */
export class Leaving {
  /** The exit status, once everything is over. */
  readonly over: Promise<number>
  private finish!: (status: number) => void
  private status: number = ExitStatus.asked
  private begun = false
  private lastInterruptMs: number | null = null

  constructor(private readonly options: LeavingOptions) {
    this.over = new Promise((resolve) => {
      this.finish = (status) => {
        options.signals.off('SIGINT', this.onInterrupt)
        options.signals.off('SIGTERM', this.onTerminate)
        options.signals.off('SIGHUP', this.onTerminate)
        resolve(status)
      }
    })
    options.signals.on('SIGINT', this.onInterrupt)
    options.signals.on('SIGTERM', this.onTerminate)
    options.signals.on('SIGHUP', this.onTerminate)
  }

  get hasBegun(): boolean {
    return this.begun
  }

  /** Asked to quit, or nobody is there any more. */
  leave(hurried = false): void {
    if (this.begun) return
    this.begun = true
    void this.options.close(hurried).then(() => this.finish(this.status))
  }

  /** Ctrl-C. `spared`: tells whether there was something smaller to interrupt (a half-typed line), and did that. */
  interrupt(spared: () => boolean = () => false): void {
    const nowMs = this.options.nowMs()
    const again = this.lastInterruptMs !== null && (this.begun || nowMs - this.lastInterruptMs <= AT_ONCE_MS)
    this.lastInterruptMs = nowMs
    if (again) return this.finish(ExitStatus.interrupted)
    if (!this.begun && spared()) return
    this.status = ExitStatus.interrupted
    this.leave(true)
  }

  private readonly onInterrupt = (): void => this.interrupt()
  private readonly onTerminate = (): void => this.leave(true)
}
